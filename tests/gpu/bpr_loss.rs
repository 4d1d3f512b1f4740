//! `bpr_loss` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("bpr_loss");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "bpr_loss",
        &[
            ("bpr_loss", "let x = score - positive;", "let x = positive - score;"),
            ("bpr_loss", "select(small, 1.0, x > 0.0)", "select(1.0, small, x > 0.0)"),
            ("bpr_loss", "hinge(x) + log", "log"),
            ("bpr_loss", "log(1.0 + small)", "small"),
            ("bpr_loss", "exp(-abs(x))", "exp(abs(x))"),
            ("bpr_loss", "put_negative(index, k, slope);", ""),
            ("shared bpr_loss", "select(0.0, 1.0, is_there(score)), loss", "1.0, loss"),
            ("shared bpr_loss", "sums += vec4", "sums = vec4"),
            ("shared bpr_loss", "sums = lane_sum(lane, sums);", ""),
            ("bpr_loss", "negative_score(index, k) * share", "negative_score(index, k)"),
            ("bpr_loss", "-sums.z * share", "sums.z * share"),
            ("bpr_loss", "sums.y * share", "sums.y"),
            ("shared bpr_loss", "exclude(index, lane);", ""),
            ("subgroups, bpr_loss", "index < own.end", "index < own.first + 1u"),
        ],
    );
}
