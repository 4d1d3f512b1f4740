//! Twin of `shaders/feature_sum.wgsl`.

use crate::step::Plan;
use crate::step::layout::StepSums;

/// Adds L_f of the projected rows to the step's report.
pub fn feature_sum(plan: &Plan, feature_losses: &[f32], step_log: &mut [StepSums]) {
    let count = plan.header.projected_count as usize;
    step_log[plan.header.log_slot as usize].feature_loss += feature_losses[..count].iter().sum::<f32>();
}
