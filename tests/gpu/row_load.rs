//! `row_load` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_case() {
    equals_its_twin("row_load");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "row_load",
        &[
            ("return x - way.x * momentum[index]", "return x + way.x * momentum[index]"),
            ("let skipped = plan.step - 1u - last;", "let skipped = plan.step - last;"),
            ("(sqrt(variance[index]) + way.y)", "(variance[index] + way.y)"),
            ("last == 0u || skipped == 0u", "last != 0u || skipped == 0u"),
            ("part_scaled(p3, inverse_norm.w)", "part_scaled(p3, inverse_norm.z)"),
            ("working[at + 2u * quad_count]", "working[at + 3u * quad_count]"),
            ("plan.words[use_at] / 2u * chunk_count", "plan.words[use_at] * chunk_count"),
            ("if slot < plan.candidate_count {", "if slot + 4u < plan.candidate_count {"),
            ("lane + 2u * lane_count, way)", "lane + 3u * lane_count, way)"),
        ],
    );
}
