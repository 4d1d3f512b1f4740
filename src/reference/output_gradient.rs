//! Twin of `shaders/output_gradient.wgsl`.

use crate::step::{NetShape, Plan, StepShape};

/// dL/dW2, and dL/db2 behind it.
pub fn output_gradient(
    plan: &Plan,
    hidden: &[f32],
    projected: &[f32],
    output_gradients: &mut [f32],
    net: &NetShape,
    shape: &StepShape,
) {
    let (dim, stride) = (shape.padded_dim(), shape.slot_numbers());
    for unit in 0..net.hidden + 1 {
        for d in 0..dim {
            let mut sum = 0.0f32;
            for row in 0..plan.header.projected_count as usize {
                let number = if unit < net.hidden { hidden[row * net.hidden + unit] } else { 1.0 };
                sum += number * projected[row * dim + d];
            }
            output_gradients[unit * stride + d] = sum;
        }
        output_gradients[unit * stride + dim..][..4].copy_from_slice(&[1.0, 0.0, 0.0, 0.0]);
    }
}
