//! What `compare` and `tune` share: flags, the runs and their progress, and the reports.

use super::console::{self, Bar, err_is_terminal, note};
use super::feature_args::FeatureArgs;
use super::format::{counted, duration, percent};
use super::load_args::{self, LoadArgs};
use super::model_args::{adapter_choice, check_adapter};
use super::output::check_distinct;
use super::{CommandResult, Failure, interrupts, protocol};
use serde_json::{Map, Value, json};
use spherec::data::{self, Dataset, Interactions};
use spherec::experiment::{
    Depths, Event, Experiment, Repeats, ResultTable, Results, Summary, checksum, feature_checksum, measure,
    summarise,
};
use spherec::export::{NewFile, check_free};
use spherec::gpu::Gpu;
use spherec::printable::excerpt;
use spherec::printable::printable;
use spherec::train::{self, RunConfig, SideFeatures, TrainingData};
use spherec::{Error, Result};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const INTERRUPTED: &str = "interrupted: finishing the current steps; the same command continues later; interrupt again to quit at once";

#[derive(Debug, clap::Args)]
pub(crate) struct ExperimentArgs {
    /// File of interactions, as for `train`; `-` is standard input
    #[arg(value_name = "DATA")]
    pub(crate) data: PathBuf,
    /// Folder for the results; a stopped experiment continues there
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) output: PathBuf,
    /// TOML file of flags, named without the dashes. The command line overrides it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Format of the printed table; the folder gets all four
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = TableFormat::Text)]
    print: TableFormat,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    #[command(flatten)]
    pub(crate) features: FeatureArgs,
    /// Adapter to use: its number in `spherec doctor`, or a part of its name [default: the best]
    #[arg(long, value_name = "ADAPTER", help_heading = "Running")]
    adapter: Option<String>,
    /// Print only errors and the table
    #[arg(short, long, help_heading = "Running")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum TableFormat {
    Text,
    Markdown,
    Csv,
    Json,
}

/// The files that a finished experiment replaces in its folder, beside `results.jsonl`.
const OUTPUTS: [&str; 5] = ["table.txt", "table.md", "table.csv", "table.json", "best.toml"];

/// Loads the data and its features, and prints what they are.
pub(crate) fn read(args: &ExperimentArgs) -> Result<(Dataset, Vec<SideFeatures>)> {
    let outputs = OUTPUTS.map(|name| args.output.join(name));
    let inputs: Vec<&Path> =
        [Some(args.data.as_path()), args.config.as_deref()].into_iter().flatten().collect();
    check_distinct(&outputs.each_ref().map(PathBuf::as_path), &inputs)?;
    outputs.iter().try_for_each(|path| check_free(path, true))?;
    let (dataset, report) = data::load(&args.data, &args.load.options())?;
    if !args.quiet {
        load_args::tell_format(&args.data, &report);
        load_args::tell_data(&report);
        load_args::tell_published(args.load.filters.preset);
    }
    let (features, lines) = args.features.read_all(&dataset, &args.load)?;
    if !args.quiet {
        lines.iter().for_each(|line| note(&printable(line)));
    }
    Ok((dataset, features))
}

/// All that the results depend on beside the cells' configs: the command, the data, and `more`.
pub(crate) fn settings(
    kind: &str,
    dataset: &Dataset,
    features: &[SideFeatures],
    more: &[(&str, Value)],
) -> Map<String, Value> {
    let mut settings = Map::from_iter(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    settings.insert("command".to_owned(), json!(kind));
    settings.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
    settings.insert("data".to_owned(), json!(checksum(dataset)));
    for (side, features) in features {
        settings.insert(format!("{}-features", side.word()), json!(feature_checksum(features)));
    }
    settings
}

/// The most cells of an experiment.
pub(crate) const MOST_CELLS: usize = 10_000;

/// Checks the experiment, then runs what is missing: the results, and how the runs ended. What was done before an error
/// is in the results.
pub(crate) fn run(
    args: &ExperimentArgs,
    experiment: &Experiment,
    interactions: &Interactions,
    features: &[SideFeatures],
    depths: &Depths,
) -> std::result::Result<(Results, CommandResult), Failure> {
    let configs: Vec<RunConfig> = experiment.cells.iter().map(|cell| cell.config.clone()).collect();
    check_adapter(args.adapter.as_deref(), &configs)?;
    experiment.check(interactions)?;
    let mut results = Results::open(&args.output, experiment)?;
    let (done, count) = (results.trials().len(), experiment.run_count());
    if done > 0 && !args.quiet {
        note(&format!("{}: {done} of {} are already done", args.output.display(), counted(count, "run")));
    }
    if done == count {
        return Ok((results, Ok(())));
    }
    if !args.quiet {
        let epochs = experiment.cells.iter().map(|cell| cell.config.stopping().epochs).max().unwrap_or(0);
        note(&format!(
            "{}: {} {}, at most {} each",
            counted(count, "run"),
            counted(experiment.cells.len(), "cell"),
            match experiment.repeats {
                Repeats::Folds { count, .. } => format!("in {}", counted(count, "fold")),
                Repeats::Seeds { count, .. } => format!("with {}", counted(count, "seed")),
            },
            counted(epochs, "epoch"),
        ));
    }
    let gpu = match configs.iter().any(RunConfig::needs_gpu) {
        true => Some(Arc::new(Gpu::open(&adapter_choice(args.adapter.as_deref()))?)),
        false => None,
    };
    if let Some(gpu) = gpu.as_ref().filter(|_| !args.quiet) {
        super::train::tell_adapter(gpu.adapter());
    }
    let interrupt = interrupts::watch(INTERRUPTED)?;
    let progress = Progress::new(args.quiet);
    let whole = experiment.run(
        interactions,
        &mut results,
        &mut |split, config, observe| {
            let data = TrainingData { split, features };
            measure(gpu.as_ref(), data, config, depths, &interrupt, observe)
        },
        &mut |event| progress.show(event),
    );
    progress.finish();
    let ended = match whole {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::Interrupted),
        Err(error) => Err(error.into()),
    };
    Ok((results, ended))
}

