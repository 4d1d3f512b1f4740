//! Twin of `shaders/warp_loss.wgsl`.

use super::pair_scores::{PairLoss, hinge};

/// The hinge on the first of a pair's draws that violates the margin, weighed by the rank that the positive seems to
/// have among `item_count` items; the negatives' scores become slopes.
pub fn warp_loss(positive: f32, negatives: &mut [f32], margin: f32, item_count: usize) -> PairLoss {
    let violates = |score: f32| {
        let value = 2.0 * score - 2.0 * positive + margin;
        value > 0.0 || !value.is_finite()
    };
    let first = negatives.iter().position(|&score| violates(score));
    let (mut loss, mut pull) = (0.0, 0.0);
    if let Some(first) = first {
        let weight = (1.0 + (item_count as f32 / (first + 1) as f32).floor()).ln();
        // What is not a number is seen, on whichever draw.
        let is_bad = negatives.iter().any(|score| !score.is_finite());
        let score = if is_bad { 3e38 } else { negatives[first] };
        loss = weight * hinge(2.0 * score - 2.0 * positive + margin);
        pull = 2.0 * weight;
    }
    for (k, slope) in negatives.iter_mut().enumerate() {
        *slope = if Some(k) == first { pull } else { 0.0 };
    }
    PairLoss { positive_slope: -pull, negative_slopes: pull, loss }
}
