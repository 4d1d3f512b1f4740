//! `spherec train`: from a file to a model folder.

use super::format::counted;
use super::metrics_log::MetricsLog;
use super::progress::{Progress, split_line};
use super::train_args::Args;
use super::{CommandResult, Failure, console, interrupts, load_args, metrics_table};
use console::note;
use serde_json::json;
use spherec::checkpoint::{Checkpoint, Keeper, Run, TrainingFolder};
use spherec::data::{self, Dataset, Interactions, LoadOptions, Side, Split};
use spherec::evaluate::{Metrics, evaluate};
use spherec::experiment::ON_CPU;
use spherec::gpu::{AdapterSummary, Gpu};
use spherec::model::{Known, Model, Record, check_output, clean_up, set_metrics};
use spherec::printable::printable;
use spherec::step::Schedule;
use spherec::train::{Restart, RunConfig, RunRecipe, Stop, Trained, TrainingData, run_from};
use spherec::{Error, Result};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Printed at the first interrupt.
const INTERRUPTED: &str =
    "interrupted: finishing the current steps and keeping a checkpoint; interrupt again to quit at once";

pub(crate) fn run(args: &Args) -> CommandResult {
    check_output(args.output())?;
    if args.checkpoints.resume.is_some() { resume(args) } else { start(args) }
}

/// A new training.
fn start(args: &Args) -> CommandResult {
    // Check everything that can be checked before the work begins.
    let config = args.config()?;
    if !args.quiet {
        note(&recipe_line(args.recipe(), &config));
    }
    let model = args.output();
    check_free(model, args.checkpoints.force)?;
    if !args.quiet && model.join("model.json").exists() {
        note(&format!("{} holds a model; this training will replace it", model.display()));
    }
    let (dataset, split) = read(args, &config)?;
    let (features, lines) = args.features.read_all(&dataset, &args.load)?;
    if !args.quiet {
        lines.iter().for_each(|line| note(&printable(line)));
    }
    let gpu = open(args, &config)?;
    let run = Run {
        features,
        config,
        data: args.data_record(),
        adapter: adapter_name(gpu.as_ref()),
        users: dataset.users,
        items: dataset.items,
        split,
    };
    let folder = TrainingFolder::create(model)?;
    work(args, gpu, folder, run, None)
}

/// Refuses to replace a model, or a training that can go on, without --force.
fn check_free(model: &Path, force: bool) -> Result<()> {
    if force {
        return Ok(());
    }
    let name = model.display();
    if TrainingFolder::has_checkpoint(model)? {
        let message = format!(
            "an unfinished training of {name} is there: --resume {name} goes on with it, --force starts anew"
        );
        return Err(Error::file(&TrainingFolder::path_beside(model)?, message));
    }
    if model.join("model.json").exists() {
        return Err(Error::file(model, "holds a model; --force replaces it once the new one is complete"));
    }
    Ok(())
}

/// Goes on with a training.
fn resume(args: &Args) -> CommandResult {
    let folder = TrainingFolder::open(args.output())?;
    let (mut run, checkpoint, damaged) = folder.load()?;
    let tell = |line: &str| {
        if !args.quiet {
            note(line);
        }
    };
    for message in damaged {
        tell(&format!("warning: {message}; an earlier checkpoint is taken"));
    }
    run.config.set_epochs(checkpoint.state.epochs);
    if let Some(epochs) = args.epochs() {
        check_epochs(epochs, &run.config, &checkpoint)?;
        run.config.set_epochs(epochs);
    }
    let (done, epochs) = (checkpoint.state.epochs_done, run.config.stopping().epochs);
    if done >= epochs && checkpoint.state.evaluated >= done && !args.checkpoints.finish {
        let message = format!("has done its {}; --epochs makes it longer", counted(epochs, "epoch"));
        return Err(Error::file(folder.path(), message).into());
    }
    tell(&format!("going on after epoch {done} of {epochs}, at step {}", checkpoint.state.step));
    let gpu = open(args, &run.config)?;
    let adapter = adapter_name(gpu.as_ref());
    if adapter != run.adapter {
        let began = printable(&run.adapter);
        tell(&format!(
            "warning: the training began on {began}; on another adapter it does not end at the same bits"
        ));
    }
    work(args, gpu, folder, run, Some(checkpoint))
}

