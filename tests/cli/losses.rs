//! Recipes, losses and samplers by their flags: what each trains, and that a record of it trains the same again.

use crate::support::{SMALL, TWO_STAGE, assert_line, place, shared, succeed};
use serde_json::{Value, json};
use spherec::step::Loss;
use spherec::train::{Recipe, TrainConfig, defaults};
use std::fs;
use std::path::Path;

fn train(folder: &Path, output: &str, flags: &[&str]) -> (String, String) {
    succeed(folder, &[&["train", shared("interactions.csv"), "-o", output, "--force"], flags].concat())
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("model.json")).unwrap()).unwrap()
}

#[test]
fn a_training_without_flags_is_the_recipe_softmax() {
    let place = place();
    let (_, err) = train(place.path(), "model", &[]);
    assert_eq!(err.lines().next(), Some("recipe softmax: softmax loss, shared negatives, item bias"));
    assert_line(&err, &["warning: ", "--candidates 500", "100"]);
    let epochs = TrainConfig::default().stopping.epochs;
    assert_line(&err, &[&format!("done: {epochs} epochs"), "popularity", "validation"]);
    let all = manifest(&place.path().join("model"));
    assert_eq!(all["config"], serde_json::to_value(TrainConfig::default()).unwrap());
    assert!(all["metrics"]["test"]["ndcg"].as_f64().unwrap() > 0.3, "{}", all["metrics"]);
    // What the commands make of the item bias that was learned.
    let (table, _) = succeed(place.path(), &["show", "model"]);
    assert_line(&table, &["item bias", "yes", "popularity"]);
    let list = |dial: &str| {
        let (csv, _) = succeed(place.path(), &["recommend", "model", "--user", "u0", "--popularity", dial]);
        let row = csv.lines().nth(1).unwrap().split(',').skip(3).take(2).map(|x| x.parse::<f64>().unwrap());
        row.collect::<Vec<f64>>()
    };
    let ([plain, whole], close) = ([list("0"), list("1")], 1e-5);
    assert!((plain[0] - plain[1]).abs() < close && (whole[0] - whole[1]).abs() > 1e-3, "{plain:?} {whole:?}");
    let (_, err) = succeed(place.path(), &["export", "model", "-o", "out"]);
    assert_line(&err, &["rows of 129 numbers", "L2"]);
}

#[test]
fn recipes_and_what_flags_change_of_them() {
    let place = place();
    let first = |output: &str, flags: &[&str]| {
        let (_, err) = train(place.path(), output, &[flags, &["--epochs", "1", "--dim", "4"]].concat());
        (err.lines().next().unwrap().to_owned(), manifest(&place.path().join(output))["config"].clone())
    };
    let (line, config) = first("two-stage", &TWO_STAGE);
    assert_eq!(line, "recipe two-stage-2019 with changes: triplet loss, two-stage negatives");
    let recipe = Recipe::TwoStage2019.config();
    let stopping = spherec::train::Stopping { epochs: 1, ..recipe.stopping };
    assert_eq!(config, serde_json::to_value(TrainConfig { dim: 4, stopping, ..recipe }).unwrap());
    // The paper's baselines have its regulariser no more.
    let (line, config) = first("uniform", &[&TWO_STAGE[..], &["--sampler", "uniform"]].concat());
    assert_eq!(line, "recipe two-stage-2019 with changes: triplet loss, uniform negatives");
    assert_eq!((&config["regularisers"]["gor_weight"], &config["item_bias"]), (&0.0.into(), &Value::Null));
    assert_eq!((&config["negatives"]["count"], &config["schedule"]["kind"]), (&1.into(), &"constant".into()));
    // Baselines of inner products.
    let (line, config) = first("warp", &["--loss", "warp", "--sampler", "popularity"]);
    assert_eq!(line, "recipe softmax with changes: warp loss, popularity negatives, item bias");
    assert_eq!((&config["geometry"], &config["item_bias"]["start"]), (&"dot".into(), &0.0.into()));
    // The paper's own protocol, and settings of each part of the recipe that flags change.
    let (line, config) = first("cml", &["--recipe", "cml-2017", "--margin", "0.7"]);
    assert_eq!(line, "recipe cml-2017 with changes: triplet loss, uniform negatives");
    let recipe = Recipe::Cml2017.config();
    let stopping = spherec::train::Stopping { epochs: 1, ..recipe.stopping };
    let loss = Loss::Triplet { margin: 0.7, rank_weight: true };
    assert_eq!(config, serde_json::to_value(TrainConfig { dim: 4, stopping, loss, ..recipe }).unwrap());
    assert_eq!((&config["protocol"]["valid_fraction"], &config["hold_out_from"]), (&0.2.into(), &5.into()));
    let (line, config) = first("history", &["--history", "0.5"]);
    assert_eq!(line, "recipe softmax with changes: softmax loss, shared negatives, item bias, history");
    let cap = defaults::HISTORY_CAP;
    assert_eq!(config["history"], json!({ "weight": 0.5, "cap": cap, "user_points": true }));
    let (_, config) = first("bpr", &["--loss", "bpr", "--geometry", "sphere"]);
    assert_eq!((&config["geometry"], &config["negatives"]["kind"]), (&"sphere".into(), &"shared".into()));
}

