//! Twin of `shaders/contrastive_loss.wgsl`.

use super::pair_scores::{PairLoss, hinge, is_there};

/// The positive toward score 1, the negatives of a pair below the margin; their scores become slopes.
pub fn contrastive_loss(positive: f32, negatives: &mut [f32], margin: f32, weight: f32) -> PairLoss {
    let count = negatives.iter().filter(|&&score| is_there(score)).count();
    let share = weight / (count as f32).max(1.0);
    let (mut sum, mut slopes) = (0.0f32, 0.0f32);
    for negative in negatives {
        sum += hinge(*negative - margin);
        *negative = if *negative > margin { share } else { 0.0 };
        slopes += *negative;
    }
    PairLoss { positive_slope: -1.0, negative_slopes: slopes, loss: 1.0 - positive + share * sum }
}