fn check_epochs(epochs: usize, config: &RunConfig, checkpoint: &Checkpoint) -> Result<()> {
    let done = checkpoint.state.epochs_done;
    if epochs <= done {
        return Err(Error::setting(
            "--epochs",
            format!("must be above the {done} that are done, but is {epochs}"),
        ));
    }
    let planned = config.stopping().epochs;
    let is_linear =
        matches!(config, RunConfig::Step(config) if matches!(config.schedule, Schedule::Linear { .. }));
    if epochs != planned && is_linear {
        let message = format!(
            "must stay {planned}, but is {epochs}: the learning rate falls to zero in a straight line (--schedule linear)",
        );
        return Err(Error::setting("--epochs", message));
    }
    Ok(())
}

/// Trains, saves, tests.
fn work(
    args: &Args,
    gpu: Option<Arc<Gpu>>,
    folder: TrainingFolder,
    run: Run,
    mut checkpoint: Option<Checkpoint>,
) -> CommandResult {
    if !args.quiet {
        if let Some(gpu) = &gpu {
            tell_adapter(gpu.adapter());
        }
        note(&format!("log and checkpoints until the model is saved: {}", folder.path().display()));
    }
    let so_far = checkpoint.as_ref().map_or("", |checkpoint| &checkpoint.log);
    let prepared = clean_up(args.output()).and_then(|lines| {
        lines.iter().for_each(|line| note(line));
        Ok((interrupts::watch(INTERRUPTED)?, MetricsLog::create(folder.log_path(), so_far)?))
    });
    let (interrupt, mut log) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            if checkpoint.is_none() {
                remove(folder);
            }
            return Err(error.into());
        }
    };
    let start = Instant::now();
    let mut progress = Progress::new(args.quiet);
    let flags = &args.checkpoints;
    let mut keeper = Keeper::new(&folder, &run, flags.pace(), flags.keep_checkpoint, checkpoint.is_some());
    let best = checkpoint.as_mut().and_then(|checkpoint| checkpoint.best.take());
    let read = |part| match &checkpoint {
        Some(checkpoint) => checkpoint.part(part),
        None => Err(Error::Data("there is no checkpoint".to_owned())),
    };
    let restart = checkpoint.as_ref().map(|checkpoint| Restart {
        state: checkpoint.state.clone(),
        best,
        read: &read,
        finish: flags.finish,
    });
    let data = TrainingData { split: &run.split, features: &run.features };
    let (gpu, config) = (gpu.as_ref(), &run.config);
    let trained = run_from(gpu, data, config, restart, &mut keeper, &interrupt, &mut |event| {
        let logged = log.add(event);
        progress.show(event);
        // A log that cannot be written is only a warning: the model matters more.
        if let Err(error) = logged {
            progress.line(&format!("warning: {error}; training goes on, and the model will have its log"));
        }
    });
    progress.finish();
    let trained = match trained {
        Ok(trained) => trained,
        Err(error) => {
            leave(args, folder, &log);
            return Err(error.into());
        }
    };
    if !args.quiet {
        note(&ending(&trained, &run.config));
    }
    let seconds = start.elapsed().as_secs_f64();
    let Run { config, data, adapter, users, items, split, features } = run;
    let mut metrics = json!({
        "epoch": trained.epoch, "epochs_done": trained.epochs_done, "stop": trained.stop,
        "valid": trained.valid, "test": null,
        "seconds": seconds, "timing": trained.timing,
    });
    let record = Record {
        config: serde_json::to_value(&config).map_err(|error| Error::Data(error.to_string()))?,
        metrics: metrics.clone(),
        adapter,
        data,
        ..Record::default()
    };
    let Trained { embeddings, popularity, valid, stop, failure, .. } = trained;
    if stop == Stop::Interrupted {
        leave(args, folder, &log);
        return Err(failure.map_or(Failure::Interrupted, Failure::Request));
    }
    let features = Known::of(&embeddings, &features);
    let model = Model { embeddings, popularity, users, items, split, features, record };
    if let Some(error) = failure {
        let best = folder.best_model_path();
        save(&model, &best, &log)?;
        note(&format!("training failed; {} holds the best model so far", best.display()));
        leave(args, folder, &log);
        return Err(error.into());
    }
    // Saved before it is tested: nothing that follows can lose it.
    if let Err(error) = save(&model, args.output(), &log) {
        leave(args, folder, &log);
        return Err(error.into());
    }
    let test = match interrupt.load(Ordering::Relaxed) {
        true => None,
        false => test(&model, &config)?,
    };
    metrics["test"] = json!(test);
    set_metrics(args.output(), metrics)?;
    let is_kept = flags.keep_checkpoint && TrainingFolder::has_checkpoint(args.output())?;
    if is_kept && !args.quiet {
        let (path, name) = (folder.path().display(), args.output().display());
        note(&format!("kept {path}: `spherec train --resume {name} --epochs N` trains longer"));
    }
    if !is_kept {
        remove(folder);
    }
    if !args.quiet {
        note(&format!("saved {}", args.output().display()));
        let parts = [("validation", valid), ("test", test)];
        let rows: Vec<_> = parts.into_iter().filter_map(|(part, metrics)| Some((part, metrics?))).collect();
        if !rows.is_empty() {
            console::out(&metrics_table::table(&rows))?;
        }
    }
    if interrupt.load(Ordering::Relaxed) { Err(Failure::Interrupted) } else { Ok(()) }
}

