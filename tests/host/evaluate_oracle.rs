//! Compares evaluation and search with brute force, which sums every score plainly and sorts every item. The
//! embeddings are small whole numbers, so that sums are exact and equal rows are real ties.

#![allow(clippy::neg_cmp_op_on_partial_ord, reason = "a NaN must fail the comparison")]

use proptest::prelude::*;
use spherec::data::Interactions;
use spherec::evaluate::{DIALS, Metrics, Search, choose_popularity, evaluate, evaluate_dials};
use spherec::model::Embeddings;
use spherec::random::{Purpose, Stream};
use spherec::step::Geometry;
use std::collections::HashSet;

/// A small world: embeddings and three sets that share no pair.
#[derive(Debug, Clone)]
struct World {
    embeddings: Embeddings,
    train: Interactions,
    valid: Interactions,
    test: Interactions,
}

/// About one pair in four is in train, one in ten in valid, and one in ten in test.
fn world(seed: u64, users: usize, items: usize, dim: usize) -> World {
    let mut stream = Stream::new(seed, Purpose::Generate, 0);
    let mut table = |rows: usize| -> Vec<f32> {
        // Each coordinate has one of three values, so that among many rows most have a duplicate.
        (0..rows * dim).map(|_| stream.below(3) as f32 - 1.0).collect()
    };
    let (users_table, items_table) = (table(users), table(items));
    let mut stream = Stream::new(seed, Purpose::Generate, 2);
    let item_bias = (0..items).map(|_| stream.below(5) as f32 - 2.0).collect();
    let geometry = if seed.is_multiple_of(2) { Geometry::Sphere } else { Geometry::Ball };
    let embeddings = Embeddings {
        dim,
        geometry,
        users: users_table,
        items: items_table,
        item_bias,
        ..Embeddings::default()
    };
    let mut stream = Stream::new(seed, Purpose::Generate, 1);
    let mut parts = [Vec::new(), Vec::new(), Vec::new()];
    for user in 0..users as u32 {
        for item in 0..items as u32 {
            match stream.below(20) {
                0..5 => parts[0].push((user, item)),
                5..7 => parts[1].push((user, item)),
                7..9 if user % 3 != 1 => parts[2].push((user, item)),
                _ => {}
            }
        }
    }
    let [train, valid, test] = parts.map(|pairs| Interactions::from_pairs(users, items, &pairs));
    World { embeddings, train, valid, test }
}

/// All items but those of `excluded`, by score (in the ball -D^2/2), then by number.
fn brute_ranking(
    embeddings: &Embeddings,
    popularity: f64,
    user: u32,
    excluded: &[&Interactions],
) -> Vec<u32> {
    let mut scored: Vec<(f64, u32)> = Vec::new();
    for item in 0..embeddings.item_count() as u32 {
        if excluded.iter().any(|set| set.items_of(user).contains(&item)) {
            continue;
        }
        let mut score = popularity * f64::from(embeddings.item_bias[item as usize]);
        for (a, b) in embeddings.user(user).iter().zip(embeddings.item(item)) {
            score += match embeddings.geometry {
                Geometry::Ball => -0.5 * (f64::from(*a) - f64::from(*b)).powi(2),
                _ => f64::from(*a) * f64::from(*b),
            };
        }
        scored.push((score, item));
    }
    scored.sort_by(|a, b| b.0.partial_cmp(&a.0).unwrap().then(a.1.cmp(&b.1)));
    scored.into_iter().map(|(_, item)| item).collect()
}

fn brute_metrics(world: &World, popularity: f64, excluded: &[&Interactions], k: usize) -> Metrics {
    let (mut map, mut ndcg, mut recall, mut precision, mut mmr) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let (mut users, mut ranked) = (0usize, 0usize);
    let mut recommended = HashSet::new();
    let frequency = |item: u32| world.train.pairs().filter(|pair| pair.1 == item).count();
    for user in 0..world.test.user_count() as u32 {
        let relevant: HashSet<u32> = world.test.items_of(user).iter().copied().collect();
        if relevant.is_empty() {
            continue;
        }
        users += 1;
        let mut ranking = brute_ranking(&world.embeddings, popularity, user, excluded);
        ranking.truncate(k);
        let hits: Vec<usize> = (0..ranking.len()).filter(|&r| relevant.contains(&ranking[r])).collect();
        let possible = relevant.len().min(k);
        for (earlier, &rank) in hits.iter().enumerate() {
            map += (earlier + 1) as f64 / (rank + 1) as f64 / possible as f64;
        }
        let gain = |rank: usize| 2f64.ln() / ((rank + 2) as f64).ln();
        let ideal: f64 = (0..possible).map(gain).sum();
        ndcg += hits.iter().map(|&rank| gain(rank)).sum::<f64>() / ideal;
        recall += hits.len() as f64 / relevant.len() as f64;
        precision += hits.len() as f64 / k as f64;
        let mut counts: Vec<usize> = ranking.iter().map(|&item| frequency(item)).collect();
        counts.sort();
        let middle = counts.len() / 2;
        if !counts.is_empty() {
            ranked += 1;
            mmr += if counts.len() % 2 == 1 {
                counts[middle] as f64
            } else {
                (counts[middle - 1] + counts[middle]) as f64 / 2.0
            };
        }
        recommended.extend(ranking);
    }
    let n = users as f64;
    Metrics {
        users,
        k,
        map: map / n,
        ndcg: ndcg / n,
        recall: recall / n,
        precision: precision / n,
        mmr: if ranked == 0 { 0.0 } else { mmr / ranked as f64 },
        coverage: recommended.len() as f64 / world.embeddings.item_count() as f64,
    }
}

