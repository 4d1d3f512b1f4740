//! Stage 2 against the printed law: 100,000 draws and a chi-square test at D = 8, 32 and 128.

use crate::support::gpu;
use serde::Deserialize;
use spherec::gpu::shader;
use spherec::random::{Purpose, key};
use spherec::selftest::{Draws, draw_on_device};

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

/// How often each candidate is drawn, N at a time for each of [`DRAWS`] pairs. No pair draws one twice.
fn drawn(case: &Case, hardness: f64, negative_count: usize) -> Vec<u64> {
    const PAIRS: usize = 10_000;
    let mut observed = vec![0u64; case.similarity.len()];
    for round in 0..DRAWS / PAIRS {
        let draws = Draws {
            similarity: &case.similarity,
            hardness,
            pair_count: PAIRS,
            negative_count,
            key: key(9, Purpose::Draw, round as u64),
        };
        let picks = draw_on_device(&gpu(), shader::kernel("negative_draw").unwrap(), &draws).unwrap();
        assert_eq!(picks.len(), PAIRS * negative_count);
        assert!(picks.chunks(negative_count).all(|picks| picks.is_sorted_by(|a, b| a < b)));
        picks.iter().for_each(|&pick| observed[pick as usize] += 1);
    }
    observed
}

fn law() -> Law {
    serde_json::from_str(include_str!("../golden/two_stage_law.json")).unwrap()
}

/// Four standard deviations and a little: a right sampler fails once in some ten thousand seeds.
fn limit(freedom: f64) -> f64 {
    freedom + 4.0 * (2.0 * freedom).sqrt() + 6.0
}

#[test]
fn draws_follow_the_law() {
    let law = law();
    assert_eq!(law.cases.iter().map(|case| case.dim).collect::<Vec<_>>(), [8, 32, 128]);
    for case in &law.cases {
        let hardness = spherec::train::defaults::paper_hardness(case.dim);
        let observed = drawn(case, hardness, 1);
        for (index, &probability) in case.probability.iter().enumerate() {
            assert!(
                probability > 0.0 || observed[index] == 0,
                "D {}: candidate {index} can never be drawn",
                case.dim
            );
        }
        let (statistic, freedom) = chi_square(&observed, &case.probability);
        println!("D {}: chi-square {statistic:.1} with {freedom} degrees of freedom", case.dim);
        assert!(
            statistic < limit(freedom),
            "D {}: chi-square {statistic} with {freedom} degrees of freedom",
            case.dim
        );
    }
}

#[test]
fn a_wrong_law_is_seen() {
    let law = law();
    let case = &law.cases[0];
    let observed = drawn(case, 0.9 * spherec::train::defaults::paper_hardness(case.dim), 1);
    let (statistic, freedom) = chi_square(&observed, &case.probability);
    assert!(statistic > limit(freedom), "a hardness off by a tenth went unseen");
}

/// Of a draw of two without replacement: the chance that a candidate is one of them, over two.
fn of_two(probability: &[f64]) -> Vec<f64> {
    let after_another = |other: f64, own: f64| other * own / (1.0 - other);
    let chance = |(index, &own): (usize, &f64)| {
        let others = probability.iter().enumerate().filter(|(other, _)| *other != index);
        0.5 * (own + others.map(|(_, &other)| after_another(other, own)).sum::<f64>())
    };
    probability.iter().enumerate().map(chance).collect()
}

#[test]
fn draws_of_two_follow_the_law_without_replacement() {
    let law = law();
    let case = &law.cases[0];
    let expected = of_two(&case.probability);
    assert!((expected.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    let observed = drawn(case, spherec::train::defaults::paper_hardness(case.dim), 2);
    let (statistic, freedom) = chi_square(&observed, &expected);
    println!("two at a time: chi-square {statistic:.1} with {freedom} degrees of freedom");
    assert!(statistic < limit(freedom), "chi-square {statistic} with {freedom} degrees of freedom");
    // The same counts do not pass for draws with replacement.
    let (statistic, freedom) = chi_square(&observed, &case.probability);
    assert!(statistic > limit(freedom), "chi-square {statistic} with {freedom} degrees of freedom");
}
