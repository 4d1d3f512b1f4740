//! `feature_slope` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("feature_slope");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "feature_slope",
        &[
            ("networks", "plan.words[plan.projected_at + own]", "own"),
            ("networks", "- points[at]", "+ points[at]"),
            ("networks", "2.0 * plan.projected_weight", "plan.projected_weight"),
            ("networks", "+ chunk] = slope;", "+ chunk] = -slope;"),
            ("networks", "gradients[at] -= slope;", "gradients[at] += slope;"),
            ("networks, some rows, shards", "share += plan.projected_weight", "share += 2.0"),
            ("networks", "dot(apart, apart)", "dot(apart, vec4<f32>(1.0))"),
            ("networks, some rows, shards", "chunk < chunk_count;", "chunk + 1u < chunk_count;"),
            ("networks", "feature_losses[own] = loss;", "feature_losses[own] = share;"),
        ],
    );
}
