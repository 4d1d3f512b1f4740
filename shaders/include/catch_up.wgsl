// Dense Adam moves a row at every step; `catch_up` gives the steps without gradient in closed form.
// Entry tau holds S(tau) = sum_{i>=1} r^i sqrt(1 - beta_2^(tau+i)) / (1 - beta_1^(tau+i)) and
// sqrt(1 - beta_2^(tau+1)), with r = beta_1 / sqrt(beta_2); the last entry serves all later steps.
fn catch_up_entry(step: u32) -> vec2<f32> {
    return catch_up[min(step, settings.catch_up_count - 1u)];
}

// How far, per unit of m / (sqrt(v) + eps z.y), a row last stepped at `last` moves in `skipped` steps.
fn skipped_distance(last: u32, skipped: u32) -> vec2<f32> {
    let start = catch_up_entry(last);
    let rest = exp(f32(skipped) * settings.log_ratio) * catch_up_entry(last + skipped).x;
    return vec2<f32>(settings.learning_rate * (start.x - rest), settings.epsilon * start.y);
}
