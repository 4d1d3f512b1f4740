//! People who are placed by their items: the formulas by hand, what training does, and people who join a model.

use crate::model_folder::{biased_model, with_features};
use crate::wrmf;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;
use spherec::data::{Dataset, IdTable, Interactions, Side, Split};
use spherec::evaluate::evaluate;
use spherec::model::{Embeddings, Model, Placing, Record, place_all};
use spherec::recommend::recommend;
use spherec::step::Geometry;
use spherec::train::{History, PopularityConfig, Recipe, RunConfig, TrainConfig};
use std::sync::Arc;
use tempfile::TempDir;

fn near(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (&found, &expected) in found.iter().zip(expected) {
        let gap = (f64::from(found) - expected).abs();
        assert!(gap < 1e-6, "{found} but {expected}");
    }
}

/// Ids `0`, `1`, ... A user with each of `train`'s lists of items; they stand at `users`.
fn model(geometry: Geometry, users: &[f32], items: &[f32], train: &[&[u32]], config: &RunConfig) -> Model {
    let dim = config.dim();
    let (user_count, item_count) = (users.len() / dim, items.len() / dim);
    let pairs: Vec<(u32, u32)> =
        (0u32..).zip(train).flat_map(|(user, its)| its.iter().map(move |&item| (user, item))).collect();
    let part = |pairs: &[(u32, u32)]| Interactions::from_pairs(user_count, item_count, pairs);
    Model {
        embeddings: Embeddings {
            dim,
            geometry,
            users: users.to_vec(),
            items: items.to_vec(),
            ..Embeddings::default()
        },
        users: IdTable::numbered(user_count),
        items: IdTable::numbered(item_count),
        split: Split { train: part(&pairs).into(), valid: part(&[]), test: part(&[]) },
        record: Record { config: serde_json::to_value(config).unwrap(), ..Record::default() },
        ..Model::default()
    }
}

/// A config of the step engine of two dimensions.
fn steps(history: Option<f64>) -> RunConfig {
    let mut config = Recipe::default().config();
    config.dim = 2;
    config.history = history.map(|weight| History { weight, cap: 50, user_points: false });
    RunConfig::Step(config)
}

const ITEMS: [f32; 8] = [1.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.6, 0.8];

#[test]
fn on_the_sphere_people_are_at_the_unit_mean_of_their_items() {
    for history in [None, Some(0.5), Some(3.0)] {
        let model = model(Geometry::Sphere, &[1.0, 0.0], &ITEMS, &[&[0]], &steps(history));
        let half = 0.5f64.sqrt();
        near(&model.place(&[0, 1]).unwrap(), &[half, half]);
        // Repeats count once, and the order does not.
        assert_eq!(model.place(&[1, 0, 1, 1]).unwrap(), model.place(&[0, 1]).unwrap());
        near(&model.place(&[3]).unwrap(), &[0.6, 0.8]);
        let length = (1.6f64 * 1.6 + 1.8 * 1.8).sqrt();
        near(&model.place(&[0, 1, 3]).unwrap(), &[1.6 / length, 1.8 / length]);
        // Opposite items cancel out: any of the two will do, but not nowhere.
        near(&model.place(&[0, 2]).unwrap(), &[1.0, 0.0]);
        assert_eq!(Placing::of(&model).is_exact(), history.is_some());
    }
}

#[test]
fn in_the_ball_people_are_at_the_mean_and_with_histories_at_g_times_that() {
    let at = |history, items: &[u32]| {
        model(Geometry::Ball, &[1.0, 0.0], &ITEMS, &[&[0]], &steps(history)).place(items).unwrap()
    };
    near(&at(None, &[0, 1]), &[0.5, 0.5]);
    near(&at(Some(0.5), &[0, 1]), &[0.25, 0.25]);
    near(&at(None, &[0, 2]), &[0.0, 0.0]);
    // Not beyond the surface.
    near(&at(Some(5.0), &[0, 1]), &[0.5f64.sqrt(), 0.5f64.sqrt()]);
}

