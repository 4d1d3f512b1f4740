//! `row_sgd` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("row_sgd");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "row_sgd",
        &[
            ("plain gradient descent", "e / scale - plan", "e / scale + plan"),
            ("plain gradient descent", "e / scale", "e * scale"),
            ("subgroups, plain gradient descent", "part_dot(x, x)", "part_dot(x, it.gradient)"),
            ("subgroups, plain gradient descent", "it.point.b, it.gradient.b", "it.point.b, it.gradient.a"),
            ("subgroups, plain gradient descent", "stepped &= stepped - 1u", "stepped = 0u"),
            ("plain gradient descent", ".bias - settings", ".bias + settings"),
            ("plain gradient descent", "read_state(place).bias", "it.added * 0.5"),
            ("ball, plain gradient descent", "read_state(place).bias", "it.added"),
            ("ball, plain gradient descent", "RowState(written", "RowState(squares"),
            ("plain gradient descent", "settings.item_bias_rate * plan.step_size", "plan.step_size"),
            ("plain gradient descent", "* it.bias_gradient;", ";"),
        ],
    );
}
