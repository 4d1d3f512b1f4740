//! Twin of `shaders/hinge_sum_loss.wgsl`.

use super::pair_scores::{PairLoss, hinge};

/// A hinge on every negative of a pair; their scores become slopes.
pub fn hinge_sum_loss(positive: f32, negatives: &mut [f32], margin: f32) -> PairLoss {
    let (mut loss, mut pulls) = (0.0f32, 0.0f32);
    for negative in negatives {
        let value = hinge(2.0 * *negative - 2.0 * positive + margin);
        *negative = if value > 0.0 { 2.0 } else { 0.0 };
        loss += value;
        pulls += *negative;
    }
    PairLoss { positive_slope: -pulls, negative_slopes: pulls, loss }
}