/// The adapter to train on, if `config` needs one.
fn open(args: &Args, config: &RunConfig) -> Result<Option<Arc<Gpu>>> {
    config.needs_gpu().then(|| Gpu::open(&args.adapter()).map(Arc::new)).transpose()
}

/// The adapter as a record names it.
fn adapter_name(gpu: Option<&Arc<Gpu>>) -> String {
    let Some(gpu) = gpu else { return ON_CPU.to_owned() };
    let AdapterSummary { name, backend, driver, .. } = gpu.adapter();
    format!("{name} ({backend}, {driver})")
}

/// For a training that ends without a model: says how to go on with it, or removes its folder if it did nothing.
fn leave(args: &Args, folder: TrainingFolder, log: &MetricsLog) {
    let (path, model) = (folder.path().display().to_string(), args.output().display());
    match TrainingFolder::has_checkpoint(args.output()) {
        Ok(true) => note(&format!(
            "the checkpoint and the log are in {path}; `spherec train --resume {model}` goes on, and with --finish it \
             saves the best so far"
        )),
        Ok(false) if log.is_empty() => remove(folder),
        Ok(false) => note(&format!("the log is in {path}; there is no checkpoint yet")),
        Err(error) => note(&format!("warning: the checkpoint and the log cannot be found: {error}")),
    }
}

/// Removes the folder of a training that needs it no more.
fn remove(folder: TrainingFolder) {
    if let Err(error) = folder.remove() {
        note(&format!("warning: {error}"));
    }
}

