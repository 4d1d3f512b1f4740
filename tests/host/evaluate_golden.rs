//! Compares the metrics with numbers computed in float64 by an independent implementation.

#![allow(clippy::neg_cmp_op_on_partial_ord, reason = "a NaN must fail the comparison")]

use serde::Deserialize;
use spherec::evaluate::metrics;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    ranking: Vec<u32>,
    relevant: Vec<u32>,
    item_frequency: Vec<u32>,
    k: usize,
    average_precision: f64,
    ndcg: f64,
    recall: f64,
    precision: f64,
    median_frequency: f64,
}

fn assert_near(name: &str, got: f64, expected: f64) {
    let difference = (got - expected).abs();
    if !(difference <= 1e-12) {
        panic!("{name}: {got} is not {expected} (difference {difference:e})");
    }
}

#[test]
fn metrics_equal_the_golden_numbers() {
    let golden: Golden = serde_json::from_str(include_str!("../golden/metrics.json")).unwrap();
    assert_eq!(golden.cases.len(), 8);
    for case in &golden.cases {
        let (ranking, relevant, k) = (&case.ranking, &case.relevant, case.k);
        assert_near("AP", metrics::average_precision(ranking, relevant, k), case.average_precision);
        assert_near("NDCG", metrics::ndcg(ranking, relevant, k), case.ndcg);
        assert_near("recall", metrics::recall(ranking, relevant, k), case.recall);
        assert_near("precision", metrics::precision(ranking, relevant, k), case.precision);
        let median = metrics::median_frequency(ranking, &case.item_frequency, k);
        assert_near("median", median.expect("a ranking"), case.median_frequency);
    }
}

#[test]
fn a_short_ranking_counts_as_filled_with_misses() {
    let (ranking, relevant) = ([5, 2], [2, 9]);
    assert_near("AP", metrics::average_precision(&ranking, &relevant, 10), 0.5 / 2.0);
    assert_near("recall", metrics::recall(&ranking, &relevant, 10), 0.5);
    assert_near("precision", metrics::precision(&ranking, &relevant, 10), 0.1);
    assert_eq!(metrics::median_frequency(&ranking, &[0, 0, 7, 0, 0, 10], 10), Some(8.5));
    assert_eq!(metrics::median_frequency(&[], &[3], 10), None);
}

#[test]
fn nothing_relevant_is_zero_not_nan() {
    for metric in [metrics::average_precision, metrics::ndcg, metrics::recall, metrics::precision] {
        assert_eq!(metric(&[1, 2, 3], &[], 3), 0.0);
    }
}
