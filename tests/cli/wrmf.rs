//! The trainers that need no GPU: WRMF and popularity, from data to lists, on a system without an adapter.

use crate::support::{assert_line, contents, place, shared, text};
use serde_json::Value;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// WRMF that learns the clusters of the shared data.
const SMALL: [&str; 10] =
    ["--recipe", "wrmf", "--dim", "8", "--epochs", "6", "-k", "10", "--unobserved-weight", "0.05"];

/// What a call wrote, where no backend of this system is left.
fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let backend = if cfg!(target_os = "macos") { "dx12" } else { "metal" };
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("spherec"));
    let output = command.current_dir(folder).args(args).env("WGPU_BACKEND", backend).output().unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn succeed(folder: &Path, args: &[&str]) -> (String, String) {
    let (code, out, err) = run(folder, args);
    assert_eq!(code, Some(0), "{args:?}: {out}{err}");
    (out, err)
}

fn fail(folder: &Path, args: &[&str]) -> String {
    let (code, out, err) = run(folder, args);
    assert_eq!(code, Some(1), "{args:?}: {out}{err}");
    err
}

fn train(folder: &Path, output: &str, flags: &[&str]) -> (String, String) {
    succeed(folder, &[&["train", shared("interactions.csv"), "-o", output, "--force"], flags].concat())
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("model.json")).unwrap()).unwrap()
}

fn tables(folder: &Path) -> Vec<u8> {
    fs::read(folder.join("model.safetensors")).unwrap()
}

#[test]
fn wrmf_goes_from_data_to_lists_without_an_adapter() {
    let place = place();
    let folder = place.path();
    let (table, err) = train(folder, "model", &SMALL);
    let first = "recipe wrmf with changes: alternating least squares, unobserved weight 0.05";
    assert!(err.lines().next().unwrap().starts_with(first), "{err}");
    assert_line(&err, &["host memory: ", "embeddings", "sweep"]);
    assert!(!err.contains("device memory") && !err.contains("adapter"), "{err}");
    assert_line(&err, &["epoch 6/6: loss "]);
    assert_line(&err, &["done: 6 epochs", "the best was epoch"]);
    assert!(table.contains("validation") && table.contains("test"), "{table}");
    let all = manifest(&folder.join("model"));
    assert_eq!((&all["adapter"], &all["geometry"]), (&"CPU".into(), &"dot".into()));
    assert_eq!((&all["config"]["trainer"], &all["config"]["dim"]), (&"wrmf".into(), &8.into()));
    // Chance is about 0.1 at k = 10 of 100 items.
    let ndcg = all["metrics"]["test"]["ndcg"].as_f64().unwrap();
    assert!(ndcg > 0.3, "{ndcg}");
    let (_, err) = succeed(folder, &["evaluate", "model", "-k", "10"]);
    assert_line(&err, &["split by user, test 0.2, validation 0.1, seed 0"]);
    let (shown, _) = succeed(folder, &["show", "model"]);
    assert_line(&shown, &["regularisation_exponent", "1"]);
    assert_line(&shown, &["item bias", "none"]);
    let (list, _) = succeed(folder, &["recommend", "model", "--user", "u0", "-k", "5"]);
    assert_eq!(list.lines().count(), 6, "{list}");
    let (list, _) = succeed(folder, &["similar", "model", "--item", "i0", "-k", "5"]);
    assert_eq!(list.lines().count(), 6, "{list}");
    let (_, err) = succeed(folder, &["export", "model", "-o", "out"]);
    assert_line(&err, &["rows of 8 numbers", "inner product"]);
    for args in [
        &["plot", "model", "-o", "map.png", "--method", "pca"][..],
        &["plot", "model", "--curves", "-o", "curves.png"],
        &["explore", "model", "-o", "page.html"],
    ] {
        succeed(folder, args);
    }
    // What the model says of itself trains it again.
    let (toml, _) = succeed(folder, &["show", "model", "--toml"]);
    fs::write(folder.join("shown.toml"), &toml).unwrap();
    train(folder, "again", &["--config", "shown.toml"]);
    assert!(tables(&folder.join("again")) == tables(&folder.join("model")), "{toml}");
    assert_eq!(manifest(&folder.join("again"))["config"], all["config"]);
}