/// What the run is made of, in a line.
fn recipe_line(recipe: RunRecipe, config: &RunConfig) -> String {
    let start = recipe.config();
    // How the data is split is not the recipe's.
    let is_changed = start != config.clone().with_split(start.protocol(), start.hold_out_from());
    let what = match config {
        RunConfig::Step(config) => format!(
            "{} loss, {} negatives{}{}",
            config.loss.name(),
            config.negatives.sampler(),
            if config.item_bias.is_some() { ", item bias" } else { "" },
            if config.features.is_some() { ", features" } else { "" },
        ),
        RunConfig::Wrmf(config) => format!(
            "alternating least squares, unobserved weight {}, regularisation {}{}",
            config.unobserved_weight,
            config.regularisation,
            if config.features.is_some() { ", features" } else { "" },
        ),
        RunConfig::Popularity(_) => "the items of most users".to_owned(),
    };
    format!("recipe {}{}: {what}", recipe.name(), if is_changed { " with changes" } else { "" })
}

/// Loads and splits the data.
fn read(args: &Args, config: &RunConfig) -> Result<(Dataset, Split)> {
    let options = args.load.options();
    let files = [&args.protocol.valid, &args.protocol.test].map(Option::as_deref);
    let is_input = |path: &Path| path.as_os_str() == "-";
    let features = Side::ALL.map(|side| args.features.path(side));
    let all = [Some(args.data())].into_iter().chain(files).chain(features);
    if all.flatten().filter(|path| is_input(path)).count() > 1 {
        return Err(Error::Data("only one of the files can be standard input (`-`)".to_owned()));
    }
    let (dataset, report) = data::load(args.data(), &options)?;
    if !args.quiet {
        load_args::tell_format(args.data(), &report);
        load_args::tell_data(&report);
        load_args::tell_published(args.load.filters.preset);
    }
    let (protocol, least) = (config.protocol(), config.hold_out_from());
    let split = data::split_from(&dataset.interactions, &protocol, config.seed(), least)?;
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

fn ending(trained: &Trained, config: &RunConfig) -> String {
    let reason = match trained.stop {
        Stop::Epochs => format!("done: {}", counted(trained.epochs_done, "epoch")),
        Stop::Patience => format!(
            "stopped after epoch {}: {} evaluations without improvement (--patience)",
            trained.epochs_done,
            config.stopping().patience
        ),
        Stop::Failed => format!("training failed in epoch {}", trained.epochs_done + 1),
        Stop::Interrupted => format!("interrupted in epoch {}", trained.epochs_done + 1),
        Stop::Finished => format!("finished after epoch {}", trained.epochs_done),
    };
    let best = trained.valid.map(|_| format!("; the best was epoch {}", trained.epoch));
    let is_chosen = trained.embeddings.has_bias() && trained.stop != Stop::Interrupted;
    let dial = is_chosen.then(|| match trained.valid {
        Some(_) => format!("; popularity {} is best on the validation part", trained.popularity),
        None => format!("; popularity {}", trained.popularity),
    });
    reason + &best.unwrap_or_default() + &dial.unwrap_or_default()
}

/// The metrics on the test part, if there is one.
fn test(model: &Model, config: &RunConfig) -> Result<Option<Metrics>> {
    let Split { train, valid, test } = &model.split;
    if test.is_empty() {
        return Ok(None);
    }
    let all =
        evaluate(&model.embeddings, model.popularity, train, Some(valid), test, &[config.stopping().k])?;
    Ok(all.into_iter().next())
}

/// Saves the model with its log. If nothing can be written beside `folder` any more, the model goes to the system's
/// temporary folder, so that the work is not lost.
fn save(model: &Model, folder: &Path, log: &MetricsLog) -> Result<()> {
    let csv = log.csv();
    let extra = [("metrics.jsonl", log.jsonl()), ("metrics.csv", csv.as_slice())];
    let error = match model.save(folder, &extra) {
        Err(error) if !matches!(error, Error::Kept { .. }) => error,
        done => return done,
    };
    let rescue = std::env::temp_dir().join(format!("spherec-model-{}", std::process::id()));
    if model.save(&rescue, &extra).is_err() {
        return Err(error);
    }
    Err(Error::Data(format!("{error}; the model was saved as {} instead", rescue.display())))
}
