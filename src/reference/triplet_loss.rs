//! Twin of `shaders/triplet_loss.wgsl`.

use super::pair_scores::{PairLoss, hinge, is_there, rank_key};
use crate::step::layout::FAR;

/// The hinge on the nearest of a pair's negatives; their scores become slopes. With `rank_weight` it is weighed by the
/// rank that the positive seems to have among `item_count` items.
pub fn triplet_loss(
    positive: f32,
    negatives: &mut [f32],
    margin: f32,
    rank_weight: bool,
    item_count: usize,
) -> PairLoss {
    let (mut nearest, mut place) = (FAR, None);
    let (mut count, mut impostors) = (0.0f32, 0.0f32);
    for (k, &score) in negatives.iter().enumerate() {
        if rank_key(score) > nearest {
            nearest = rank_key(score);
            place = Some(k);
        }
        if is_there(score) {
            count += 1.0;
            impostors += if 2.0 * score - 2.0 * positive + margin > 0.0 { 1.0 } else { 0.0 };
        }
    }
    let rank = (item_count as f32 * impostors / count.max(1.0)).floor();
    let weight = if rank_weight { (1.0 + rank).ln() } else { 1.0 };
    let loss = weight * hinge(2.0 * nearest - 2.0 * positive + margin);
    let pull = if loss > 0.0 { 2.0 * weight } else { 0.0 };
    for (k, slope) in negatives.iter_mut().enumerate() {
        *slope = if Some(k) == place { pull } else { 0.0 };
    }
    PairLoss { positive_slope: -pull, negative_slopes: pull, loss }
}
