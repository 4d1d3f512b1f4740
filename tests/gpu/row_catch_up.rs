//! `row_catch_up` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_case() {
    equals_its_twin("row_catch_up");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "row_catch_up",
        &[
            ("points_{s}[index] - distance * d", "points_{s}[index] + distance * d"),
            ("v *= exp(f32(skipped) * settings.log_beta_2);", ""),
            ("* exp(f32(skipped) * settings.log_beta_1)", ""),
            ("d = m / (sqrt(v) + drift_epsilon(shards.step));", ""),
            ("sums.x, sums.y, sums.z, shards.step", "sums.x, sums.z, sums.y, shards.step"),
            ("sums.z, shards.step", "sums.z, last"),
            ("&& place.shard == {s}u", "&& place.shard == 0u"),
            ("sums += vec3<f32>", "sums = vec3<f32>"),
        ],
    );
}
