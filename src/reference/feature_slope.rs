//! Twin of `shaders/feature_slope.wgsl`.

use crate::step::{Plan, StepShape};

/// The slopes of f, their opposite at the points, and L_f of each projected row.
pub fn feature_slope(
    plan: &Plan,
    points: &[f32],
    projected: &mut [f32],
    gradients: &mut [f32],
    feature_losses: &mut [f32],
    shape: &StepShape,
) {
    let (dim, stride) = (shape.padded_dim(), shape.slot_numbers());
    let weight = plan.header.projected_weight;
    for (row, &slot) in plan.projected().iter().enumerate() {
        let mut loss = 0.0f32;
        for d in 0..dim {
            let at = slot as usize * stride + d;
            let apart = projected[row * dim + d] - points[at];
            let slope = 2.0 * weight * apart;
            projected[row * dim + d] = slope;
            gradients[at] -= slope;
            loss += weight * apart * apart;
        }
        feature_losses[row] = loss;
    }
}
