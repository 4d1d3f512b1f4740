//! `hinge_sum_loss` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("hinge_sum_loss");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "hinge_sum_loss",
        &[
            ("hinge_sum_loss", "2.0 * negative_score(index, k) - 2.0", "negative_score(index, k) - 2.0"),
            ("hinge_sum_loss", "- 2.0 * positive", "- positive"),
            ("hinge_sum_loss", "+ margin);", "- margin);"),
            ("hinge_sum_loss", "select(0.0, 2.0, value > 0.0)", "2.0"),
            ("hinge_sum_loss", "put_negative(index, k, pull);", ""),
            ("shared hinge_sum_loss", "k += lane_count", "k += 2u * lane_count"),
            ("shared hinge_sum_loss", "sums += vec4", "sums = vec4"),
            ("shared hinge_sum_loss", "sums = lane_sum(lane, sums);", ""),
            ("shared hinge_sum_loss", "exclude(index, lane);", ""),
            ("hinge_sum_loss", "put_loss(index, -sums.y, ", "put_loss(index, sums.y, "),
            ("hinge_sum_loss", "sums.y, sums.x);", "sums.y, sums.y);"),
            ("shared hinge_sum_loss", "-sums.y, sums.y,", "-sums.y, sums.x,"),
            ("subgroups, hinge_sum_loss", "index < own.end", "index < own.first + 1u"),
        ],
    );
}
