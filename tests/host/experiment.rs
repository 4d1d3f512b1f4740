//! Experiments: results survive an interruption, other settings and damage are refused; and grids.

use serde_json::{Map, json};
use spherec::data::{Interactions, Protocol, Split, split};
use spherec::evaluate::Metrics;
use spherec::experiment::{
    Cell, Depths, Event, Experiment, Grid, Measured, ON_CPU, RESULTS, Repeats, ResultTable, Results, marks,
    measure, shuffled, summarise,
};
use spherec::sampling::Negatives;
use spherec::step::Loss;
use spherec::train::{RunConfig, RunRecipe, TrainConfig};
use spherec::{Error, Result};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;

fn folds(count: usize) -> Repeats {
    Repeats::Folds { count, valid_fraction: 0.0 }
}

fn experiment(learning_rate: f64) -> Experiment {
    let protocol = Protocol::Folds { count: 3, fold: 0, valid_fraction: 0.0 };
    let cell = |name: &str, negatives: Negatives| Cell {
        labels: vec![name.to_owned(), negatives.count().to_string()],
        config: TrainConfig { negatives, protocol, ..TrainConfig::default() }.into(),
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
        repeats: folds(3),
        split_seed: 5,
        settings: Map::from_iter([("learning-rate".to_owned(), json!(learning_rate))]),
    }
}

/// The steps of a cell.
fn steps(config: &mut RunConfig) -> &mut TrainConfig {
    let RunConfig::Step(config) = config else { panic!("{config:?}") };
    config
}

fn data() -> Interactions {
    let pairs: Vec<(u32, u32)> =
        (0..20).flat_map(|user| (0..6).map(move |n| (user, (user + n * 3) % 30))).collect();
    Interactions::from_pairs(20, 30, &pairs)
}

