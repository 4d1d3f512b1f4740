//! The CPU's draws against their laws: alias tables, popularity, exclusion, distinct candidates.

use crate::statistics::assert_law;
use spherec::random::{Purpose, Stream};
use spherec::sampling::{AliasTable, ItemSampler};
use std::collections::{HashMap, HashSet};

fn stream(index: u64) -> Stream {
    Stream::new(20, Purpose::Generate, index)
}

fn counts(item_count: usize, draw_count: usize, mut draw: impl FnMut() -> u32) -> Vec<u64> {
    let mut counts = vec![0; item_count];
    (0..draw_count).for_each(|_| counts[draw() as usize] += 1);
    counts
}

#[test]
fn an_alias_table_draws_by_weight_and_never_what_weighs_nothing() {
    let skewed: Vec<f64> = (0..300).map(|i| 1.0 / f64::from(i + 1)).collect();
    let holes: Vec<f64> = (0..50).map(|i| f64::from(i % 3) * 0.1).collect();
    let laws: [&[f64]; 9] = [
        &[3.0],
        &[0.0, 1.0],
        &[0.0, 0.0, 7.0, 0.0],
        &[1.0, 1.0, 1.0],
        &[1e-3, 1.0, 1e3],
        &[0.1; 10],
        &[1e300, 2e300, 1e299],
        &skewed,
        &holes,
    ];
    for (index, weights) in laws.into_iter().enumerate() {
        let table = AliasTable::new(weights).unwrap();
        let mut stream = stream(index as u64);
        let counts = counts(weights.len(), 100_000, || table.draw(&mut stream));
        let possible = weights.iter().filter(|&&weight| weight > 0.0).count();
        if possible > 1 {
            assert_law(&format!("{index}"), &counts, weights);
        } else {
            let only = weights.iter().position(|&weight| weight > 0.0).unwrap();
            assert_eq!(counts[only], 100_000, "{index}");
        }
    }
}

/// Rounding may leave columns over when a table is built, those of no weight among them.
#[test]
fn no_rounding_lets_an_alias_table_draw_what_weighs_nothing() {
    let mut stream = stream(8);
    for count in 2..120_u32 {
        for part in [0.1, 0.3, 1.0 / 3.0, 0.7] {
            let weights: Vec<f64> = (0..count).map(|i| f64::from((i * 7 + 3) % 5) * part).collect();
            let table = AliasTable::new(&weights).unwrap();
            for _ in 0..20 * count {
                let index = table.draw(&mut stream) as usize;
                assert!(weights[index] > 0.0, "{index} of {count} parts of {part}");
            }
        }
    }
}

#[test]
fn weights_that_are_no_distribution_are_refused() {
    let bad: [&[f64]; 7] = [
        &[],
        &[0.0],
        &[0.0, 0.0],
        &[1.0, -1.0, 3.0],
        &[f64::NAN, 1.0],
        &[f64::INFINITY, 1.0],
        &[1e308, 1e308],
    ];
    for weights in bad {
        assert!(AliasTable::new(weights).is_none(), "{weights:?}");
    }
}

const FREQUENCIES: [u32; 8] = [1, 0, 40, 7, 3, 100, 3, 0];

#[test]
fn popularity_is_the_training_count_to_the_power_of_beta() {
    for beta in [0.5, 1.0, 1.7, 60.0, 400.0] {
        let sampler = ItemSampler::new(&FREQUENCIES, beta);
        let mut stream = stream(1);
        let counts = counts(8, 100_000, || sampler.draw_outside(&mut stream, &[], |_| false).unwrap());
        let weights: Vec<f64> = FREQUENCIES.iter().map(|&f| (f64::from(f) / 100.0).powf(beta)).collect();
        if beta < 10.0 {
            assert_eq!(sampler.drawable_count(), 6);
            assert_law(&format!("beta {beta}"), &counts, &weights);
        } else {
            assert_eq!(counts[5], 100_000, "beta {beta}");
        }
    }
}

#[test]
fn at_beta_0_every_item_is_alike_trained_or_not() {
    let sampler = ItemSampler::new(&FREQUENCIES, 0.0);
    assert_eq!(sampler.drawable_count(), 8);
    let mut stream = stream(2);
    let counts = counts(8, 80_000, || sampler.draw_outside(&mut stream, &[], |_| false).unwrap());
    assert_law("uniform", &counts, &[1.0; 8]);
}

#[test]
fn a_draw_outside_keeps_to_the_law_of_what_is_left() {
    // Own and taken leave: much, little (so that the scan takes over), one item, items of no weight only.
    let cases: [(&[u32], &[u32]); 6] = [
        (&[2], &[]),
        (&[5], &[2, 3]),
        (&[2, 3, 4, 5], &[]),
        (&[2, 5], &[3]),
        (&[0, 2, 3, 4, 5], &[]),
        (&[0, 2, 3, 4, 5], &[6]),
    ];
    for beta in [0.0, 1.0, 3.0] {
        let sampler = ItemSampler::new(&FREQUENCIES, beta);
        for (own, taken) in cases {
            let mut stream = stream(3);
            let is_taken = |item: u32| taken.contains(&item);
            let counts = counts(8, 20_000, || sampler.draw_outside(&mut stream, own, is_taken).unwrap());
            let left = |item: u32| !own.contains(&item) && !taken.contains(&item);
            let law = |beta| -> Vec<f64> {
                (0..8)
                    .map(|i| if left(i) { f64::from(FREQUENCIES[i as usize]).powf(beta) } else { 0.0 })
                    .collect()
            };
            let mut weights = law(beta);
            if weights.iter().all(|&weight| weight == 0.0) {
                weights = law(0.0);
            }
            let what = format!("beta {beta}, own {own:?}, taken {taken:?}");
            if weights.iter().filter(|&&weight| weight > 0.0).count() > 1 {
                assert_law(&what, &counts, &weights);
            } else {
                let only = weights.iter().position(|&weight| weight > 0.0).unwrap();
                assert_eq!(counts[only], 20_000, "{what}");
            }
        }
    }
}

