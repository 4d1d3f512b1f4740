//! `row_load` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_case() {
    equals_its_twin("row_load");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "row_load",
        &[
            ("return x - it.distance * drift", "return x + it.distance * drift"),
            ("plan.step - 1u - state.last_step", "plan.step - state.last_step"),
            ("it.distance * (2.0 * state.along", "it.distance * (state.along"),
            ("- it.distance * state.drift_squares", "+ it.distance * state.drift_squares"),
            ("squares += dot(x, x);", "squares = dot(x, x);"),
            ("from_3, chunk)", "from_2, chunk)"),
            ("working[to + 2u * quad_count]", "working[to + 3u * quad_count]"),
            ("plan.words[use_at] / 2u * chunk_count", "plan.words[use_at] * chunk_count"),
            ("if slot < plan.candidate_count {", "if slot + 4u < plan.candidate_count {"),
            ("vec4<f32>(from_2.inverse_norm", "vec4<f32>(from_1.inverse_norm"),
        ],
    );
}
