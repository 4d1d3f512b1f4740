//! A training as a config file: flags in TOML, which `spherec train --config` takes.

use serde_json::Value as Json;
use spherec::data::Protocol;
use spherec::optimizer::Optimizer;
use spherec::sampling::Sampler;
use spherec::train::TrainConfig;
use toml::Value;

/// The flags of `config` and of `options`, those with which the data was read, a line each.
pub(crate) fn flags(config: &TrainConfig, options: &Json) -> String {
    let mut text = String::new();
    let mut add = |name: &str, value: Value| text += &format!("{name} = {value}\n");
    let count = |count: usize| Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
    for (name, value) in options.as_object().into_iter().flatten() {
        if let Ok(value) = Value::try_from(value) {
            add(name, value);
        }
    }
    match config.protocol {
        Protocol::Holdout { test_fraction, valid_fraction } => {
            add("test-fraction", Value::Float(test_fraction));
            add("valid-fraction", Value::Float(valid_fraction));
        }
        Protocol::Folds { count: folds, fold, valid_fraction } => {
            add("folds", count(folds));
            add("fold", count(fold));
            add("valid-fraction", Value::Float(valid_fraction));
        }
        // A validation file excludes the flag.
        Protocol::Files { valid_fraction } if valid_fraction > 0.0 => {
            add("valid-fraction", Value::Float(valid_fraction));
        }
        Protocol::Files { .. } | Protocol::LeaveOneOut { .. } => {}
    }
    add("sampler", Value::String(config.sampler.name().to_owned()));
    match config.sampler {
        Sampler::Uniform => {}
        Sampler::Popularity { beta } => add("beta", Value::Float(beta)),
        Sampler::TwoStage { beta, candidate_count, hardness } => {
            add("beta", Value::Float(beta));
            add("candidates", count(candidate_count));
            add("hardness", Value::Float(hardness));
        }
    }
    add("batch-size", count(config.batch_size));
    add("negatives", count(config.negative_count));
    add("dim", count(config.dim));
    add("margin", Value::Float(config.margin));
    add("gor-weight", Value::Float(config.gor_weight));
    add("learning-rate", Value::Float(config.learning_rate));
    match config.optimizer {
        Optimizer::Sgd => add("optimizer", Value::String("sgd".to_owned())),
        Optimizer::Adam => {
            add("optimizer", Value::String("adam".to_owned()));
            let (first, second) = config.betas;
            add("betas", Value::Array(vec![Value::Float(first), Value::Float(second)]));
            add("epsilon", Value::Float(config.epsilon));
        }
    }
    add("epochs", count(config.epochs));
    add("evaluate-every", count(config.evaluate_every));
    add("patience", count(config.patience));
    add("k", count(config.k));
    // TOML's whole numbers end at 2^63; a flag takes a text, too.
    let seed =
        i64::try_from(config.seed).map_or_else(|_| Value::String(config.seed.to_string()), Value::Integer);
    add("seed", seed);
    text
}

/// The files that held something out, as flags, and the training file as a comment.
pub(crate) fn files(data: &Json) -> String {
    let mut text = String::new();
    let shown = |name: &str| data.get(name).and_then(Json::as_str);
    if let Some(path) = shown("train") {
        text += &format!("# trained on {}\n", path.escape_debug());
    }
    for name in ["valid", "test"] {
        match shown(name) {
            Some("<stdin>") => text += &format!("# --{name} was standard input\n"),
            Some(path) => text += &format!("{name} = {}\n", Value::String(path.to_owned())),
            None => {}
        }
    }
    text
}
