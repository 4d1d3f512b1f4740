//! Twin of `shaders/step_sum.wgsl`.

use crate::step::layout::{PairSums, Settings, StepSums};
use crate::step::{Plan, StepShape};

/// The step's sums over its pairs, and the line that gives the slope of a spread score.
pub fn step_sum(
    plan: &Plan,
    settings: &Settings,
    pairs: &[PairSums],
    spread_line: &mut [f32],
    step_log: &mut [StepSums],
    shape: &StepShape,
) {
    let mut sums = StepSums::default();
    for pair in &pairs[..plan.header.pair_count as usize] {
        sums.loss += pair.loss;
        sums.active_count += pair.is_active;
        sums.moment_1 += pair.spread_1;
        sums.moment_2 += pair.spread_2;
    }
    let score_count = (plan.header.pair_count as usize * shape.plan.negative_count).max(1) as f32;
    sums.moment_1 /= score_count;
    sums.moment_2 /= score_count;
    let log = &mut step_log[plan.header.log_slot as usize];
    *log = StepSums {
        bad_rows: log.bad_rows,
        covariance: log.covariance,
        feature_loss: log.feature_loss,
        ..sums
    };
    let scale = 2.0 * settings.gor_weight / score_count;
    spread_line[0] = scale * sums.moment_1;
    spread_line[1] = if sums.moment_2 > settings.inverse_dim { scale } else { 0.0 };
}
