//! CDL: WRMF whose items are drawn to where a network projects their features. Its rows against the oracle of WRMF, its
//! network against PyTorch, and what it is for: items that were not there.

use crate::wrmf::{Kept, Memory, assert_equal, bits, data, difference, go_on, oracle_with, split, wide};
use serde_json::Value;
use spherec::als::{Batch, NetworkTrainer, WrmfConfig, train_from};
use spherec::data::{FeatureValues, Features, IdTable, Interactions, Side, Split};
use spherec::model::{Known, Network};
use spherec::random::{Purpose, Stream};
use spherec::step::Geometry;
use spherec::train::{
    Event, FeatureNetwork, KeepNothing, SideFeatures, Stop, Stopping, Trained, TrainingData,
};
use spherec::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn config(dim: usize, sweeps: usize) -> WrmfConfig {
    WrmfConfig {
        dim,
        stopping: Stopping { epochs: sweeps, evaluate_every: 1, patience: 0, k: 5 },
        unobserved_weight: 0.1,
        regularisation: 0.05,
        features: Some(FeatureNetwork { hidden: 8, dropout: 0.25, weight: 3.0 }),
        seed: 3,
        ..WrmfConfig::default()
    }
}

/// Random features of `items` items; every fourth has none.
fn features(items: u32) -> Vec<SideFeatures> {
    let mut stream = Stream::new(9, Purpose::Generate, 0);
    let rows = (0..items).map(|item| -> Vec<(u32, f32)> {
        let all = (0..7).filter(|_| stream.below(3) == 0).collect::<Vec<u32>>();
        let all = if all.is_empty() { vec![item % 7] } else { all };
        all.into_iter()
            .filter(|_| item % 4 != 1)
            .map(|feature| (feature, 0.5 + feature as f32 / 4.0))
            .collect()
    });
    vec![(Side::Items, Arc::new(Features::of_rows(7, rows.collect::<Vec<_>>())))]
}

fn given<'a>(split: &'a Split, features: &'a [SideFeatures]) -> TrainingData<'a> {
    TrainingData { split, features }
}

fn train(data: TrainingData<'_>, config: &WrmfConfig) -> (Trained, Vec<(f64, f64)>) {
    let mut losses = Vec::new();
    let trained = train_from(data, config, None, &mut KeepNothing, &AtomicBool::new(false), &mut |event| {
        if let Event::Epoch { sums, .. } = event {
            losses.push((sums.total_loss, sums.mean_feature_loss()));
        }
    });
    (trained.unwrap(), losses)
}

/// Where the network of `trained` projects each item; `None` without features.
fn projected(trained: &Trained, features: &[SideFeatures]) -> Vec<Option<Vec<f32>>> {
    let (rows, network) = (&features[0].1, &trained.embeddings.networks[0]);
    let project = |row| rows.has(row).then(|| network.project(rows.row(row).iter(), Geometry::Dot));
    (0..rows.known_count() as u32).map(project).collect()
}

/// How much more the distance to its prior counts, and the prior, of all items: b |v - f|^2 + |v|^2 is, but for a constant,
/// (1 + b) |v - b f / (1 + b)|^2.
fn priors(trained: &Trained, features: &[SideFeatures], config: &WrmfConfig) -> Vec<(f64, Vec<f64>)> {
    let weight = config.features.unwrap().weight;
    let prior = |point: Option<Vec<f32>>| match point {
        Some(point) => (1.0 + weight, wide(&point).iter().map(|x| x * weight / (1.0 + weight)).collect()),
        None => (1.0, vec![0.0; config.dim]),
    };
    projected(trained, features).into_iter().map(prior).collect()
}

