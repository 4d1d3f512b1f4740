//! `output_gradient` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("output_gradient");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "output_gradient",
        &[
            (
                "networks",
                "first_row < plan.projected_count; first_row += depth",
                "first_row + depth < plan.projected_count; first_row += depth",
            ),
            ("networks", "if row < plan.projected_count {", "if row + 1u < plan.projected_count {"),
            ("networks", "first_quad + x < hidden_chunks", "first_quad + x + 1u < hidden_chunks"),
            ("networks", "if chunk < chunk_count {", "if chunk + 1u < chunk_count {"),
            ("networks, some rows, shards", "let first_quad = group.x * side;", "let first_quad = 0u;"),
            ("networks, some rows, shards", "let first_chunk = group.y * side;", "let first_chunk = 0u;"),
            ("networks", "slope_sum += right[term * side + x]", "slope_sum += right[term * side + y]"),
            (
                "networks",
                "put(hidden_chunks * 4u, chunk, slope_sum)",
                "put(hidden_chunks * 4u, chunk, sums.a)",
            ),
            ("networks", "vec4<f32>(1.0, 0.0, 0.0, 0.0)", "vec4<f32>(0.0)"),
            ("networks", "terms_by_terms(sums, x, y)", "terms_by_terms(sums, y, x)"),
            ("networks", "put(quad * 4u, chunk, sums.a)", "put(quad * 4u, chunk, sums.b)"),
            ("networks", "put(quad * 4u + 1u, chunk, sums.b)", "put(quad * 4u + 1u, chunk, sums.a)"),
            ("networks", "put(quad * 4u + 2u, chunk, sums.c)", "put(quad * 4u + 2u, chunk, sums.d)"),
            ("networks", "put(quad * 4u + 3u, chunk, sums.d)", "put(quad * 4u + 3u, chunk, sums.c)"),
        ],
    );
}
