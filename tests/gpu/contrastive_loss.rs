//! `contrastive_loss` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("contrastive_loss");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "contrastive_loss",
        &[
            ("shared contrastive_loss", "select(0.0, 1.0, is_there(score))", "1.0"),
            ("contrastive_loss", "hinge(score - margin)", "hinge(score + margin)"),
            ("contrastive_loss", "contrastive_weight / max(sums.x, 1.0)", "contrastive_weight"),
            ("contrastive_loss", "contrastive_weight / max", "1.0 / max"),
            ("contrastive_loss", "negative_score(index, k) > margin", "negative_score(index, k) > 0.0"),
            ("contrastive_loss", "1.0 - positive_score(index)", "positive_score(index)"),
            ("contrastive_loss", "+ share * sums.y", "+ sums.y"),
            ("contrastive_loss", "put_loss(index, -1.0, ", "put_loss(index, 1.0, "),
            ("shared contrastive_loss", "share * sums.z", "sums.z"),
            ("contrastive_loss", "score > margin);", "score > 0.0);"),
            ("shared contrastive_loss", "sums += vec4", "sums = vec4"),
            ("shared contrastive_loss", "sums = lane_sum(lane, sums);", ""),
            ("shared contrastive_loss", "exclude(index, lane);", ""),
            ("subgroups, contrastive_loss", "index < own.end", "index < own.first + 1u"),
        ],
    );
}
