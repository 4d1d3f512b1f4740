//! What kernels include, with defects put in: each against one kernel that includes it.

use crate::support::{composed, defect_is_seen};

#[test]
fn every_defect_is_seen() {
    let defects = [
        (
            "row_adam",
            "settings.learning_rate * (catch_up_entry(last).x - rest)",
            "settings.learning_rate * rest",
        ),
        ("row_catch_up", "exp(f32(skipped) * settings.log_ratio)", "exp(f32(skipped) * settings.log_beta_1)"),
        ("negative_draw", "v.w += v.y * v.z;\n    v ^=", "v ^="),
        ("negative_draw", "1664525u", "1664521u"),
        ("row_adam", "chunk_count].x == 0.0 { return none; }", "chunk_count].x == 2.0 { return none; }"),
        ("row_sgd", "return row - shard.first_row;", "return row;"),
        ("triplet_loss", "total += lane_values[other];", "total = lane_values[other];"),
        ("row_gradient", "part.d = rows[at + chunk];", "part.d = rows[at + chunk - lane_count];"),
        ("row_load", "plan.words[plan.quads_at + begin + group]", "plan.words[plan.quads_at + group]"),
        ("triplet_loss", "plan.words[plan.negatives_at + pick]", "plan.words[plan.positives_at + pick]"),
    ];
    for (name, from, to) in defects {
        defect_is_seen(name, &composed(name), from, to);
    }
}
