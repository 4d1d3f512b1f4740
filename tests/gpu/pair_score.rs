//! `triplet_loss` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_case() {
    equals_its_twin("triplet_loss");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "triplet_loss",
        &[
            ("positive_distance - nearest_distance", "nearest_distance - positive_distance"),
            ("+ settings.margin", "- settings.margin"),
            ("if sums.y < nearest_distance", "if sums.y > nearest_distance"),
            ("moment_2 += sums.z * sums.z;", "moment_2 += sums.z;"),
            ("part_difference(user, negative)", "part_difference(positive, negative)"),
            ("select(0.0, 1.0, hinge > 0.0)", "1.0"),
            ("sums += pair_loss(pair, lane);", "sums = pair_loss(pair, lane);"),
            ("pairs[first].sums = sums;", "pairs[0].sums = sums;"),
        ],
    );
}
