//! `hidden_gradient` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("hidden_gradient");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "hidden_gradient",
        &[
            (
                "networks",
                "first_row + own_line < plan.projected_count",
                "first_row + own_line + 1u < plan.projected_count",
            ),
            (
                "networks",
                "first_unit + own_line < hidden_chunks * 4u",
                "first_unit + own_line + 1u < hidden_chunks * 4u",
            ),
            ("networks, some rows, shards", "first_chunk += depth / 4u", "first_chunk += depth / 2u"),
            ("networks", "keep_scale * sum", "sum"),
            ("networks", "hidden[at] > vec4<f32>(0.0)", "hidden[at] > vec4<f32>(-1.0)"),
            ("networks, some rows, shards", "let first_row = group.x * tile;", "let first_row = 0u;"),
            ("networks, some rows, shards", "let first_unit = group.y * tile;", "let first_unit = 0u;"),
            ("networks", "right[own_place] = weights;", "right[own_place] = slopes;"),
            ("networks", "lines_by_lines(sums, x, y)", "lines_by_lines(sums, y, x)"),
            ("networks", "if quad >= hidden_chunks { return; }", "if quad > hidden_chunks { return; }"),
            ("networks", "if row >= plan.projected_count { return; }", ""),
            ("networks", "put(row, quad, sums.a)", "put(row, quad, sums.b)"),
            ("networks", "put(row + 1u, quad, sums.b)", "put(row + 1u, quad, sums.a)"),
            ("networks", "put(row + 2u, quad, sums.c)", "put(row + 2u, quad, sums.d)"),
            ("networks", "put(row + 3u, quad, sums.d)", "put(row + 3u, quad, sums.c)"),
        ],
    );
}
