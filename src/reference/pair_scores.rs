//! Twin of `shaders/include/pair_scores_own.wgsl`, `pair_scores_shared.wgsl` and `losses.wgsl`: what the losses share.

use crate::step::layout::{Block, FAR, PairSums};
use crate::step::{Plan, StepShape};

/// What a loss makes of a pair: the positive's slope, and the number to add up. The slopes of the negatives take the
/// place of their scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairLoss {
    /// dL/dx_p.
    pub positive_slope: f32,
    /// The sum of dL/dx_k.
    pub negative_slopes: f32,
    /// L.
    pub loss: f32,
}

/// Applies `loss` (of a positive's score and its negatives' scores) to each pair of a dispatch. Scores become slopes.
/// With shared candidates `block` says which pairs the rows of `candidate_scores` are of.
pub(super) fn each_pair(
    plan: &Plan,
    block: &Block,
    scores: &mut [f32],
    candidate_scores: &mut [f32],
    pairs: &mut [PairSums],
    shape: &StepShape,
    loss: impl Fn(f32, &mut [f32]) -> PairLoss,
) {
    let stride = 1 + shape.plan.negative_count;
    let is_shared = shape.plan.shares_candidates();
    let count = if is_shared { block.pairs_of(plan) } else { plan.header.pair_count as usize };
    for index in 0..count {
        let pair = block.first_pair as usize + index;
        let (positive, own) = scores[pair * stride..][..stride].split_at_mut(1);
        let negatives = if is_shared {
            let candidate_count = plan.header.candidate_count as usize;
            let row = &mut candidate_scores[(block.first_row as usize + index) * candidate_count..]
                [..candidate_count];
            for &slot in plan.excluded(plan.own_users()[pair]) {
                row[slot as usize] = FAR;
            }
            row
        } else {
            own
        };
        let found = loss(positive[0], negatives);
        positive[0] = found.positive_slope;
        pairs[pair].loss = found.loss;
        pairs[pair].slopes = found.positive_slope + found.negative_slopes;
        pairs[pair].is_active = if found.positive_slope != 0.0 { 1.0 } else { 0.0 };
    }
}

/// Whether a negative is there, by its score.
pub(super) fn is_there(score: f32) -> bool {
    !(score <= 0.5 * FAR)
}

/// [x]_+, but what is not a number stays so.
pub(super) fn hinge(x: f32) -> f32 {
    if x.is_finite() { x.max(0.0) } else { x }
}

/// To look for the largest score: what is not a number wins.
pub(super) fn rank_key(score: f32) -> f32 {
    if score.is_finite() { score } else { 3e38 }
}
