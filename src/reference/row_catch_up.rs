//! Twin of `shaders/row_catch_up.wgsl`.

use super::catch_up::{drift_epsilon, skipped_distance};
use super::{Sizes, row_state};
use crate::gpu::layout::{RowState, Settings, Shards};

/// Brings every row of some shards up to step `shards.step`.
#[allow(clippy::too_many_arguments, reason = "the arguments are the kernel's bindings, in their order")]
pub fn row_catch_up(
    settings: &Settings,
    shards: &Shards,
    points: &mut [f32],
    drift: &mut [f32],
    variance: &mut [f32],
    row_states: &mut [RowState],
    catch_up: &[[f32; 2]],
    sizes: &Sizes,
) {
    for row in 0..shards.row_count as usize {
        let last = row_states[row].last_step;
        let skipped = shards.step - last;
        if last == 0 || skipped == 0 {
            continue;
        }
        let numbers = row * sizes.dim()..(row + 1) * sizes.dim();
        for index in numbers.clone() {
            let m = drift[index] * (variance[index].sqrt() + drift_epsilon(settings, catch_up, last));
            let m = m * (skipped as f32 * settings.log_beta_1).exp();
            points[index] -= skipped_distance(settings, catch_up, last, skipped) * drift[index];
            variance[index] *= (skipped as f32 * settings.log_beta_2).exp();
            drift[index] = m / (variance[index].sqrt() + drift_epsilon(settings, catch_up, shards.step));
        }
        row_states[row] = row_state(&points[numbers.clone()], &drift[numbers], shards.step);
    }
}
