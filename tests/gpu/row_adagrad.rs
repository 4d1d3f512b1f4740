//! `row_adagrad` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("row_adagrad");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "row_adagrad",
        &[
            ("AdaGrad", "e / scale - plan", "e / scale + plan"),
            ("AdaGrad", "e / scale", "e * scale"),
            ("AdaGrad", "(sqrt(variance) + settings.epsilon)", "sqrt(variance + settings.epsilon)"),
            ("AdaGrad", "sqrt(variance) + settings.epsilon", "sqrt(variance)"),
            ("AdaGrad", "gradient.a * gradient.a", "gradient.a"),
            ("AdaGrad", "variance_{s}[index] = grown.a;", ""),
            ("AdaGrad", "grown.a += variance_{s}[index];", ""),
            ("AdaGrad", "if place.shard == {s}u { v =", "if place.shard == 0u { v ="),
            ("AdaGrad", "it.point.a, it.gradient.a, v.a", "it.point.a, it.gradient.a, v.b"),
            ("subgroups, ball", "it.point.b, it.gradient.b, v.b", "it.point.b, it.gradient.b, v.a"),
            ("subgroups, ball", "variance_{s}[index + 1u] = grown.b;", ""),
            ("geometry_ball", "RowState(written", "RowState(sums.x"),
            ("AdaGrad", "part_dot(x, x)", "part_dot(x, it.gradient)"),
            ("subgroups, ball", "stepped &= stepped - 1u", "stepped = 0u"),
            ("AdaGrad", "before.bias - rate", "before.bias + rate"),
            ("geometry_ball", "before.bias - rate", "it.added - rate"),
            ("AdaGrad", "before.bias_variance + it", "it"),
            ("AdaGrad", "sqrt(of_bias) + settings.epsilon", "sqrt(of_bias)"),
            ("AdaGrad", "settings.item_bias_rate * plan.step_size", "plan.step_size"),
            ("AdaGrad", "0.0, of_bias, 0.0, 0u", "0.0, before.bias_variance, 0.0, 0u"),
        ],
    );
}
