//! Twin of `shaders/covariance_gradient.wgsl` and of its form on subgroups.

use super::{covariance_at, point};
use crate::step::layout::{Settings, StepSums};
use crate::step::{Plan, StepShape};

/// Adds the gradient of covariance_weight L_cov to that of every point that the step uses, and reports L_cov.
pub fn covariance_gradient(
    plan: &Plan,
    settings: &Settings,
    points: &[f32],
    covariance: &[f32],
    gradients: &mut [f32],
    step_log: &mut [StepSums],
    shape: &StepShape,
) {
    let dim = shape.padded_dim();
    let n = covariance[covariance_at(shape, dim, dim)];
    let mean = &covariance[covariance_at(shape, dim, 0)..][..dim];
    let squares: f32 = (0..dim).map(|row| covariance[covariance_at(shape, row, dim)]).sum();
    step_log[plan.header.log_slot as usize].covariance = squares / n;
    let scale = 4.0 * settings.covariance_weight / (n * n);
    for slot in 0..plan.header.row_count {
        let gradient = &mut gradients[slot as usize * shape.slot_numbers()..][..dim + 1];
        let count = gradient[dim];
        if count == 0.0 {
            continue;
        }
        let y = point(points, shape, slot);
        for d in 0..dim {
            let product = |term: usize| (y[term] - mean[term]) * covariance[covariance_at(shape, term, d)];
            gradient[d] += scale * count * (0..dim).map(product).sum::<f32>();
        }
    }
}
