//! Numbers that are not finite, what is chance, and how a process ends.

use spherec::Error;
use spherec::data::Interactions;
use spherec::error::EXIT_CODES;
use spherec::evaluate::{evaluate, metrics};
use spherec::model::Embeddings;
use spherec::step::Geometry;
use spherec::train::ndcg_by_chance;
use std::collections::BTreeSet;

/// All orders of `items`.
fn permutations(items: &[u32]) -> Vec<Vec<u32>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (place, &first) in items.iter().enumerate() {
        let mut rest = items.to_vec();
        rest.remove(place);
        all.extend(permutations(&rest).into_iter().map(|rest| [&[first][..], &rest].concat()));
    }
    all
}

/// The formula against every ranking that there is.
#[test]
fn chance_is_the_mean_over_all_rankings() {
    // Three users with two, three and no relevant items; the second has a training item, which is not ranked.
    let (train, valid) = ([(1, 4)], [(0, 1), (0, 3), (1, 0), (1, 2), (1, 5)]);
    let part = |pairs: &[(u32, u32)]| Interactions::from_pairs(3, 6, pairs);
    let (train, valid) = (part(&train), part(&valid));
    for k in [1, 2, 4, 6, 50] {
        let (mut mean, mut variance) = (0.0, 0.0);
        for user in 0..2 {
            let ranked: Vec<u32> = (0..6).filter(|&item| !train.contains(user, item)).collect();
            let relevant = valid.items_of(user);
            let all: Vec<f64> =
                permutations(&ranked).iter().map(|ranking| metrics::ndcg(ranking, relevant, k)).collect();
            let count = all.len() as f64;
            let user_mean = all.iter().sum::<f64>() / count;
            mean += user_mean / 2.0;
            variance += all.iter().map(|ndcg| (ndcg - user_mean).powi(2)).sum::<f64>() / count / 4.0;
        }
        let (found, deviation) = ndcg_by_chance(&train, &valid, k);
        assert!((found - mean).abs() < 1e-12, "k {k}: {found}, all rankings {mean}");
        assert!((deviation - variance.sqrt()).abs() < 1e-7, "k {k}: {deviation}, all {}", variance.sqrt());
    }
    assert_eq!(ndcg_by_chance(&train, &part(&[]), 3), (0.0, 0.0));
}

#[test]
fn what_is_not_a_number_is_not_ranked() {
    let good = Embeddings {
        dim: 2,
        geometry: Geometry::Dot,
        users: vec![1.0, 0.0, 0.5, 0.5],
        items: vec![1.0, 0.0, 0.0, 1.0, -1.0, 0.5],
        item_bias: vec![0.0, 0.25, 0.0],
        ..Embeddings::default()
    };
    let train = Interactions::from_pairs(2, 3, &[(0, 0)]);
    let test = Interactions::from_pairs(2, 3, &[(0, 1), (1, 2)]);
    let of = |embeddings: &Embeddings| evaluate(embeddings, 0.5, &train, None, &test, &[2]);
    assert!(of(&good).is_ok());
    // Finite numbers whose product is none, too.
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 3e38] {
        for part in 0..3 {
            let mut embeddings = good.clone();
            let Embeddings { users, items, item_bias, .. } = &mut embeddings;
            let numbers = [users, items, item_bias].into_iter().nth(part).unwrap();
            numbers[0] = bad;
            numbers[1] = bad;
            let failure = of(&embeddings);
            if bad == 3e38 && part == 2 {
                assert!(failure.is_ok(), "a large bias alone is a number");
            } else {
                assert!(matches!(failure, Err(Error::Data(_))), "{bad} in part {part}: {failure:?}");
            }
        }
    }
}

#[test]
fn every_way_to_end_has_an_exit_code_of_its_own() {
    let text = || "text".to_owned();
    let diverged = Error::Diverged { what: "it", step: 1, learning_rate: Some(0.1), advice: text() };
    let errors = [
        Error::Data(text()),
        Error::Adapter(text()),
        Error::Gpu(text()),
        Error::DeviceLost(text()),
        Error::DeviceMemory(text()),
        Error::DeviceTimeout(text()),
        diverged,
    ];
    let codes: BTreeSet<u8> = errors.iter().map(Error::exit_code).collect();
    assert_eq!(codes.len(), errors.len());
    let known: BTreeSet<u8> = EXIT_CODES.iter().map(|(code, _)| *code).collect();
    assert_eq!(known.len(), EXIT_CODES.len());
    assert!(codes.is_subset(&known), "{codes:?}");
    let ended: Vec<bool> = errors.iter().map(Error::ended_training).collect();
    assert_eq!(ended, [false, false, true, true, true, true, true]);
}
