//! Twin of `shaders/row_adagrad.wgsl`.

use super::{settle, stepped_rows};
use crate::step::layout::{RowState, Settings, Shards, StepSums};
use crate::step::{Plan, StepShape};

/// One AdaGrad step on each row of some shards that the step uses.
#[allow(clippy::too_many_arguments, reason = "the arguments are the kernel's bindings, in their order")]
pub fn row_adagrad(
    plan: &Plan,
    settings: &Settings,
    shards: &Shards,
    rows: &mut [f32],
    variance: &mut [f32],
    row_states: &mut [RowState],
    points: &[f32],
    gradients: &[f32],
    step_log: &mut [StepSums],
    shape: &StepShape,
) {
    let (rate, dim) = (plan.header.step_size, shape.padded_dim());
    for it in stepped_rows(plan, shards, points, gradients, shape) {
        let numbers = it.row * dim..(it.row + 1) * dim;
        for d in 0..dim {
            let (index, gradient) = (it.row * dim + d, it.gradient[d]);
            variance[index] += gradient * gradient;
            let root = variance[index].sqrt() + settings.epsilon;
            rows[index] = it.point[d] / it.scale - rate * gradient / root;
        }
        let (squares, settled) = settle(&mut rows[numbers.clone()], shape);
        let state = &mut row_states[it.row];
        state.squares = settled;
        state.bias_variance += it.bias_gradient * it.bias_gradient;
        let root = state.bias_variance.sqrt() + settings.epsilon;
        state.bias -= settings.item_bias_rate * rate * it.bias_gradient / root;
        let sums = [squares, variance[numbers].iter().sum(), state.bias, state.bias_variance];
        if !sums.iter().all(|x: &f32| x.is_finite()) {
            step_log[plan.header.log_slot as usize].bad_rows = 1;
        }
    }
}
