//! Twin of `shaders/candidate_score.wgsl`.

use super::{added, dot, point};
use crate::step::layout::Block;
use crate::step::{Plan, StepShape};

/// Scores of each pair's left row and each candidate, for the pairs of `block`.
pub fn candidate_score(
    plan: &Plan,
    block: &Block,
    points: &[f32],
    candidate_scores: &mut [f32],
    shape: &StepShape,
) {
    let left_slots = if shape.plan.shares_candidates() { plan.users() } else { plan.positives() };
    fill_scores(plan, block, points, candidate_scores, shape, |pair| point(points, shape, left_slots[pair]));
}

/// Fills the rows of a block with the scores of each pair's `left_row`, (D padded).
pub(super) fn fill_scores<'a>(
    plan: &Plan,
    block: &Block,
    points: &[f32],
    candidate_scores: &mut [f32],
    shape: &StepShape,
    left_row: impl Fn(usize) -> &'a [f32],
) {
    let (candidate_count, offsets) = (plan.header.candidate_count, plan.offsets());
    let pairs = block.first_pair..(block.first_pair + block.pair_count).min(plan.header.pair_count);
    for (local_pair, pair) in pairs.enumerate() {
        let to = (block.first_row as usize + local_pair) * candidate_count as usize;
        for slot in 0..candidate_count {
            let mut offset = offsets[slot as usize];
            if shape.plan.shares_candidates() {
                let user = plan.users()[pair as usize];
                offset += added(points, shape, slot) + added(points, shape, user);
            }
            let score = dot(left_row(pair as usize), point(points, shape, slot));
            candidate_scores[to + slot as usize] = offset + score;
        }
    }
}