fn assert_near(got: &Metrics, expected: &Metrics) {
    assert_eq!((got.users, got.k), (expected.users, expected.k));
    let values = |m: &Metrics| [m.map, m.ndcg, m.recall, m.precision, m.mmr, m.coverage];
    for (index, (a, b)) in values(got).into_iter().zip(values(expected)).enumerate() {
        if !((a - b).abs() <= 1e-12 * b.abs().max(1.0)) {
            panic!("metric {index}: {a} is not {b}\n{got:?}\n{expected:?}");
        }
    }
}

/// Dials at which sums of whole numbers stay exact, so that ties are real.
const EXACT_DIALS: [f64; 4] = [0.0, 0.25, 0.5, 1.0];

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn metrics_equal_brute_force(
        seed in any::<u64>(), users in 1usize..40, items in 2usize..120, dim in 1usize..9,
        ks in prop::collection::vec(1usize..150, 1..4), with_valid in any::<bool>(),
        dials in prop::collection::vec(prop::sample::select(EXACT_DIALS.to_vec()), 1..4),
    ) {
        let world = world(seed, users, items, dim);
        prop_assume!(!world.test.is_empty());
        let valid = with_valid.then_some(&world.valid);
        let got =
            evaluate_dials(&world.embeddings, &dials, &world.train, valid, &world.test, &ks).unwrap();
        prop_assert_eq!(got.len(), dials.len());
        let excluded: Vec<&Interactions> = [&world.train].into_iter().chain(valid).collect();
        for (got, &dial) in got.iter().zip(&dials) {
            prop_assert_eq!(got.len(), ks.len());
            for (metrics, &k) in got.iter().zip(&ks) {
                assert_near(metrics, &brute_metrics(&world, dial, &excluded, k));
            }
            let alone = evaluate(&world.embeddings, dial, &world.train, valid, &world.test, &ks).unwrap();
            prop_assert_eq!(&alone, got);
        }
    }

    // More than one block of items, to cover cuts, thresholds and the incomplete last block.
    #[test]
    fn rankings_equal_brute_force_over_several_blocks(
        seed in any::<u64>(), users in 1usize..6, items in 900usize..3300, dim in 1usize..7,
        k in 1usize..400, dial in prop::sample::select(EXACT_DIALS.to_vec()),
    ) {
        let world = world(seed, users, items, dim);
        let queries: Vec<u32> = (0..users as u32).rev().collect();
        let search = Search {
            query_table: &world.embeddings.users, queries: &queries, items: &world.embeddings.items, dim, k,
        };
        let dials = [0.0, dial];
        let rankings = search.run_each(
            &dials.map(|dial| world.embeddings.offsets(dial)),
            |position, item| world.train.contains(queries[position], item),
            |position, list, best| (position, list, best.to_vec()),
        );
        prop_assert_eq!(rankings.len(), 2 * users);
        for (index, (position, list, best)) in rankings.into_iter().enumerate() {
            prop_assert_eq!((position, list), (index / 2, index % 2));
            let query = queries[position];
            let mut expected = brute_ranking(&world.embeddings, dials[list], query, &[&world.train]);
            expected.truncate(k);
            let rows: Vec<u32> = best.iter().map(|scored| scored.row).collect();
            prop_assert_eq!(rows, expected);
        }
    }
}

fn random_table(seed: u64, rows: usize, dim: usize) -> Vec<f32> {
    let mut stream = Stream::new(seed, Purpose::Generate, 2);
    (0..rows * dim).map(|_| stream.below(1 << 24) as f32 / (1 << 23) as f32 - 1.0).collect()
}

fn search_all(users: &[f32], items: &[f32], dim: usize, k: usize) -> Vec<Vec<(u32, u32)>> {
    let queries: Vec<u32> = (0..(users.len() / dim) as u32).collect();
    let search = Search { query_table: users, queries: &queries, items, dim, k };
    search
        .run(|_, _| false, |_, best| best.iter().map(|scored| (scored.row, scored.score.to_bits())).collect())
}

