//! Twin of `shaders/row_adam.wgsl`.

use super::Sizes;
use super::catch_up::skipped_distance;
use crate::gpu::layout::{NONE, Settings, Shard};
use crate::sampling::Plan;

/// One Adam step on each touched row of one shard, after catching up.
#[allow(clippy::too_many_arguments, reason = "the arguments are the kernel's bindings, in their order")]
pub fn row_adam(
    plan: &Plan,
    settings: &Settings,
    shard: &Shard,
    points: &mut [f32],
    momentum: &mut [f32],
    variance: &mut [f32],
    last_steps: &mut [u32],
    catch_up: &[[f32; 2]],
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
            let last = last_steps[local_row];
            let skipped = plan.header.step - 1 - last;
            for d in 0..dim {
                let index = local_row * dim + d;
                let gradient = gradients[slot * sizes.stride() + d];
                let (mut x, mut m, mut v) = (points[index], momentum[index], variance[index]);
                if last != 0 && skipped != 0 {
                    let way = skipped_distance(settings, catch_up, last, skipped);
                    x -= way.0 * m / (v.sqrt() + way.1);
                    m *= (skipped as f32 * settings.log_beta_1).exp();
                    v *= (skipped as f32 * settings.log_beta_2).exp();
                }
                m = settings.beta_1 * m + (1.0 - settings.beta_1) * gradient;
                v = settings.beta_2 * v + (1.0 - settings.beta_2) * gradient * gradient;
                let root = v.sqrt() / plan.header.root_bias_2 + settings.epsilon;
                points[index] = x - settings.learning_rate / plan.header.bias_1 * m / root;
                momentum[index] = m;
                variance[index] = v;
            }
            last_steps[local_row] = plan.header.step;
        }
    }
}
