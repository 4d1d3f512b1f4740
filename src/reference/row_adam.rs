//! Twin of `shaders/row_adam.wgsl`.

use super::catch_up::{drift_epsilon, skipped_distance};
use super::{Sizes, row_state};
use crate::gpu::layout::{NONE, RowState, Settings, Shards};
use crate::sampling::Plan;

/// One Adam step on each touched row of some shards, after catching up.
#[allow(clippy::too_many_arguments, reason = "the arguments are the kernel's bindings, in their order")]
pub fn row_adam(
    plan: &Plan,
    settings: &Settings,
    shards: &Shards,
    points: &mut [f32],
    drift: &mut [f32],
    variance: &mut [f32],
    row_states: &mut [RowState],
    catch_up: &[[f32; 2]],
    gradients: &[f32],
    sizes: &Sizes,
) {
    let (dim, step) = (sizes.dim(), plan.header.step);
    for &quad in plan.shard_quads(shards.range()) {
        for slot in (quad * 4) as usize..(quad * 4 + 4) as usize {
            let row = plan.rows()[slot];
            if row == NONE || gradients[slot * sizes.stride() + dim] == 0.0 {
                continue;
            }
            let local_row = (row - shards.first_row) as usize;
            let last = row_states[local_row].last_step;
            let skipped = step - 1 - last;
            for d in 0..dim {
                let index = local_row * dim + d;
                let gradient = gradients[slot * sizes.stride() + d];
                let (mut x, mut v) = (points[index], variance[index]);
                let mut m = drift[index] * (v.sqrt() + drift_epsilon(settings, catch_up, last));
                if last != 0 {
                    x -= skipped_distance(settings, catch_up, last, skipped) * drift[index];
                    m *= (skipped as f32 * settings.log_beta_1).exp();
                    v *= (skipped as f32 * settings.log_beta_2).exp();
                }
                m = settings.beta_1 * m + (1.0 - settings.beta_1) * gradient;
                v = settings.beta_2 * v + (1.0 - settings.beta_2) * gradient * gradient;
                let root = v.sqrt() / plan.header.root_bias_2 + settings.epsilon;
                points[index] = x - settings.learning_rate / plan.header.bias_1 * m / root;
                drift[index] = m / (v.sqrt() + drift_epsilon(settings, catch_up, step));
                variance[index] = v;
            }
            let numbers = local_row * dim..(local_row + 1) * dim;
            row_states[local_row] = row_state(&points[numbers.clone()], &drift[numbers], step);
        }
    }
}
