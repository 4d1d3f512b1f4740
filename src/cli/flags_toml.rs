//! A training as a config file: flags in TOML, which `spherec train --config` takes.

use super::model_names::RoleName;
use serde_json::Value as Json;
use spherec::data::Protocol;
use spherec::printable::printable;
use spherec::sampling::Negatives;
use spherec::step::{FeatureRole, Optimizer, Schedule};
use spherec::train::{FeatureNetwork, History, ItemBias, RunConfig, RunRecipe, Stopping, TrainConfig};
use std::borrow::Cow;
use toml::Value;

/// The flags of `config`, and `options`, the flags with which the data was read: a line each.
pub(crate) fn flags(config: &RunConfig, options: &Json) -> String {
    let mut text = String::new();
    let mut add = |name: &str, value: Value| text += &line(name, &value);
    for (name, value) in options.as_object().into_iter().flatten() {
        if let Ok(value) = Value::try_from(value) {
            add(name, value);
        }
    }
    match config.protocol() {
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
    add("hold-out-from", count(config.hold_out_from()));
    match config {
        RunConfig::Step(config) => add_step_flags(config, &mut add),
        RunConfig::Wrmf(config) => {
            let recipe = if config.features.is_some() { RunRecipe::Cdl } else { RunRecipe::Wrmf };
            add("recipe", Value::String(recipe.name().to_owned()));
            add("dim", count(config.dim));
            add("unobserved-weight", Value::Float(config.unobserved_weight));
            add("regularisation", Value::Float(config.regularisation));
            add("regularisation-exponent", Value::Float(config.regularisation_exponent));
            add_features(config.features, &mut add);
            add_length(&config.stopping, &mut add);
        }
        RunConfig::Popularity(_) => {
            add("recipe", Value::String(RunRecipe::Popularity.name().to_owned()));
        }
    }
    add("k", count(config.stopping().k));
    // TOML's integers end at 2^63. Flags also take texts.
    let seed = config.seed();
    add("seed", i64::try_from(seed).map_or_else(|_| Value::String(seed.to_string()), Value::Integer));
    text
}

fn count(count: usize) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

/// How long to train.
fn add_length(stopping: &Stopping, add: &mut dyn FnMut(&str, Value)) {
    add("epochs", count(stopping.epochs));
    add("evaluate-every", count(stopping.evaluate_every));
    add("patience", count(stopping.patience));
}

/// The flags of the network for features, if there is one.
fn add_features(network: Option<FeatureNetwork>, add: &mut dyn FnMut(&str, Value)) {
    if let Some(FeatureNetwork { hidden, dropout, role }) = network {
        add("hidden", count(hidden));
        if hidden > 0 {
            add("dropout", Value::Float(dropout));
        }
        if let FeatureRole::Near { weight } = role {
            add("feature-weight", Value::Float(weight));
        }
    }
}

/// The flags of a run of steps.
fn add_step_flags(config: &TrainConfig, add: &mut dyn FnMut(&str, Value)) {
    add("sampler", Value::String(config.negatives.sampler().to_owned()));
    match config.negatives {
        Negatives::Uniform { .. } => {}
        Negatives::Popularity { beta, .. } => add("beta", Value::Float(beta)),
        Negatives::TwoStage { beta, candidates, hardness, .. } => {
            add("beta", Value::Float(beta));
            add("candidates", count(candidates));
            add("hardness", Value::Float(hardness));
        }
        Negatives::Shared { beta, candidates } => {
            add("beta", Value::Float(beta));
            add("candidates", count(candidates));
        }
    }
    add("batch-size", count(config.batch_size));
    if config.negatives.count() > 0 {
        add("negatives", count(config.negatives.count()));
    }
    add("dim", count(config.dim));
    add("geometry", Value::String(config.geometry.name().to_owned()));
    add("loss", Value::String(config.loss.name().to_owned()));
    for (name, value) in config.loss.constants() {
        let value = if name == "rank_weight" { Value::Boolean(value != 0.0) } else { Value::Float(value) };
        add(&name.replace('_', "-"), value);
    }
    add("gor-weight", Value::Float(config.regularisers.gor_weight));
    add("covariance-weight", Value::Float(config.regularisers.covariance_weight));
    add("start-norm", Value::Float(config.start_norm));
    add("item-bias", Value::Boolean(config.item_bias.is_some()));
    if let Some(ItemBias { rate, start }) = config.item_bias {
        add("item-bias-rate", Value::Float(rate));
        add("item-bias-start", Value::Float(start));
    }
    add("history", Value::Float(config.history.map_or(0.0, |history| history.weight)));
    if let Some(History { cap, user_points, .. }) = config.history {
        add("history-cap", count(cap));
        add("no-user-points", Value::Boolean(!user_points));
    }
    if let Some(FeatureNetwork { role, .. }) = config.features {
        add("features-as", Value::String(RoleName::of(role).shown().to_owned()));
    }
    add_features(config.features, add);
    let (schedule, learning_rate) = match config.schedule {
        Schedule::Constant { learning_rate } => ("constant", learning_rate),
        Schedule::Linear { learning_rate } => ("linear", learning_rate),
    };
    add("schedule", Value::String(schedule.to_owned()));
    add("learning-rate", Value::Float(learning_rate));
    add("optimizer", Value::String(config.optimizer.name().to_owned()));
    if let Optimizer::Adam { betas: (first, second), .. } = config.optimizer {
        add("betas", Value::Array(vec![Value::Float(first), Value::Float(second)]));
    }
    if config.optimizer.epsilon() > 0.0 {
        add("epsilon", Value::Float(config.optimizer.epsilon()));
    }
    add_length(&config.stopping, add);
}

/// The files that held something out and those of features, as flags, and the training file as a comment.
pub(crate) fn files(data: &Json) -> String {
    let mut text = String::new();
    if let Some(path) = data.get("train").and_then(Json::as_str) {
        text += &format!("# trained on {}\n", path.escape_debug());
    }
    let held_out = ["valid", "test"].into_iter().filter_map(|name| Some((name, data.get(name)?)));
    let features = data.get("features").and_then(Json::as_object).into_iter().flatten();
    for (name, value) in held_out.chain(features.map(|(name, value)| (name.as_str(), value))) {
        match Value::try_from(value) {
            Ok(Value::String(path)) if path == "<stdin>" => {
                text += &format!("# --{} was standard input\n", name.escape_debug());
            }
            Ok(value) => text += &line(name, &value),
            Err(_) => {}
        }
    }
    text
}

/// A line of the file. Names and texts may come from a model of others: they cannot add a line, or move the cursor.
fn line(name: &str, value: &Value) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let name = if name.chars().all(is_plain) && !name.is_empty() { name.to_owned() } else { quoted(name) };
    match value {
        Value::String(text) => format!("{name} = {}\n", quoted(text)),
        value => format!("{name} = {}\n", printable(&value.to_string())),
    }
}

/// `text` as a basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            _ if matches!(printable(c.encode_utf8(&mut [0; 4])), Cow::Borrowed(_)) => quoted.push(c),
            _ => quoted += &format!("\\U{:08X}", u32::from(c)),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::{line, quoted};
    use toml::{Table, Value};

    #[test]
    fn hostile_names_and_texts_are_one_plain_line_and_come_back() {
        for text in ["a\"b\\c", "a\nseed = 9", "\u{1b}[31m\u{202e}", "caf\u{e9}", "", "a.b"] {
            let line = line(text, &Value::String(text.to_owned()));
            assert!(!line.trim_end().contains(['\n', '\u{1b}', '\u{202e}']), "{line:?}");
            let table: Table = line.parse().unwrap();
            assert_eq!(
                table.into_iter().collect::<Vec<_>>(),
                [(text.to_owned(), Value::String(text.to_owned()))]
            );
        }
        assert_eq!(line("min-rating", &Value::Integer(4)), "min-rating = 4\n");
        assert_eq!(quoted("x"), "\"x\"");
    }
}