/// Made-up metrics that depend only on the split and the settings.
fn made_up(split: &Split, config: &RunConfig) -> Measured {
    let RunConfig::Step(config) = config else { panic!("{config:?}") };
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
        deeper: Vec::new(),
        hits: Vec::new(),
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
    steps(&mut other.cells[3].config).loss = Loss::Softmax { temperature: 0.75 };
    let error = Results::open(place.path(), &other).unwrap_err().to_string();
    for part in ["temperature", "0.1", "0.75", "-o"] {
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
    let points: Vec<Vec<usize>> = (0..grid.count()).map(|number| grid.point(number)).collect();
    assert_eq!(points, [[0, 0], [0, 1], [1, 0], [1, 1]]);
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
    // 1001 to the 30th power is beyond every integer.
    let names: Vec<String> = (0..30).map(|name| format!("n{name}={}", values.join(","))).collect();
    assert!(names.join(";").parse::<Grid>().unwrap_err().contains("more than 1000000"));
}

#[test]
fn an_order_is_seeded_and_has_every_number_once() {
    let order = shuffled(100, 7);
    assert_eq!(order, shuffled(100, 7));
    assert_ne!(order, shuffled(100, 8));
    assert!(!order.is_sorted());
    let mut sorted = order;
    sorted.sort_unstable();
    assert_eq!(sorted, Vec::from_iter(0..100));
}

#[test]
fn what_the_data_do_not_allow_is_said_before_the_first_run() {
    let of = |change: fn(&mut Experiment)| {
        let mut experiment = experiment(0.1);
        change(&mut experiment);
        experiment.check(&data())
    };
    of(|_| {}).unwrap();
    // Users have 6 of 30 items, 4 of them to train on.
    of(|experiment| experiment.repeats = folds(6)).unwrap();
    let error = of(|experiment| experiment.repeats = folds(7)).unwrap_err().to_string();
    assert_eq!(error, "--folds must be at most 6, the most items of a user, but is 7");
    of(|experiment| steps(&mut experiment.cells[1].config).negatives = Negatives::Uniform { count: 26 })
        .unwrap();
    let uniform = |experiment: &mut Experiment| {
        steps(&mut experiment.cells[1].config).negatives = Negatives::Uniform { count: 27 };
    };
    let error = of(uniform).unwrap_err().to_string();
    for part in ["sampler=uniform negatives=2, fold 0: ", "27 of the 30 items", "--negatives"] {
        assert!(error.contains(part), "no {part:?} in {error}");
    }
    let two_stage = |experiment: &mut Experiment| {
        let negatives = Negatives::TwoStage { count: 20, beta: 1.0, candidates: 40, hardness: 1.0 };
        steps(&mut experiment.cells[3].config).negatives = negatives;
    };
    of(two_stage).unwrap();
    // Of 30 items only 10 are liked by anyone, so that they can be candidates.
    let few: Vec<(u32, u32)> =
        (0..20).flat_map(|user| (0..6).map(move |n| (user, (user + n) % 10))).collect();
    let mut of_few = experiment(0.1);
    two_stage(&mut of_few);
    let error = of_few.check(&Interactions::from_pairs(20, 30, &few)).unwrap_err().to_string();
    for part in ["sampler=popularity negatives=2, fold 0: ", "--candidates", "--negatives 20", "10"] {
        assert!(error.contains(part), "no {part:?} in {error}");
    }
    let alone = Interactions::from_pairs(3, 3, &[(0, 0), (1, 1), (2, 2)]);
    let error = experiment(0.1).check(&alone).unwrap_err().to_string();
    assert!(error.contains("no user has two interactions"), "{error}");
}

/// Runs the experiment; cell 2 ends as `spoil` says.
fn spoiled(
    folder: &Path,
    spoil: impl Fn(Measured) -> Result<Measured>,
) -> (Result<bool>, Results, Experiment) {
    let experiment = experiment(0.1);
    let mut results = Results::open(folder, &experiment).unwrap();
    let ended = experiment.run(
        &data(),
        &mut results,
        &mut |split, config, _| {
            let measured = made_up(split, config);
            let RunConfig::Step(config) = config else { panic!("{config:?}") };
            let is_spoiled = matches!(config.negatives, Negatives::Popularity { count: 1, .. });
            if is_spoiled { spoil(measured).map(Some) } else { Ok(Some(measured)) }
        },
        &mut |_| {},
    );
    (ended, results, experiment)
}

#[test]
fn a_cell_that_cannot_be_trained_is_shown_as_failed_and_the_others_go_on() {
    let place = tempfile::tempdir().unwrap();
    let (ended, results, experiment) =
        spoiled(place.path(), |_| Err(Error::Data("\u{1b}[31mtoo\nlarge".to_owned())));
    assert!(ended.unwrap());
    assert_eq!(results.trials().len(), 12);
    let rows = summarise(&experiment, &results);
    let of_cells: Vec<bool> = rows.iter().map(|row| row.failure.is_some()).collect();
    assert_eq!(of_cells, [false, false, true, false]);
    assert!(rows[2].spreads.iter().all(Option::is_none));
    let table = ResultTable {
        columns: &experiment.columns,
        fold_count: 3,
        k: 50,
        seed: 0,
        protocol: Vec::new(),
        rows,
    };
    let (_, cells, below) = table.text();
    assert!(cells[2][3..].iter().all(|cell| cell.starts_with("failed")), "{:?}", cells[2]);
    let line = "failed: sampler=popularity negatives=1: \\u{1b}[31mtoo\\nlarge";
    assert!(below.lines().any(|shown| shown == line), "{below}");
    assert!(table.markdown().contains(line));
    // Another device may do better: these runs are tried again.
    assert_eq!(Results::open(place.path(), &experiment).unwrap().trials().len(), 9);
    let (ended, results, _) = spoiled(place.path(), Ok);
    assert!(ended.unwrap() && results.trials().iter().all(|trial| trial.measured.failure.is_none()));
}

#[test]
fn what_is_done_is_kept_when_the_device_fails() {
    let place = tempfile::tempdir().unwrap();
    let (ended, results, experiment) = spoiled(place.path(), |_| Err(Error::Gpu("lost".to_owned())));
    assert!(matches!(ended, Err(Error::Gpu(_))), "{ended:?}");
    assert_eq!(results.trials().len(), 2);
    assert_eq!(summarise(&experiment, &results).len(), 2);
    assert_eq!(Results::open(place.path(), &experiment).unwrap().trials().len(), 2);
}

#[test]
fn numbers_that_are_not_finite_are_a_failure_and_never_the_best() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.5] {
        let place = tempfile::tempdir().unwrap();
        let (ended, _, experiment) = spoiled(place.path(), |mut measured| {
            let metrics = measured.metrics.as_mut().unwrap();
            // MMR is best when it is lowest.
            (metrics.ndcg, metrics.map, metrics.mmr) = (value, value, -1.0);
            Ok(measured)
        });
        assert!(ended.unwrap());
        // As read again from the file.
        let results = Results::open(place.path(), &experiment).unwrap();
        assert_eq!(results.trials().len(), 12);
        let rows = summarise(&experiment, &results);
        let failure = rows[2].failure.as_ref().unwrap();
        assert!(failure.contains(&format!("`map` cannot be {value}")), "{failure}");
        let marks = marks(&rows);
        for measure in 0..4 {
            let overall: Vec<bool> = marks.iter().map(|marks| marks[measure].overall).collect();
            assert_eq!(overall, [false, false, false, true]);
        }
    }
}