#[test]
fn each_half_sweep_is_what_elimination_over_all_pairs_gives() {
    let (split, features) = (split(data(23, 14)), features(14));
    let data = given(&split, &features);
    for dim in [4, 17] {
        let now = config(dim, 3);
        let (new, old) = (train(data, &now).0, train(data, &config(dim, 2)).0);
        let has = |user: usize, item: usize| split.train.contains(user as u32, item as u32);
        let old_users = wide(&old.embeddings.users);
        let of =
            |priors: &[(f64, Vec<f64>)]| oracle_with(&now, &old_users, priors, |item, user| has(user, item));
        // The last item is nobody's.
        let seen = wide(&new.embeddings.items[..13 * dim]);
        let drawn = priors(&old, &features, &now);
        assert!(difference(&seen, &of(&drawn)[..13 * dim]) <= 1e-5, "{dim}");
        let plain = vec![(1.0, vec![0.0; dim]); 14];
        assert!(difference(&seen, &of(&plain)[..13 * dim]) > 1e-2, "{dim}: the priors are seen");
        // Users know only of items that take part.
        let mut items = wide(&new.embeddings.items);
        items[13 * dim..].fill(0.0);
        let users = oracle_with(&now, &items, &vec![(1.0, vec![0.0; dim]); 23], has);
        assert!(difference(&wide(&new.embeddings.users), &users) <= 1e-5, "{dim}");
    }
}

#[test]
fn an_item_of_nobody_is_where_its_features_are() {
    let (split, features) = (split(data(23, 16)), features(16));
    let (trained, _) = train(given(&split, &features), &config(4, 3));
    let place = projected(&trained, &features)[15].clone().unwrap();
    assert!(place.iter().any(|x| x.abs() > 1e-3));
    assert_eq!(trained.embeddings.item(15), place);
    trained.embeddings.check().unwrap();
}

#[test]
fn the_loss_is_the_stated_one() {
    let (split, features) = (split(data(40, 31)), features(31));
    let config = config(6, 4);
    let (trained, losses) = train(given(&split, &features), &config);
    let (users, mut items) = (wide(&trained.embeddings.users), wide(&trained.embeddings.items));
    items[30 * 6..].fill(0.0);
    let plain = WrmfConfig { features: None, ..config.clone() };
    let without = crate::wrmf::loss(&split.train, &plain, &users, &items);
    let counts = split.train.item_frequencies();
    let mut apart = 0.0;
    let weight = config.features.unwrap().weight * config.regularisation;
    for (item, place) in projected(&trained, &features).into_iter().enumerate().take(30) {
        let Some(place) = place else { continue };
        let pairs = f64::from(counts[item]) + config.unobserved_weight * 40.0;
        let row = items[item * 6..][..6].iter().zip(wide(&place));
        apart += weight * pairs * row.map(|(x, y)| (x - y).powi(2)).sum::<f64>();
    }
    let (loss, feature_loss) = losses[3];
    assert!((loss - without - apart).abs() <= 1e-6 * loss, "{loss} {without} {apart}");
    assert!(apart > 1e-3 * loss);
    assert!((feature_loss - apart).abs() <= 1e-6 * apart, "{feature_loss} {apart}");
}

type Table = Vec<Vec<f64>>;

fn flat(table: &Value) -> Vec<f32> {
    let table: Table = serde_json::from_value(table.clone()).unwrap();
    table.into_iter().flatten().map(|x| x as f32).collect()
}

/// Both networks of the golden steps on the sphere, with each step's points as they were before it.
#[test]
fn the_network_moves_as_that_of_pytorch() {
    let golden: Value = serde_json::from_str(include_str!("../golden/network_sphere_adam.json")).unwrap();
    let number = |name: &str| golden[name].as_f64().unwrap();
    for (side, table, entries) in
        [(Side::Items, "items", "item_features"), (Side::Users, "users", "user_features")]
    {
        let at = side.index();
        let rows: Vec<Vec<(u32, f32)>> = serde_json::from_value(golden[entries].clone()).unwrap();
        let features = Features::of_rows(golden["feature_counts"][at].as_u64().unwrap() as usize, rows);
        let layer = |of: &Value, layer: usize| flat(&of["layers"][at][layer]);
        let (dim, hidden) = (5, 8);
        let network = Network { side, hidden, dim, input: layer(&golden, 0), output: layer(&golden, 1) };
        let mut trainer = NetworkTrainer::new(network, number("dropout"), 0);
        let weights = vec![number("feature_weight"); features.known_count()];
        let (mut before, mut loss_sum) = (&golden, 0.0);
        for (count, step) in (1..).zip(golden["steps"].as_array().unwrap()) {
            let pairs: Vec<(u32, u32)> = serde_json::from_value(step["pairs"].clone()).unwrap();
            let negatives: Vec<[u32; 2]> = serde_json::from_value(step["negatives"].clone()).unwrap();
            let all: Vec<u32> = match side {
                Side::Items => {
                    pairs.iter().map(|pair| pair.1).chain(negatives.iter().flatten().copied()).collect()
                }
                Side::Users => pairs.iter().map(|pair| pair.0).collect(),
            };
            let mut rows: Vec<u32> = Vec::new();
            all.into_iter().filter(|&row| features.has(row)).for_each(|row| {
                if !rows.contains(&row) {
                    rows.push(row);
                }
            });
            let mut points = flat(&before[table]);
            points.chunks_mut(dim).for_each(|point| Geometry::Sphere.to_point(point));
            let batch = Batch { features: &features, rows: &rows, points: &points, weights: &weights };
            loss_sum += trainer.step(count, golden["optimizer"]["lr"].as_f64().unwrap(), &batch);
            for (seen, expected) in
                [(&trainer.network.input, layer(step, 0)), (&trainer.network.output, layer(step, 1))]
            {
                assert_eq!(seen.len(), expected.len());
                for (seen, expected) in seen.iter().zip(expected) {
                    let is_near = (seen - expected).abs() <= 2e-5 * expected.abs().max(1.0);
                    assert!(is_near, "{side:?}, step {count}: {seen} is not {expected}");
                }
            }
            before = step;
        }
        assert!(loss_sum > 1.0, "nothing to see");
    }
}

