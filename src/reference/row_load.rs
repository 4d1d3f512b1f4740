//! Twin of `shaders/row_load.wgsl`.

use super::catch_up::skipped_distance;
use super::{Sizes, dot};
use crate::gpu::layout::{NONE, RowState, Settings, Shards};
use crate::sampling::Plan;

/// Tables -> working rows, for the slots of some shards.
#[allow(clippy::too_many_arguments, reason = "the arguments are the kernel's bindings, in their order")]
pub fn row_load(
    plan: &Plan,
    settings: &Settings,
    shards: &Shards,
    points: &[f32],
    drift: &[f32],
    row_states: &[RowState],
    catch_up: &[[f32; 2]],
    working: &mut [f32],
    sizes: &Sizes,
) {
    let dim = sizes.dim();
    for &quad in plan.shard_quads(shards.range()) {
        for slot in (quad * 4) as usize..(quad * 4 + 4) as usize {
            let row = plan.rows()[slot];
            let mut x = vec![0.0f32; dim];
            let mut inverse_norm = 0.0;
            if row != NONE {
                let local_row = (row - shards.first_row) as usize;
                let state = &row_states[local_row];
                let distance = match sizes.has_momentum {
                    true => {
                        let skipped = plan.header.step - 1 - state.last_step;
                        skipped_distance(settings, catch_up, state.last_step, skipped)
                    }
                    false => 0.0,
                };
                for d in 0..dim {
                    let index = local_row * dim + d;
                    x[d] = points[index];
                    if distance != 0.0 {
                        x[d] -= distance * drift[index];
                    }
                }
                // The kernel's way, so that a wrong state shows: it has the length before it reads the row.
                let mut squares =
                    state.squares - distance * (2.0 * state.along - distance * state.drift_squares);
                if squares < 0.5 * state.squares {
                    squares = dot(&x, &x);
                }
                inverse_norm = 1.0 / squares.max(1e-24).sqrt();
            }
            for d in 0..dim {
                working[slot * sizes.stride() + d] = x[d] * inverse_norm;
                if sizes.has_packed && (slot as u32) < plan.header.candidate_count {
                    let at = sizes.packed_at * 4 + d * plan.header.candidate_count as usize + slot;
                    working[at] = x[d] * inverse_norm;
                }
                if plan.header.candidate_count > 0 && (slot as u32) < plan.header.item_slot_count {
                    for &code in plan.uses(slot as u32) {
                        let pair = code as usize / 2;
                        working[sizes.positives_at * 4 + pair * dim + d] = x[d] * inverse_norm;
                    }
                }
            }
            working[slot * sizes.stride() + dim..][..4].copy_from_slice(&[inverse_norm, 0.0, 0.0, 0.0]);
        }
    }
}
