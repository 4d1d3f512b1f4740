//! Stage 2 on its twin against the law of the draw, with golden probabilities.

use crate::plans::{RATES, Run};
use crate::statistics::assert_law;
use serde::Deserialize;
use spherec::reference::{draw_key, negative_draw};
use spherec::step::layout::{Block, NONE, Settings};
use spherec::step::{Grain, StepConstants};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    dim: usize,
    similarity: Vec<f32>,
    log_weight: Vec<Option<f64>>,
    probability: Vec<f64>,
}

fn golden() -> Vec<Case> {
    let golden: Golden = serde_json::from_str(include_str!("../golden/two_stage_law.json")).unwrap();
    assert_eq!(golden.cases.len(), 3);
    golden.cases
}

fn settings(dim: usize) -> Settings {
    let hardness = spherec::train::defaults::paper_hardness(dim);
    StepConstants::new(run(1).step_shape(dim, Grain::GPU, 0.0), RATES, hardness).unwrap().settings
}

#[test]
fn keys_are_log_weight_plus_noise() {
    for case in golden() {
        let settings = settings(case.dim);
        for bits in [0, 1 << 9, 12_345 << 9, 1 << 30, 1 << 31, u32::MAX] {
            // At s = 0 the key is the noise: -ln(-ln(1 - v)), v of 23 bits.
            let noise = draw_key(&settings, 0.0, bits);
            let v = (f64::from(bits >> 9) + 0.5) / f64::from(1 << 23);
            let expected_noise = -(-(-v).ln_1p()).ln();
            assert!((f64::from(noise) - expected_noise).abs() <= 2e-6 * expected_noise.abs().max(1.0));
            for (&s, log_weight) in case.similarity.iter().zip(&case.log_weight) {
                let key = draw_key(&settings, s, bits);
                match log_weight {
                    Some(expected) => {
                        let difference = f64::from(key) - f64::from(noise) - expected;
                        assert!(difference.abs() <= 1e-5 * expected.max(1.0), "{s}: {difference}");
                    }
                    // Below every candidate of the right side, above none at all.
                    None => assert!(key < -40.0 && key > -100.0, "{s}: {key}"),
                }
            }
            assert!(draw_key(&settings, -2.0, bits) < -1e29);
            assert!(draw_key(&settings, f32::NAN, bits) < -1e29);
            assert!([1.0, 1.000_001, -0.0].iter().all(|&s| draw_key(&settings, s, bits).is_finite()));
        }
    }
}

const PAIRS: usize = 128;

fn run(negative_count: usize) -> Run {
    Run {
        user_count: 1,
        item_count: 2,
        pairs: vec![(0, 0)],
        batch_size: PAIRS,
        negative_count,
        candidate_count: 0,
        rows_per_shard: 3,
        beta: 0.0,
        history: None,
        seed: 77,
    }
}

/// The picks of each pair over `step_count` steps, all pairs with the same scores, (.., N).
fn picks(case: &Case, scores: &[f32], negative_count: usize, step_count: u64) -> Vec<Vec<u32>> {
    let run = run(negative_count);
    let shape = run.step_shape(4, Grain::GPU, 0.0);
    let pair_words = shape.plan.pair_words();
    let block = Block { first_pair: 0, first_row: 0, pair_count: PAIRS as u32, unused_0: 0 };
    let mut planner = run.planner();
    let mut all = Vec::new();
    for step in 1..=step_count {
        let mut plan = planner.plan_given(step, &[(0, 0); PAIRS], &[1].repeat(PAIRS * negative_count));
        // The draw looks at the scores alone, and at what users exclude: here nothing.
        plan.header.candidate_count = scores.len() as u32;
        let mut scores = scores.repeat(PAIRS);
        let mut picks = vec![12_345; PAIRS * negative_count];
        let mut picked = vec![0; scores.len() / PAIRS * pair_words];
        negative_draw(&plan, &settings(case.dim), &block, &mut scores, &mut picks, &mut picked, &shape);
        let drawn = picks.iter().filter(|&&pick| pick != NONE).count() as u32;
        assert_eq!(picked.iter().map(|word: &u32| word.count_ones()).sum::<u32>(), drawn);
        for (index, &pick) in picks.iter().enumerate().filter(|&(_, &pick)| pick != NONE) {
            let pair = index / negative_count;
            assert_eq!(picked[pick as usize * pair_words + pair / 32] >> (pair % 32) & 1, 1);
        }
        all.extend(picks.chunks(negative_count).map(<[u32]>::to_vec));
    }
    all
}

#[test]
fn single_draws_follow_the_golden_law() {
    for case in golden() {
        let mut counts = vec![0; case.similarity.len()];
        for picks in picks(&case, &case.similarity, 1, 300) {
            counts[picks[0] as usize] += 1;
        }
        assert_law(&format!("D {}", case.dim), &counts, &case.probability);
    }
}

#[test]
fn two_draws_are_draws_without_replacement() {
    for case in golden() {
        let count = case.similarity.len();
        let mut counts = vec![0; count * count];
        for picks in picks(&case, &case.similarity, 2, 300) {
            counts[picks[0] as usize * count + picks[1] as usize] += 1;
        }
        let p = &case.probability;
        let mut law: Vec<f64> = vec![0.0; count * count];
        for (i, j) in (0..count).flat_map(|i| (0..count).map(move |j| (i, j))).filter(|(i, j)| i != j) {
            // The sum of the others, since 1 - p loses its digits if nearly all weight is drawn.
            let others: f64 = (0..count).filter(|&k| k != i).map(|k| p[k]).sum();
            // Picks are in the order of their slots.
            law[i.min(j) * count + i.max(j)] += p[i] * p[j] / others;
        }
        assert_law(&format!("D {}", case.dim), &counts, &law);
    }
}

#[test]
fn the_wrong_side_comes_last_and_what_is_excluded_never() {
    let case = &golden()[0];
    // Two on the right side, three on the wrong one, three excluded.
    let scores = [-2.0, 0.3, -0.4, -2.0, 0.0, -0.9, -0.1, -2.0];
    for picks in picks(case, &scores, 6, 20) {
        assert_eq!(picks, [1, 2, 4, 5, 6, NONE]);
    }
    let mut counts = [0; 8];
    for picks in picks(case, &scores, 3, 100) {
        assert!(picks.is_sorted() && picks.contains(&1) && picks.contains(&4), "{picks:?}");
        let wrong = picks.iter().find(|&&pick| pick != 1 && pick != 4).unwrap();
        counts[*wrong as usize] += 1;
    }
    assert_law("wrong side", &counts, &[0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
}
