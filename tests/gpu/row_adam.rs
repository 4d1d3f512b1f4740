//! `row_adam` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("row_adam");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "row_adam",
        &[
            ("two-stage", "- plan.step_size * moments.m", "- moments.m"),
            ("two-stage", "sqrt(moments.v) / plan.root_bias_2", "sqrt(moments.v)"),
            (
                "two-stage",
                "sqrt(moments.v) / plan.root_bias_2 + settings.epsilon",
                "sqrt(moments.v) / plan.root_bias_2 + 0.1",
            ),
            ("two-stage", "let x = e / it.scale", "let x = e * it.scale"),
            (
                "two-stage",
                "let d = drift_of(moments, plan.drift_epsilon);",
                "let d = drift_of(moments, 0.5);",
            ),
            ("two-stage", "dot(x, d), dot(d, d)", "dot(x, d), dot(x, x)"),
            ("two-stage", "dot(x, x), dot(x, d)", "dot(x, x), dot(d, d)"),
            (
                "two-stage",
                "(1.0 - settings.beta_2) * gradient * gradient",
                "(1.0 - settings.beta_2) * gradient",
            ),
            ("two-stage", "(1.0 - settings.beta_1) * gradient", "gradient"),
            ("subgroups, two blocks of pairs", "stepped &= stepped - 1u", "stepped = 0u"),
            (
                "subgroups, two blocks of pairs",
                "sums += step_chunk_{s}(index + 1u",
                "sums = step_chunk_{s}(index + 1u",
            ),
            ("subgroups, two blocks of pairs", "it.point.c, it.gradient.c", "it.point.c, it.gradient.b"),
            ("shards", "if place.shard == {s}u { shares", "if place.shard == 0u { shares"),
            ("two-stage", "moments.v.x, 0.0, plan.step)", "moments.v.x, 0.0, plan.step - 1u)"),
            ("two-stage", "it.added - rate", "it.added + rate"),
            ("two-stage", "settings.item_bias_rate * plan.step_size", "plan.step_size"),
            ("two-stage", "sqrt(moments.v.x) / plan.root_bias_2", "sqrt(moments.v.x)"),
            ("two-stage", "* it.bias_gradient * it.bias_gradient", "* it.bias_gradient"),
            ("two-stage", "(1.0 - settings.beta_1) * it.bias_gradient", "it.bias_gradient"),
            ("two-stage", "vec4<f32>(before.bias_drift)", "vec4<f32>(0.0)"),
            ("two-stage", "vec4<f32>(before.bias_variance)", "vec4<f32>(0.0)"),
            ("two-stage", "let drift = drift_of(moments, plan.drift_epsilon);", "let drift = moments.m;"),
            ("two-stage", "drift.x, moments.v.x, 0.0", "drift.x, 0.0, 0.0"),
        ],
    );
}
