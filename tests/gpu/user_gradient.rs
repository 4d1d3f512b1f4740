//! `user_gradient` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("user_gradient");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "user_gradient",
        &[
            ("shared", "first_pair + own_line < pair_count", "first_pair + own_line + 1u < pair_count"),
            ("shared", "first_quad + own_quad < quad_count", "first_quad + own_quad + 1u < quad_count"),
            ("shared", "slot < plan.candidate_count &&", "slot + 4u < plan.candidate_count &&"),
            ("shared", "&& own_chunk < chunk_count {", "&& own_chunk + 1u < chunk_count {"),
            ("shared, every item", "block.first_row + first_pair + own_line", "block.first_row + own_line"),
            ("shared", "place_by_line(own_line, own_quad)", "place_by_line(own_quad, own_line % 4u)"),
            ("shared", "place_by_term(own_term, thread % side)", "place_by_term(thread % side, own_term)"),
            ("shared", "lines_by_terms(sums, x, y)", "lines_by_terms(sums, y, x)"),
            ("shared, every item", "first_quad += depth / 4u", "first_quad += depth / 2u"),
            (
                "shared, four blocks of pairs, shards",
                "let first_chunk = group.y * side;",
                "let first_chunk = 0u;",
            ),
            ("shared, every item", "let first_pair = group.x * tile;", "let first_pair = 0u;"),
            (
                "shared, four blocks of pairs, shards",
                "(block.first_pair + pair) * chunk_count",
                "pair * chunk_count",
            ),
            ("shared, few pairs, no item biases", "if pair < pair_count {", "if true {"),
            (
                "shared",
                "user_gradients[to + chunk_count] = sums.b",
                "user_gradients[to + chunk_count] = sums.a",
            ),
            ("shared", "to + 2u * chunk_count] = sums.c", "to + 2u * chunk_count] = sums.d"),
            ("shared", "to + 3u * chunk_count] = sums.d", "to + 3u * chunk_count] = sums.c"),
        ],
    );
}
