//! Twin of `shaders/softmax_loss.wgsl`.

use super::pair_scores::{PairLoss, rank_key};

/// The softmax over a pair's positive and negatives; the negatives' scores become slopes.
pub fn softmax_loss(positive: f32, negatives: &mut [f32], temperature: f32) -> PairLoss {
    let largest = negatives.iter().fold(rank_key(positive), |largest, &score| largest.max(rank_key(score)));
    let mut sum = 0.0f32;
    for negative in negatives.iter_mut() {
        *negative = ((*negative - largest) / temperature).exp();
        sum += *negative;
    }
    let all = ((positive - largest) / temperature).exp() + sum;
    let scale = 1.0 / (all * temperature);
    negatives.iter_mut().for_each(|share| *share *= scale);
    let loss = (largest - positive) / temperature + all.ln();
    PairLoss { positive_slope: -sum * scale, negative_slopes: sum * scale, loss }
}
