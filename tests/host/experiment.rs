//! Experiments: results survive an interruption, other settings and damage are refused; and grids.

use serde_json::{Map, json};
use spherec::data::{Interactions, Protocol, Split};
use spherec::evaluate::Metrics;
use spherec::experiment::{
    Cell, Event, Experiment, Grid, Measured, RESULTS, ResultTable, Results, choose, marks, summarise,
};
use spherec::sampling::Negatives;
use spherec::step::Loss;
use spherec::train::TrainConfig;
use spherec::{Error, Result};
use std::fs;
use std::io::Write;
use std::path::Path;

fn experiment(learning_rate: f64) -> Experiment {
    let protocol = Protocol::Folds { count: 3, fold: 0, valid_fraction: 0.0 };
    let cell = |name: &str, negatives: Negatives| Cell {
        labels: vec![name.to_owned(), negatives.count().to_string()],
        config: TrainConfig { negatives, protocol, ..TrainConfig::default() },
    };
    let popularity = |count| Negatives::Popularity { count, beta: 1.0 };
    Experiment {
        columns: vec!["sampler".to_owned(), "negatives".to_owned()],
        cells: vec![
            cell("uniform", Negatives::Uniform { count: 1 }),
            cell("uniform", Negatives::Uniform { count: 2 }),
            cell("popularity", popularity(1)),
            cell("popularity", popularity(2)),
        ],
        fold_count: 3,
        valid_fraction: 0.0,
        split_seed: 5,
        settings: Map::from_iter([("learning-rate".to_owned(), json!(learning_rate))]),
    }
}

fn data() -> Interactions {
    let pairs: Vec<(u32, u32)> =
        (0..20).flat_map(|user| (0..6).map(move |n| (user, (user + n * 3) % 30))).collect();
    Interactions::from_pairs(20, 30, &pairs)
}

/// Made-up metrics that depend only on the split and the settings.
fn made_up(split: &Split, config: &TrainConfig) -> Measured {
    let first: f64 = split.test.pairs().map(|(user, item)| f64::from(user * 31 + item)).sum();
    let map = (first.sin().abs() + config.negatives.count() as f64) / 7.3 + config.negatives.beta() / 10.0;
    let metrics = Metrics {
        users: 20,
        k: 50,
        map,
        ndcg: map * 1.3,
        recall: map / 3.0,
        precision: 0.1,
        mmr: 9.0 - map,
        coverage: 1.0,
    };
    Measured {
        metrics: Some(metrics),
        popularity: 1.0,
        failure: None,
        epoch: 3,
        epochs_done: 3,
        seconds: 2.0,
        adapter: "none".to_owned(),
    }
}

/// Runs at most `most` trials. Returns how many were run, and whether the experiment is complete.
fn run(folder: &Path, experiment: &Experiment, most: usize) -> Result<(usize, bool)> {
    let mut results = Results::open(folder, experiment)?;
    let mut done = 0;
    let mut last = (0, f64::NAN);
    let whole = experiment.run(
        &data(),
        &mut results,
        &mut |split, config, _| {
            assert!(!split.test.is_empty());
            if done == most {
                return Ok(None);
            }
            done += 1;
            Ok(Some(made_up(split, config)))
        },
        &mut |event| {
            if let Event::Finished { done, seconds_left, .. } = event {
                last = (*done, *seconds_left);
            }
        },
    )?;
    if done > 0 {
        assert_eq!(last, (results.trials().len(), 2.0 * (12 - results.trials().len()) as f64));
    }
    Ok((done, whole))
}

fn tables(folder: &Path, experiment: &Experiment) -> (String, Vec<u8>, String) {
    let results = Results::open(folder, experiment).unwrap();
    let rows = summarise(experiment, &results);
    let protocol = vec![("split", "3 folds".to_owned())];
    let report = ResultTable { columns: &experiment.columns, fold_count: 3, k: 50, seed: 0, protocol, rows };
    (report.markdown(), report.csv().unwrap(), report.json().unwrap())
}

#[test]
fn an_experiment_that_was_stopped_goes_on_and_ends_the_same() {
    let (whole, stopped) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let experiment = experiment(0.1);
    assert_eq!(run(whole.path(), &experiment, 99).unwrap(), (12, true));
    assert_eq!(run(stopped.path(), &experiment, 5).unwrap(), (5, false));
    // As if killed while it wrote a line.
    let path = stopped.path().join(RESULTS);
    let mut file = fs::File::options().append(true).open(&path).unwrap();
    file.write_all(b"{\"cell\":\"sampler=uniform neg").unwrap();
    assert_eq!(run(stopped.path(), &experiment, 3).unwrap(), (3, false));
    assert_eq!(run(stopped.path(), &experiment, 99).unwrap(), (4, true));
    assert_eq!(run(stopped.path(), &experiment, 99).unwrap(), (0, true));
    assert_eq!(tables(whole.path(), &experiment), tables(stopped.path(), &experiment));
    assert_eq!(fs::read(whole.path().join(RESULTS)).unwrap(), fs::read(path).unwrap());
}