#[test]
fn every_loss_and_sampler_beats_chance() {
    let place = place();
    let shared_few = ["--sampler", "shared", "--candidates", "40"];
    let two_stage = ["--sampler", "two-stage", "--beta", "0", "--hardness", "1.5", "--candidates", "50"];
    for (loss, sampler, flags) in [
        ("triplet", &["--sampler", "uniform"][..], &[][..]),
        ("triplet", &["--sampler", "popularity", "--beta", "1"], &["--item-bias=false"]),
        ("triplet", &two_stage, &["--gor-weight", "0.01"]),
        ("triplet", &shared_few, &["--rank-weight"]),
        (
            "triplet",
            &["--sampler", "uniform"],
            &["--recipe", "cml-2017", "--negatives", "10", "--learning-rate", "0.1"],
        ),
        (
            "softmax",
            &shared_few,
            &[
                "--geometry",
                "ball",
                "--optimizer",
                "adagrad",
                "--learning-rate",
                "0.1",
                "--covariance-weight",
                "10",
            ],
        ),
        ("hinge-sum", &shared_few, &["--margin", "0.5"]),
        ("hinge-sum", &["--sampler", "popularity"], &["--negatives", "3"]),
        ("contrastive", &shared_few, &["--margin", "0.3", "--contrastive-weight", "20"]),
        ("contrastive", &["--sampler", "uniform"], &["--negatives", "5", "--margin", "0.3"]),
        ("softmax", &two_stage, &["--temperature", "0.3", "--negatives", "3"]),
        ("softmax", &shared_few, &["--geometry", "dot", "--temperature", "1"]),
        ("bpr", &["--sampler", "uniform"], &["--start-norm", "0.5"]),
        ("bpr", &shared_few, &["--geometry", "sphere"]),
        ("softmax", &shared_few, &["--history", "1"]),
        ("triplet", &two_stage, &["--history", "0.7", "--no-user-points", "--history-cap", "4"]),
        ("warp", &["--sampler", "uniform"], &["--negatives", "8"]),
        ("warp", &["--sampler", "popularity"], &["--negatives", "5", "--geometry", "sphere"]),
    ] {
        let (table, _) = train(place.path(), "model", &[&SMALL, sampler, flags, &["--loss", loss]].concat());
        assert!(table.contains("validation") && table.contains("test"), "{table}");
        let all = manifest(&place.path().join("model"));
        assert_eq!(
            (&all["config"]["loss"]["kind"], &all["config"]["negatives"]["kind"]),
            (&loss.into(), &sampler[1].into())
        );
        // Chance is about 0.1 at k = 10 of 100 items.
        let ndcg = all["metrics"]["test"]["ndcg"].as_f64().unwrap();
        assert!(ndcg > 0.2, "{loss} {sampler:?} {flags:?}: NDCG {ndcg}");
    }
}

#[test]
fn the_settings_that_show_gives_back_train_the_same_again() {
    let place = place();
    let tables = |model: &str| fs::read(place.path().join(model).join("model.safetensors")).unwrap();
    for flags in [
        &["--candidates", "40", "--temperature", "0.15", "--item-bias-start", "0.5"][..],
        &["--recipe", "cml-2017", "--covariance-weight", "3", "--epsilon", "1e-9"],
        &["--candidates", "40", "--history", "0.5", "--history-cap", "4", "--no-user-points"],
        &["--loss", "contrastive", "--contrastive-weight", "7", "--item-bias=false", "--geometry", "dot"],
        &[
            "--recipe",
            "two-stage-2019",
            "--rank-weight",
            "--negatives",
            "2",
            "--hardness",
            "paper",
            "--seed",
            "3",
        ],
        &[
            "--loss",
            "warp",
            "--sampler",
            "popularity",
            "--negatives",
            "4",
            "--optimizer",
            "sgd",
            "--schedule",
            "linear",
        ],
    ] {
        train(place.path(), "model", &[flags, &["--epochs", "1", "--dim", "8"]].concat());
        let (toml, _) = succeed(place.path(), &["show", "model", "--toml"]);
        fs::write(place.path().join("shown.toml"), &toml).unwrap();
        train(place.path(), "again", &["--config", "shown.toml"]);
        let config = |model: &str| manifest(&place.path().join(model))["config"].clone();
        assert_eq!(config("again"), config("model"), "{toml}");
        assert_eq!(succeed(place.path(), &["show", "again", "--toml"]).0, toml);
        assert!(tables("again") == tables("model"), "{flags:?}: the same settings gave another model");
    }
}