/// Shows progress: a line per run, and on a terminal the epoch of the current run.
struct Progress {
    bar: Option<Bar>,
    quiet: bool,
    state: RefCell<String>,
    warnings: RefCell<BTreeSet<String>>,
}

impl Progress {
    fn new(quiet: bool) -> Progress {
        let bar = (!quiet && err_is_terminal()).then(|| Bar::new(0, "{spinner} {msg}"));
        Progress { bar, quiet, state: RefCell::default(), warnings: RefCell::default() }
    }

    fn show(&self, event: &Event) {
        match event {
            Event::Started { number, count, cell, repeat } => {
                *self.state.borrow_mut() = format!("{number}/{count} {cell} {repeat}");
                self.message("");
            }
            // Most warnings are the same in every run: show each once.
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
                    (None, failure) => {
                        format!("failed: {}", excerpt(failure.as_deref().unwrap_or("no result")))
                    }
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
            bar.set_message(&format!("{}{rest}", self.state.borrow()));
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.note(text),
            None if self.quiet => {}
            None => note(text),
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
    }
}

/// The report on `results`. `split` says how the data was split.
pub(crate) fn report<'a>(
    args: &ExperimentArgs,
    experiment: &'a Experiment,
    results: &Results,
    split: String,
) -> ResultTable<'a> {
    let rows: Vec<Summary> = summarise(experiment, results);
    let (k, seed) =
        experiment.cells.first().map_or((0, 0), |cell| (cell.config.stopping().k, cell.config.seed()));
    let fewest = rows.iter().filter_map(|row| row.users).map(|(fewest, _)| fewest).min().unwrap_or(0);
    let most = rows.iter().filter_map(|row| row.users).map(|(_, most)| most).max().unwrap_or(0);
    let protocol = vec![
        ("data", load_args::shown_path(&args.data)),
        ("split", split),
        (
            "evaluated",
            format!("{} per fold, those with a test item; k {k}", protocol::users_text(fewest, most)),
        ),
        ("ranked", format!("all items except {}", protocol::left_out(experiment.repeats.has_valid()))),
        ("ties", protocol::TIES.to_owned()),
    ];
    ResultTable {
        columns: &experiment.columns,
        fold_count: experiment.repeats.count(),
        k,
        seed,
        protocol,
        rows,
    }
}

/// A table in all formats.
pub(crate) struct Tables {
    /// Headings, each with whether its column holds numbers; rows; and what is below them.
    pub(crate) text: (Vec<(String, bool)>, Vec<Vec<String>>, String),
    pub(crate) protocol: Vec<(&'static str, String)>,
    pub(crate) markdown: String,
    pub(crate) csv: Vec<u8>,
    pub(crate) json: String,
}

impl Tables {
    pub(crate) fn of(report: &ResultTable) -> Result<Tables> {
        let protocol = report.protocol.clone();
        let (csv, json) = (report.csv()?, report.json()?);
        Ok(Tables { text: report.text(), protocol, markdown: report.markdown(), csv, json })
    }
}

/// Writes the table in all four formats, and prints one of them.
pub(crate) fn publish(args: &ExperimentArgs, tables: Tables) -> CommandResult {
    let Tables { text: (headings, rows, legend), protocol, markdown, csv, json } = tables;
    let headings: Vec<(&str, bool)> =
        headings.iter().map(|(name, number)| (name.as_str(), *number)).collect();
    let mut text = format!("{}\n{legend}\n", console::table(&headings, &rows));
    protocol.iter().for_each(|(name, value)| text += &format!("{name}: {}\n", printable(value)));
    let formats = [
        (TableFormat::Text, "table.txt", text.into_bytes()),
        (TableFormat::Markdown, "table.md", markdown.into_bytes()),
        (TableFormat::Csv, "table.csv", csv),
        (TableFormat::Json, "table.json", json.into_bytes()),
    ];
    for (_, name, bytes) in &formats {
        write(args, name, bytes)?;
    }
    let printed = formats.iter().find(|(format, ..)| *format == args.print);
    printed.map_or(Ok(()), |(_, _, bytes)| console::out_data(bytes))
}

/// Writes a file into the experiment's folder. Replaces an older one.
pub(crate) fn write(args: &ExperimentArgs, name: &str, bytes: &[u8]) -> CommandResult {
    let mut file = NewFile::create(&args.output.join(name), true)?;
    file.write(bytes)?;
    Ok(file.finish()?)
}

/// Parses values separated by commas. For clap the list is one value, so that a later flag replaces it.
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
