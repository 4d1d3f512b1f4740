//! `spherec train`: from a file to a model folder.

use super::format::counted;
use super::metrics_log::MetricsLog;
use super::progress::{Progress, split_line};
use super::train_args::Args;
use super::{CommandResult, Failure, console, interrupts, load_args, metrics_table};
use console::note;
use serde_json::json;
use spherec::data::{self, Dataset, Interactions, LoadOptions, Split};
use spherec::evaluate::{Metrics, evaluate};
use spherec::gpu::{AdapterSummary, Gpu};
use spherec::model::{Model, Record, check_output};
use spherec::train::{Event, Recipe, Stop, TrainConfig, Trained, train};
use spherec::{Error, Result};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Printed at the first interrupt.
const INTERRUPTED: &str =
    "interrupted: finishing the current steps and saving the model; interrupt again to quit at once";

pub(crate) fn run(args: &Args) -> CommandResult {
    // Check everything that can be checked before the work begins.
    let config = args.config()?;
    if !args.quiet {
        note(&recipe_line(args.recipe(), &config));
    }
    check_output(&args.output)?;
    if !args.quiet && args.output.join("model.json").exists() {
        note(&format!("{} holds a model; this training will replace it", args.output.display()));
    }
    let (dataset, split) = read(args, &config)?;
    let gpu = Arc::new(Gpu::open(&args.adapter())?);
    let adapter = gpu.adapter().clone();
    if !args.quiet {
        tell_adapter(&adapter);
    }
    let interrupt = interrupts::watch(INTERRUPTED)?;
    let start = Instant::now();
    let (mut log, mut progress) = (MetricsLog::new(&args.output), Progress::new(args.quiet));
    let trained = train(gpu, &split, &config, &interrupt, &mut |event| {
        let logged = log.add(event);
        progress.show(event);
        tell_log(&progress, event, &log, logged);
    });
    progress.finish();
    let trained = trained.inspect_err(|_| leave(&mut log, args.quiet))?;
    let seconds = start.elapsed().as_secs_f64();
    if !args.quiet {
        note(&ending(&trained, &config));
    }
    let test = if interrupt.load(Ordering::Relaxed) { None } else { test(&trained, &split, &config)? };
    let metrics = json!({
        "epoch": trained.epoch, "epochs_done": trained.epochs_done, "stop": trained.stop,
        "valid": trained.valid, "test": test,
        "seconds": seconds, "timing": trained.timing,
    });
    let valid = trained.valid;
    let record = Record {
        config: serde_json::to_value(&config).map_err(|error| Error::Data(error.to_string()))?,
        metrics,
        adapter: format!("{} ({}, {})", adapter.name, adapter.backend, adapter.driver),
        data: args.data_record(),
        ..Record::default()
    };
    let failure = trained.failure;
    let Dataset { users, items, .. } = dataset;
    let (embeddings, popularity) = (trained.embeddings, trained.popularity);
    let model = Model { embeddings, popularity, users, items, split, record };
    save(&model, &args.output, &mut log, args.quiet)?;
    if !args.quiet {
        note(&format!("saved {}", args.output.display()));
        let parts = [("validation", valid), ("test", test)];
        let rows: Vec<_> = parts.into_iter().filter_map(|(part, metrics)| Some((part, metrics?))).collect();
        if !rows.is_empty() {
            console::out(&metrics_table::table(&rows))?;
        }
    }
    if let Some(error) = failure {
        note(&format!("training failed; {} holds the best model so far", args.output.display()));
        return Err(error.into());
    }
    if interrupt.load(Ordering::Relaxed) { Err(Failure::Interrupted) } else { Ok(()) }
}

/// What the run is made of, in a line.
fn recipe_line(recipe: Recipe, config: &TrainConfig) -> String {
    let is_changed = recipe.config() != TrainConfig { protocol: recipe.config().protocol, ..config.clone() };
    format!(
        "recipe {}{}: {} loss, {} negatives{}",
        recipe.name(),
        if is_changed { " with changes" } else { "" },
        config.loss.name(),
        config.negatives.sampler(),
        if config.item_bias.is_some() { ", item bias" } else { "" },
    )
}

/// Loads and splits the data.
fn read(args: &Args, config: &TrainConfig) -> Result<(Dataset, Split)> {
    let options = args.load.options();
    let files = [&args.protocol.valid, &args.protocol.test].map(Option::as_deref);
    let is_input = |path: &Path| path.as_os_str() == "-";
    if [Some(&*args.data), files[0], files[1]].into_iter().flatten().filter(|path| is_input(path)).count() > 1
    {
        return Err(Error::Data("only one of the files can be standard input (`-`)".to_owned()));
    }
    let (dataset, report) = data::load(&args.data, &options)?;
    if !args.quiet {
        load_args::tell_format(&args.data, &report);
        load_args::tell_data(&report);
        load_args::tell_published(args.load.filters.preset);
    }
    let split = data::split(&dataset.interactions, &config.protocol, config.seed)?;
    let (mut dataset, split) = if files == [None, None] {
        (dataset, split)
    } else {
        join(dataset, &split, files, &options, args.quiet)?
    };
    // Only the split is used from here on: free the memory.
    dataset.interactions = Interactions::default();
    if !args.quiet {
        note(&split_line(&split));
        if split.valid.is_empty() {
            note("no validation part (--valid-fraction): all epochs run, and the last one is kept");
        }
    }
    Ok((dataset, split))
}

