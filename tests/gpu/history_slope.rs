//! `history_slope` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("history_slope");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "history_slope",
        &[
            ("histories", "let slot = user_of_pair(pair);", "let slot = own_user_of_pair(pair);"),
            ("histories", "vec4<f32>(part_dot(g, e), 0.0, 0.0, 0.0)", "vec4<f32>(0.0)"),
            ("histories", "let scale = points[row + chunk_count].x;", "let scale = 1.0;"),
            (
                "histories, ball, covariance",
                "let slopes = gradients[row + chunk_count].z;",
                "let slopes = 0.0;",
            ),
            (
                "histories, ball, covariance",
                "sum_gradient(g.a, e.a, along, scale, slopes)",
                "sum_gradient(g.a, e.a, along, 1.0, slopes)",
            ),
            ("subgroups, histories", "sum_gradient(g.b, e.b,", "sum_gradient(g.b, e.a,"),
            (
                "subgroups, histories",
                "min(first + pairs_per_group, plan.pair_count)",
                "min(first + 1u, plan.pair_count)",
            ),
        ],
    );
}
