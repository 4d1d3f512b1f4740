//! Twin of `shaders/covariance_matrix.wgsl`.

use super::covariance_at;
use crate::step::StepShape;

/// The covariance of a step's points without its diagonal, and their mean, from the sums over the parts.
pub fn covariance_matrix(covariance_parts: &[f32], covariance: &mut [f32], shape: &StepShape) {
    let dim = shape.padded_dim();
    let part_size = covariance_at(shape, dim + 1, 0);
    let whole = |row: usize, d: usize| -> f32 {
        covariance_parts.chunks(part_size).map(|sums| sums[covariance_at(shape, row, d)]).sum()
    };
    let count = whole(dim, dim);
    let mean: Vec<f32> = (0..dim).map(|d| whole(dim, d) / count).collect();
    for row in 0..dim {
        let mut squares = 0.0f32;
        for d in 0..dim {
            let c = if d == row { 0.0 } else { whole(row, d) / count - mean[row] * mean[d] };
            covariance[covariance_at(shape, row, d)] = c;
            squares += c * c;
        }
        covariance[covariance_at(shape, row, dim)..][..4].copy_from_slice(&[squares, 0.0, 0.0, 0.0]);
    }
    covariance[covariance_at(shape, dim, 0)..][..dim].copy_from_slice(&mean);
    covariance[covariance_at(shape, dim, dim)..][..4].copy_from_slice(&[count, 0.0, 0.0, 0.0]);
}
