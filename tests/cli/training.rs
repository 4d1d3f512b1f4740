//! Training: the same seed gives the same bits, each sampler learns, and what is asked for happens.

use crate::support::{
    SMALL, TWO_STAGE, assert_line, contents, place, shared, spherec, succeed, text, trained,
};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn train(folder: &Path, output: &str, flags: &[&str]) -> (String, String) {
    succeed(folder, &[&["train", shared("interactions.csv"), "-o", output], &SMALL[..], flags].concat())
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("model.json")).unwrap()).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let place = place();
    let data = shared("interactions.csv");
    let args = |output: &'static str| [&["train", data, "-o", output], &SMALL[..]].concat();
    succeed(place.path(), &args("one"));
    let again = spherec(place.path(), &args("again")).env("RAYON_NUM_THREADS", "1").output().unwrap();
    assert!(again.status.success(), "{}", text(&again.stderr));
    succeed(place.path(), &[&args("other")[..], &["--seed", "1"]].concat());
    let tables = |name: &str| fs::read(place.path().join(name).join("model.safetensors")).unwrap();
    assert!(tables("one") == tables("again"), "two runs with one seed differ");
    assert!(tables("one") != tables("other"), "the seed has no effect");
}

#[test]
fn folds_and_paper_settings_reach_the_config() {
    let place = place();
    let flags =
        ["--folds", "4", "--fold", "1", "--hardness", "paper", "--negatives", "5", "--betas", "0.8,0.99"];
    let (table, err) = train(place.path(), "model", &[&flags[..], &TWO_STAGE].concat());
    assert_line(&err, &["no validation part", "--valid-fraction"]);
    assert!(!table.contains("validation"), "{table}");
    let config = &manifest(&place.path().join("model"))["config"];
    assert_eq!(config["protocol"]["kind"], "folds");
    assert_eq!(config["protocol"]["fold"], 1);
    assert_eq!(config["negatives"]["hardness"], 6.5);
    assert_eq!(config["regularisers"]["gor_weight"], 0.001);
    assert_eq!(config["optimizer"]["betas"][0], 0.8);
}

#[test]
fn quiet_prints_nothing() {
    let place = place();
    assert_eq!(train(place.path(), "model", &["--quiet"]), (String::new(), String::new()));
}

#[test]
fn plain_lines_tell_what_happens() {
    let place = place();
    let (_, err) = train(place.path(), "model", &[]);
    for parts in [
        &["interactions.csv: ", "`,`", "header"][..],
        &["200 users", "100 items"],
        &["split: "],
        &["adapter: "],
        &["memory: ", "B ("],
        &["model.training"],
        &["epoch 12/12: ", "loss "],
        &["epoch 12: ", "MAP@10 "],
        &["done: ", "12 epochs"],
        &["saved model"],
    ] {
        assert_line(&err, parts);
    }
    assert!(!err.contains('\u{1b}'), "{err}");
}

#[test]
fn standard_input_serves_as_data() {
    let place = place();
    let data = fs::read(trained().join("interactions.csv")).unwrap();
    let args = [&["train", "-", "-o", "model"], &SMALL[..], &TWO_STAGE].concat();
    let output = spherec(place.path(), &args).write_stdin(data).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(
        contents(&place.path().join("model"))["model.safetensors"],
        contents(&trained().join("model"))["model.safetensors"],
    );
}

#[test]
fn a_model_is_replaced_by_the_next() {
    let place = place();
    train(place.path(), "model", &[]);
    train(place.path(), "model", &["--sampler", "uniform", "--force"]);
    assert_eq!(manifest(&place.path().join("model"))["config"]["negatives"]["kind"], "uniform");
}

#[test]
fn no_improvement_ends_training_early() {
    let place = place();
    // Steps so small that nothing changes.
    let args = ["train", shared("interactions.csv"), "-o", "model", "--dim", "8", "--learning-rate", "1e-12"];
    let (_, err) =
        succeed(place.path(), &[&args[..], &["--patience", "2", "--evaluate-every", "1"]].concat());
    assert_line(&err, &["epoch 3", "2 evaluations", "--patience"]);
    assert_eq!(manifest(&place.path().join("model"))["metrics"]["stop"], "patience");
}

/// Users with few interactions learn, and are not asked about: as `data split` does with the same flags.
#[test]
fn users_with_few_interactions_are_trained_on_only() {
    let place = place();
    let mut csv = "user,item\n".to_owned();
    for user in 0..40 {
        (0..2 + user % 8).for_each(|item| csv += &format!("u{user},i{}\n", (user * 7 + item * 3) % 30));
    }
    fs::write(place.path().join("few.csv"), csv).unwrap();
    let parts = ["--test-fraction", "0.4", "--valid-fraction", "0.2", "--dim", "4", "--epochs", "1"];
    let args = [&["train", "few.csv", "-o", "model", "--hold-out-from", "6"], &parts[..]].concat();
    succeed(place.path(), &args);
    let (table, _) = succeed(place.path(), &["show", "model"]);
    assert_line(&table, &["split", "users with fewer than 6 interactions in training only"]);
    let model = spherec::model::Model::load(&place.path().join("model")).unwrap();
    let counts = |user: u32| {
        let of = |part: &spherec::data::Interactions| part.items_of(user).len();
        (of(&model.split.train), of(&model.split.valid) + of(&model.split.test))
    };
    let (mut few, mut many) = (0, 0);
    for user in 0..40 {
        let (train, held_out) = counts(user);
        if train + held_out < 6 {
            assert_eq!(held_out, 0, "user {user}");
            few += 1;
        } else {
            many += usize::from(held_out > 0);
        }
    }
    assert_eq!((few, many), (20, 20));
    let args = ["data", "split", "few.csv", "-o", "parts", "--ratio", "0.4:0.2:0.4", "--hold-out-from", "6"];
    succeed(place.path(), &args);
    let rows = fs::read_to_string(place.path().join("parts/train.csv")).unwrap().lines().count() - 1;
    assert_eq!(rows, model.split.train.len());
}
