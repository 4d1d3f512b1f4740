//! `warp_loss` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("warp_loss");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "warp_loss",
        &[
            ("warp_loss", "2.0 * negative_score(index, k) - 2.0", "negative_score(index, k) - 2.0"),
            ("subgroups, warp_loss", "&& own_first == score_count()", ""),
            ("warp_loss", "own_first = k;", "own_first = 0u;"),
            ("warp_loss", "own_score = rank_key(negative_score(index, k));", "own_score = 0.0;"),
            ("warp_loss", "(value > 0.0 ||", "(value > 0.5 ||"),
            ("warp_loss", "-lane_max(lane, -f32(own_first))", "lane_max(lane, -f32(own_first))"),
            ("warp_loss", "own_first == first));", "true));"),
            ("warp_loss", "lane_max(lane, select(far", "min(0.0, select(far"),
            ("warp_loss", "if first < score_count() {", "if true {"),
            ("warp_loss", "f32(first + 1u)", "f32(first + 2u)"),
            ("warp_loss", "log(1.0 + floor", "log(floor"),
            (
                "warp_loss",
                "log(1.0 + floor(f32(item_count) / f32(first + 1u)))",
                "log(1.0 + f32(item_count) / f32(first + 1u))",
            ),
            ("warp_loss", "weight * hinge", "hinge"),
            ("warp_loss", "pull = 2.0 * weight;", "pull = 2.0;"),
            ("warp_loss", "k == first)", "k != first)"),
            ("warp_loss", "put_loss(index, -pull, pull, value)", "put_loss(index, pull, pull, value)"),
            ("subgroups, warp_loss", "index < own.end", "index < own.first + 1u"),
        ],
    );
}
