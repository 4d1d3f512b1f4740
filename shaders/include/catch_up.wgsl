// Dense Adam moves every row at every step. `catch_up` gives the steps without gradient in closed form.
// Entry tau holds S(tau) = sum_{i>=1} lr(tau+i) r^i sqrt(1 - beta_2^(tau+i)) / (1 - beta_1^(tau+i)), with
// r = beta_1 / sqrt(beta_2), and sqrt(1 - beta_2^(tau+1)). The last entry serves all later steps.
// The tables hold no momentum m but the drift m / (sqrt(v) + drift_epsilon(tau)), tau the row's last step.
@group(0) @binding(3) var<storage, read> catch_up: array<vec2<f32>>;

fn catch_up_entry(step: u32) -> vec2<f32> {
    return catch_up[min(step, settings.catch_up_count - 1u)];
}

// How many drifts a row moves, downwards, in the `skipped` steps after its last step.
fn skipped_distance(last: u32, skipped: u32) -> f32 {
    if last == 0u || skipped == 0u { return 0.0; }
    let rest = exp(f32(skipped) * settings.log_ratio) * catch_up_entry(last + skipped).x;
    return catch_up_entry(last).x - rest;
}

fn drift_epsilon(step: u32) -> f32 { return settings.epsilon * catch_up_entry(step).y; }
