//! `row_sgd` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_case() {
    equals_its_twin("row_sgd");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "row_sgd",
        &[
            ("points_{s}[index] - settings", "points_{s}[index] + settings"),
            ("squares += dot(x, x);", "squares = dot(x, x);"),
            ("if place.shard == {s}u {", "if place.shard == 0u {"),
            ("stepped &= stepped - 1u", "stepped = 0u"),
        ],
    );
}
