//! Statistics shared by the tests of random numbers.

/// The number of standard deviations by which Pearson's chi-square statistic is above its mean (Wilson and
/// Hilferty, 1931). With it, tests of any size can share one bound. Cells with an expected count below 5 are
/// pooled. A cell with an expected count of 0 must be empty.
pub(crate) fn chi_square_score(observed: &[u64], expected: &[f64]) -> f64 {
    assert_eq!(observed.len(), expected.len());
    let total: u64 = observed.iter().sum();
    let expected_total: f64 = expected.iter().sum();
    assert!((total as f64 - expected_total).abs() < 1e-6 * expected_total, "{total} and {expected_total}");
    let mut cells = Vec::new();
    let mut pool = (0.0, 0.0);
    for (&observed, &expected) in observed.iter().zip(expected) {
        if expected == 0.0 {
            assert_eq!(observed, 0, "what cannot happen has happened");
        } else if expected < 5.0 {
            pool = (pool.0 + observed as f64, pool.1 + expected);
        } else {
            cells.push((observed as f64, expected));
        }
    }
    match cells.first_mut() {
        Some(first) if pool.1 < 5.0 => *first = (first.0 + pool.0, first.1 + pool.1),
        _ => cells.push(pool),
    }
    assert!(cells.len() > 1, "one cell says nothing");
    let statistic: f64 = cells.iter().map(|(o, e)| (o - e) * (o - e) / e).sum();
    let freedom = (cells.len() - 1) as f64;
    let spread = 2.0 / (9.0 * freedom);
    ((statistic / freedom).cbrt() - (1.0 - spread)) / spread.sqrt()
}

/// Panics if `observed` does not fit the distribution `weights`, or fits it too well to be random.
pub(crate) fn assert_law(what: &str, observed: &[u64], weights: &[f64]) {
    let total = observed.iter().sum::<u64>() as f64;
    let weight: f64 = weights.iter().sum();
    let expected: Vec<f64> = weights.iter().map(|w| w / weight * total).collect();
    let likeliest = (0..expected.len()).max_by(|&a, &b| expected[a].total_cmp(&expected[b])).unwrap();
    if total - expected[likeliest] < 5.0 {
        // One outcome is almost certain, but chi-square needs more than one cell.
        let others = total - observed[likeliest] as f64;
        assert!(total >= 1_000.0 && others < 20.0, "{what}: {others} of {total}: {observed:?}");
        return;
    }
    let score = chi_square_score(observed, &expected);
    if !(score.abs() <= 4.5) {
        panic!("{what}: chi-square is {score:.1} standard deviations off: {observed:?} for {expected:?}");
    }
}

#[test]
fn a_skewed_sample_is_seen() {
    let score = chi_square_score(&[5_200, 4_800], &[5_000.0, 5_000.0]);
    // Chi-square 16 at one degree of freedom: p = 6.3e-5, 3.83 standard deviations of one tail.
    assert!((3.5..4.2).contains(&score), "{score}");
    assert!(chi_square_score(&[5_000, 5_010], &[5_005.0, 5_005.0]).abs() < 3.0);
}
