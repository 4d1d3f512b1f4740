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
            ("two-stage", "sums = lines_by_lines(sums, x, y);", "sums = lines_by_lines(sums, y, x);"),
            ("two-stage", "place_by_line(own_line, own_chunk)", "place_by_line(own_chunk, own_line % 4u)"),
            ("two-stage", "first_pair + own_line < pair_count", "first_pair + own_line + 1u < pair_count"),
            (
                "two-stage",
                "first_candidate + own_line < plan.candidate_count",
                "first_candidate + own_line + 4u < plan.candidate_count",
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
                "left_slot_of_pair(block.first_pair + first_pair + own_line)",
                "left_slot_of_pair(first_pair + own_line)",
            ),
            (
                "shared, every item",
                "left_slot_of_pair(block.first_pair + first_pair + own_line)",
                "left_slot_of_pair(block.first_pair + own_line)",
            ),
            (
                "two-stage",
                "candidate_scores[to + 3u * quad_count] = offsets + left_height(first + 3u) + sums.d",
                "candidate_scores[to + 3u * quad_count] = sums.d",
            ),
            (
                "shared",
                "candidate_scores[to] = offsets + left_height(first) + sums.a",
                "candidate_scores[to] = sums.a",
            ),
            (
                "two-stage",
                "candidate_scores[to + quad_count] = offsets + left_height(first + 1u) + sums.b",
                "candidate_scores[to + quad_count] = offsets + left_height(first + 1u) + sums.a",
            ),
            ("ball, shared contrastive", "left_height(first + 2u)", "left_height(first)"),
            ("ball, shared contrastive", "left_height(first + 1u) + ", ""),
            ("two-stage", "if pair + 1u < pair_count {", "if pair < pair_count {"),
        ],
    );
}
