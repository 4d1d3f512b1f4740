//! Twin of `shaders/include/catch_up.wgsl`.

use crate::gpu::layout::Settings;

/// How far a row moves in `skipped` steps after `last`: (factor of m / (sqrt(v) + y), y).
pub(super) fn skipped_distance(
    settings: &Settings,
    catch_up: &[[f32; 2]],
    last: u32,
    skipped: u32,
) -> (f32, f32) {
    let entry = |step: u32| catch_up[step.min(settings.catch_up_count - 1) as usize];
    let start = entry(last);
    let rest = (skipped as f32 * settings.log_ratio).exp() * entry(last + skipped)[0];
    (settings.learning_rate * (start[0] - rest), settings.epsilon * start[1])
}