/// Users and items of four kinds; a user has most items of their kind. A tag says the kind of an item. Every fifth item is
/// cold: known by its tag alone.
fn kinds() -> (Split, Vec<SideFeatures>) {
    let mut stream = Stream::new(5, Purpose::Generate, 1);
    let mut pairs = Vec::new();
    for user in 0..80u32 {
        for item in 0..60u32 {
            if stream.below(100) < if user % 4 == item % 4 { 60 } else { 3 } {
                pairs.push((user, item));
            }
        }
    }
    let kind = |row: u32| if row < 60 { row % 4 } else { (row - 60) % 4 };
    let (mut ids, mut names) = (IdTable::default(), IdTable::default());
    for cold in 0..12 {
        ids.intern(format!("cold {cold}").as_bytes());
    }
    for tag in 0..4 {
        names.intern(format!("kind {tag}").as_bytes());
    }
    let values = FeatureValues::Sparse {
        starts: (0..=72).collect(),
        features: (0..72).map(kind).collect(),
        values: vec![1.0; 72],
    };
    let features = Features::new(60, ids, names, values);
    (split(Interactions::from_pairs(80, 60, &pairs)), vec![(Side::Items, Arc::new(features))])
}

#[test]
fn the_network_learns_and_places_cold_items_among_their_kind() {
    let (split, features) = kinds();
    let (trained, _) = train(given(&split, &features), &config(8, 40));
    // Next to a network that says nothing: the items' own lengths.
    let (mut apart, mut lengths) = (0.0, 0.0);
    for (item, place) in projected(&trained, &features).into_iter().enumerate() {
        let pairs = trained.embeddings.item(item as u32).iter().zip(place.unwrap());
        for (&x, y) in pairs {
            apart += f64::from(x - y).powi(2);
            lengths += f64::from(x).powi(2);
        }
    }
    assert!(apart < 0.5 * lengths, "{apart} of {lengths}");
    let known = Known::of(&trained.embeddings, &features).remove(0);
    assert_eq!((known.cold_ids.len(), known.cold_points.len()), (12, 12 * 8));
    let score = |user: u32, cold: usize| -> f32 {
        let point = &known.cold_points[cold * 8..][..8];
        trained.embeddings.user(user).iter().zip(point).map(|(x, y)| x * y).sum()
    };
    let mut right = 0;
    for user in 0..80 {
        let best = (0..12).max_by(|&a, &b| score(user, a).total_cmp(&score(user, b))).unwrap();
        right += usize::from(best as u32 % 4 == user % 4);
    }
    // By chance 20.
    assert!(right >= 76, "{right}");
}

