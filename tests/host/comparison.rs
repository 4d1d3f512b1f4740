//! Comparisons of models: the signed rank test against SciPy, seeds on one split, and a table that an interruption does
//! not change.

use serde::Deserialize;
use serde_json::{Map, Value};
use spherec::data::{Interactions, Protocol, Split};
use spherec::evaluate::{Metrics, evaluate, evaluate_users};
use spherec::experiment::{
    Cell, Experiment, Measured, ModelTable, Published, RESULTS, Repeats, Results, SignedRanks, signed_ranks,
};
use spherec::model::Embeddings;
use spherec::train::{RunConfig, TrainConfig};
use spherec::{Error, Result};
use std::fs;
use std::path::Path;

#[derive(Deserialize)]
struct Case {
    name: String,
    first: Vec<f64>,
    second: Vec<f64>,
    count: usize,
    statistic: f64,
    z: f64,
    p: f64,
}

/// Made by `tests/outside/wilcoxon.py`.
#[test]
fn signed_ranks_are_those_of_scipy() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../golden/wilcoxon.json")).unwrap();
    assert!(cases.len() >= 8);
    for case in cases {
        let found = signed_ranks(&case.first, &case.second).unwrap();
        assert_eq!((found.count, found.statistic), (case.count, case.statistic), "{}", case.name);
        for (found, expected) in [(found.z, case.z), (found.p, case.p)] {
            if !((found - expected).abs() <= 1e-12 * expected.abs()) {
                panic!("{}: {found:e}, not {expected:e}", case.name);
            }
        }
        let turned = signed_ranks(&case.second, &case.first).unwrap();
        assert_eq!((turned.statistic, turned.p), (found.statistic, found.p));
    }
    assert_eq!(signed_ranks(&[0.5, 1.0], &[0.5, 1.0]), None);
    assert_eq!(signed_ranks(&[], &[]), None);
}

const PROTOCOL: Protocol = Protocol::Holdout { test_fraction: 0.3, valid_fraction: 0.1 };

fn experiment(names: &[&str]) -> Experiment {
    let cell = |(place, name): (usize, &&str)| Cell {
        labels: vec![(*name).to_owned()],
        config: TrainConfig { dim: 4 * (place + 1), protocol: PROTOCOL, seed: 7, ..TrainConfig::default() }
            .into(),
    };
    Experiment {
        columns: vec!["model".to_owned()],
        cells: names.iter().enumerate().map(cell).collect(),
        repeats: Repeats::Seeds { count: 3, protocol: PROTOCOL, hold_out_from: 5 },
        split_seed: 7,
        settings: Map::new(),
    }
}

/// Users with 3 to 12 items.
fn data() -> Interactions {
    let pairs: Vec<(u32, u32)> =
        (0..40).flat_map(|user| (0..3 + user % 10).map(move |n| (user, (user + n * 3) % 50))).collect();
    Interactions::from_pairs(40, 50, &pairs)
}

fn relevant(experiment: &Experiment) -> Vec<usize> {
    let Split { test, .. } = experiment.repeats.split(&data(), experiment.split_seed, 0).unwrap();
    (0..40).map(|user| test.items_of(user).len()).filter(|&count| count > 0).collect()
}

/// Made-up hits that depend on the user, the seed and the model; the larger its dimension the more.
fn hits(relevant: &[usize], dim: usize, seed: u64) -> Vec<u32> {
    let hit = |(user, &count): (usize, &usize)| {
        ((user * 7 + seed as usize * 3 + dim) % (count + 1)).min(dim / 4) as u32
    };
    relevant.iter().enumerate().map(hit).collect()
}

fn metrics(users: usize, k: usize, recall: f64) -> Metrics {
    let (map, ndcg) = (recall / 3.0, recall / 2.0);
    Metrics { users, k, map, ndcg, recall, precision: 0.1, mmr: 3.0, coverage: 1.0 }
}

fn made_up(split: &Split, config: &RunConfig) -> Measured {
    let relevant: Vec<usize> =
        (0..40).map(|user| split.test.items_of(user).len()).filter(|&count| count > 0).collect();
    let hits = hits(&relevant, config.dim(), config.seed());
    let recalls = hits.iter().zip(&relevant).map(|(&hits, &relevant)| f64::from(hits) / relevant as f64);
    let recall = recalls.sum::<f64>() / relevant.len() as f64;
    Measured {
        metrics: Some(metrics(relevant.len(), 50, recall)),
        deeper: vec![metrics(relevant.len(), 100, (recall * 1.5).min(1.0))],
        hits,
        epoch: 2,
        epochs_done: 2,
        seconds: 1.0,
        failure: None,
        ..Measured::failed(String::new())
    }
}

/// Runs at most `most` trials, and returns the seed and the protocol of each.
fn run(folder: &Path, experiment: &Experiment, most: usize) -> Result<Vec<(u64, Protocol)>> {
    let mut results = Results::open(folder, experiment)?;
    let mut done = Vec::new();
    let whole = experiment.run(
        &data(),
        &mut results,
        &mut |split, config, _| {
            if done.len() == most {
                return Ok(None);
            }
            done.push((config.seed(), config.protocol()));
            Ok(Some(made_up(split, config)))
        },
        &mut |_| (),
    )?;
    assert_eq!(whole, done.len() < most || results.trials().len() == experiment.run_count());
    Ok(done)
}

