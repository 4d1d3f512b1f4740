//! Twin of `shaders/row_sgd.wgsl`.

use super::{Sizes, dot};
use crate::gpu::layout::{NONE, RowState, Settings, Shards};
use crate::sampling::Plan;

/// One step of plain gradient descent on each touched row of some shards.
pub fn row_sgd(
    plan: &Plan,
    settings: &Settings,
    shards: &Shards,
    points: &mut [f32],
    row_states: &mut [RowState],
    gradients: &[f32],
    sizes: &Sizes,
) {
    let dim = sizes.dim();
    for &quad in plan.shard_quads(shards.range()) {
        for slot in (quad * 4) as usize..(quad * 4 + 4) as usize {
            let row = plan.rows()[slot];
            if row == NONE || gradients[slot * sizes.stride() + dim] == 0.0 {
                continue;
            }
            let local_row = (row - shards.first_row) as usize;
            for d in 0..dim {
                points[local_row * dim + d] -= settings.learning_rate * gradients[slot * sizes.stride() + d];
            }
            let point = &points[local_row * dim..(local_row + 1) * dim];
            row_states[local_row].squares = dot(point, point);
        }
    }
}
