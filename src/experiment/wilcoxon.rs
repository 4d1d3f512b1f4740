//! The Wilcoxon signed rank test for two models that were measured on the same users.

use std::f64::consts::FRAC_1_SQRT_2;

/// The outcome of a test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRanks {
    /// Pairs that differ. The others say nothing, and are left out.
    pub count: usize,
    /// The sum of the ranks of the pairs in which the first is larger, or of the others if that is smaller.
    pub statistic: f64,
    /// How many standard deviations the statistic is below its mean; never above 0.
    pub z: f64,
    /// The probability of a statistic so small if both are equally good, by the normal distribution, for both sides.
    pub p: f64,
}

/// Tests whether pairs differ in one direction more than in the other. Pairs of equal numbers are left out, and
/// differences of equal size share the mean of their ranks. The same as SciPy's `wilcoxon(first, second,
/// zero_method="wilcox", correction=False, method="asymptotic")`, after Wilcoxon 1945. `None` if no pair differs.
///
/// # Panics
/// If there are not as many numbers in `first` as in `second`, which is a bug in the caller.
pub fn signed_ranks(first: &[f64], second: &[f64]) -> Option<SignedRanks> {
    assert_eq!(first.len(), second.len(), "pairs");
    let differences = first.iter().zip(second).map(|(first, second)| first - second);
    let mut differences: Vec<f64> = differences.filter(|&difference| difference != 0.0).collect();
    if differences.is_empty() {
        return None;
    }
    differences.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let (mut above, mut below, mut ties) = (0.0, 0.0, 0.0);
    let mut done = 0;
    for equal in differences.chunk_by(|a, b| a.abs() == b.abs()) {
        let size = equal.len() as f64;
        let rank = done as f64 + (size + 1.0) / 2.0;
        let positive = equal.iter().filter(|&&difference| difference > 0.0).count() as f64;
        above += rank * positive;
        below += rank * (size - positive);
        ties += size.powi(3) - size;
        done += equal.len();
    }
    let count = done as f64;
    let mean = count * (count + 1.0) / 4.0;
    let variance = (count * (count + 1.0) * (2.0 * count + 1.0) - ties / 2.0) / 24.0;
    let statistic = f64::min(above, below);
    let z = (statistic - mean) / variance.sqrt();
    Some(SignedRanks { count: done, statistic, z, p: libm::erfc(z.abs() * FRAC_1_SQRT_2) })
}
