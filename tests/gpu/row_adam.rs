//! `row_adam` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_case() {
    equals_its_twin("row_adam");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "row_adam",
        &[
            ("settings.learning_rate / plan.bias_1", "settings.learning_rate"),
            ("plan.root_bias_2, drift_epsilon(plan.step)", "plan.root_bias_2, 0.5"),
            ("(sqrt(v) / rates.root_bias_2 + settings.epsilon)", "(sqrt(v) + settings.epsilon)"),
            ("* it.decay_1", ""),
            ("v *= it.decay_2;", ""),
            ("x -= it.distance * d;", "x += it.distance * d;"),
            ("d * (sqrt(v) + it.epsilon)", "d * sqrt(sqrt(v) + it.epsilon)"),
            ("d = m / (sqrt(v) + rates.epsilon);", "d = m;"),
            ("dot(x, d), dot(d, d)", "dot(x, d), dot(x, x)"),
            ("dot(x, x), dot(x, d)", "dot(x, x), dot(d, d)"),
            ("(1.0 - settings.beta_2) * gradient * gradient", "(1.0 - settings.beta_2) * gradient"),
            ("stepped &= stepped - 1u", "stepped = 0u"),
            ("sums += vec3<f32>", "sums = vec3<f32>"),
            ("d.x = first.x;", "d.x = first.y;"),
            ("v.x = first.y;", "v.x = first.z;"),
            ("x.x = first.z;", "x.x = first.w;"),
            ("gradient.x = first.w;", "gradient.x = first.x;"),
            ("&& part == 0u", ""),
            ("lane_chunk(lane, 0u)", "lane_chunk(0u, 0u)"),
            ("if place.shard == {s}u { shares", "if place.shard == 0u { shares"),
        ],
    );
}