#[test]
fn the_scan_keeps_to_the_law_where_rejection_all_but_fails() {
    // 3 of 3,000 items are left: 64 rejections nearly always end in the scan.
    let frequencies: Vec<u32> =
        (0..3_000).map(|item| if item % 1_000 == 7 { 2 + item / 1_000 } else { 50 }).collect();
    let own: Vec<u32> = (0..3_000).filter(|item| item % 1_000 != 7).collect();
    for (beta, weights) in [(0.0, [1.0, 1.0, 1.0]), (1.0, [2.0, 3.0, 4.0])] {
        let sampler = ItemSampler::new(&frequencies, beta);
        let mut stream = stream(4);
        let counts =
            counts(3, 10_000, || sampler.draw_outside(&mut stream, &own, |_| false).unwrap() / 1_000);
        assert_law(&format!("beta {beta}"), &counts, &weights);
    }
}

#[test]
fn nothing_is_drawn_where_nothing_is_left() {
    for beta in [0.0, 1.0] {
        let sampler = ItemSampler::new(&FREQUENCIES, beta);
        let own: Vec<u32> = (0..7).collect();
        assert_eq!(sampler.draw_outside(&mut stream(5), &own, |item| item == 7), None);
        assert_eq!(sampler.draw_outside(&mut stream(5), &own, |_| false), Some(7));
    }
}

/// The law of a set drawn one item after another without replacement, over all orders.
fn set_law(weights: &[f64], count: usize) -> HashMap<Vec<u32>, f64> {
    let mut law = HashMap::from([(Vec::new(), 1.0)]);
    for _ in 0..count {
        let mut next = HashMap::new();
        for (set, probability) in law {
            let left: f64 =
                (0..weights.len()).filter(|&i| !set.contains(&(i as u32))).map(|i| weights[i]).sum();
            for item in (0..weights.len() as u32).filter(|item| !set.contains(item)) {
                let mut larger = set.clone();
                larger.push(item);
                larger.sort_unstable();
                *next.entry(larger).or_insert(0.0) += probability * weights[item as usize] / left;
            }
        }
        law = next;
    }
    law.retain(|_, probability| *probability > 0.0);
    law
}

fn check_distinct(what: &str, frequencies: &[u32], beta: f64, count: usize) {
    let weights: Vec<f64> = frequencies.iter().map(|&f| f64::from(f).powf(beta)).collect();
    let law: Vec<(Vec<u32>, f64)> = set_law(&weights, count).into_iter().collect();
    let total: f64 = law.iter().map(|(_, probability)| probability).sum();
    assert!((total - 1.0).abs() < 1e-9);
    let place: HashMap<&Vec<u32>, usize> =
        law.iter().enumerate().map(|(place, (set, _))| (set, place)).collect();
    let sampler = ItemSampler::new(frequencies, beta);
    let mut observed = vec![0; law.len()];
    let mut stream = stream(6);
    for _ in 0..40_000 {
        let (mut items, mut seen) = (Vec::new(), HashSet::new());
        sampler.draw_distinct(&mut stream, count, &mut items, |item| seen.insert(item));
        assert_eq!((items.len(), seen.len()), (count, count), "{what}");
        items.sort_unstable();
        observed[place[&items]] += 1;
    }
    let weights: Vec<f64> = law.iter().map(|&(_, probability)| probability).collect();
    assert_law(what, &observed, &weights);
}

#[test]
fn distinct_draws_are_draws_without_replacement() {
    // Up to a third of what can be drawn: by rejection. Above: by keys.
    check_distinct("few of many", &[9, 1, 4, 0, 16, 2, 2, 7, 30, 5], 1.0, 3);
    check_distinct("few of many, uniform", &[9, 1, 4, 0, 16, 2, 2, 7, 30], 0.0, 2);
    check_distinct("many of few", &[9, 1, 4, 0, 16, 2, 30], 1.0, 4);
    check_distinct("many of few, flatter", &[9, 1, 4, 16, 2, 30, 100], 0.5, 3);
    check_distinct("many of few, uniform", &[0, 0, 4, 16, 2, 30], 0.0, 3);
    // Two items take nearly all the weight: rejection gives up, and the rest is filled by keys.
    check_distinct("skewed", &[1_000_000, 700_000, 1, 2, 3, 4, 5, 6, 7], 1.0, 3);
    check_distinct("half skewed", &[300, 200, 1, 2, 3, 4, 5, 6, 7, 9, 1, 2], 1.0, 4);
}

#[test]
fn distinct_draws_stop_at_what_can_be_drawn() {
    for (beta, drawable) in [(0.0, 8), (1.0, 6)] {
        let sampler = ItemSampler::new(&FREQUENCIES, beta);
        let (mut items, mut seen) = (Vec::new(), HashSet::new());
        sampler.draw_distinct(&mut stream(7), 50, &mut items, |item| seen.insert(item));
        let trained = |item: &u32| beta == 0.0 || FREQUENCIES[*item as usize] > 0;
        assert!(items.len() == drawable && seen.len() == drawable && items.iter().all(trained), "{items:?}");
    }
}
