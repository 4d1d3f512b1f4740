//! `feature_output` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("feature_output");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "feature_output",
        &[
            (
                "networks",
                "first_row + own_line < plan.projected_count",
                "first_row + own_line + 1u < plan.projected_count",
            ),
            (
                "networks",
                "first_unit + own_chunk < hidden_chunks",
                "first_unit + own_chunk + 1u < hidden_chunks",
            ),
            ("networks", "unit < hidden_chunks * 4u &&", "unit + 1u < hidden_chunks * 4u &&"),
            ("networks, some rows, shards", "first_unit += depth / 4u", "first_unit += depth / 2u"),
            ("networks", "place_by_line(own_line, own_chunk)", "place_by_line(own_line, 3u - own_chunk)"),
            ("networks", "place_by_term(own_term, x)", "place_by_term(x, own_term)"),
            ("networks", "lines_by_terms(sums, x, y)", "lines_by_terms(sums, y, x)"),
            ("networks, some rows, shards", "let first_chunk = group.y * side;", "let first_chunk = 0u;"),
            ("networks, some rows, shards", "let first_row = group.x * tile;", "let first_row = 0u;"),
            (
                "networks",
                "output_points[hidden_chunks * 4u * (chunk_count + 1u) + chunk]",
                "output_points[chunk]",
            ),
            ("networks", "] = bias + sums.a", "] = sums.a"),
            ("networks", "bias + sums.b", "bias + sums.a"),
            ("networks", "bias + sums.c", "bias + sums.d"),
            ("networks", "bias + sums.d", "bias + sums.c"),
            ("networks", "if row < plan.projected_count {", "if true {"),
        ],
    );
}
