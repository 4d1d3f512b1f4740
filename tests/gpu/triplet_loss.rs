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
            (
                "three negatives, odd dimension",
                "if rank_key(score) > own_nearest",
                "if rank_key(score) < own_nearest",
            ),
            ("shared", "own_place = k;", "own_place = lane;"),
            ("shared", "lane_max(lane, own_nearest)", "own_nearest"),
            ("three negatives, odd dimension", "own_nearest == nearest", "true"),
            ("two-stage", "hinge(2.0 * nearest - 2.0", "hinge(nearest - 2.0"),
            ("two-stage", "nearest - 2.0 * positive + margin", "nearest - 2.0 * positive - margin"),
            ("rank-weighted triplet", "weight * hinge", "hinge"),
            ("two-stage", "select(0.0, 2.0 * weight, value > 0.0)", "2.0 * weight"),
            ("rank-weighted triplet", "select(0.0, 2.0 * weight, value", "select(0.0, 2.0, value"),
            ("two-stage", "put_loss(index, -pull, pull, value)", "put_loss(index, pull, pull, value)"),
            ("three negatives, odd dimension", "k == place)", "k != place)"),
            ("rank-weighted triplet", "counts.y / max(counts.x, 1.0)", "counts.y"),
            ("rank-weighted triplet", "f32(item_count) * counts.y", "counts.y"),
            ("shared rank-weighted triplet", "rank_weight != 0u && is_there(score)", "rank_weight != 0u"),
            ("shared rank-weighted triplet", "counts += vec4", "counts = vec4"),
            ("rank-weighted triplet", "counts = lane_sum(lane, counts);", ""),
            ("rank-weighted triplet", "log(1.0 + floor(", "log(1.0 + ("),
            (
                "rank-weighted triplet",
                "2.0 * score - 2.0 * positive + margin > 0.0",
                "2.0 * score - 2.0 * positive > 0.0",
            ),
            ("shared", "exclude(index, lane);", ""),
            ("subgroups, two blocks of pairs", "index < own.end", "index < own.first + 1u"),
        ],
    );
}
