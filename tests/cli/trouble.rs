//! Settings that cannot train, memory and threads that are short: what is said, and the exit code.

use crate::support::{TWO_STAGE, assert_line, fail, place, shared, spherec, succeed, text};
use std::fs;
use std::path::Path;

fn train<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let args = ["train", shared("interactions.csv"), "-o", "model", "--dim", "8", "--epochs", "2"];
    [&args[..], more].concat()
}

/// Nothing is left of a training that ended before its first epoch.
fn assert_empty(folder: &Path) {
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn a_training_that_diverges_says_what_to_change() {
    for recipe in [&[][..], &TWO_STAGE] {
        for rate in ["1e19", "1e25", "1e30", "1e38"] {
            let place = place();
            let args = train(&[&["--learning-rate", rate, "--batch-size", "65536"], recipe].concat());
            let err = fail(place.path(), &args, 8);
            assert_line(&err, &["error: ", "step 1", "--learning-rate is"]);
            assert_empty(place.path());
        }
    }
}

#[test]
fn numbers_that_32_bits_do_not_hold_are_refused() {
    for flag in ["--epsilon", "--gor-weight", "--learning-rate"] {
        let place = place();
        let err = fail(place.path(), &train(&[&[flag, "1e39"], &TWO_STAGE[..]].concat()), 1);
        assert_line(&err, &["error: ", flag, "1e39"]);
        assert_empty(place.path());
    }
}

#[test]
fn settings_that_diverge_are_not_the_best() {
    let place = place();
    let tune = ["tune", shared("interactions.csv"), "-o", "t", "--dim", "8", "--folds", "2", "--epochs", "2"];
    let grid = ["--grid", "learning-rate=1e-3,1e38"];
    succeed(place.path(), &[&tune[..], &grid, &TWO_STAGE].concat());
    let best = fs::read_to_string(place.path().join("t/best.toml")).unwrap();
    assert_line(&best, &["learning-rate", "0.001"]);
    let bad = ["--grid", "learning-rate=1e37,1e38"];
    let err = fail(place.path(), &[&tune[..3], &["u"], &tune[4..], &bad, &TWO_STAGE].concat(), 1);
    assert_line(&err, &["error: ", "no combination"]);
}

#[test]
fn a_training_that_learned_nothing_warns() {
    let place = place();
    let flags = ["--learning-rate", "1e-20", "--evaluate-every", "1", "--sampler", "uniform"];
    let (_, err) = succeed(place.path(), &train(&[&flags[..], &TWO_STAGE].concat()));
    assert_line(&err, &["warning: ", "random ranking", "the loss has not moved", "--learning-rate is 1e-20"]);
}

#[test]
fn memory_is_told_before_it_is_taken() {
    let place = place();
    let (_, err) = succeed(place.path(), &train(&[]));
    assert_line(&err, &["device memory: ", "rows ", "moments "]);
    assert_line(&err, &["host memory: ", "embeddings ", "plans "]);
}

#[test]
fn exit_codes_are_in_the_help() {
    let (out, _) = succeed(place().path(), &["--help"]);
    let all = out.split_whitespace().collect::<Vec<_>>().join(" ");
    for (code, meaning) in spherec::error::EXIT_CODES {
        assert!(all.contains(&format!("{code} {meaning}")), "no {code} {meaning} in {out}");
    }
}

/// A stack that no machine has stands for a limit on processes, which not every user is under.
#[test]
fn threads_that_cannot_start_are_an_error() {
    let model = shared("model");
    for args in [train(&[]), vec!["evaluate", model], vec!["recommend", model, "--user", "u1"]] {
        let place = place();
        let output = spherec(place.path(), &args).env("RUST_MIN_STACK", (1u64 << 46).to_string()).output();
        let output = output.unwrap();
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {err}");
        assert_line(&err, &["error: ", "threads", "RAYON_NUM_THREADS"]);
        assert!(!err.contains("panicked"), "{err}");
        assert_empty(place.path());
    }
}
