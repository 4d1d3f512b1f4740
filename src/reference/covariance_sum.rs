//! Twin of `shaders/covariance_sum.wgsl` and of its form on subgroups.

use super::{covariance_at, point};
use crate::step::{Plan, StepShape};

/// For each part of the row slots sum m y y^T, sum m y and sum m, m being how often the batch has the point y.
pub fn covariance_sum(
    plan: &Plan,
    points: &[f32],
    gradients: &[f32],
    covariance_parts: &mut [f32],
    shape: &StepShape,
) {
    let (dim, row_count) = (shape.padded_dim(), plan.header.row_count as usize);
    let part_slots = row_count.div_ceil(shape.covariance_parts());
    let part_size = covariance_at(shape, dim + 1, 0);
    for (part, sums) in covariance_parts.chunks_mut(part_size).enumerate() {
        for row in 0..=dim {
            sums[covariance_at(shape, row, 0)..][..dim].fill(0.0);
        }
        let mut all = 0.0f32;
        for slot in (part * part_slots).min(row_count)..((part + 1) * part_slots).min(row_count) {
            let count = gradients[slot * shape.slot_numbers() + dim];
            if count == 0.0 {
                continue;
            }
            let y = point(points, shape, slot as u32);
            for row in 0..dim {
                for d in 0..dim {
                    sums[covariance_at(shape, row, d)] += count * y[row] * y[d];
                }
                sums[covariance_at(shape, dim, row)] += count * y[row];
            }
            all += count;
        }
        sums[covariance_at(shape, dim, dim)..][..4].copy_from_slice(&[all, 0.0, 0.0, 0.0]);
    }
}
