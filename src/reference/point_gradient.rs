//! Twin of `shaders/point_gradient.wgsl`.

use super::{negative_slot, point};
use crate::step::layout::NONE;
use crate::step::{Plan, StepShape};

/// dL/de of every point of the step, and dL/do of every item bias.
#[allow(clippy::too_many_arguments, reason = "the arguments are the kernel's bindings, in their order")]
pub fn point_gradient(
    plan: &Plan,
    points: &[f32],
    picks: &[u32],
    scores: &[f32],
    spread: &[f32],
    spread_line: &[f32],
    picked: &[u32],
    gradients: &mut [f32],
    shape: &StepShape,
) {
    let (dim, negative_count) = (shape.padded_dim(), shape.plan.negative_count);
    let pair_words = shape.plan.pair_words();
    let positive_slope = |pair: usize| scores[pair * (1 + negative_count)];
    let negative_slope =
        |pick: usize| scores[pick / negative_count * (1 + negative_count) + 1 + pick % negative_count];
    let spread_slope = |pick: usize| match shape.has_spread() {
        true => spread_line[0] + spread_line[1] * spread[pick],
        false => 0.0,
    };
    for slot in 0..plan.header.row_count {
        let mut sum = vec![0.0f32; dim];
        let mut bias = 0.0f32;
        let mut is_used = false;
        let mut add = |slope: f32, other: u32| {
            if slope != 0.0 && other != NONE {
                for d in 0..dim {
                    sum[d] += slope * point(points, shape, other)[d];
                }
            }
        };
        let as_negative = |pick: usize, add: &mut dyn FnMut(f32, u32)| {
            let pair = pick / negative_count;
            add(negative_slope(pick), plan.users()[pair]);
            add(spread_slope(pick), plan.positives()[pair]);
        };
        for &code in plan.uses(slot) {
            is_used = true;
            let pair = code as usize / 2;
            if slot >= plan.header.item_slot_count {
                add(positive_slope(pair), plan.positives()[pair]);
                for pick in pair * negative_count..(pair + 1) * negative_count {
                    add(negative_slope(pick), negative_slot(plan, shape, picks, pick));
                }
            } else if code % 2 == 0 {
                bias += positive_slope(pair);
                add(positive_slope(pair), plan.users()[pair]);
                for pick in pair * negative_count..(pair + 1) * negative_count {
                    add(spread_slope(pick), negative_slot(plan, shape, picks, pick));
                }
            } else {
                bias += negative_slope(code as usize / 2);
                as_negative(code as usize / 2, &mut add);
            }
        }
        if slot < plan.header.candidate_count {
            let bits = &picked[slot as usize * pair_words..][..pair_words];
            let pairs = 0..plan.header.pair_count as usize;
            for pair in pairs.filter(|pair| bits[pair / 32] >> (pair % 32) & 1 == 1) {
                is_used = true;
                for pick in pair * negative_count..(pair + 1) * negative_count {
                    if picks[pick] == slot {
                        bias += negative_slope(pick);
                        as_negative(pick, &mut add);
                    }
                }
            }
        }
        let at = slot as usize * shape.slot_numbers();
        if is_used {
            gradients[at..at + dim].copy_from_slice(&sum);
        }
        let note = if is_used { [1.0, bias, 0.0, 0.0] } else { [0.0; 4] };
        gradients[at + dim..][..4].copy_from_slice(&note);
    }
}