#[test]
fn for_inner_products_the_mean_is_as_long_as_users_are_in_the_mean() {
    // Lengths 2 and 4; the third has no training items, and does not count.
    let users = [2.0, 0.0, 0.0, -4.0, 100.0, 100.0];
    let train: [&[u32]; 3] = [&[0], &[1, 2], &[]];
    let plain = model(Geometry::Dot, &users, &ITEMS, &train, &steps(None));
    near(&plain.place(&[0, 1]).unwrap(), &[3.0 * 0.5f64.sqrt(), 3.0 * 0.5f64.sqrt()]);
    near(&plain.place(&[0, 2]).unwrap(), &[0.0, 0.0]);
    assert!(!Placing::of(&plain).is_exact());
    let history = model(Geometry::Dot, &users, &ITEMS, &train, &steps(Some(2.0)));
    near(&history.place(&[0, 1]).unwrap(), &[1.0, 1.0]);
    assert!(Placing::of(&history).is_exact());
    // A record that says nothing of the training goes by the geometry.
    let silent = Model { record: Record::default(), ..plain.clone() };
    assert_eq!(silent.place(&[1, 3]).unwrap(), plain.place(&[1, 3]).unwrap());
}

#[test]
fn in_a_model_of_popularity_everyone_is_where_all_are() {
    let config = RunConfig::Popularity(PopularityConfig::default());
    let model = model(Geometry::Dot, &[1.0, 1.0], &[3.0, 1.0, 0.0], &[&[0], &[0, 1]], &config);
    assert_eq!(model.place(&[2]).unwrap(), [1.0]);
    assert!(Placing::of(&model).is_exact());
}

/// The last half sweep solves the users for the items that are saved.
#[test]
fn with_wrmf_people_are_where_a_sweep_puts_them() {
    for dim in [3, 12] {
        // Nobody has the last item: where its features may put it later does not count.
        let pairs: Vec<(u32, u32)> = wrmf::data(30, 20).pairs().collect();
        let (train, config) = (Interactions::from_pairs(30, 21, &pairs), wrmf::config(dim, 3));
        let (trained, _) = wrmf::train(&wrmf::split(train.clone()), &config);
        let mut model = model(Geometry::Dot, &[], &[], &[], &RunConfig::Wrmf(config));
        model.embeddings = trained.embeddings;
        model.embeddings.items[20 * dim..].fill(5.0);
        model.items = IdTable::numbered(21);
        model.split.train = Arc::new(train.clone());
        for user in (0..30).filter(|&user| !train.items_of(user).is_empty()) {
            let point = model.place(train.items_of(user)).unwrap();
            let gap = |(&a, &b): (&f32, &f32)| (a - b).abs();
            let most = point.iter().zip(model.embeddings.user(user)).map(gap).fold(0.0, f32::max);
            let length = point.iter().map(|x| x * x).sum::<f32>().sqrt();
            assert!(most < 1e-6 && length > 0.01, "user {user}: off by {most}, of length {length}");
        }
        assert!(Placing::of(&model).is_exact());
        model.record.config["dim"] = json!(dim + 1);
        let error = model.place(&[1]).unwrap_err().to_string();
        assert!(error.contains(&format!("dimension {}", dim + 1)), "{error}");
        model.record.config["regularisation"] = json!(-1.0);
        assert!(model.place(&[1]).unwrap_err().to_string().starts_with("--regularisation "));
    }
}

#[test]
fn nobody_s_point_depends_on_who_else_is_placed() {
    let mut model = biased_model(Geometry::Sphere);
    for geometry in Geometry::ALL {
        model.embeddings.geometry = geometry;
        let lists: [&[u32]; 4] = [&[0, 5, 9], &[13], &[0, 1, 2, 3, 4, 5, 6, 7], &[5, 9]];
        let pairs: Vec<(u32, u32)> = (0u32..)
            .zip(lists)
            .flat_map(|(person, its)| its.iter().map(move |&item| (person, item)))
            .collect();
        let all = place_all(&model, &Interactions::from_pairs(4, 14, &pairs)).unwrap();
        let each: Vec<f32> = lists.iter().flat_map(|its| model.place(its).unwrap()).collect();
        assert_eq!(all, each);
    }
}