#[test]
fn a_training_that_was_made_longer_or_interrupted_loses_nothing() {
    let place = place();
    let folder = place.path();
    let valid = ["--valid-fraction", "0", "--test-fraction", "0"];
    train(folder, "whole", &[&SMALL[..], &valid].concat());
    train(folder, "model", &[&SMALL[..], &valid, &["--epochs", "3", "--keep-checkpoint"]].concat());
    assert!(tables(&folder.join("model")) != tables(&folder.join("whole")));
    let (_, err) = succeed(folder, &["train", "--resume", "model", "--epochs", "6"]);
    assert_line(&err, &["going on after epoch 3 of 6", "step 6"]);
    assert!(tables(&folder.join("model")) == tables(&folder.join("whole")));
    // A run that is ended by a signal keeps a checkpoint, and its best can be saved.
    #[cfg(unix)]
    {
        use std::io::{BufRead, BufReader};
        use std::process::Stdio;
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("spherec"));
        command.args(["train", shared("interactions.csv"), "-o", "long"]).args(SMALL);
        command.args(["--epochs", "1000000"]).current_dir(folder).env("WGPU_BACKEND", "metal");
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        lines.find(|line| line.as_ref().unwrap().starts_with("epoch 3:")).unwrap().unwrap();
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let rest: Vec<String> = lines.map(|line| line.unwrap()).collect();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
        assert!(rest.iter().any(|line| line.contains("--resume long")), "{rest:?}");
        succeed(folder, &["train", "--resume", "long", "--finish"]);
        let all = manifest(&folder.join("long"));
        assert_eq!(all["metrics"]["stop"], "finished");
        assert!(contents(&folder.join("long")).contains_key("metrics.jsonl"));
    }
}

/// Items with tags that tell of their clusters, of which every eighth is in no interaction.
#[test]
fn cdl_goes_from_features_to_lists_of_cold_items_and_through_an_interruption() {
    let (world, place) = (crate::cold::world(), place());
    let folder = place.path();
    for name in ["known.csv", "item-tags.csv", "user-tags.csv"] {
        fs::copy(world.folder().join(name), folder.join(name)).unwrap();
    }
    let small = [
        &["--recipe", "cdl", "--dim", "16", "-k", "10", "--unobserved-weight", "0.05"][..],
        &["--hidden", "32", "--dropout", "0.2", "--feature-weight", "2", "--item-features", "item-tags.csv"],
    ]
    .concat();
    let train = |output: &str, more: &[&str]| {
        succeed(folder, &[&["train", "known.csv", "-o", output][..], &small, more].concat())
    };
    let (_, err) = train("model", &["--epochs", "20"]);
    let first = "recipe cdl with changes: alternating least squares, unobserved weight 0.05, regularisation 0.015, features";
    assert_eq!(err.lines().next(), Some(first));
    assert_line(&err, &["host memory: ", "network"]);
    assert_line(&err, &["epoch 20/20: loss ", ", features "]);
    let all = manifest(&folder.join("model"));
    assert_eq!(
        (&all["config"]["trainer"], &all["config"]["features"]["hidden"]),
        (&"wrmf".into(), &32.into())
    );
    let (shown, _) = succeed(folder, &["show", "model"]);
    assert_line(&shown, &["item features", "32 hidden units", "25 cold items"]);
    // Cold items go to those who like their cluster; by chance that is at most two of five.
    let (out, _) = succeed(
        folder,
        &["recommend", "model", "--all", "--with-cold-items", "-k", "40", "--format", "jsonl"],
    );
    let lists = crate::cold::lists(&out, "user", "item");
    let cold = lists.iter().flat_map(|(user, items)| items.iter().map(move |item| (user, item)));
    let cold: Vec<bool> = cold
        .filter(|(_, item)| item.starts_with("n\u{e9}, "))
        .map(|(user, item)| world.is_to_taste(user, item))
        .collect();
    let share = cold.iter().filter(|&&is_liked| is_liked).count() as f64 / cold.len() as f64;
    assert!(cold.len() > 270 && share > 0.55, "{share} of {}", cold.len());
    // What the model says of itself trains it again.
    let (toml, _) = succeed(folder, &["show", "model", "--toml"]);
    fs::write(folder.join("shown.toml"), &toml).unwrap();
    succeed(folder, &["train", "known.csv", "-o", "again", "--config", "shown.toml"]);
    let [model, again] = ["model", "again"].map(|name| contents(&folder.join(name)));
    for name in ["model.safetensors", "cold_items.safetensors", "cold_items.txt"] {
        assert!(model[name] == again[name], "{name}: {toml}");
    }
    // Made longer, without the file of features.
    train("whole", &["--valid-fraction", "0", "--epochs", "6"]);
    train("longer", &["--valid-fraction", "0", "--epochs", "3", "--keep-checkpoint"]);
    fs::remove_file(folder.join("item-tags.csv")).unwrap();
    succeed(folder, &["train", "--resume", "longer", "--epochs", "6"]);
    let [whole, longer] = ["whole", "longer"].map(|name| contents(&folder.join(name)));
    for name in ["model.safetensors", "cold_items.safetensors"] {
        assert!(whole[name] == longer[name], "{name}");
    }
}

