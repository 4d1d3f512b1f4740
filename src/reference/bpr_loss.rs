//! Twin of `shaders/bpr_loss.wgsl`.

use super::pair_scores::{PairLoss, hinge, is_there};

/// Bayesian personalised ranking, a mean over a pair's negatives; their scores become slopes.
pub fn bpr_loss(positive: f32, negatives: &mut [f32]) -> PairLoss {
    let count = negatives.iter().filter(|&&score| is_there(score)).count();
    let share = 1.0 / (count as f32).max(1.0);
    let (mut loss, mut slopes) = (0.0f32, 0.0f32);
    for negative in negatives {
        let x = *negative - positive;
        let small = (-x.abs()).exp();
        let slope = if x > 0.0 { 1.0 } else { small } / (1.0 + small);
        loss += hinge(x) + (1.0 + small).ln();
        slopes += slope;
        *negative = slope * share;
    }
    PairLoss { positive_slope: -slopes * share, negative_slopes: slopes * share, loss: loss * share }
}
