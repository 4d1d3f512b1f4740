//! `candidate_gradient` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("candidate_gradient");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "candidate_gradient",
        &[
            ("shared", "first_quad + x < quad_count", "first_quad + x + 1u < quad_count"),
            ("shared, every item", "* quad_count + first_quad + x", "* quad_count + x"),
            (
                "shared, four blocks of pairs, shards",
                "user_of_pair(block.first_pair + pair)",
                "user_of_pair(pair)",
            ),
            ("shared", "if chunk < chunk_count {", "if chunk + 1u < chunk_count {"),
            ("shared", "if pair < pair_count {", "if pair + 1u < pair_count {"),
            ("shared", "left[place_by_term(own_term, x)]", "left[place_by_term(x, own_term)]"),
            ("shared", "right[place_by_term(own_term, x)]", "right[place_by_term(x, own_term)]"),
            ("shared", "terms_by_terms(sums, x, y)", "terms_by_terms(sums, y, x)"),
            ("shared", "slope_sums += left[term * side + y]", "slope_sums = left[term * side + y]"),
            ("shared", "slope_sums += left[term * side + y]", "slope_sums += left[term * side + x]"),
            ("shared, four blocks of pairs, shards", "if block.first_pair == 0u {", "if true {"),
            ("shared, every item", "let quad = first_quad + y;", "let quad = y;"),
            ("shared, four blocks of pairs, shards", "let chunk = first_chunk + x;", "let chunk = x;"),
            ("shared", "if quad >= quad_count ||", "if quad + 1u >= quad_count ||"),
            ("shared", "add(to + (chunk_count + 1u), sums.b)", "add(to + (chunk_count + 1u), sums.a)"),
            (
                "shared",
                "add(to + 2u * (chunk_count + 1u), sums.c)",
                "add(to + 2u * (chunk_count + 1u), sums.b)",
            ),
            ("shared", "add_bias(slot + 3u, slope_sums.w)", "add_bias(slot + 3u, slope_sums.z)"),
            ("shared", "vec4<f32>(0.0, slopes, 0.0, 0.0)", "vec4<f32>(slopes, 0.0, 0.0, 0.0)"),
        ],
    );
}
