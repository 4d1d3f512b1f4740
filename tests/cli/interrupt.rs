//! Ctrl-C: the first one saves what was learned.

#![cfg(unix)]

use crate::support::{place, shared, succeed};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

#[test]
fn the_first_interrupt_saves_a_model_that_loads() {
    let place = place();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("spherec"))
        .args(["train", shared("interactions.csv"), "-o", "model", "--dim", "8", "--epochs", "1000000"])
        .args(["--patience", "0", "--valid-fraction", "0", "--batch-size", "64"])
        .args(std::env::var("SPHEREC_ADAPTER").iter().flat_map(|adapter| ["--adapter", adapter]))
        .current_dir(place.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut seen = String::new();
    while !seen.contains("epoch 2/") {
        assert!(err.read_line(&mut seen).unwrap() > 0, "it ended early: {seen}");
    }
    assert!(!place.path().join("model").exists());
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    err.read_to_string(&mut seen).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{seen}");
    assert!(seen.contains("interrupted: finishing the steps in flight and saving the model"), "{seen}");
    assert!(seen.contains("saved model"), "{seen}");
    let manifest = std::fs::read_to_string(place.path().join("model/model.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["metrics"]["stop"], "interrupted");
    succeed(place.path(), &["evaluate", "model", "--json"]);
    succeed(place.path(), &["recommend", "model", "--user", "u0"]);
}
