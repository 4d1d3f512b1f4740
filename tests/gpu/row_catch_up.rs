//! `row_catch_up` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("row_catch_up");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "row_catch_up",
        &[
            ("two-stage", "rows_{s}[index] - distance", "rows_{s}[index] + distance"),
            ("two-stage", "drift_epsilon(last), f32(skipped)", "0.5, f32(skipped)"),
            (
                "two-stage",
                "let d = drift_of(moments, drift_epsilon(shards.step));",
                "let d = drift_{s}[index];",
            ),
            ("two-stage", "variance_{s}[index] = moments.v;", ""),
            ("two-stage", "sums.x, sums.y, sums.z, bias", "sums.x, sums.z, sums.y, bias"),
            ("two-stage", "0.0, shards.step)", "0.0, before.last_step)"),
            ("shards", "if place.shard == {s}u { shares", "if place.shard == 0u { shares"),
            ("three blocks of pairs", "sums += vec3<f32>", "sums = vec3<f32>"),
            ("two-stage", "before.bias - settings", "before.bias + settings"),
            ("two-stage", "settings.item_bias_rate * distance", "distance"),
            ("two-stage", "distance * before.bias_drift", "distance"),
            ("two-stage", "drift_epsilon(before.last_step), f32(skipped)", "0.5, f32(skipped)"),
            (
                "two-stage",
                "let drift = drift_of(moments, drift_epsilon(shards.step));",
                "let drift = vec4<f32>(before.bias_drift);",
            ),
            ("two-stage", "drift.x, moments.v.x", "drift.x, before.bias_variance"),
        ],
    );
}
