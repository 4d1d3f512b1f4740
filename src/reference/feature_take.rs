//! Twin of `shaders/feature_take.wgsl`.

use crate::step::{Plan, StepShape};

/// Takes f off the points again, and puts the slopes of f in its place.
pub fn feature_take(
    plan: &Plan,
    projected: &mut [f32],
    points: &mut [f32],
    gradients: &[f32],
    shape: &StepShape,
) {
    let (dim, stride) = (shape.padded_dim(), shape.slot_numbers());
    for (row, &slot) in plan.projected().iter().enumerate() {
        for d in 0..dim {
            let at = slot as usize * stride + d;
            points[at] -= projected[row * dim + d];
            projected[row * dim + d] = gradients[at];
        }
    }
}