fn table(folder: &Path, experiment: &Experiment, against: Option<&str>) -> ModelTable {
    let results = Results::open(folder, experiment).unwrap();
    let published = Some("CiteULike".parse::<Published>().unwrap());
    ModelTable::new(experiment, &results, &relevant(experiment), 100, against, published).unwrap()
}

#[test]
fn seeds_differ_on_one_split_and_an_interruption_changes_nothing() {
    let (whole, stopped) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let experiment = experiment(&["bpr", "wrmf"]);
    let done = run(whole.path(), &experiment, 99).unwrap();
    let expected: Vec<(u64, Protocol)> = [7, 7, 8, 8, 9, 9].map(|seed| (seed, PROTOCOL)).into();
    assert_eq!(done, expected);
    assert_eq!(run(stopped.path(), &experiment, 3).unwrap().len(), 3);
    assert_eq!(table(stopped.path(), &experiment, None).rows[1].seeds_done, 1);
    assert_eq!(run(stopped.path(), &experiment, 99).unwrap().len(), 3);
    let files = |folder: &Path| {
        let table = table(folder, &experiment, None);
        (table.text(), table.markdown(), table.csv().unwrap(), table.json().unwrap())
    };
    assert_eq!(files(whole.path()), files(stopped.path()));
    let splits = [0, 1, 2].map(|repeat| experiment.repeats.split(&data(), 7, repeat).unwrap());
    assert!(splits.iter().all(|split| split.test == splits[0].test && split.train == splits[0].train));
    for user in (0..40).filter(|&user| data().items_of(user).len() < 5) {
        assert!(splits[0].test.items_of(user).is_empty() && splits[0].valid.items_of(user).is_empty());
    }
    // More seeds go on where fewer ended.
    let more = Experiment {
        repeats: Repeats::Seeds { count: 4, protocol: PROTOCOL, hold_out_from: 5 },
        ..experiment.clone()
    };
    assert_eq!(run(whole.path(), &more, 99).unwrap(), [(10, PROTOCOL), (10, PROTOCOL)]);
    let error = Results::open(whole.path(), &experiment).unwrap_err().to_string();
    assert!(error.contains("results.jsonl:8: ") && error.contains("seed 3"), "{error}");
}

#[test]
fn the_table_has_means_published_numbers_and_tests_over_users() {
    let place = tempfile::tempdir().unwrap();
    let experiment = experiment(&["bpr", "cml-2017", "softmax"]);
    run(place.path(), &experiment, 99).unwrap();
    let table = table(place.path(), &experiment, None);
    let relevant = relevant(&experiment);
    let recalls = [4, 8, 12].map(|dim| {
        let recall = |user: usize| {
            let hits: u32 = [7, 8, 9].iter().map(|&seed| hits(&relevant, dim, seed)[user]).sum();
            f64::from(hits) / (3 * relevant[user]) as f64
        };
        (0..relevant.len()).map(recall).collect::<Vec<f64>>()
    });
    for (place, (row, other)) in table.rows.iter().zip([2, 2, 1]).enumerate() {
        let [recall, deeper, ndcg, map] = row.numbers.map(Option::unwrap);
        let mean = recalls[place].iter().sum::<f64>() / relevant.len() as f64;
        for (found, expected) in
            [(recall.mean, mean), (deeper.mean, 1.5 * mean), (ndcg.mean, mean / 2.0), (map.mean, mean / 3.0)]
        {
            if !((found - expected).abs() < 1e-12) {
                panic!("{}: {found}, not {expected}", row.name);
            }
        }
        assert!(recall.deviation.is_some());
        let (name, ranks): &(String, SignedRanks) = row.test.as_ref().unwrap();
        assert_eq!(
            (name, Some(*ranks)),
            (&table.rows[other].name, signed_ranks(&recalls[place], &recalls[other]))
        );
    }
    let published: Vec<Option<[f64; 2]>> =
        table.rows.iter().map(|row| row.published.map(|row| row.recall)).collect();
    assert_eq!(published, [Some([0.2489, 0.3296]), Some([0.2714, 0.3411]), None]);
    let (headings, cells, _) = table.text();
    assert_eq!(headings[2].0, "recall@50 %");
    assert!(cells[2][2].ends_with(" *") && !cells[0][2].ends_with(" *"), "{cells:?}");
    assert_eq!((cells[1][6].as_str(), cells[2][6].as_str()), ("CML 27.14 / 34.11", "-"));
    let against = self::table(place.path(), &experiment, Some("bpr"));
    assert_eq!(against.rows[0].test, None);
    assert_eq!(against.rows[2].test.as_ref().unwrap().0, "bpr");
    let csv = String::from_utf8(table.csv().unwrap()).unwrap();
    assert_eq!(csv.lines().map(|line| line.split(',').count()).collect::<Vec<_>>(), [22; 4], "{csv}");
    let json: Value = serde_json::from_str(&table.json().unwrap()).unwrap();
    assert_eq!(json["rows"][1]["wilcoxon"]["against"], "softmax");
    assert_eq!(json["protocol"]["deep_k"], 100);
}

