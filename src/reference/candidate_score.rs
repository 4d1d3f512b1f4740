//! Twin of `shaders/candidate_score.wgsl`.

use super::{dot, point};
use crate::step::layout::{Block, NONE};
use crate::step::{Plan, StepShape};

/// Similarities of each pair's positive to each candidate, for the pairs of `block`; holes score -2.
pub fn candidate_score(
    plan: &Plan,
    block: &Block,
    points: &[f32],
    similarities: &mut [f32],
    shape: &StepShape,
) {
    similarities_of(plan, block, similarities, |pair, candidate| {
        dot(point(points, shape, plan.positives()[pair]), point(points, shape, candidate))
    });
}

/// Fills the rows of a block with `similarity` of (pair, candidate), below it for holes.
pub(super) fn similarities_of(
    plan: &Plan,
    block: &Block,
    similarities: &mut [f32],
    similarity: impl Fn(usize, u32) -> f32,
) {
    let candidate_count = plan.header.candidate_count;
    let pairs = block.first_pair..(block.first_pair + block.pair_count).min(plan.header.pair_count);
    for (local_pair, pair) in pairs.enumerate() {
        let to = (block.first_row as usize + local_pair) * candidate_count as usize;
        for candidate in 0..candidate_count {
            let hole = if plan.rows()[candidate as usize] == NONE { -2.0 } else { 0.0 };
            similarities[to + candidate as usize] = hole + similarity(pair as usize, candidate);
        }
    }
}
