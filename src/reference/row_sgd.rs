//! Twin of `shaders/row_sgd.wgsl`.

use super::{Sizes, dot};
use crate::gpu::layout::{NONE, RowState, Settings, Shard};
use crate::sampling::Plan;

/// One step of plain gradient descent on each touched row of one shard.
pub fn row_sgd(
    plan: &Plan,
    settings: &Settings,
    shard: &Shard,
    points: &mut [f32],
    row_states: &mut [RowState],
    gradients: &[f32],
    sizes: &Sizes,
) {
    let dim = sizes.dim();
    for &quad in plan.shard_quads(shard.index as usize) {
        for slot in (quad * 4) as usize..(quad * 4 + 4) as usize {
            let row = plan.rows()[slot];
            if row == NONE || gradients[slot * sizes.stride() + dim] == 0.0 {
                continue;
            }
            let local_row = (row - shard.first_row) as usize;
            for d in 0..dim {
                points[local_row * dim + d] -= settings.learning_rate * gradients[slot * sizes.stride() + d];
            }
            let point = &points[local_row * dim..(local_row + 1) * dim];
            row_states[local_row].squares = dot(point, point);
        }
    }
}
