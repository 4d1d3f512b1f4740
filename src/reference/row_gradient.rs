//! Twin of `shaders/row_gradient.wgsl`.

use super::{Sizes, dot, negative_slot, vector};
use crate::gpu::layout::{NONE, PairLoss, Settings, StepSums};
use crate::sampling::Plan;

/// dL/dx of every row of the step, and the step's sums.
#[allow(clippy::too_many_arguments, reason = "the arguments are the kernel's bindings, in their order")]
pub fn row_gradient(
    plan: &Plan,
    settings: &Settings,
    rows: &[f32],
    picks: &[u32],
    similarities: &[f32],
    pairs: &[PairLoss],
    picked: &[u32],
    gradients: &mut [f32],
    step_log: &mut [StepSums],
    sizes: &Sizes,
) {
    let pair_count = plan.header.pair_count as usize;
    let negative_count = sizes.negative_count;
    let mut sums = StepSums::default();
    for loss in pairs[..pair_count].iter().step_by(sizes.pairs_per_group) {
        sums.triplet += loss.sums[0];
        sums.active_count += loss.sums[1];
        sums.moment_1 += loss.sums[2];
        sums.moment_2 += loss.sums[3];
    }
    let pick_count = (pair_count * negative_count) as f32;
    sums.moment_1 /= pick_count;
    sums.moment_2 /= pick_count;
    step_log[plan.header.log_slot as usize] = sums;
    let large = if sums.moment_2 > settings.inverse_dim { 1.0 } else { 0.0 };
    let coefficient = |pick: usize| {
        settings.gor_weight / pick_count * (2.0 * sums.moment_1 + 2.0 * similarities[pick] * large)
    };
    let pull = |pair: usize| if pairs[pair].hinge > 0.0 { 2.0 * pairs[pair].weight } else { 0.0 };

    for slot in 0..plan.header.row_count {
        let mut gradient = vec![0.0f32; sizes.dim()];
        let mut touched = 0.0;
        let mut add = |factor: f32, to: u32| {
            gradient.iter_mut().zip(vector(rows, sizes, to)).for_each(|(g, e)| *g += factor * e);
        };
        let as_negative = |pick: usize, add: &mut dyn FnMut(f32, u32)| {
            let pair = pick / negative_count;
            add(coefficient(pick), plan.positives()[pair]);
            if pull(pair) != 0.0 && pairs[pair].nearest as usize == pick % negative_count {
                add(pull(pair), plan.users()[pair]);
                add(-pull(pair), slot);
            }
        };
        let filled = plan.rows()[slot as usize] != NONE;
        for &code in if filled { plan.uses(slot) } else { &[] } {
            touched = 1.0;
            let pair = code as usize / 2;
            if slot >= plan.header.item_slot_count {
                if pull(pair) != 0.0 {
                    let pick = pair * negative_count + pairs[pair].nearest as usize;
                    add(pull(pair), negative_slot(plan, sizes, picks, pick));
                    add(-pull(pair), plan.positives()[pair]);
                }
            } else if code % 2 == 0 {
                add(pull(pair), slot);
                add(-pull(pair), plan.users()[pair]);
                for pick in pair * negative_count..(pair + 1) * negative_count {
                    let negative = negative_slot(plan, sizes, picks, pick);
                    if negative != NONE {
                        add(coefficient(pick), negative);
                    }
                }
            } else {
                as_negative(code as usize / 2, &mut add);
            }
        }
        if filled && slot < plan.header.candidate_count {
            let bits = &picked[slot as usize * sizes.pair_words..][..sizes.pair_words];
            for pair in (0..pair_count).filter(|pair| bits[pair / 32] >> (pair % 32) & 1 == 1) {
                touched = 1.0;
                for pick in pair * negative_count..(pair + 1) * negative_count {
                    if picks[pick] == slot {
                        as_negative(pick, &mut add);
                    }
                }
            }
        }
        let point = vector(rows, sizes, slot);
        let at = slot as usize * sizes.stride();
        let along = dot(&gradient, &point);
        let inverse_norm = rows[at + sizes.dim()];
        gradients[at + sizes.dim()..][..4].copy_from_slice(&[touched, 0.0, 0.0, 0.0]);
        if touched != 0.0 {
            for d in 0..sizes.dim() {
                gradients[at + d] = (gradient[d] - along * point[d]) * inverse_norm;
            }
        }
    }
}
