//! `candidate_score` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("candidate_score");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "candidate_score",
        &[
            ("two-stage", "sum_2 += left[at + 2u * side + y]", "sum_2 += left[at + side + y]"),
            ("two-stage", "right[at + 3u * side + x]);", "right[at + 2u * side + x]);"),
            ("two-stage", "left[at + y] * candidates", "candidates * left[at + y]"),
            ("two-stage", "(own_row % 4u) * side", "(own_row % 2u) * side"),
            ("two-stage", "first_pair + own_row < pair_count", "own_row < pair_count - 1u"),
            (
                "two-stage",
                "first_candidate + own_row < plan.candidate_count",
                "first_candidate + own_row < plan.candidate_count - 4u",
            ),
            ("three blocks of pairs", "chunk >= chunk_count", "chunk > 0u && chunk >= chunk_count / 2u"),
            ("plain gradient descent", "chunk >= chunk_count", "chunk >= chunk_count + 1u"),
            (
                "all items are candidates",
                "let first_candidate = group.y * tile;",
                "let first_candidate = 0u;",
            ),
            (
                "three blocks of pairs",
                "positive_of_pair(block.first_pair + first_pair + own_row)",
                "positive_of_pair(first_pair + own_row)",
            ),
            (
                "two-stage",
                "candidate_scores[to + 3u * quad_count] = holes + sum_3",
                "candidate_scores[to + 3u * quad_count] = sum_3",
            ),
            ("two-stage", "if pair + 1u < pair_count {", "if pair < pair_count {"),
        ],
    );
}