/// Adds the validation and test `files` to the split of a training file.
fn join(
    dataset: Dataset,
    split: &Split,
    files: [Option<&Path>; 2],
    options: &LoadOptions,
    quiet: bool,
) -> Result<(Dataset, Split)> {
    let mut held_out = [None, None];
    for (path, held_out) in files.iter().zip(&mut held_out) {
        let Some(path) = path else { continue };
        let (dataset, report) = data::load(path, &options.rows_only())?;
        if !quiet {
            load_args::tell_format(path, &report);
        }
        *held_out = Some(dataset);
    }
    let [valid, test] = held_out;
    let (dataset, split, reports) = data::join(dataset, split, valid.as_ref(), test.as_ref());
    for ((path, part), report) in files.iter().zip([&split.valid, &split.test]).zip(&reports) {
        let Some(path) = path else { continue };
        if !quiet {
            load_args::tell_held_out(path, report);
        }
        if part.is_empty() {
            let message = "has no usable interaction: its users are not in the training file, or its pairs are \
                           already in training";
            return Err(Error::file(path, message));
        }
    }
    Ok((dataset, split))
}

/// Names the adapter, and warns if it is not a GPU.
pub(crate) fn tell_adapter(adapter: &AdapterSummary) {
    note(&format!("adapter: {} ({}, {})", adapter.name, adapter.backend, adapter.driver));
    if adapter.kind == "cpu" {
        console::note_lines(&cpu_warning(console::err_is_terminal()));
    }
}

/// The warning that no GPU is in use: a box on a terminal, one line elsewhere.
pub(crate) fn cpu_warning(on_terminal: bool) -> String {
    const TEXT: &str = "this adapter is software on the CPU: it works, but a GPU is many times faster";
    if on_terminal {
        let bar = "!".repeat(TEXT.len() + 6);
        format!("{bar}\n!! {TEXT} !!\n{bar}")
    } else {
        format!("warning: {TEXT}")
    }
}

/// Says where the log is. A log that cannot be written is only a warning: the model matters more.
fn tell_log(progress: &Progress, event: &Event, log: &MetricsLog, logged: Result<()>) {
    match (event, log.path(), logged) {
        (_, _, Err(error)) => {
            progress.line(&format!("warning: {error}; training goes on, and the model will have its log"));
        }
        (Event::Started { .. }, Some(path), Ok(())) => {
            progress.line(&format!("log until the model is saved: {}", path.display()));
        }
        _ => {}
    }
}

/// For a training that ends without a model: says where the log is, or removes it if it has no epoch.
fn leave(log: &mut MetricsLog, quiet: bool) {
    if log.is_empty() {
        remove_log(log);
    } else if let (Some(path), false) = (log.path(), quiet) {
        note(&format!("the log of this training is {}", path.display()));
    }
}

fn remove_log(log: &mut MetricsLog) {
    if let Err(error) = log.remove_file() {
        note(&format!("warning: {error}"));
    }
}

fn ending(trained: &Trained, config: &TrainConfig) -> String {
    let reason = match trained.stop {
        Stop::Epochs => format!("done: {}", counted(trained.epochs_done, "epoch")),
        Stop::Patience => format!(
            "stopped after epoch {}: {} evaluations without improvement (--patience)",
            trained.epochs_done, config.stopping.patience
        ),
        Stop::Failed => format!("training failed in epoch {}", trained.epochs_done + 1),
        Stop::Interrupted => format!("interrupted in epoch {}", trained.epochs_done),
    };
    let best = trained.valid.map(|_| format!("; the best was epoch {}", trained.epoch));
    let dial = trained.embeddings.has_bias().then(|| match trained.valid {
        Some(_) => format!("; popularity {} is best on the validation part", trained.popularity),
        None => format!("; popularity {}", trained.popularity),
    });
    reason + &best.unwrap_or_default() + &dial.unwrap_or_default()
}

/// The metrics on the test part, if there is one.
fn test(trained: &Trained, split: &Split, config: &TrainConfig) -> Result<Option<Metrics>> {
    if split.test.is_empty() {
        return Ok(None);
    }
    let (embeddings, popularity) = (&trained.embeddings, trained.popularity);
    let (train, valid, test) = (&split.train, Some(&split.valid), &split.test);
    let all = evaluate(embeddings, popularity, train, valid, test, &[config.stopping.k])?;
    Ok(all.into_iter().next())
}

/// Saves the model with its log, then removes the log beside it. If `folder` has become unusable, the model
/// goes to the system's temporary folder, so that the work is not lost.
fn save(model: &Model, folder: &Path, log: &mut MetricsLog, quiet: bool) -> Result<()> {
    let csv = log.csv();
    let extra = [("metrics.jsonl", log.jsonl()), ("metrics.csv", csv.as_slice())];
    let saved = match model.save(folder, &extra) {
        Ok(()) => Ok(()),
        Err(error) => {
            let rescue = std::env::temp_dir().join(format!("spherec-model-{}", std::process::id()));
            if model.save(&rescue, &extra).is_err() {
                leave(log, quiet);
                return Err(error);
            }
            Err(Error::Data(format!("{error}; the model was saved as {} instead", rescue.display())))
        }
    };
    remove_log(log);
    saved
}
