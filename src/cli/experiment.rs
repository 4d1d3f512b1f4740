//! What `compare` and `tune` share: their flags, the run with its progress, and the reports.

use super::console::{self, err_is_terminal, note};
use super::format::{counted, duration, percent};
use super::load_args::{self, LoadArgs};
use super::model_args::adapter_choice;
use super::output::Sink;
use super::{Failure, Outcome, interrupts, protocol};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};
use spherec::data::{self, Dataset, Interactions};
use spherec::experiment::{Event, Experiment, ResultTable, Results, Summary, checksum, measure, summarise};
use spherec::gpu::Gpu;
use spherec::train::{self, TrainConfig};
use spherec::{Error, Result};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const INTERRUPTED: &str =
    "interrupted: finishing the steps in flight; the same command goes on later; once more to quit at once";

#[derive(Debug, clap::Args)]
pub(crate) struct ExperimentArgs {
    /// The interactions, as `train` takes them; `-` is standard input
    #[arg(value_name = "DATA")]
    pub(crate) data: PathBuf,
    /// The folder of the results; an experiment that was stopped goes on there
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) output: PathBuf,
    /// A TOML file of flags, by their names without the dashes; those of the command line win
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How the table is printed; the folder gets all four forms
    #[arg(long, value_name = "FORM", value_enum, default_value_t = Form::Text)]
    print: Form,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    /// The adapter, by its number in `spherec doctor` or by a part of its name [default: the best]
    #[arg(long, value_name = "ADAPTER", help_heading = "Running")]
    adapter: Option<String>,
    /// Print nothing but errors and the table
    #[arg(short, long, help_heading = "Running")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    Text,
    Markdown,
    Csv,
    Json,
}

/// Loads the data, telling what it is.
pub(crate) fn read(args: &ExperimentArgs) -> Result<Dataset> {
    let (dataset, report) = data::load(&args.data, &args.load.options())?;
    if !args.quiet {
        load_args::tell_format(&args.data, &report);
        load_args::tell_data(&report);
        load_args::tell_published(args.load.filters.preset);
    }
    Ok(dataset)
}

