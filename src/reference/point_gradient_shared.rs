//! Twin of `shaders/point_gradient_shared.wgsl`.

use super::point;
use crate::step::layout::{NONE, PairSums};
use crate::step::{Plan, StepShape};

/// dL/de of every point of the step, dL/do of every item bias, sums of slopes, and how often each point is used.
pub fn point_gradient_shared(
    plan: &Plan,
    points: &[f32],
    scores: &[f32],
    user_gradients: &[f32],
    pairs: &[PairSums],
    gradients: &mut [f32],
    shape: &StepShape,
) {
    let dim = shape.padded_dim();
    for slot in 0..plan.header.row_count {
        let row = &mut gradients[slot as usize * shape.slot_numbers()..][..dim + 4];
        if plan.rows()[slot as usize] == NONE && plan.uses(slot).is_empty() {
            row[dim..].fill(0.0);
            continue;
        }
        let is_candidate = slot < plan.header.candidate_count;
        let mut sum = if is_candidate { row[..dim].to_vec() } else { vec![0.0; dim] };
        let (mut slopes, mut count) = if is_candidate { (row[dim + 1], 1.0) } else { (0.0, 0.0) };
        let is_user = slot >= plan.header.item_slot_count;
        for &code in plan.uses(slot) {
            let pair = code as usize / 2;
            count += 1.0;
            let other = if is_user { plan.positives()[pair] } else { plan.users()[pair] };
            if is_user {
                for d in 0..dim {
                    sum[d] += user_gradients[pair * dim + d];
                }
                slopes += pairs[pair].slopes;
            } else {
                slopes += scores[pair];
            }
            for d in 0..dim {
                sum[d] += scores[pair] * point(points, shape, other)[d];
            }
        }
        row[..dim].copy_from_slice(&sum);
        row[dim..].copy_from_slice(&[count, if is_user { 0.0 } else { slopes }, slopes, 0.0]);
    }
}
