//! Stage 2 against the printed law: 100,000 draws and a chi-square test at D = 8, 32 and 128.

use crate::support::gpu;
use serde::Deserialize;
use spherec::random::{Purpose, key};
use spherec::selftest::draw_on_device;

#[derive(Deserialize)]
struct Law {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    dim: usize,
    similarity: Vec<f32>,
    probability: Vec<f64>,
}

const DRAWS: usize = 100_000;

/// Pearson's statistic with bins of small expectation put together; (statistic, degrees of freedom).
fn chi_square(observed: &[u64], probability: &[f64]) -> (f64, f64) {
    let total: u64 = observed.iter().sum();
    let (mut statistic, mut bins, mut rest) = (0.0, 0.0, (0.0, 0.0));
    let mut add = |observed: f64, expected: f64| {
        statistic += (observed - expected).powi(2) / expected;
        bins += 1.0;
    };
    for (&observed, &probability) in observed.iter().zip(probability) {
        let expected = probability * total as f64;
        if expected >= 5.0 {
            add(observed as f64, expected);
        } else {
            rest = (rest.0 + observed as f64, rest.1 + expected);
        }
    }
    if rest.1 >= 1.0 {
        add(rest.0, rest.1);
    } else {
        // So rare together that more than a few are a failure in themselves.
        assert!(rest.0 <= 8.0, "{} draws of candidates whose expectation is {}", rest.0, rest.1);
    }
    (statistic, bins - 1.0)
}

#[test]
fn draws_follow_the_law() {
    let law: Law = serde_json::from_str(include_str!("../golden/two_stage_law.json")).unwrap();
    assert_eq!(law.cases.iter().map(|case| case.dim).collect::<Vec<_>>(), [8, 32, 128]);
    for case in &law.cases {
        let hardness = spherec::train::defaults::paper_hardness(case.dim);
        let mut observed = vec![0u64; case.similarity.len()];
        let mut drawn = 0;
        for round in 0.. {
            if drawn == DRAWS {
                break;
            }
            let pairs = (DRAWS - drawn).min(10_000);
            let picks =
                draw_on_device(&gpu(), &case.similarity, hardness, pairs, key(9, Purpose::Draw, round))
                    .unwrap();
            assert_eq!(picks.len(), pairs);
            picks.iter().for_each(|&pick| observed[pick as usize] += 1);
            drawn += pairs;
        }
        for (index, &probability) in case.probability.iter().enumerate() {
            assert!(
                probability > 0.0 || observed[index] == 0,
                "D {}: candidate {index} can never be drawn",
                case.dim
            );
        }
        let (statistic, freedom) = chi_square(&observed, &case.probability);
        println!("D {}: chi-square {statistic:.1} with {freedom} degrees of freedom", case.dim);
        // Four standard deviations and a little: a right sampler fails once in some ten thousand seeds.
        let limit = freedom + 4.0 * (2.0 * freedom).sqrt() + 6.0;
        assert!(
            statistic < limit,
            "D {}: chi-square {statistic} with {freedom} degrees of freedom",
            case.dim
        );
    }
}

#[test]
fn a_wrong_law_is_seen() {
    let law: Law = serde_json::from_str(include_str!("../golden/two_stage_law.json")).unwrap();
    let case = &law.cases[0];
    let hardness = 0.9 * spherec::train::defaults::paper_hardness(case.dim);
    let mut observed = vec![0u64; case.similarity.len()];
    for round in 0..10 {
        let picks =
            draw_on_device(&gpu(), &case.similarity, hardness, 10_000, key(9, Purpose::Draw, round)).unwrap();
        picks.iter().for_each(|&pick| observed[pick as usize] += 1);
    }
    let (statistic, freedom) = chi_square(&observed, &case.probability);
    assert!(
        statistic > freedom + 4.0 * (2.0 * freedom).sqrt() + 6.0,
        "a hardness off by a tenth went unseen"
    );
}
