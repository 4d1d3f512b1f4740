//! Twin of `shaders/pair_score.wgsl`.

use super::{added, dot, negative_slot, point};
use crate::step::layout::{FAR, NONE, PairSums};
use crate::step::{Plan, StepShape};

/// The scores of each pair's positive and negatives and, with GOR, the spread scores and their sums.
pub fn pair_score(
    plan: &Plan,
    points: &[f32],
    picks: &[u32],
    scores: &mut [f32],
    spread: &mut [f32],
    pairs: &mut [PairSums],
    shape: &StepShape,
) {
    let negative_count = shape.plan.negative_count;
    for pair in 0..plan.header.pair_count as usize {
        let user = point(points, shape, plan.users()[pair]);
        let positive = point(points, shape, plan.positives()[pair]);
        let scores = &mut scores[pair * (1 + negative_count)..][..1 + negative_count];
        let of_user = added(points, shape, plan.users()[pair]);
        scores[0] = dot(user, positive) + of_user + added(points, shape, plan.positives()[pair]);
        let (mut spread_1, mut spread_2) = (0.0f32, 0.0f32);
        for k in 0..negative_count {
            let pick = pair * negative_count + k;
            let slot = negative_slot(plan, shape, picks, pick);
            let is_there = slot != NONE;
            let score = |slot| dot(user, point(points, shape, slot)) + of_user + added(points, shape, slot);
            scores[1 + k] = if is_there { score(slot) } else { FAR };
            if shape.has_spread() {
                let similarity = if is_there { dot(positive, point(points, shape, slot)) } else { 0.0 };
                spread[pick] = similarity;
                spread_1 += similarity;
                spread_2 += similarity * similarity;
            }
        }
        pairs[pair].spread_1 = spread_1;
        pairs[pair].spread_2 = spread_2;
    }
}
