//! Twin of `shaders/history_slope.wgsl`.

use super::{dot, point};
use crate::step::{Plan, StepShape};

/// dL/dh of each pair's user, in the place of its dL/de.
pub fn history_slope(plan: &Plan, points: &[f32], gradients: &mut [f32], shape: &StepShape) {
    let (dim, stride) = (shape.padded_dim(), shape.slot_numbers());
    for &slot in plan.users() {
        let e = point(points, shape, slot);
        let scale = points[slot as usize * stride + dim];
        let row = &mut gradients[slot as usize * stride..][..stride];
        let (along, slopes) = (dot(&row[..dim], e), row[dim + 2]);
        for d in 0..dim {
            row[d] = shape.geometry.sum_gradient(row[d], e[d], along, scale, slopes);
        }
    }
}
