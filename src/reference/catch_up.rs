//! Twin of `shaders/include/catch_up.wgsl` and `shaders/include/moments.wgsl`.

use crate::step::layout::Settings;

fn entry(settings: &Settings, catch_up: &[[f32; 2]], step: u32) -> [f32; 2] {
    catch_up[step.min(settings.catch_up_count - 1) as usize]
}

/// How many drifts a row moves, downwards, in the `skipped` steps after its last step.
pub(super) fn skipped_distance(settings: &Settings, catch_up: &[[f32; 2]], last: u32, skipped: u32) -> f32 {
    if last == 0 || skipped == 0 {
        return 0.0;
    }
    let rest = (skipped as f32 * settings.log_ratio).exp() * entry(settings, catch_up, last + skipped)[0];
    entry(settings, catch_up, last)[0] - rest
}

/// What is added to sqrt(v) under the drift.
pub(super) fn drift_epsilon(settings: &Settings, catch_up: &[[f32; 2]], step: u32) -> f32 {
    settings.epsilon * entry(settings, catch_up, step)[1]
}

/// The moments (m, v) after `skipped` steps without gradient, from what the tables hold.
pub(super) fn decayed(
    settings: &Settings,
    drift: f32,
    variance: f32,
    epsilon: f32,
    skipped: f32,
) -> (f32, f32) {
    let m = drift * (variance.sqrt() + epsilon) * (skipped * settings.log_beta_1).exp();
    (m, variance * (skipped * settings.log_beta_2).exp())
}

/// The drift that the tables hold.
pub(super) fn drift_of((m, v): (f32, f32), epsilon: f32) -> f32 {
    m / (v.sqrt() + epsilon)
}
