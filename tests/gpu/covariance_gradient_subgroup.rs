//! `covariance_gradient_subgroup` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin, has_subgroups};

#[test]
fn equals_its_twin_on_every_step() {
    if has_subgroups() {
        equals_its_twin("covariance_gradient_subgroup");
    }
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "covariance_gradient_subgroup",
        &[
            ("subgroups, covariance", "4.0 * settings", "2.0 * settings"),
            ("subgroups, covariance", "(n * n)", "n"),
            ("subgroups, covariance", "scale * count * sum", "scale * sum"),
            ("subgroups, covariance", "gradients[at + chunk] += scale", "gradients[at + chunk] = scale"),
            ("subgroups, covariance", " - mean_{b}, quad", ", quad"),
            ("subgroups, covariance", "covariance_at(row + 2u, chunk)", "covariance_at(row + 1u, chunk)"),
            (
                "subgroups, covariance, segments",
                "quad_chunks(first_quad + index, chunk)",
                "quad_chunks(index, chunk)",
            ),
            ("subgroups, covariance, segments", ", quad_{b} < chunk_count)", ", true)"),
            ("subgroups, covariance", "squares += subgroup", "squares = subgroup"),
            ("subgroups, covariance", "squares / n", "squares"),
            (
                "subgroups, covariance, segments",
                "let own_chunk = group.y * lane_count + thread;",
                "let own_chunk = thread;",
            ),
            ("subgroups, covariance", "slot = group.x * rows_per_group; slot", "slot = 0u; slot"),
        ],
    );
}
