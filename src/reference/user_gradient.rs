//! Twin of `shaders/user_gradient.wgsl` and of its form on subgroups.

use super::point;
use crate::step::layout::Block;
use crate::step::{Plan, StepShape};

/// What shared candidates add to dL/du of each pair of `block`: slopes x candidates.
pub fn user_gradient(
    plan: &Plan,
    block: &Block,
    points: &[f32],
    candidate_scores: &[f32],
    user_gradients: &mut [f32],
    shape: &StepShape,
) {
    let (candidate_count, dim) = (plan.header.candidate_count, shape.padded_dim());
    for local_pair in 0..block.pairs_of(plan) {
        let slopes = &candidate_scores[(block.first_row as usize + local_pair) * candidate_count as usize..];
        let mut sum = vec![0.0f32; dim];
        for slot in 0..candidate_count {
            for d in 0..dim {
                sum[d] += slopes[slot as usize] * point(points, shape, slot)[d];
            }
        }
        user_gradients[(block.first_pair as usize + local_pair) * dim..][..dim].copy_from_slice(&sum);
    }
}