#[test]
fn a_model_that_failed_is_shown_and_not_tested() {
    let place = tempfile::tempdir().unwrap();
    let experiment = experiment(&["bpr", "warp"]);
    let mut results = Results::open(place.path(), &experiment).unwrap();
    let whole = experiment.run(
        &data(),
        &mut results,
        &mut |split, config, _| match config.dim() {
            8 => Err(Error::Data("too\nlarge".to_owned())),
            _ => Ok(Some(made_up(split, config))),
        },
        &mut |_| (),
    );
    assert!(whole.unwrap());
    let table = ModelTable::new(&experiment, &results, &relevant(&experiment), 100, None, None).unwrap();
    let (_, cells, below) = table.text();
    assert!(cells[1][2..6].iter().all(|cell| cell.starts_with("failed")), "{cells:?}");
    assert!(below.contains("failed: warp: too\\nlarge"), "{below}");
    assert_eq!((&table.rows[0].test, &table.rows[1].test), (&None, &None));
    assert!(table.rows[0].numbers[0].is_some());
}

#[test]
fn damaged_hits_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let experiment = experiment(&["bpr"]);
    run(place.path(), &experiment, 1).unwrap();
    let path = place.path().join(RESULTS);
    let whole = fs::read_to_string(&path).unwrap();
    let at = whole.find("\"hits\":[").unwrap() + 8;
    for (from, to) in [(0, "51,"), (0, "1,1,")] {
        let damaged = format!("{}{to}{}", &whole[..at + from], &whole[at + from + 2..]);
        fs::write(&path, damaged).unwrap();
        let error = Results::open(place.path(), &experiment).unwrap_err().to_string();
        assert!(error.contains("results.jsonl:2: ") && error.contains("`hits`"), "{error}");
    }
    fs::write(&path, &whole).unwrap();
    let results = Results::open(place.path(), &experiment).unwrap();
    let error = ModelTable::new(&experiment, &results, &[1, 2], 100, None, None).unwrap_err().to_string();
    assert!(error.contains("bpr") && error.contains("2 are tested"), "{error}");
}

#[test]
fn what_cannot_be_held_out_is_refused() {
    let of = |repeats| Experiment { repeats, ..experiment(&["bpr"]) }.check(&data());
    let seeds = |count, hold_out_from| Repeats::Seeds { count, protocol: PROTOCOL, hold_out_from };
    of(seeds(1, 12)).unwrap();
    let error = of(seeds(1, 13)).unwrap_err().to_string();
    assert!(error.contains("--hold-out-from") && error.contains("12") && error.contains("13"), "{error}");
    assert!(of(seeds(0, 5)).unwrap_err().to_string().contains("--seeds"));
    let nothing = Protocol::Holdout { test_fraction: 0.0, valid_fraction: 0.1 };
    let error = of(Repeats::Seeds { count: 1, protocol: nothing, hold_out_from: 5 }).unwrap_err();
    assert!(error.to_string().contains("test part"), "{error}");
}

#[test]
fn the_metrics_of_users_are_those_behind_the_means() {
    let dim = 3;
    let value = |n: usize| ((n * 37 % 101) as f32 - 50.0) / 50.0;
    let embeddings = Embeddings {
        dim,
        users: (0..40 * dim).map(value).collect(),
        items: (0..50 * dim).map(|n| value(n + 7)).collect(),
        ..Embeddings::default()
    };
    let Split { train, valid, test } = experiment(&["x"]).repeats.split(&data(), 7, 0).unwrap();
    let all = evaluate_users(&embeddings, 1.0, &train, Some(&valid), &test, &[5, 10]).unwrap();
    let means = evaluate(&embeddings, 1.0, &train, Some(&valid), &test, &[5, 10]).unwrap();
    assert_eq!(all.means, means);
    let tested: Vec<u32> = (0..40).filter(|&user| !test.items_of(user).is_empty()).collect();
    assert_eq!(all.users.len(), tested.len());
    for (&user, metrics) in tested.iter().zip(&all.users) {
        let score = |item: u32| -> f32 {
            let row = |table: &[f32], row: u32| table[row as usize * dim..][..dim].to_vec();
            let pairs = row(&embeddings.users, user).into_iter().zip(row(&embeddings.items, item));
            pairs.map(|(a, b)| a * b).sum()
        };
        let mut items: Vec<u32> =
            (0..50).filter(|&item| !train.contains(user, item) && !valid.contains(user, item)).collect();
        items.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
        for (metrics, k) in metrics.iter().zip([5, 10]) {
            let hits = items[..k].iter().filter(|&&item| test.contains(user, item)).count();
            assert_eq!(metrics.recall, hits as f64 / test.items_of(user).len() as f64);
            assert_eq!((metrics.precision * k as f64).round() as usize, hits);
        }
    }
}
