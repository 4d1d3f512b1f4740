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
            ("(sqrt(v) / plan.root_bias_2 + settings.epsilon)", "(sqrt(v) + settings.epsilon)"),
            ("m *= exp(f32(skipped) * settings.log_beta_1);", ""),
            ("v *= exp(f32(skipped) * settings.log_beta_2);", ""),
            ("(1.0 - settings.beta_2) * gradient * gradient", "(1.0 - settings.beta_2) * gradient"),
            ("if r2 != none { last_steps[r2] = plan.step; }", ""),
            ("if gradients[slot * (chunk_count + 1u) + chunk_count].x == 0.0 { return none; }", ""),
        ],
    );
}