#[test]
fn hostile_results_are_an_error_and_move_no_cursor() {
    let place = tempfile::tempdir().unwrap();
    let experiment = experiment(0.1);
    run(place.path(), &experiment, 2).unwrap();
    let path = place.path().join(RESULTS);
    let whole = fs::read_to_string(&path).unwrap();
    let refuse = |text: &str, line: u64, expected: &str| {
        fs::write(&path, text).unwrap();
        let error = Results::open(place.path(), &experiment).unwrap_err();
        assert!(matches!(error, Error::Row { line: found, .. } if found == line), "{error:?}");
        let error = error.to_string();
        assert!(error.contains(expected) && error.len() < 2_000, "{expected:?} is not in {error:?}");
        assert!(!error.contains(['\u{1b}', '\n', '\u{202e}']), "{error:?}");
    };
    refuse(&whole.replacen("sampler=uniform", "\\u001b[31m\u{202e}", 1), 2, "not a run of this experiment");
    refuse(&whole.replacen("sampler=uniform", &"x".repeat(100_000), 1), 2, "not a run of this experiment");
    refuse(&whole.replacen("\"seconds\":2.0", "\"seconds\":-1e308", 1), 2, "`seconds` cannot be -1");
    refuse(&whole.replacen("\"popularity\":1.0", "\"popularity\":7", 1), 2, "`popularity` cannot be 7");
    refuse(&whole.replacen("\"coverage\":1.0", "\"coverage\":1e308", 1), 2, "`coverage` cannot be 1");
    refuse(&whole.replacen("\"failure\":null", "\"failure\":\"both\"", 1), 2, "either metrics or a failure");
    refuse(
        &whole.replacen("\"epoch\":3", &format!("\"epoch\":{}", "[".repeat(100_000)), 1),
        2,
        "not a result",
    );
    // Sums of counts do not overflow.
    let most = whole.replace("\"epoch\":3", "\"epoch\":18446744073709551615");
    fs::write(&path, &most).unwrap();
    summarise(&experiment, &Results::open(place.path(), &experiment).unwrap());
    let header = "\"learning-rate\":0.1";
    let hostile: Vec<String> =
        (0..1_000).map(|n| format!("\"\u{1b}{n}\":1").replace('\u{1b}', "\\u001b")).collect();
    fs::write(&path, whole.replacen(header, &format!("{header},{}", hostile.join(",")), 1)).unwrap();
    let error = Results::open(place.path(), &experiment).unwrap_err().to_string();
    assert!(error.contains("995 more") && error.len() < 2_000 && !error.contains('\u{1b}'), "{error:?}");
    // Each changed byte and each cut: an error or other results, never a panic.
    for at in 0..whole.len() {
        let mut bytes = whole.clone().into_bytes();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&path, &bytes).unwrap();
        if let Ok(results) = Results::open(place.path(), &experiment) {
            summarise(&experiment, &results);
        }
        fs::write(&path, &whole[..at]).unwrap();
        if let Ok(results) = Results::open(place.path(), &experiment) {
            assert!(results.trials().len() < 2);
        }
    }
}

#[cfg(unix)]
#[test]
fn results_are_a_regular_file_of_a_size_that_fits() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join(RESULTS);
    // Opening a FIFO would hang.
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let error = || Results::open(place.path(), &experiment(0.1)).unwrap_err().to_string();
    assert!(error().contains("is not a regular file"));
    fs::remove_file(&path).unwrap();
    let other = place.path().join("other");
    fs::write(&other, "mine").unwrap();
    std::os::unix::fs::symlink(&other, &path).unwrap();
    assert!(error().contains("is not a regular file"));
    assert_eq!(fs::read(&other).unwrap(), b"mine");
    fs::remove_file(&path).unwrap();
    run(place.path(), &experiment(0.1), 2).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    assert!(error().contains("is larger than"));
}

#[test]
fn a_run_that_needs_no_gpu_is_measured_without_one_and_another_says_what_it_lacks() {
    let experiment = experiment(0.1);
    let parts = split(&data(), &experiment.repeats.protocol(0), 5).unwrap();
    let never = AtomicBool::new(false);
    for recipe in [RunRecipe::Wrmf, RunRecipe::Popularity] {
        let measured =
            measure(None, (&parts).into(), &recipe.config(), &Depths::default(), &never, &mut |_| {})
                .unwrap()
                .unwrap();
        assert_eq!((measured.adapter.as_str(), measured.failure), (ON_CPU, None));
        assert!(measured.metrics.unwrap().recall > 0.0);
    }
    let error =
        measure(None, (&parts).into(), &experiment.cells[0].config, &Depths::default(), &never, &mut |_| {})
            .unwrap_err();
    assert!(matches!(error, Error::Adapter(_)), "{error}");
    let interrupted = AtomicBool::new(true);
    let cut = measure(
        None,
        (&parts).into(),
        &RunRecipe::Wrmf.config(),
        &Depths::default(),
        &interrupted,
        &mut |_| {},
    )
    .unwrap();
    assert_eq!(cut, None);
}
