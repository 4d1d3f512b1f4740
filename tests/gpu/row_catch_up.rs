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
            ("points[index] -= way.x", "points[index] += way.x"),
            ("variance[index] = v * exp(f32(skipped) * settings.log_beta_2);", "variance[index] = v;"),
            ("last_steps[row] = shard.step;", ""),
        ],
    );
}