#[test]
fn equal_rows_have_equal_scores_wherever_they_stand() {
    for dim in [1, 2, 3, 5, 8, 33, 128, 600] {
        let users = random_table(1, 37, dim);
        let items = random_table(2, 1, dim).repeat(1100);
        let rankings = search_all(&users, &items, dim, 1100);
        for ranking in &rankings {
            let rows: Vec<u32> = ranking.iter().map(|&(row, _)| row).collect();
            assert_eq!(rows, (0..1100).collect::<Vec<u32>>(), "dim {dim}");
        }
        // A query gets the same scores alone as among others.
        for (user, ranking) in users.chunks(dim).zip(&rankings) {
            assert_eq!(&search_all(user, &items, dim, 1100)[0], ranking, "dim {dim}");
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let dim = 19;
    let world = world(5, 400, 150, 2);
    let (users, items) = (random_table(3, 400, dim), random_table(4, 150, dim));
    let item_bias = random_table(5, 150, 1);
    let embeddings = Embeddings { dim, users, items, item_bias, ..Embeddings::default() };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let metrics = evaluate_dials(
                &embeddings,
                &[0.0, 0.7],
                &world.train,
                Some(&world.valid),
                &world.test,
                &[5, 20],
            )
            .unwrap();
            let bits = metrics
                .iter()
                .flatten()
                .flat_map(|m| [m.map, m.ndcg, m.recall, m.precision, m.mmr, m.coverage]);
            let bits: Vec<u64> = bits.map(f64::to_bits).collect();
            (bits, search_all(&embeddings.users, &embeddings.items, dim, 20))
        })
    };
    assert_eq!(run(1), run(4));
}

#[test]
fn scores_that_are_no_numbers_come_last() {
    for items in [20usize, 5000] {
        // A third of the items is NaN, a third infinitely far, the best is the last.
        let values = |item: usize| match item % 3 {
            0 => f32::NAN,
            1 => f32::NEG_INFINITY,
            _ => item as f32,
        };
        let table: Vec<f32> = (0..items).map(values).collect();
        let ranking = &search_all(&[1.0], &table, 1, items)[0];
        let rows: Vec<u32> = ranking.iter().map(|&(row, _)| row).collect();
        let good = (0..items as u32).rev().filter(|row| row % 3 == 2);
        let bad = (0..items as u32).filter(|row| row % 3 != 2);
        assert_eq!(rows, good.chain(bad).collect::<Vec<u32>>());
        let nan_query = &search_all(&[f32::NAN], &table, 1, 10)[0];
        let rows: Vec<u32> = nan_query.iter().map(|&(row, _)| row).collect();
        assert_eq!(rows, (0..10).collect::<Vec<u32>>());
    }
}

#[test]
fn the_two_zeros_are_equal() {
    let ranking = &search_all(&[1.0], &[-0.0, 0.0, -0.0, 0.0], 1, 4)[0];
    let rows: Vec<u32> = ranking.iter().map(|&(row, _)| row).collect();
    assert_eq!(rows, [0, 1, 2, 3]);
}

#[test]
fn rising_and_falling_scores_are_all_seen() {
    for rising in [true, false] {
        let value = |item: usize| if rising { item as f32 } else { (9999 - item) as f32 };
        let table: Vec<f32> = (0..10_000).map(value).collect();
        let ranking = &search_all(&[1.0], &table, 1, 3)[0];
        let rows: Vec<u32> = ranking.iter().map(|&(row, _)| row).collect();
        assert_eq!(rows, if rising { [9999, 9998, 9997] } else { [0, 1, 2] });
    }
}

#[test]
fn serialises_as_promised() {
    let world = world(1, 3, 8, 2);
    let metrics = evaluate(&world.embeddings, 1.0, &world.train, None, &world.test, &[3]).unwrap();
    let text = serde_json::to_string(&metrics[0]).unwrap();
    let keys: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
    assert_eq!(keys, ["users", "k", "map", "ndcg", "recall", "precision", "mmr", "coverage"]);
}

#[test]
fn a_user_with_nothing_left_to_rank_counts_with_zeros() {
    let (users, items) = (vec![1.0, 1.0], vec![1.0, 0.5]);
    let embeddings = Embeddings { dim: 1, users, items, ..Embeddings::default() };
    let train = Interactions::from_pairs(2, 2, &[(0, 0), (0, 1), (1, 0)]);
    let test = Interactions::from_pairs(2, 2, &[(0, 0), (1, 1)]);
    let metrics = evaluate(&embeddings, 1.0, &train, None, &test, &[1]).unwrap()[0];
    assert_eq!((metrics.users, metrics.map, metrics.mmr, metrics.coverage), (2, 0.5, 1.0, 0.5));
}

