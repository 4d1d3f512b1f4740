//! Twin of `shaders/row_catch_up.wgsl`.

use super::Sizes;
use super::catch_up::skipped_distance;
use crate::gpu::layout::{Settings, Shard};

/// Brings every row of a shard up to step `shard.step`.
#[allow(clippy::too_many_arguments, reason = "the arguments are the kernel's bindings, in their order")]
pub fn row_catch_up(
    settings: &Settings,
    shard: &Shard,
    points: &mut [f32],
    momentum: &mut [f32],
    variance: &mut [f32],
    last_steps: &mut [u32],
    catch_up: &[[f32; 2]],
    sizes: &Sizes,
) {
    for row in 0..shard.row_count as usize {
        let last = last_steps[row];
        let skipped = shard.step - last;
        if last == 0 || skipped == 0 {
            continue;
        }
        let way = skipped_distance(settings, catch_up, last, skipped);
        for index in row * sizes.dim()..(row + 1) * sizes.dim() {
            points[index] -= way.0 * momentum[index] / (variance[index].sqrt() + way.1);
            momentum[index] *= (skipped as f32 * settings.log_beta_1).exp();
            variance[index] *= (skipped as f32 * settings.log_beta_2).exp();
        }
        last_steps[row] = shard.step;
    }
}
