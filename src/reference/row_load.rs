//! Twin of `shaders/row_load.wgsl`.

use super::Sizes;
use super::catch_up::skipped_distance;
use crate::gpu::layout::{NONE, Settings, Shard};
use crate::sampling::Plan;

/// Tables -> working rows, for the slots of one shard.
#[allow(clippy::too_many_arguments, reason = "the arguments are the kernel's bindings, in their order")]
pub fn row_load(
    plan: &Plan,
    settings: &Settings,
    shard: &Shard,
    points: &[f32],
    momentum: &[f32],
    variance: &[f32],
    last_steps: &[u32],
    catch_up: &[[f32; 2]],
    working: &mut [f32],

    sizes: &Sizes,
) {
    let dim = sizes.dim();
    for &quad in plan.shard_quads(shard.index as usize) {
        for slot in (quad * 4) as usize..(quad * 4 + 4) as usize {
            let row = plan.rows()[slot];
            let mut x = vec![0.0f32; dim];
            if row != NONE {
                let local_row = (row - shard.first_row) as usize;
                for d in 0..dim {
                    let index = local_row * dim + d;
                    x[d] = points[index];
                    if sizes.has_momentum {
                        let last = last_steps[local_row];
                        let skipped = plan.header.step - 1 - last;
                        if last != 0 && skipped != 0 {
                            let way = skipped_distance(settings, catch_up, last, skipped);
                            x[d] -= way.0 * momentum[index] / (variance[index].sqrt() + way.1);
                        }
                    }
                }
            }
            let squares: f32 = x.iter().map(|x| x * x).sum();
            let inverse_norm = 1.0 / squares.max(1e-24).sqrt();
            for d in 0..dim {
                working[slot * sizes.stride() + d] = x[d] * inverse_norm;
                if (slot as u32) < plan.header.candidate_count {
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