#[test]
fn cdl_is_compared_and_refused_where_it_lacks_features() {
    let (world, place) = (crate::cold::world(), place());
    let path = |name: &str| world.folder().join(name).to_str().unwrap().to_owned();
    let (known, items, users) = (path("known.csv"), path("item-tags.csv"), path("user-tags.csv"));
    let compare = [
        "compare", &known, "-o", "table", "--models", "wrmf,cdl", "--dim", "8", "--epochs", "2", "--seeds",
        "1",
    ];
    let (table, _) = succeed(
        place.path(),
        &[&compare[..], &["--item-features", &items, "--published", "CiteULike"]].concat(),
    );
    assert_line(&table, &["cdl", "1/1", "CDL 33.75 / 41.73"]);
    let cases: [(&[&str], &[&str]); 8] = [
        (&["--recipe", "cdl"], &["--item-features", "needed by --recipe cdl"]),
        (&["--recipe", "cdl", "--user-features", &users], &["--user-features", "--recipe cdl"]),
        (
            &["--recipe", "cdl", "--item-features", &items, "--user-features", &users],
            &["--user-features", "only items"],
        ),
        (
            &["--recipe", "wrmf", "--item-features", &items],
            &["--item-features", "--recipe wrmf", "--recipe cdl"],
        ),
        (&["--recipe", "cdl", "--item-features", &items, "--hidden", "6"], &["--hidden", "multiple of 4"]),
        (
            &["--recipe", "cdl", "--item-features", &items, "--batch-size", "6"],
            &["--batch-size", "--recipe cdl"],
        ),
        (&["--recipe", "cdl", "--item-features", &items, "--adapter", "0"], &["--adapter", "cdl"]),
        (&["--recipe", "wrmf", "--dropout", "0.1"], &["--dropout", "--recipe wrmf"]),
    ];
    for (flags, parts) in cases {
        let err = fail(place.path(), &[&["train", &known, "-o", "model"][..], flags].concat());
        assert_line(&err, &[&["error: "], parts].concat());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "{flags:?} left something");
    }
    let err = fail(place.path(), &compare);
    assert_line(&err, &["error: --item-features", "cdl"]);
}

