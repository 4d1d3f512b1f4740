//! Twin of `shaders/row_load.wgsl`.

use super::catch_up::{drift_epsilon, skipped_distance};
use super::dot;
use crate::step::layout::{NONE, RowState, Settings, Shards, StepSums};
use crate::step::{Plan, StepShape};

/// Tables -> working set, for the slots of some shards and the left rows among them.
#[allow(clippy::too_many_arguments, reason = "the arguments are the kernel's bindings, in their order")]
pub fn row_load(
    plan: &Plan,
    settings: &Settings,
    shards: &Shards,
    rows: &[f32],
    drift: &[f32],
    row_states: &[RowState],
    catch_up: &[[f32; 2]],
    working: &mut [f32],
    picked: &mut [u32],
    step_log: &mut [StepSums],
    shape: &StepShape,
) {
    let (dim, pair_words) = (shape.padded_dim(), shape.plan.pair_words());
    let is_shared = shape.plan.shares_candidates();
    for &quad in plan.shard_quads(shards.range()) {
        for slot in (quad * 4) as usize..(quad * 4 + 4) as usize {
            let row = plan.rows()[slot];
            let mut e = vec![0.0f32; dim];
            let mut note = [0.0f32; 4];
            if row != NONE {
                let local_row = (row - shards.first_row) as usize;
                let state = &row_states[local_row];
                let (mut distance, mut skipped, mut epsilon) = (0.0, 0, 0.0);
                if shape.optimizer.moves_untouched_rows() {
                    skipped = plan.header.step - 1 - state.last_step;
                    distance = skipped_distance(settings, catch_up, state.last_step, skipped);
                    epsilon = drift_epsilon(settings, catch_up, state.last_step);
                }
                for d in 0..dim {
                    let index = local_row * dim + d;
                    e[d] = rows[index];
                    if distance != 0.0 {
                        e[d] -= distance * drift[index];
                    }
                }
                // The kernel's way, so that a wrong state shows: it has the length before it reads the row.
                let mut squares =
                    state.squares - distance * (2.0 * state.along - distance * state.drift_squares);
                if squares < 0.5 * state.squares {
                    squares = dot(&e, &e);
                }
                let scale = shape.geometry.point_scale(squares);
                e.iter_mut().for_each(|x| *x *= scale);
                let bias = state.bias - settings.item_bias_rate * distance * state.bias_drift;
                note = [scale, skipped as f32, epsilon, bias + shape.geometry.point_height(squares)];
                if !(squares.is_finite() && bias.is_finite()) {
                    step_log[plan.header.log_slot as usize].bad_rows = 1;
                }
            }
            let at = slot * shape.slot_numbers();
            working[at..at + dim].copy_from_slice(&e);
            working[at + dim..][..4].copy_from_slice(&note);
            if !is_shared && (slot as u32) < plan.header.candidate_count {
                picked[slot * pair_words..][..pair_words].fill(0);
            }
            let is_left = is_shared == (slot as u32 >= plan.header.item_slot_count);
            if shape.has_left_rows() && is_left {
                for &code in plan.uses(slot as u32) {
                    let pair = code as usize / 2;
                    working[shape.left_rows_at() * 4 + pair * dim..][..dim].copy_from_slice(&e);
                }
            }
        }
    }
}