#[test]
fn results_of_other_settings_and_damage_are_refused() {
    let place = tempfile::tempdir().unwrap();
    run(place.path(), &experiment(0.1), 2).unwrap();
    let path = place.path().join(RESULTS);
    let before = fs::read_to_string(&path).unwrap();
    let error = run(place.path(), &experiment(0.2), 2).unwrap_err().to_string();
    for part in ["learning-rate", "0.1", "0.2", "-o"] {
        assert!(error.contains(part), "no {part:?} in {error}");
    }
    // A setting of one cell, however deep, which is in no column and in no list of settings.
    let mut other = experiment(0.1);
    other.cells[3].config.loss = Loss::Triplet { margin: 0.75, rank_weight: false };
    let error = Results::open(place.path(), &other).unwrap_err().to_string();
    for part in ["margin", "1.0", "0.75", "-o"] {
        assert!(error.contains(part), "no {part:?} in {error}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    let (first, trials) = before.split_once('\n').unwrap();
    fs::write(&path, format!("{first}\n{}", trials.replacen("\"fold\":0", "\"fold\":9", 1))).unwrap();
    let error = Results::open(place.path(), &experiment(0.1)).unwrap_err();
    assert!(matches!(error, Error::Row { line: 2, .. }), "{error}");
    fs::write(&path, before.replacen("{\"cell\"", "{cell", 1)).unwrap();
    let error = Results::open(place.path(), &experiment(0.1)).unwrap_err();
    assert!(matches!(error, Error::Row { line: 2, .. }), "{error}");
    fs::write(&path, "user,item\n1,2\n").unwrap();
    let error = Results::open(place.path(), &experiment(0.1)).unwrap_err().to_string();
    assert!(error.contains("results.jsonl: ") && error.contains("not a results file"), "{error}");
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Results::open(&file, &experiment(0.1)).unwrap_err().to_string();
    assert!(error.contains("file: ") && error.contains("folder"), "{error}");
}

#[test]
fn the_best_are_marked_overall_and_of_uniform() {
    let place = tempfile::tempdir().unwrap();
    let experiment = experiment(0.1);
    run(place.path(), &experiment, 99).unwrap();
    let results = Results::open(place.path(), &experiment).unwrap();
    let rows = summarise(&experiment, &results);
    let marks = marks(&rows);
    // The made-up metrics are better with more negatives, and with popularity sampling.
    for measure in 0..4 {
        let overall: Vec<bool> = marks.iter().map(|marks| marks[measure].overall).collect();
        let uniform: Vec<bool> = marks.iter().map(|marks| marks[measure].uniform).collect();
        assert_eq!((overall, uniform), (vec![false, false, false, true], vec![false, true, false, false]));
    }
    let (markdown, csv, _) = tables(place.path(), &experiment);
    assert_eq!(markdown.matches("**").count(), 2 * 4 + 2, "{markdown}");
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.lines().nth(4).unwrap().ends_with(",map ndcg recall mmr,,"), "{csv}");
    assert!(csv.lines().nth(2).unwrap().ends_with(",,map ndcg recall mmr,"), "{csv}");
}

#[test]
fn a_grid_is_all_combinations_and_says_what_is_wrong_with_it() {
    let grid: Grid = "learning-rate=1e-4, 5e-4; beta=0.8,1.0;".parse().unwrap();
    let points = [["1e-4", "0.8"], ["1e-4", "1.0"], ["5e-4", "0.8"], ["5e-4", "1.0"]];
    assert_eq!(grid.points(), points);
    for (text, message) in [
        ("", "no settings"),
        (" ; ", "no settings"),
        ("beta", "`beta` has no `=`"),
        ("=1", "has no name"),
        ("beta=", "has an empty value"),
        ("beta=1,,2", "has an empty value"),
        ("beta=1; beta=2", "`beta`"),
        ("beta=1,1", "value 1 twice"),
    ] {
        let error = text.parse::<Grid>().unwrap_err();
        assert!(error.contains(message), "{text}: {error}");
    }
    let values: Vec<String> = (0..1001).map(|value| value.to_string()).collect();
    let many = format!("dim={0}; beta={0}", values.join(","));
    assert!(many.parse::<Grid>().unwrap_err().contains("more than 1000000"));
}

#[test]
fn a_choice_is_seeded_and_keeps_the_order() {
    let chosen = choose((0..100).collect::<Vec<_>>(), 10, 7);
    assert_eq!(chosen.len(), 10);
    assert!(chosen.is_sorted());
    assert_eq!(chosen, choose((0..100).collect::<Vec<_>>(), 10, 7));
    assert_ne!(chosen, choose((0..100).collect::<Vec<_>>(), 10, 8));
}
