// Dense Adam moves a row at every step; `catch_up` gives the steps without gradient in closed form.
// Entry tau holds S(tau) = sum_{i>=1} r^i sqrt(1 - beta_2^(tau+i)) / (1 - beta_1^(tau+i)) and
// sqrt(1 - beta_2^(tau+1)), with r = beta_1 / sqrt(beta_2); the last entry serves all later steps.
// In place of the momentum m, tables hold the drift m / (sqrt(v) + drift_epsilon(tau)), tau the row's last step.
fn catch_up_entry(step: u32) -> vec2<f32> {
    return catch_up[min(step, settings.catch_up_count - 1u)];
}

// How many drifts a row last stepped at `last` moves, downwards, in the `skipped` steps after.
fn skipped_distance(last: u32, skipped: u32) -> f32 {
    if last == 0u || skipped == 0u { return 0.0; }
    let rest = exp(f32(skipped) * settings.log_ratio) * catch_up_entry(last + skipped).x;
    return settings.learning_rate * (catch_up_entry(last).x - rest);
}

fn drift_epsilon(step: u32) -> f32 { return settings.epsilon * catch_up_entry(step).y; }
