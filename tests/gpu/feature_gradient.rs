//! `feature_gradient` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("feature_gradient");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "feature_gradient",
        &[
            ("networks", "plan.words[plan.uses_at + slot + 1u]", "plan.words[plan.uses_at + slot + 1u] - 2u"),
            ("networks", "bitcast<f32>(plan.words[use_at + 1u])", "1.0"),
            ("networks", "plan.words[use_at] * hidden_chunks", "plan.words[begin] * hidden_chunks"),
            ("networks, some rows, shards", "chunk < hidden_chunks", "chunk + 1u < hidden_chunks"),
            ("networks", "f32(begin != end)", "1.0"),
            ("added, linear, shards", "begin; use_at < end", "begin + 2u; use_at < end"),
            (
                "networks",
                "if slot >= plan.row_count { return; }",
                "if slot + 1u >= plan.row_count { return; }",
            ),
            ("networks", "input_gradients[at + chunk] = sum;", "input_gradients[at + chunk] = -sum;"),
        ],
    );
}