#[test]
fn bad_requests_are_errors() {
    let world = world(1, 3, 8, 2);
    let World { embeddings, train, valid, test } = &world;
    let message = |result: spherec::Result<Vec<Metrics>>| result.unwrap_err().to_string();
    let error = message(evaluate(embeddings, 1.0, train, None, test, &[5, 0]));
    assert!(error.starts_with("-k ") && error.ends_with(" 0"), "{error}");
    assert!(message(evaluate(embeddings, 1.0, train, None, test, &[])).starts_with("-k "));
    let empty = Interactions::from_pairs(3, 8, &[]);
    assert!(
        message(evaluate(embeddings, 1.0, train, None, &empty, &[5])).contains("no user has a test item")
    );
    let other = Interactions::from_pairs(3, 9, &[(0, 0)]);
    for (train, valid, test, what) in [
        (&other, valid, test, "training set"),
        (train, &other, test, "validation set"),
        (train, valid, &other, "test set"),
    ] {
        let text = message(evaluate(embeddings, 1.0, train, Some(valid), test, &[5]));
        for part in [what, "3 users", "9 items", "3 and 8"] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }
    for popularity in [-0.1, 1.1, f64::NAN] {
        let error = message(evaluate(embeddings, popularity, train, None, test, &[5]));
        assert!(error.starts_with("--popularity ") && error.ends_with(&format!(" {popularity}")), "{error}");
    }
    let short = Embeddings { item_bias: vec![1.0; 7], ..embeddings.clone() };
    let error = message(evaluate(&short, 1.0, train, None, test, &[5]));
    assert!(error.contains("7 numbers") && error.contains("8 items"), "{error}");
    for broken in [Embeddings { dim: 0, ..embeddings.clone() }, Embeddings { dim: 5, ..embeddings.clone() }] {
        let error = message(evaluate(&broken, 1.0, train, None, test, &[5]));
        assert!(error.contains(&format!("dimension {}", broken.dim)), "{error}");
    }
}

/// A user at (1, 0) who has item 0. Item 1 is nearer than item 2, by 0.2 of the score. The validation part has
/// item 1.
fn dial_world(bias: [f32; 3]) -> (Embeddings, Interactions, Interactions) {
    let embeddings = Embeddings {
        dim: 2,
        users: vec![1.0, 0.0],
        items: vec![1.0, 0.0, 0.8, 0.6, 0.6, 0.8],
        item_bias: bias.to_vec(),
        ..Embeddings::default()
    };
    (embeddings, Interactions::from_pairs(1, 3, &[(0, 0)]), Interactions::from_pairs(1, 3, &[(0, 1)]))
}

#[test]
fn the_dial_with_the_best_ndcg_is_chosen_and_the_lower_of_equal_ones() {
    let choose = |bias| {
        let (embeddings, train, valid) = dial_world(bias);
        let (dial, metrics) = choose_popularity(&embeddings, &train, &valid, 1).unwrap();
        let alone = evaluate(&embeddings, dial, &train, None, &valid, &[1]).unwrap();
        assert_eq!(metrics, alone[0]);
        (dial, metrics.ndcg)
    };
    // Item 1 is first at every dial; up to 0.2 / 0.3 only.
    assert_eq!(choose([0.0, 0.0, 0.0]), (0.0, 1.0));
    assert_eq!(choose([0.0, 0.0, 0.3]), (0.0, 1.0));
    let (embeddings, train, _) = dial_world([0.0, 0.0, 0.3]);
    let wants_2 = Interactions::from_pairs(1, 3, &[(0, 2)]);
    let (dial, metrics) = choose_popularity(&embeddings, &train, &wants_2, 1).unwrap();
    // The score of item 2 passes that of item 1 at 0.2 / 0.3 = 0.667.
    assert_eq!((dial, metrics.ndcg), (0.75, 1.0));
    let (embeddings, train, _) = dial_world([0.0, 0.3, 0.0]);
    let (dial, metrics) = choose_popularity(&embeddings, &train, &wants_2, 1).unwrap();
    assert_eq!((dial, metrics.ndcg), (0.0, 0.0));
    assert!(DIALS.is_sorted() && DIALS[0] == 0.0 && DIALS[DIALS.len() - 1] == 1.0);
    // What a training without a bias would choose.
    let bare = Embeddings { item_bias: Vec::new(), ..embeddings };
    assert_eq!(choose_popularity(&bare, &train, &wants_2, 1).unwrap().0, 0.0);
}

#[test]
#[should_panic(expected = "offsets")]
fn offsets_of_another_number_are_a_bug() {
    let search = Search { query_table: &[1.0], queries: &[0], items: &[1.0, 2.0], dim: 1, k: 1 };
    search.run_each(&[vec![0.5]], |_, _| false, |_, _, best| best.len());
}
