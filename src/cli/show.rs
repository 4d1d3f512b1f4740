//! `spherec show`: what a model folder holds, and how it was made.

use super::console::{self, out, out_data, out_json};
use super::format::{counted, grouped};
use super::load_args::record_line;
use super::protocol::{TIES, left_out, split_text};
use super::{CommandResult, flags_toml, metrics_table};
use serde_json::{Value, json};
use spherec::data::Side;
use spherec::evaluate::Metrics;
use spherec::model::{Known, Model};
use spherec::printable::bytes;
use spherec::train::RunConfig;
use spherec::{Error, Result};
use std::path::{Path, PathBuf};

/// Show how a model was made: settings, data, split, protocol, versions, sizes and metrics
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Model folder
    model: PathBuf,
    /// Print JSON
    #[arg(long, conflicts_with = "toml")]
    json: bool,
    /// Print the settings as a config file for `spherec train --config`
    #[arg(long)]
    toml: bool,
}

const EXAMPLES: &str = "Examples:
  spherec show model
  spherec show model --toml > run.toml; spherec train ratings.csv -o again --config run.toml";

pub(crate) fn run(args: &Args) -> CommandResult {
    let model = Model::load(&args.model)?;
    let config: std::result::Result<RunConfig, _> = serde_json::from_value(model.record.config.clone());
    if args.toml {
        let unknown = |error| {
            Error::file(&args.model, format!("has settings that this version does not know: {error}"))
        };
        let config = config.map_err(unknown)?;
        let data = &model.record.data;
        let options = data.get("options").unwrap_or(&Value::Null);
        return out_data((flags_toml::files(data) + &flags_toml::flags(&config, options)).as_bytes());
    }
    let protocol = json!({
        "split": config.as_ref().map_or_else(|_| "unknown".to_owned(), split_text),
        "left_out": left_out(!model.split.valid.is_empty()),
        "ties": TIES,
    });
    let files = file_sizes(&args.model)?;
    if args.json {
        let record = &model.record;
        let report = json!({
            "version": record.spherec_version, "adapter": record.adapter, "data": record.data,
            "config": record.config, "protocol": protocol, "metrics": record.metrics,
            "geometry": model.embeddings.geometry, "item_bias": model.embeddings.has_bias(),
            "popularity": model.embeddings.has_bias().then_some(model.popularity),
            "users": model.users.len(), "items": model.items.len(), "dim": model.embeddings.dim,
            "features": features(&model),
            "train": model.split.train.len(), "valid": model.split.valid.len(), "test": model.split.test.len(),
            "files": files.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        });
        let text = serde_json::to_string_pretty(&report).map_err(|error| Error::Data(error.to_string()))?;
        return out_json(&text);
    }
    out(&table(&model, &protocol, &files))?;
    let parts = [("validation", "valid"), ("test", "test")];
    let rows: Vec<(&'static str, Metrics)> = parts
        .into_iter()
        .filter_map(|(shown, name)| {
            let metrics = model.record.metrics.get(name)?;
            Some((shown, serde_json::from_value(metrics.clone()).ok()?))
        })
        .collect();
    if rows.is_empty() { Ok(()) } else { out(&format!("\n{}", metrics_table::table(&rows))) }
}

/// The hidden units of the network of `side`; 0 if it is linear.
fn hidden(model: &Model, side: Side) -> usize {
    let network = model.embeddings.networks.iter().find(|network| network.side == side);
    network.map_or(0, |network| network.hidden)
}

/// The features of each side: how many, the hidden units of their network, and those whom features alone place.
fn features(model: &Model) -> Value {
    let of = |known: &Known| {
        let (features, hidden, cold) = (known.names.len(), hidden(model, known.side), known.cold_ids.len());
        (known.side.name().to_owned(), json!({"features": features, "hidden": hidden, "cold": cold}))
    };
    model.features.iter().map(of).collect::<serde_json::Map<_, _>>().into()
}

/// The sizes of the files in `folder` by name.
fn file_sizes(folder: &Path) -> Result<Vec<(String, u64)>> {
    let mut sizes = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder, "read"))? {
        let entry = entry.map_err(Error::io(folder, "read"))?;
        let size = entry.metadata().map_err(Error::io(&entry.path(), "read"))?;
        if size.is_file() {
            sizes.push((entry.file_name().to_string_lossy().into_owned(), size.len()));
        }
    }
    sizes.sort();
    Ok(sizes)
}

/// Adds a setting to the rows; if it has fields, each of them.
fn settings(rows: &mut Vec<(String, String)>, name: String, value: &Value, plain: &dyn Fn(&Value) -> String) {
    match value.as_object() {
        Some(fields) => {
            fields.iter().for_each(|(field, value)| settings(rows, format!("{name}.{field}"), value, plain));
        }
        None => rows.push((name, plain(value))),
    }
}

fn table(model: &Model, protocol: &Value, files: &[(String, u64)]) -> String {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let split = &model.split;
    let mut rows = vec![
        ("version".to_owned(), format!("spherec {}", model.record.spherec_version)),
        ("adapter".to_owned(), model.record.adapter.clone()),
    ];
    if let Some(line) = record_line(&model.record.data) {
        rows.push(("data".to_owned(), line));
    }
    if model.record.data["fold_in"].is_array() {
        let line = "people joined after the training; its metrics are from before".to_owned();
        rows.push(("fold-in".to_owned(), line));
    }
    rows.push(("users".to_owned(), grouped(model.users.len())));
    rows.push(("items".to_owned(), grouped(model.items.len())));
    for (name, part) in
        [("training", split.train.as_ref()), ("validation", &split.valid), ("test", &split.test)]
    {
        rows.push((format!("{name} interactions"), grouped(part.len())));
    }
    rows.push(("split".to_owned(), plain(&protocol["split"])));
    rows.push(("ranked".to_owned(), format!("all items except {}", plain(&protocol["left_out"]))));
    rows.push(("ties".to_owned(), TIES.to_owned()));
    rows.push(("geometry".to_owned(), plain(&json!(model.embeddings.geometry))));
    let bias = match model.embeddings.has_bias() {
        true => format!("yes; popularity {} (how much of it counts)", model.popularity),
        false => "none".to_owned(),
    };
    rows.push(("item bias".to_owned(), bias));
    for known in &model.features {
        let (word, hidden) = (known.side.word(), hidden(model, known.side));
        let how = match hidden {
            0 => "summed".to_owned(),
            hidden => format!("projected by {}", counted(hidden, "hidden unit")),
        };
        let line = format!(
            "{} {how}; {}",
            counted(known.names.len(), "feature"),
            counted(known.cold_ids.len(), &format!("cold {word}")),
        );
        rows.push((format!("{word} features"), line));
    }
    for (name, value) in model.record.config.as_object().into_iter().flatten() {
        if !["protocol", "hold_out_from", "geometry"].contains(&name.as_str()) {
            settings(&mut rows, name.clone(), value, &plain);
        }
    }
    for name in ["epoch", "epochs_done", "stop", "seconds"] {
        if let Some(value) = model.record.metrics.get(name) {
            rows.push((format!("run: {}", name.replace('_', " ")), plain(value)));
        }
    }
    rows.extend(files.iter().map(|(name, size)| (name.clone(), bytes(*size))));
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name, value]).collect();
    console::table(&[("what", false), ("value", false)], &rows)
}
