//! `covariance_matrix` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("covariance_matrix");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "covariance_matrix",
        &[
            ("covariance in the ball", "part < part_count", "part < 1u"),
            ("covariance in the ball", "part * part_size +", ""),
            ("covariance", "[row % 4u]", "[0]"),
            ("covariance", "whole(mean_row, row / 4u)", "whole(mean_row, 0u)"),
            ("covariance", "whole(row, chunk) / count", "whole(row, chunk)"),
            ("covariance", "c -= mean", "c += mean"),
            ("covariance", "select(c, vec4<f32>(0.0), is_diagonal)", "c"),
            ("covariance", "vec4<u32>(0u, 1u, 2u, 3u)", "vec4<u32>(3u, 1u, 2u, 0u)"),
            ("covariance", "squares += dot(c, c);", "squares += dot(c, vec4<f32>(1.0));"),
            ("covariance", "select(sum, count, is_mean)", "sum"),
            ("covariance, shared, tiles", "chunk += lane_count", "chunk += chunk_count"),
        ],
    );
}