#[test]
fn the_bits_do_not_depend_on_the_threads_but_on_the_seed() {
    let (split, features) = (split(data(300, 700)), features(700));
    let of = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let config = WrmfConfig { seed, ..config(8, 2) };
        let trained = pool.install(|| train(given(&split, &features), &config).0);
        (bits(&trained.embeddings), trained.embeddings.networks)
    };
    let one = of(1, 5);
    assert!(one == of(4, 5) && one == of(3, 5));
    assert!(one.0 != of(1, 6).0 && one.1 != of(1, 6).1);
}

#[test]
fn a_run_that_goes_on_ends_at_the_same_bits() {
    let (split, features) = (split(data(60, 40)), features(40));
    let (data, config) = (given(&split, &features), config(6, 7));
    let mut keeper = Memory { after: 3, kept: None };
    let whole = train_from(data, &config, None, &mut keeper, &AtomicBool::new(false), &mut |_| {}).unwrap();
    let check = |kept: &Kept| {
        let resumed = go_on(data, &config, kept, false).unwrap();
        assert_equal(&whole, &resumed);
        assert!(whole.embeddings.networks == resumed.embeddings.networks);
    };
    let mut kept = keeper.kept.unwrap();
    // Points, and the numbers and moments of two layers.
    assert_eq!((kept.state.epochs_done, kept.parts.len()), (3, 7));
    check(&kept);
    // A moment matters, and so does its size.
    let at = kept.parts.len() - 1;
    let moment = kept.parts[at].1.clone();
    kept.parts[at].1.fill(1f32.to_bits());
    assert!(whole.embeddings.networks != go_on(data, &config, &kept, false).unwrap().embeddings.networks);
    kept.parts[at].1 = moment[1..].to_vec();
    assert!(matches!(go_on(data, &config, &kept, false), Err(Error::Data(_))));
    // Cut between two steps of the network.
    let interrupt = AtomicBool::new(false);
    let mut keeper = Memory { after: usize::MAX, kept: None };
    let cut = train_from(data, &config, None, &mut keeper, &interrupt, &mut |event| {
        let is_there = matches!(event, Event::Progress { epoch: 5, sums, .. } if sums.step_count == 4);
        interrupt.fetch_or(is_there, Ordering::Relaxed);
    });
    assert_eq!(cut.unwrap().stop, Stop::Interrupted);
    let kept = keeper.kept.unwrap();
    assert_eq!((kept.state.epochs_done, kept.state.sums.step_count), (4, 4));
    check(&kept);
}

#[test]
fn features_are_needed_and_settings_out_of_bounds_are_refused() {
    let (split, features) = (split(data(20, 14)), features(14));
    let run = |features: &[SideFeatures], config: &WrmfConfig| -> Result<Trained> {
        let never = AtomicBool::new(false);
        train_from(given(&split, features), config, None, &mut KeepNothing, &never, &mut |_| {})
    };
    let users: Vec<SideFeatures> = vec![(Side::Users, Arc::clone(&features[0].1))];
    for features in [&[][..], &users] {
        let error = run(features, &config(4, 1)).unwrap_err();
        assert!(matches!(&error, Error::Setting { flag: "--item-features", .. }), "{error}");
    }
    // WRMF makes nothing of features.
    let plain = WrmfConfig { features: None, ..config(4, 2) };
    let trained = run(&features, &plain).unwrap();
    assert!(bits(&trained.embeddings) == bits(&train((&split).into(), &plain).0.embeddings));
    assert!(trained.embeddings.networks.is_empty());
    for (flag, change) in [
        ("--hidden", FeatureNetwork { hidden: 6, dropout: 0.5, weight: 1.0 }),
        ("--dropout", FeatureNetwork { hidden: 8, dropout: 1.0, weight: 1.0 }),
        ("--feature-weight", FeatureNetwork { hidden: 8, dropout: 0.5, weight: 0.0 }),
    ] {
        let error = run(&features, &WrmfConfig { features: Some(change), ..config(4, 1) }).unwrap_err();
        assert!(matches!(&error, Error::Setting { flag: found, .. } if *found == flag), "{flag}: {error}");
    }
    // Numbers as large as there are do not end in numbers that are not.
    let huge = (0..14).map(|_| vec![(0, f32::MAX), (1, f32::MAX)]);
    let huge = vec![(Side::Items, Arc::new(Features::of_rows(2, huge)))];
    run(&huge, &config(4, 3)).unwrap().embeddings.check().unwrap();
}
