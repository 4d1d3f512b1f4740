//! Twin of `shaders/point_gradient.wgsl`.

use super::{negative_slot, point};
use crate::step::layout::NONE;
use crate::step::{Plan, StepShape};

/// dL/de of every point of the step, dL/do of every item bias, sums of slopes, and how often each point is used.
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
        let mut slopes = 0.0f32;
        let mut count = 0.0f32;
        let is_user = slot >= plan.header.item_slot_count;
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
            count += 1.0;
            let pair = code as usize / 2;
            if is_user {
                slopes += scores[pair * (1 + negative_count)..][..1 + negative_count].iter().sum::<f32>();
                add(positive_slope(pair), plan.positives()[pair]);
                for pick in pair * negative_count..(pair + 1) * negative_count {
                    add(negative_slope(pick), negative_slot(plan, shape, picks, pick));
                }
            } else if code % 2 == 0 {
                slopes += positive_slope(pair);
                add(positive_slope(pair), plan.users()[pair]);
                for pick in pair * negative_count..(pair + 1) * negative_count {
                    add(spread_slope(pick), negative_slot(plan, shape, picks, pick));
                }
            } else {
                slopes += negative_slope(code as usize / 2);
                as_negative(code as usize / 2, &mut add);
            }
        }
        if slot < plan.header.candidate_count {
            let bits = &picked[slot as usize * pair_words..][..pair_words];
            let pairs = 0..plan.header.pair_count as usize;
            for pair in pairs.filter(|pair| bits[pair / 32] >> (pair % 32) & 1 == 1) {
                count += 1.0;
                for pick in pair * negative_count..(pair + 1) * negative_count {
                    if picks[pick] == slot {
                        slopes += negative_slope(pick);
                        as_negative(pick, &mut add);
                    }
                }
            }
        }
        let at = slot as usize * shape.slot_numbers();
        if count > 0.0 {
            gradients[at..at + dim].copy_from_slice(&sum);
        }
        let of_bias = if is_user { 0.0 } else { slopes };
        let note = if count > 0.0 { [count, of_bias, slopes, 0.0] } else { [0.0; 4] };
        gradients[at + dim..][..4].copy_from_slice(&note);
    }
}
