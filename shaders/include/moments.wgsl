// Adam's moments of four numbers of a row.
struct Moments {
    m: vec4<f32>,
    v: vec4<f32>,
}

// The moments after `skipped` steps without gradient, from what the tables hold. `epsilon` is the
// drift_epsilon of the row's last step.
fn decayed(drift: vec4<f32>, variance: vec4<f32>, epsilon: f32, skipped: f32) -> Moments {
    let m = drift * (sqrt(variance) + epsilon) * exp(skipped * settings.log_beta_1);
    return Moments(m, variance * exp(skipped * settings.log_beta_2));
}

// The drift that the tables hold, with the drift_epsilon of the step that the moments are from.
fn drift_of(moments: Moments, epsilon: f32) -> vec4<f32> { return moments.m / (sqrt(moments.v) + epsilon); }