#[test]
fn people_without_a_place_are_told_of() {
    let model = model(Geometry::Sphere, &[1.0, 0.0], &ITEMS, &[&[0]], &steps(Some(1.0)));
    let error = |items: &[u32]| model.place(items).unwrap_err().to_string();
    assert!(error(&[]).contains("no item"), "{}", error(&[]));
    assert!(error(&[1, 4]).contains("no item 4"), "{}", error(&[1, 4]));
    let wide = Interactions::from_pairs(1, 5, &[(0, 4)]);
    assert!(place_all(&model, &wide).unwrap_err().to_string().contains("5 items"));
    // A list of ten million is as quick as one of four.
    let long: Vec<u32> = (0..10_000_000).map(|at| at % 4).collect();
    assert_eq!(model.place(&long).unwrap(), model.place(&[0, 1, 2, 3]).unwrap());
    let mut broken = model.clone();
    broken.record.config["history"]["weight"] = json!(1e300);
    assert!(broken.place(&[1]).unwrap_err().to_string().contains("not a finite number"));
}

/// People and their items, by ids.
fn people(lists: &[(&str, &[&[u8]])]) -> Dataset {
    let (mut all, mut pairs) = (Dataset::default(), Vec::new());
    for (person, its) in lists {
        let person = all.users.intern(person.as_bytes());
        pairs.extend(its.iter().map(|id| (person, all.items.intern(id))));
    }
    all.interactions = Interactions::from_pairs(all.users.len(), all.items.len(), &pairs);
    all
}

