//! `step_sum` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("step_sum");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "step_sum",
        &[
            ("subgroups, two blocks of pairs", "pair += lane_count", "pair += 2u * lane_count"),
            ("two-stage", "it.loss, it.is_active", "it.is_active, it.loss"),
            ("subgroups, two blocks of pairs", "sums += vec4", "sums = vec4"),
            (
                "three negatives, odd dimension",
                "max(plan.pair_count * negative_count, 1u)",
                "max(plan.pair_count, 1u)",
            ),
            ("two-stage", "sums.z / score_count", "sums.w / score_count"),
            ("two-stage", "2.0 * settings.gor_weight / score_count", "settings.gor_weight / score_count"),
            ("two-stage", "moment_2 > settings.inverse_dim", "moment_2 < settings.inverse_dim"),
            ("two-stage", "scale * moment_1", "moment_1"),
        ],
    );
}
