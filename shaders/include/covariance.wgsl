// L_cov = ( |C|_F^2 - |diag C|^2 ) / n, C the covariance of the n points of a step (Hsieh et al. 2017, 3.4), each as often
// as the batch has it. A row of C, or of sums that it is made of, is D/4 vec4 and one more; the row after the last is that
// of the mean.
fn covariance_at(row: u32, chunk: u32) -> u32 { return row * (chunk_count + 1u) + chunk; }