fn bits(points: &[f32]) -> Vec<u32> {
    points.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn people_who_join_are_users_like_all_others_and_nobody_else_moves() {
    for geometry in Geometry::ALL {
        let before = biased_model(geometry);
        let ids = |item: u32| before.items.bytes(item).to_vec();
        let (one, five, nine) = (ids(1), ids(5), ids(9));
        // `A` is user 11. Items 0 and 1 of user 0 (an empty id) are in the parts 0 (train) and 1 (validation).
        let joining = people(&[
            ("first", &[&one, b"nothing", &five]),
            ("lost", &[b"nothing", b"neither"]),
            ("", &[&one, &nine]),
            ("A", &[&five]),
            ("second", &[&nine]),
        ]);
        let (model, folded) = before.clone().fold_in(&joining).unwrap();
        model.check().unwrap();
        assert_eq!(folded.rows, [Some(14), None, Some(0), Some(11), Some(15)]);
        assert_eq!((folded.new_count, folded.moved_count), (2, 2));
        let unknown: Vec<_> = folded.unknown_items.iter().map(|&item| joining.items.text(item)).collect();
        assert_eq!((unknown.join(" "), folded.unknown_pair_count), ("nothing neither".to_owned(), 3));
        assert_eq!((model.users.text(14), model.users.text(15)), ("first".to_owned(), "second".to_owned()));
        assert_eq!(model.items, before.items);
        let Embeddings { users, items, item_bias, .. } = &model.embeddings;
        assert_eq!((bits(items), bits(item_bias)), {
            let Embeddings { items, item_bias, .. } = &before.embeddings;
            (bits(items), bits(item_bias))
        });
        for user in 0..14 {
            let same = bits(model.embeddings.user(user)) == bits(before.embeddings.user(user));
            assert_eq!(same, user != 0 && user != 11, "user {user}");
        }
        assert_eq!(users.len(), 16 * 4);
        let place = |its: &[u32]| before.place(its).unwrap();
        assert_eq!(model.embeddings.user(14), place(&[1, 5]));
        assert_eq!(model.embeddings.user(15), place(&[9]));
        // Of those who were there, all training items count.
        assert_eq!(before.split.train.items_of(0), [0]);
        assert_eq!(model.embeddings.user(0), place(&[0, 1, 9]));
        assert_eq!(model.embeddings.user(11), place(&[5]));
        // What they brought is in training now, and nowhere else.
        let (train, valid) = (&model.split.train, &model.split.valid);
        assert_eq!([14, 15, 0, 11].map(|user| train.items_of(user)), [&[1, 5][..], &[9], &[0, 1, 9], &[5]]);
        assert_eq!(train.len(), before.split.train.len() + folded.added.len());
        assert_eq!((before.split.valid.items_of(0), valid.items_of(0)), (&[1][..], &[][..]));
        assert!(
            valid.len() + 1 == before.split.valid.len() && model.split.test.len() == before.split.test.len()
        );
        let list = &recommend(&model.embeddings, 1.0, &[14], 20, &[train, valid]).unwrap()[0];
        assert!(list.len() == 12 && list.iter().all(|item| item.row != 1 && item.row != 5));
        evaluate(&model.embeddings, 1.0, train, Some(valid), &model.split.test, &[3]).unwrap();
        // Again, they bring nothing new.
        let (again, folded) = model.clone().fold_in(&joining).unwrap();
        assert_eq!((folded.new_count, folded.moved_count, folded.added.len()), (0, 0, 0));
        assert_eq!((&again.embeddings, &again.users), (&model.embeddings, &model.users));
        let place = TempDir::new().unwrap();
        model.save(&place.path().join("model"), &[]).unwrap();
        let loaded = Model::load(&place.path().join("model")).unwrap();
        assert_eq!((&loaded.embeddings, &loaded.users), (&model.embeddings, &model.users));
        assert_eq!(loaded.split.train, model.split.train);
    }
}

#[test]
fn cold_people_who_get_items_are_cold_no_more() {
    let before = with_features(biased_model(Geometry::Sphere));
    let item = before.items.bytes(3).to_vec();
    let joining = people(&[("new", &[&item])]);
    let (model, folded) = before.clone().fold_in(&joining).unwrap();
    assert_eq!((folded.rows, folded.new_count), (vec![Some(14)], 1));
    let known = model.known(Side::Users).unwrap();
    assert!(known.cold_ids.is_empty() && known.cold_points.is_empty());
    assert_eq!(model.known(Side::Items).unwrap().cold_ids.len(), 3);
    model.check().unwrap();
    // Where they were taken in before, they only move.
    let (wide, folded) = before.clone().with_cold(Side::Users).unwrap().fold_in(&joining).unwrap();
    assert_eq!((folded.new_count, folded.moved_count), (0, 1));
    assert_eq!(wide.embeddings.user(14), model.embeddings.user(14));
    // And a cold item places people, once it is taken in.
    let cold = before.clone().with_cold(Side::Items).unwrap();
    let (cold, _) = cold.fold_in(&people(&[("x", &[b"\xff \\"])])).unwrap();
    assert_eq!(cold.embeddings.user(14), &before.known(Side::Items).unwrap().cold_points[4..8]);
    let (_, folded) = before.fold_in(&people(&[("x", &[b"\xff \\"])])).unwrap();
    assert_eq!(folded.rows, [None]);
}

#[test]
fn who_brings_no_item_of_the_model_stays_or_is_left_out() {
    let model = biased_model(Geometry::Sphere);
    let user = model.users.bytes(2).to_vec();
    let mut joining = people(&[("a", &[b"nope"])]);
    let known = joining.users.intern(&user);
    joining.interactions = Interactions::from_pairs(2, 1, &[(0, 0), (known, 0)]);
    let (after, folded) = model.clone().fold_in(&joining).unwrap();
    assert_eq!((folded.rows, folded.unknown_pair_count), (vec![None, Some(2)], 2));
    assert_eq!((folded.new_count, folded.moved_count, folded.added.len()), (0, 0, 0));
    assert_eq!((&after.embeddings, &after.users), (&model.embeddings, &model.users));
    let (after, folded) = model.clone().fold_in(&Dataset::default()).unwrap();
    assert_eq!((folded.rows.len(), &after.embeddings), (0, &model.embeddings));
}

/// Training leaves users at the point of e + g times the mean of their items; e is not saved.
#[test]
fn those_who_were_there_keep_their_own_point_beside_their_items() {
    let (weight, own) = (0.9, [[0.6, 0.8], [0.0, -1.0]]);
    let mean = |its: &[u32]| -> [f64; 2] {
        [0, 1]
            .map(|at| its.iter().map(|&item| f64::from(ITEMS[2 * item as usize + at])).sum::<f64>())
            .map(|sum| sum / its.len() as f64)
    };
    for geometry in Geometry::ALL {
        let scale = if geometry == Geometry::Ball { 0.1 } else { 1.0 };
        let at = |user: usize, its: &[u32]| -> Vec<f64> {
            let sum = [0, 1].map(|x| scale * own[user][x] + weight * mean(its)[x]);
            let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
            sum.map(|x| if geometry == Geometry::Sphere { x / length } else { x }).to_vec()
        };
        let train: [&[u32]; 2] = [&[0, 1], &[0, 1, 2]];
        let users: Vec<f32> = (0..2).flat_map(|user| at(user, train[user])).map(|x: f64| x as f32).collect();
        let mut config = steps(Some(weight));
        if let RunConfig::Step(TrainConfig { history: Some(history), .. }) = &mut config {
            history.user_points = true;
        }
        let before = model(geometry, &users, &ITEMS, &train, &config);
        let joining = people(&[("0", &[b"3"]), ("1", &[b"3", b"0"]), ("x", &[b"0"])]);
        let (model, _) = before.clone().fold_in(&joining).unwrap();
        near(model.embeddings.user(0), &at(0, &[0, 1, 3]));
        near(model.embeddings.user(1), &at(1, &[0, 1, 2, 3]));
        // Who joined later has no own point, now and later.
        let (later, _) = model.clone().fold_in(&people(&[("x", &[b"1"]), ("0", &[b"2"])])).unwrap();
        assert_eq!(later.embeddings.user(2), before.place(&[0, 1]).unwrap());
        near(later.embeddings.user(0), &at(0, &[0, 1, 2, 3]));
        // Nor has anyone without points of users.
        let mut bare = before.clone();
        bare.record.config["history"]["user_points"] = json!(false);
        let (bare, _) = bare.fold_in(&joining).unwrap();
        assert_eq!(bare.embeddings.user(0), before.place(&[0, 1, 3]).unwrap());
    }
}

#[test]
fn the_features_of_cold_people_are_their_own_point() {
    let mut before = with_features(biased_model(Geometry::Sphere));
    let RunConfig::Step(mut config) = steps(Some(0.5)) else { panic!("another trainer") };
    config.history = config.history.map(|history| History { user_points: true, ..history });
    config.dim = 4;
    before.record.config = serde_json::to_value(RunConfig::Step(config)).unwrap();
    let joining = people(&[("new", &[before.items.bytes(3)])]);
    let (model, _) = before.clone().fold_in(&joining).unwrap();
    let point = &before.known(Side::Users).unwrap().cold_points[..4];
    let sum = point.iter().zip(before.embeddings.item(3)).map(|(&f, &v)| f64::from(f) + 0.5 * f64::from(v));
    let sum: Vec<f64> = sum.collect();
    let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
    near(model.embeddings.user(14), &sum.into_iter().map(|x| x / length).collect::<Vec<_>>());
    let (wide, _) = before.with_cold(Side::Users).unwrap().fold_in(&joining).unwrap();
    assert_eq!(wide.embeddings.user(14), model.embeddings.user(14));
}

proptest! {
    /// Adding and taking away are those of sets of pairs.
    #[test]
    fn interactions_add_up(
        left in vec((0u32..6, 0u32..9), 0..40),
        right in vec((0u32..6, 0u32..9), 0..20),
    ) {
        let of = |pairs: &[(u32, u32)]| Interactions::from_pairs(6, 9, pairs);
        let mut sum = of(&left);
        sum.add(&of(&right));
        prop_assert_eq!(&sum, &of(&[&left[..], &right].concat()));
        let rest: Vec<(u32, u32)> = left.iter().copied().filter(|pair| !right.contains(pair)).collect();
        prop_assert_eq!(of(&left).without(&of(&right)), of(&rest));
    }
}
