//! Twin of `shaders/feature_gradient.wgsl`.

use crate::step::{NetShape, Plan, StepShape};

/// dL/dW1 of each feature of the step, and dL/db1.
pub fn feature_gradient(
    plan: &Plan,
    hidden_gradients: &[f32],
    input_gradients: &mut [f32],
    net: &NetShape,
    shape: &StepShape,
) {
    let (width, stride) = (net.width(shape), net.width(shape) + 4);
    for slot in 0..plan.header.row_count {
        let at = slot as usize * stride;
        for unit in 0..width {
            let mut sum = 0.0f32;
            for (row, value) in plan.feature_uses(slot) {
                sum += value * hidden_gradients[row as usize * width + unit];
            }
            input_gradients[at + unit] = sum;
        }
        let is_used = plan.feature_uses(slot).next().is_some();
        input_gradients[at + width..][..4].copy_from_slice(&[f32::from(u8::from(is_used)), 0.0, 0.0, 0.0]);
    }
}
