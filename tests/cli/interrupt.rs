//! Ctrl-C: the first one saves what was learned. A kill leaves the log.

#![cfg(unix)]

use crate::support::{SMALL, place, shared, succeed};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

/// A training in `folder` that has done its first epochs and would not end for hours, and what it says.
fn start(folder: &Path) -> (Child, BufReader<ChildStderr>, String) {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("spherec"))
        .args(["train", shared("interactions.csv"), "-o", "model", "--dim", "8", "--epochs", "1000000"])
        .args(["--patience", "0", "--valid-fraction", "0", "--batch-size", "64", "--schedule", "constant"])
        .args(std::env::var("SPHEREC_ADAPTER").iter().flat_map(|adapter| ["--adapter", adapter]))
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut seen = String::new();
    while !seen.contains("epoch 2/") {
        assert!(err.read_line(&mut seen).unwrap() > 0, "it ended early: {seen}");
    }
    (child, err, seen)
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn the_first_interrupt_saves_a_model_that_loads() {
    let place = place();
    let (mut child, mut err, mut seen) = start(place.path());
    assert!(!place.path().join("model").exists());
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    err.read_to_string(&mut seen).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{seen}");
    assert!(seen.contains("interrupted:") && seen.contains("saved model"), "{seen}");
    assert_eq!(names(place.path()), ["model"]);
    let manifest = fs::read_to_string(place.path().join("model/model.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["metrics"]["stop"], "interrupted");
    succeed(place.path(), &["evaluate", "model", "--json"]);
    succeed(place.path(), &["recommend", "model", "--user", "u0"]);
}

const LOG: &str = "model.metrics.jsonl";

#[test]
fn a_kill_leaves_the_log_and_the_next_training_takes_its_place() {
    let place = place();
    let log = place.path().join(LOG);
    let (mut child, _err, seen) = start(place.path());
    assert!(seen.contains(LOG), "{seen}");
    child.kill().unwrap();
    child.wait().unwrap();
    let text = fs::read_to_string(&log).unwrap();
    assert!(text.ends_with('\n'), "{text}");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let epochs: Vec<&Value> = lines.iter().filter(|line| line["event"] == "epoch").collect();
    assert!(epochs.len() >= 2 && epochs.len() == lines.len() - 1, "{text}");
    for (epoch, number) in epochs.iter().zip(1..) {
        assert_eq!(epoch["epoch"], number);
        assert!(epoch["loss"].as_f64().unwrap() > 0.0, "{epoch}");
    }
    assert_eq!(names(place.path()), [LOG]);

    succeed(place.path(), &[&["train", shared("interactions.csv"), "-o", "model"], &SMALL[..]].concat());
    assert_eq!(names(place.path()), ["model"]);
    let saved = fs::read_to_string(place.path().join("model/metrics.jsonl")).unwrap();
    assert_eq!(saved.lines().filter(|line| line.contains("\"epoch\":1,")).count(), 1, "{saved}");
}

#[test]
fn a_file_that_is_no_log_is_kept_and_the_model_is_saved() {
    let place = place();
    fs::write(place.path().join(LOG), "mine\n").unwrap();
    let (_, err) =
        succeed(place.path(), &[&["train", shared("interactions.csv"), "-o", "model"], &SMALL[..]].concat());
    assert_eq!(
        err.lines().filter(|line| line.starts_with("warning: ") && line.contains(LOG)).count(),
        1,
        "{err}"
    );
    assert_eq!(fs::read_to_string(place.path().join(LOG)).unwrap(), "mine\n");
    assert!(place.path().join("model/metrics.jsonl").exists());
}
