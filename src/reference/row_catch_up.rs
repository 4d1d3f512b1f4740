//! Twin of `shaders/row_catch_up.wgsl`.

use super::catch_up::{decayed, drift_epsilon, drift_of, skipped_distance};
use super::row_state;
use crate::step::StepShape;
use crate::step::layout::{RowState, Settings, Shards};

/// Brings every row of some shards up to step `shards.step`.
#[allow(clippy::too_many_arguments, reason = "the arguments are the kernel's bindings, in their order")]
pub fn row_catch_up(
    settings: &Settings,
    shards: &Shards,
    rows: &mut [f32],
    drift: &mut [f32],
    variance: &mut [f32],
    row_states: &mut [RowState],
    catch_up: &[[f32; 2]],
    shape: &StepShape,
) {
    for row in 0..shards.row_count as usize {
        let last = row_states[row].last_step;
        let skipped = shards.step - last;
        if last == 0 || skipped == 0 {
            continue;
        }
        let epsilon = drift_epsilon(settings, catch_up, last);
        let numbers = row * shape.padded_dim()..(row + 1) * shape.padded_dim();
        for index in numbers.clone() {
            rows[index] -= skipped_distance(settings, catch_up, last, skipped) * drift[index];
            let moments = decayed(settings, drift[index], variance[index], epsilon, skipped as f32);
            drift[index] = drift_of(moments, drift_epsilon(settings, catch_up, shards.step));
            variance[index] = moments.1;
        }
        let state = &row_states[row];
        let moments = decayed(settings, state.bias_drift, state.bias_variance, epsilon, skipped as f32);
        let distance = skipped_distance(settings, catch_up, last, skipped);
        let bias = state.bias - settings.item_bias_rate * distance * state.bias_drift;
        let bias = [bias, drift_of(moments, drift_epsilon(settings, catch_up, shards.step)), moments.1];
        row_states[row] = row_state(&rows[numbers.clone()], &drift[numbers], bias, shards.step);
    }
}
