//! Twin of `shaders/feature_output.wgsl`.

use crate::step::{NetShape, Plan, StepShape};

/// f of each projected row.
pub fn feature_output(
    plan: &Plan,
    hidden: &[f32],
    output_points: &[f32],
    projected: &mut [f32],
    net: &NetShape,
    shape: &StepShape,
) {
    let (dim, stride) = (shape.padded_dim(), shape.slot_numbers());
    for row in 0..plan.header.projected_count as usize {
        for d in 0..dim {
            let mut sum = 0.0f32;
            for unit in 0..net.hidden {
                sum += hidden[row * net.hidden + unit] * output_points[unit * stride + d];
            }
            projected[row * dim + d] = output_points[net.hidden * stride + d] + sum;
        }
    }
}
