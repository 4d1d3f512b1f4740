//! Twin of `shaders/candidate_gradient.wgsl` and of its form on subgroups.

use super::point;
use crate::step::layout::Block;
use crate::step::{Plan, StepShape};

/// dL/de and dL/do of each candidate from the pairs of `block` that it is a negative of: slopes^T x users, and sums of
/// slopes. Blocks after the first add to what is there.
pub fn candidate_gradient(
    plan: &Plan,
    block: &Block,
    points: &[f32],
    candidate_scores: &[f32],
    gradients: &mut [f32],
    shape: &StepShape,
) {
    let (candidate_count, dim) = (plan.header.candidate_count as usize, shape.padded_dim());
    for slot in 0..candidate_count {
        let mut sum = vec![0.0f32; dim + 4];
        for local_pair in 0..block.pairs_of(plan) {
            let slope = candidate_scores[(block.first_row as usize + local_pair) * candidate_count + slot];
            let user = plan.users()[block.first_pair as usize + local_pair];
            for d in 0..dim {
                sum[d] += slope * point(points, shape, user)[d];
            }
            sum[dim + 1] += slope;
        }
        let row = &mut gradients[slot * shape.slot_numbers()..][..dim + 4];
        for (to, sum) in row.iter_mut().zip(sum) {
            *to = if block.first_pair == 0 { sum } else { *to + sum };
        }
    }
}
