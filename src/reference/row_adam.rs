//! Twin of `shaders/row_adam.wgsl`.

use super::catch_up::{decayed, drift_of};
use super::{row_state, stepped_rows};
use crate::step::layout::{RowState, Settings, Shards, StepSums};
use crate::step::{Plan, StepShape};

/// One Adam step on each row of some shards that the step uses, after catching up.
#[allow(clippy::too_many_arguments, reason = "the arguments are the kernel's bindings, in their order")]
pub fn row_adam(
    plan: &Plan,
    settings: &Settings,
    shards: &Shards,
    rows: &mut [f32],
    drift: &mut [f32],
    variance: &mut [f32],
    row_states: &mut [RowState],
    points: &[f32],
    gradients: &[f32],
    step_log: &mut [StepSums],
    shape: &StepShape,
) {
    let (header, dim) = (&plan.header, shape.padded_dim());
    for it in stepped_rows(plan, shards, points, gradients, shape) {
        for d in 0..dim {
            let (index, gradient) = (it.row * dim + d, it.gradient[d]);
            let (mut m, mut v) = decayed(settings, drift[index], variance[index], it.epsilon, it.skipped);
            m = settings.beta_1 * m + (1.0 - settings.beta_1) * gradient;
            v = settings.beta_2 * v + (1.0 - settings.beta_2) * gradient * gradient;
            let root = v.sqrt() / header.root_bias_2 + settings.epsilon;
            rows[index] = it.point[d] / it.scale - header.step_size * m / root;
            drift[index] = drift_of((m, v), header.drift_epsilon);
            variance[index] = v;
        }
        let numbers = it.row * dim..(it.row + 1) * dim;
        let state = &row_states[it.row];
        let (mut m, mut v) = decayed(settings, state.bias_drift, state.bias_variance, it.epsilon, it.skipped);
        m = settings.beta_1 * m + (1.0 - settings.beta_1) * it.bias_gradient;
        v = settings.beta_2 * v + (1.0 - settings.beta_2) * it.bias_gradient * it.bias_gradient;
        let root = v.sqrt() / header.root_bias_2 + settings.epsilon;
        let bias = it.added - settings.item_bias_rate * header.step_size * m / root;
        let bias = [bias, drift_of((m, v), header.drift_epsilon), v];
        let state = row_state(&rows[numbers.clone()], &drift[numbers.clone()], bias, header.step);
        row_states[it.row] = state;
        let variances = variance[numbers].iter().sum();
        let sums = [state.squares, state.along, state.drift_squares, variances];
        if !sums.iter().chain(&bias).all(|x: &f32| x.is_finite()) {
            step_log[header.log_slot as usize].bad_rows = 1;
        }
    }
}
