//! `softmax_loss` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("softmax_loss");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "softmax_loss",
        &[
            ("softmax at a low temperature", "rank_key(positive);", "far;"),
            (
                "softmax at a low temperature",
                "max(own_largest, rank_key(negative_score(index, k)))",
                "own_largest",
            ),
            ("shared softmax_loss", "lane_max(lane, own_largest)", "own_largest"),
            (
                "softmax_loss",
                "(negative_score(index, k) - largest) / temperature",
                "(negative_score(index, k) - largest)",
            ),
            ("softmax_loss", "put_negative(index, k, share);", ""),
            ("shared softmax_loss", "own_sum += share;", "own_sum = share;"),
            (
                "softmax_loss",
                "(positive - largest) / temperature) + negatives;",
                "(positive - largest) / temperature);",
            ),
            ("softmax_loss", "exp((positive - largest) / temperature) +", "exp(positive - largest) +"),
            ("softmax_loss", "1.0 / (sum * temperature)", "1.0 / sum"),
            ("softmax_loss", "negative_score(index, k) * scale", "negative_score(index, k)"),
            ("softmax_loss", "-negatives * scale", "negatives * scale"),
            ("softmax_loss", "(largest - positive) / temperature + log", "(largest - positive) + log"),
            ("softmax_loss", "+ log(sum)", ""),
            ("shared softmax_loss", "exclude(index, lane);", ""),
            ("subgroups, softmax_loss", "index < own.end", "index < own.first + 1u"),
        ],
    );
}
