//! Twin of `shaders/triplet_loss.wgsl`.

use super::FAR;
use crate::step::layout::PairSums;
use crate::step::{Plan, StepShape};

/// The hinge of each pair on its nearest negative; scores become slopes.
pub fn triplet_loss(plan: &Plan, scores: &mut [f32], pairs: &mut [PairSums], margin: f32, shape: &StepShape) {
    let stride = 1 + shape.plan.negative_count;
    for pair in 0..plan.header.pair_count as usize {
        let scores = &mut scores[pair * stride..][..stride];
        let (mut nearest, mut nearest_score) = (None, FAR);
        for k in 1..stride {
            if scores[k] > nearest_score || !scores[k].is_finite() {
                nearest = Some(k);
                nearest_score = scores[k];
            }
        }
        let difference = 2.0 * nearest_score - 2.0 * scores[0] + margin;
        let hinge = if difference.is_finite() { difference.max(0.0) } else { difference };
        let pull = if hinge > 0.0 { 2.0 } else { 0.0 };
        scores[0] = -pull;
        for k in 1..stride {
            scores[k] = if Some(k) == nearest { pull } else { 0.0 };
        }
        pairs[pair].loss = hinge;
        pairs[pair].is_active = if hinge > 0.0 { 1.0 } else { 0.0 };
    }
}
