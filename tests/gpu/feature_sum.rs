//! `feature_sum` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("feature_sum");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "feature_sum",
        &[
            ("networks", "own < plan.projected_count;", "own + 1u < plan.projected_count;"),
            ("networks", "var own = lane;", "var own = lane + 1u;"),
            ("networks", "feature_loss += loss", "feature_loss = share"),
            ("networks", "step_log[plan.log_slot].feature_loss", "step_log[plan.log_slot + 1u].feature_loss"),
        ],
    );
}
