//! Twin of `shaders/feature_hidden.wgsl`.

use crate::random::pcg4d;
use crate::step::{NetShape, Plan, StepShape};

/// The hidden layer of each projected row; of a linear network f.
pub fn feature_hidden(
    plan: &Plan,
    input_points: &[f32],
    hidden: &mut [f32],
    net: &NetShape,
    shape: &StepShape,
) {
    let (width, stride) = (net.width(shape), net.width(shape) + 4);
    for row in 0..plan.header.projected_count as usize {
        for unit in 0..width {
            let mut sum = input_points[plan.header.bias_slot as usize * stride + unit];
            for (slot, value) in plan.entries(row) {
                sum += value * input_points[slot as usize * stride + unit];
            }
            if net.is_linear() {
                hidden[row * width + unit] = sum;
                continue;
            }
            let key = [plan.header.draw_key_0, plan.header.draw_key_1];
            let words = pcg4d([key[0], key[1], row as u32, unit as u32 / 4]);
            let is_kept = words[unit % 4] >= net.drop_below();
            hidden[row * width + unit] = if is_kept { sum.max(0.0) * net.keep_scale() as f32 } else { 0.0 };
        }
    }
}
