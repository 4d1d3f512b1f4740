//! `triplet_loss` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("triplet_loss");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "triplet_loss",
        &[
            ("three negatives, odd dimension", "if score > nearest_score ||", "if score < nearest_score ||"),
            ("two-stage", "2.0 * nearest_score - 2.0", "nearest_score - 2.0"),
            ("two-stage", "+ margin;", "- margin;"),
            ("two-stage", "select(0.0, 2.0, hinge > 0.0)", "2.0"),
            ("two-stage", "scores[positive_at(pair)] = -pull;", "scores[positive_at(pair)] = pull;"),
            ("three negatives, odd dimension", "k == nearest); }", "k != nearest); }"),
            ("two-stage", "pairs[pair].loss = hinge;", "pairs[pair].loss = pull;"),
            ("two-stage", "select(0.0, 1.0, hinge > 0.0)", "1.0"),
            ("two-stage", "max(difference, 0.0)", "difference"),
            ("two-stage", "* lane_count + lane;", "* lane_count;"),
        ],
    );
}
