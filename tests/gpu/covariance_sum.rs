//! `covariance_sum` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("covariance_sum");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "covariance_sum",
        &[
            ("covariance", "own_count * points[", "points["),
            ("covariance", "+ chunk_count].x; }", "+ chunk_count].y; }"),
            ("covariance", "if own_count > 0.0 {", "if own_count > 1.0 {"),
            (
                "covariance, shared, tiles",
                "points[from_slot + first_row_chunk + x]; }",
                "points[from_slot + x]; }",
            ),
            (
                "covariance, shared, tiles",
                "points[from_slot + first_chunk + x]; }",
                "points[from_slot + x]; }",
            ),
            ("covariance, shared, tiles", "group.x / tiles * side", "group.x % tiles * side"),
            ("covariance, shared, tiles", "let row = 4u * (first_row_chunk + y);", "let row = 4u * y;"),
            ("covariance, shared, tiles", "let chunk = first_chunk + x;", "let chunk = x;"),
            ("covariance in the ball", "counts[term] * right", "right"),
            ("covariance in the ball", "count += counts[term];", "count = counts[term];"),
            ("covariance in the ball", "point_sum +=", "point_sum ="),
            ("covariance in the ball", "let begin = group.y * part_slots;", "let begin = 0u;"),
            ("covariance in the ball", "let to = group.y * covariance_at", "let to = covariance_at"),
            ("covariance", "sums = terms_by_terms(sums, x, y);", "sums = terms_by_terms(no_sums(), x, y);"),
            (
                "covariance",
                "covariance_at(row + 2u, chunk)] = sums.c",
                "covariance_at(row + 2u, chunk)] = sums.b",
            ),
            (
                "covariance",
                "if first_row_chunk + y < chunk_count {",
                "if first_row_chunk + y < chunk_count - 1u {",
            ),
        ],
    );
}
