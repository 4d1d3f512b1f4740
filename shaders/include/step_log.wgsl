// What the steps of a submission report. It is all zero before the first of them.
struct StepSums {
    loss: f32,              // sum of the pairs' losses, without regularisers
    active_count: f32,      // pairs that any slope moves
    moment_1: f32,          // M1; 0 without GOR
    moment_2: f32,          // M2
    feature_loss: f32,      // L_f; 0 without features
    covariance: f32,        // L_cov; 0 without it
    bad_rows: atomic<u32>,  // 1: the step loaded or left a row that is not finite, or whose |x|^2 or moments are not
}

@group(0) @binding(7) var<storage, read_write> step_log: array<StepSums>;       // (steps of a submission)
