//! Twin of `shaders/hidden_gradient.wgsl`.

use crate::step::{NetShape, Plan, StepShape};

/// dL/d(b1 + W1 x) of each projected row.
pub fn hidden_gradient(
    plan: &Plan,
    projected: &[f32],
    output_points: &[f32],
    hidden: &[f32],
    hidden_gradients: &mut [f32],
    net: &NetShape,
    shape: &StepShape,
) {
    let (dim, stride) = (shape.padded_dim(), shape.slot_numbers());
    let keep_scale = net.keep_scale() as f32;
    for row in 0..plan.header.projected_count as usize {
        for unit in 0..net.hidden {
            let mut sum = 0.0f32;
            for d in 0..dim {
                sum += projected[row * dim + d] * output_points[unit * stride + d];
            }
            let at = row * net.hidden + unit;
            hidden_gradients[at] = if hidden[at] > 0.0 { keep_scale * sum } else { 0.0 };
        }
    }
}
