//! Twin of `shaders/include/catch_up.wgsl`.

use crate::gpu::layout::Settings;

fn entry(settings: &Settings, catch_up: &[[f32; 2]], step: u32) -> [f32; 2] {
    catch_up[step.min(settings.catch_up_count - 1) as usize]
}

/// How many drifts a row last stepped at `last` moves, downwards, in the `skipped` steps after.
pub(super) fn skipped_distance(settings: &Settings, catch_up: &[[f32; 2]], last: u32, skipped: u32) -> f32 {
    if last == 0 || skipped == 0 {
        return 0.0;
    }
    let rest = (skipped as f32 * settings.log_ratio).exp() * entry(settings, catch_up, last + skipped)[0];
    settings.learning_rate * (entry(settings, catch_up, last)[0] - rest)
}

/// What is added to sqrt(v) under the drift.
pub(super) fn drift_epsilon(settings: &Settings, catch_up: &[[f32; 2]], step: u32) -> f32 {
    settings.epsilon * entry(settings, catch_up, step)[1]
}
