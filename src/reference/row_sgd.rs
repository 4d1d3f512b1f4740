//! Twin of `shaders/row_sgd.wgsl`.

use super::{settle, stepped_rows};
use crate::step::layout::{RowState, Settings, Shards, StepSums};
use crate::step::{Plan, StepShape};

/// One step of plain gradient descent on each row of some shards that the step uses.
#[allow(clippy::too_many_arguments, reason = "the arguments are the kernel's bindings, in their order")]
pub fn row_sgd(
    plan: &Plan,
    settings: &Settings,
    shards: &Shards,
    rows: &mut [f32],
    row_states: &mut [RowState],
    points: &[f32],
    gradients: &[f32],
    step_log: &mut [StepSums],
    shape: &StepShape,
) {
    let dim = shape.padded_dim();
    for it in stepped_rows(plan, shards, points, gradients, shape) {
        for d in 0..dim {
            rows[it.row * dim + d] = it.point[d] / it.scale - plan.header.step_size * it.gradient[d];
        }
        let (squares, settled) = settle(&mut rows[it.row * dim..(it.row + 1) * dim], shape);
        let state = &mut row_states[it.row];
        state.squares = settled;
        state.bias -= settings.item_bias_rate * plan.header.step_size * it.bias_gradient;
        if !(squares.is_finite() && state.bias.is_finite()) {
            step_log[plan.header.log_slot as usize].bad_rows = 1;
        }
    }
}