#[test]
fn popularity_gives_everyone_the_items_of_most_users() {
    let place = place();
    let folder = place.path();
    let args = ["train", shared("interactions.csv"), "-o", "model", "--recipe", "popularity", "-k", "10"];
    let (table, err) = succeed(folder, &args);
    assert_eq!(err.lines().next(), Some("recipe popularity with changes: the items of most users"));
    assert!(table.contains("validation") && table.contains("test"), "{table}");
    let all = manifest(&folder.join("model"));
    assert_eq!((&all["config"]["trainer"], &all["dim"]), (&"popularity".into(), &1.into()));
    // The scores are counts of the training part, the highest first, and nothing of the user's own.
    let (list, _) = succeed(folder, &["recommend", "model", "--user", "u0", "-k", "100"]);
    let scores: Vec<f64> =
        list.lines().skip(1).map(|row| row.split(',').nth(3).unwrap().parse().unwrap()).collect();
    assert!(scores.windows(2).all(|pair| pair[0] >= pair[1]) && scores[0] > scores[50], "{list}");
    let rows = fs::read_to_string(shared("interactions.csv")).unwrap();
    let mut counts: HashMap<&str, f64> = HashMap::new();
    rows.lines().skip(1).for_each(|row| *counts.entry(row.split(',').nth(1).unwrap()).or_default() += 1.0);
    for (row, score) in list.lines().skip(1).zip(&scores) {
        let id = row.split(',').nth(2).unwrap();
        assert!(*score <= counts[id] && score.fract() == 0.0, "{row}");
        assert!(!rows.lines().any(|pair| pair.starts_with(&format!("u0,{id},"))), "{row}");
    }
    let (toml, _) = succeed(folder, &["show", "model", "--toml"]);
    assert_line(&toml, &["recipe = \"popularity\""]);
    succeed(folder, &["similar", "model", "--item", "i0"]);
    succeed(folder, &["export", "model", "-o", "out"]);
}

#[test]
fn flags_of_another_trainer_are_refused() {
    let place = place();
    let data = shared("interactions.csv");
    for (recipe, flag, value, parts) in [
        ("wrmf", "--learning-rate", "0.1", &["has no meaning with --recipe wrmf"][..]),
        ("wrmf", "--sampler", "uniform", &["has no meaning with --recipe wrmf"]),
        ("wrmf", "--geometry", "sphere", &["has no meaning with --recipe wrmf"]),
        ("wrmf", "--regularisation", "0", &["must be", "0"]),
        ("wrmf", "--unobserved-weight", "nan", &["must be", "NaN"]),
        ("wrmf", "--regularisation-exponent", "3", &["must be 0 to 2", "3"]),
        ("wrmf", "--dim", "0", &["must be at least 1", "0"]),
        ("wrmf", "--adapter", "0", &["has no meaning with --recipe wrmf"]),
        ("popularity", "--epochs", "3", &["has no meaning with --recipe popularity"]),
        ("popularity", "--dim", "3", &["has no meaning with --recipe popularity"]),
        ("softmax", "--regularisation", "0.1", &["has no meaning with a recipe other than wrmf"]),
        ("bpr", "--unobserved-weight", "0.1", &["has no meaning with a recipe other than wrmf"]),
    ] {
        let err = fail(place.path(), &["train", data, "-o", "model", "--recipe", recipe, flag, value]);
        assert_line(&err, &[&["error: ", flag], parts].concat());
        assert!(fs::read_dir(place.path()).unwrap().next().is_none(), "{recipe} {flag}");
    }
    let err = fail(place.path(), &["compare", data, "-o", "table", "--recipe", "wrmf"]);
    assert_line(&err, &["error: --recipe ", "wrmf", "samplers"]);
}

#[test]
fn tune_searches_the_settings_of_wrmf() {
    let place = place();
    let folder = place.path();
    let tune = ["tune", shared("interactions.csv"), "-o", "search", "--folds", "2"];
    let grid = ["--grid", "regularisation=0.01,1000; regularisation-exponent=0,1"];
    let (table, _) = succeed(folder, &[&tune[..], &grid, &SMALL].concat());
    assert_line(&table, &["0.01"]);
    let best = fs::read_to_string(folder.join("search/best.toml")).unwrap();
    assert_line(&best, &["recipe = \"wrmf\""]);
    assert_line(&best, &["regularisation = 0.01"]);
    train(folder, "model", &["--config", "search/best.toml"]);
    let results = fs::read_to_string(folder.join("search/results.jsonl")).unwrap();
    assert_eq!(results.lines().count(), 1 + 4 * 2, "{results}");
    let err = fail(folder, &[&tune[..], &grid, &SMALL, &["--adapter", "0"]].concat());
    assert_line(&err, &["error: --adapter ", "has no meaning"]);
    // Done already: the file holds the configs whole.
    let (_, err) = succeed(folder, &[&tune[..], &grid, &SMALL].concat());
    assert_line(&err, &["8 of 8 runs are already done"]);
}
