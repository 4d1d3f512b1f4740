//! Twin of `shaders/feature_add.wgsl`.

use crate::step::{Plan, StepShape};

/// Adds f to the point of each projected row.
pub fn feature_add(plan: &Plan, projected: &[f32], points: &mut [f32], shape: &StepShape) {
    let (dim, stride) = (shape.padded_dim(), shape.slot_numbers());
    for (row, &slot) in plan.projected().iter().enumerate() {
        for d in 0..dim {
            points[slot as usize * stride + d] += projected[row * dim + d];
        }
    }
}
