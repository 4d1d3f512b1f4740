//! `covariance_gradient` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("covariance_gradient");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "covariance_gradient",
        &[
            ("covariance", "4.0 * settings", "2.0 * settings"),
            ("covariance", "(n * n)", "n"),
            ("covariance", "settings.covariance_weight", "settings.gor_weight"),
            ("covariance in the ball", "scale * count * value", "scale * value"),
            ("covariance", "gradients[at + chunk] += scale", "gradients[at + chunk] = scale"),
            ("covariance", "if count > 0.0 {", "if count > 1.0 {"),
            ("covariance", "squares / n", "squares"),
            ("covariance", "other < 256u", "other < 4u"),
            ("covariance", " - covariance[covariance_at(mean_row, chunk + own_chunk)]", ""),
            ("covariance, shared, tiles", "chunk + own_chunk)];", "own_chunk)];"),
            ("covariance, shared, tiles", "let term = 4u * chunk + own_term;", "let term = own_term;"),
            ("covariance, shared, tiles", "covariance_at(term, first_chunk + x)", "covariance_at(term, x)"),
            (
                "covariance, shared, tiles",
                "add(slot + 3u, first_chunk + x, scale, sums.d)",
                "add(slot + 3u, x, scale, sums.d)",
            ),
            ("covariance, shared, tiles", "let first_slot = group.x * tile;", "let first_slot = 0u;"),
            (
                "covariance",
                "add(slot + 1u, first_chunk + x, scale, sums.b)",
                "add(slot + 1u, first_chunk + x, scale, sums.a)",
            ),
        ],
    );
}