/// All that the results depend on, by flag: those of `config` that are in no column, and the data's.
pub(crate) fn settings(
    kind: &str,
    dataset: &Dataset,
    config: &TrainConfig,
    more: &[(&str, Value)],
) -> Map<String, Value> {
    let mut settings: Map<String, Value> = [
        ("command", json!(kind)),
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("data", json!(checksum(dataset))),
        ("dim", json!(config.dim)),
        ("margin", json!(config.margin)),
        ("optimizer", json!(config.optimizer)),
        ("learning-rate", json!(config.learning_rate)),
        ("betas", json!(config.betas)),
        ("epsilon", json!(config.epsilon)),
        ("epochs", json!(config.epochs)),
        ("evaluate-every", json!(config.evaluate_every)),
        ("patience", json!(config.patience)),
        ("k", json!(config.k)),
        ("seed", json!(config.seed)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect();
    settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    settings
}

/// Runs what is missing; whether all is done now.
pub(crate) fn run(
    args: &ExperimentArgs,
    experiment: &Experiment,
    interactions: &Interactions,
) -> std::result::Result<(Results, bool), Failure> {
    let mut results = Results::open(&args.output, experiment)?;
    let (done, count) = (results.trials().len(), experiment.run_count());
    if done > 0 && !args.quiet {
        note(&format!("{}: {done} of {} are done already", args.output.display(), counted(count, "run")));
    }
    if done == count {
        return Ok((results, true));
    }
    if !args.quiet {
        let epochs = experiment.cells.iter().map(|cell| cell.config.epochs).max().unwrap_or(0);
        note(&format!(
            "{}: {} in {}, {} each at most",
            counted(count, "run"),
            counted(experiment.cells.len(), "cell"),
            counted(experiment.fold_count, "fold"),
            counted(epochs, "epoch"),
        ));
    }
    let gpu = Arc::new(Gpu::open(&adapter_choice(args.adapter.as_deref()))?);
    if !args.quiet {
        super::train::tell_adapter(gpu.adapter());
    }
    let interrupt = interrupts::watch(INTERRUPTED)?;
    let progress = Progress::new(args.quiet);
    let whole = experiment.run(
        interactions,
        &mut results,
        &mut |split, config, observe| measure(&gpu, split, config, &interrupt, observe),
        &mut |event| progress.show(event),
    );
    progress.finish();
    Ok((results, whole?))
}

/// What a person sees: a line a run, and on a terminal the epoch of the one in work.
struct Progress {
    bar: Option<ProgressBar>,
    quiet: bool,
    state: RefCell<String>,
    warnings: RefCell<BTreeSet<String>>,
}

impl Progress {
    fn new(quiet: bool) -> Progress {
        let bar = (!quiet && err_is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg}");
            let bar = ProgressBar::new_spinner()
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        Progress { bar, quiet, state: RefCell::default(), warnings: RefCell::default() }
    }

    fn show(&self, event: &Event) {
        match event {
            Event::Started { number, count, cell, fold } => {
                *self.state.borrow_mut() = format!("{number}/{count} {cell} fold {fold}");
                self.message("");
            }
            // Most are the same in every run.
            Event::Training(train::Event::Warning(warning)) => {
                if self.warnings.borrow_mut().insert(warning.clone()) {
                    self.line(&format!("warning: {warning}"));
                }
            }
            Event::Training(train::Event::Progress { epoch, .. }) => {
                self.message(&format!(": epoch {epoch}"))
            }
            Event::Training(_) => {}
            Event::Finished { done, count, trial, seconds_left } => {
                let result = match (&trial.measured.metrics, &trial.measured.failure) {
                    (Some(metrics), _) => {
                        format!("MAP {}, NDCG {}", percent(metrics.map), percent(metrics.ndcg))
                    }
                    (None, failure) => failure.clone().unwrap_or_else(|| "no result".to_owned()),
                };
                let left = match done == count {
                    true => String::new(),
                    false => format!("; about {} to go", duration(*seconds_left)),
                };
                let seconds = duration(trial.measured.seconds);
                self.line(&format!("{}: {result}, {seconds}{left}", self.state.borrow()));
            }
        }
    }

    fn message(&self, rest: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}{rest}", self.state.borrow()));
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| note(text)),
            None if self.quiet => {}
            None => note(text),
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The rows of `results`, with how they came about; `split` says how the data was divided.
pub(crate) fn report<'a>(
    args: &ExperimentArgs,
    experiment: &'a Experiment,
    results: &Results,
    split: String,
) -> ResultTable<'a> {
    let rows: Vec<Summary> = summarise(experiment, results);
    let (k, seed) = experiment.cells.first().map_or((0, 0), |cell| (cell.config.k, cell.config.seed));
    let fewest = rows.iter().filter_map(|row| row.users).map(|(fewest, _)| fewest).min().unwrap_or(0);
    let most = rows.iter().filter_map(|row| row.users).map(|(_, most)| most).max().unwrap_or(0);
    let protocol = vec![
        ("data", load_args::shown_path(&args.data)),
        ("split", split),
        (
            "evaluated",
            format!("{} a fold, those with a held-out item; k {k}", protocol::users_text(fewest, most)),
        ),
        ("ranked", format!("all items but {}", protocol::left_out(experiment.valid_fraction > 0.0))),
        ("ties", protocol::TIES.to_owned()),
    ];
    ResultTable { columns: &experiment.columns, fold_count: experiment.fold_count, k, seed, protocol, rows }
}

/// Writes the table in its four forms and prints one of them.
pub(crate) fn publish(args: &ExperimentArgs, report: &ResultTable) -> Outcome {
    let (headings, rows, legend) = report.text();
    let headings: Vec<(&str, bool)> =
        headings.iter().map(|(name, number)| (name.as_str(), *number)).collect();
    let mut text = format!("{}\n{legend}\n", console::table(&headings, &rows));
    report.protocol.iter().for_each(|(name, value)| text += &format!("{name}: {value}\n"));
    let forms = [
        (Form::Text, "table.txt", text.into_bytes()),
        (Form::Markdown, "table.md", report.markdown().into_bytes()),
        (Form::Csv, "table.csv", report.csv()?),
        (Form::Json, "table.json", report.json()?.into_bytes()),
    ];
    for (_, name, bytes) in &forms {
        write(args, name, bytes)?;
    }
    let printed = forms.iter().find(|(form, ..)| *form == args.print);
    printed.map_or(Ok(()), |(_, _, bytes)| console::out_bytes(bytes))
}

/// Writes a file of the experiment's folder, in place of that of an earlier call.
pub(crate) fn write(args: &ExperimentArgs, name: &str, bytes: &[u8]) -> Outcome {
    let mut sink = Sink::open(Some(&args.output.join(name)), true)?;
    sink.write(bytes)?;
    Ok(sink.finish()?)
}

/// A list of values with commas between them, as one value, so that a later one replaces it.
pub(crate) fn list<T>(
    flag: &'static str,
    text: &str,
    parse: impl Fn(&str) -> std::result::Result<T, String>,
) -> Result<Vec<T>> {
    let mut values = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for value in text.split(',').map(str::trim) {
        if !seen.insert(value) {
            return Err(Error::setting(flag, format!("has {value} twice")));
        }
        let fail = |reason| Error::setting(flag, format!("cannot be `{value}`: {reason}"));
        values.push(parse(value).map_err(fail)?);
    }
    Ok(values)
}
