//! The commands, the exit code of the process, and the error line of a command that fails.

mod bench;
mod cold;
mod compare;
mod compare_models;
pub(crate) mod config;
mod console;
pub(crate) mod curves;
mod data;
mod data_inspect;
mod data_split;
mod dial;
mod doctor;
mod environment;
mod evaluate;
mod experiment;
mod explore;
mod export;
mod feature_args;
mod flags_toml;
mod format;
mod generate;
mod interrupts;
mod labels;
mod lists;
mod load_args;
pub(crate) mod look_args;
mod map_layout;
mod metrics_log;
mod metrics_table;
mod model_args;
mod model_names;
mod output;
mod plot;
mod progress;
mod protocol;
mod recommend;
mod segments;
mod show;
mod similar;
mod trade;
mod train;
mod train_args;
mod tune;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser, Subcommand};
use spherec::error::{EXIT_CODES, INTERRUPTED};
use spherec::printable::printable;
use std::process::ExitCode;

/// Recommenders by Collaborative Metric Learning, trained on any GPU.
#[derive(Debug, Parser)]
#[command(name = "spherec", version, about, after_help = after_help())]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn after_help() -> String {
    let codes: Vec<String> = EXIT_CODES.iter().map(|(code, meaning)| format!("{code} {meaning}")).collect();
    format!(
        "A first model:
  spherec train ratings.csv -o model
  spherec evaluate model
  spherec recommend model --user 42 -k 10

Exit codes: {}.
Set SPHEREC_LOG=warn to see the messages of the graphics libraries.",
        codes.join(", ")
    )
}

#[derive(Debug, Subcommand)]
enum Command {
    Doctor(doctor::Args),
    Data(data::Args),
    // Commands with many flags are boxed to keep the enum small.
    Train(Box<train_args::Args>),
    Compare(Box<compare::Args>),
    Tune(Box<tune::Args>),
    Evaluate(evaluate::Args),
    Show(show::Args),
    Recommend(recommend::Args),
    Similar(similar::Args),
    Segments(segments::Args),
    Export(export::Args),
    Plot(Box<plot::Args>),
    Explore(explore::Args),
    Generate(generate::Args),
    Bench(bench::Args),
}

impl Command {
    /// Whether it works on all cores of the CPU.
    fn computes(&self) -> bool {
        use Command::{Bench, Compare, Evaluate, Explore, Plot, Recommend, Segments, Similar, Train, Tune};
        matches!(
            self,
            Train(_)
                | Compare(_)
                | Tune(_)
                | Evaluate(_)
                | Recommend(_)
                | Similar(_)
                | Segments(_)
                | Plot(_)
                | Explore(_)
                | Bench(_)
        )
    }
}

/// Why a command ends early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The request cannot be met, or failed.
    Request(spherec::Error),
    /// Writing to standard output failed.
    Output(std::io::Error),
    /// The user interrupted the command. Its results so far are saved.
    Interrupted,
}

impl From<spherec::Error> for Failure {
    fn from(error: spherec::Error) -> Failure {
        Failure::Request(error)
    }
}

/// What a command returns.
pub(crate) type CommandResult = Result<(), Failure>;

/// The exit code of a command line that cannot be understood.
const WRONG_USAGE: u8 = 2;

/// Parses the arguments, runs the command and reports its failure.
pub(crate) fn run() -> ExitCode {
    // First, because it needs a process with one thread.
    environment::quiet_wayland();
    environment::survive_size_limits();
    console::start_log();
    let outcome = match config::expand(std::env::args_os().collect(), &Cli::command()) {
        Ok(args) => match Cli::try_parse_from(args) {
            Ok(cli) => call(&cli.command),
            Err(usage) if usage.use_stderr() => {
                console::note_lines(usage_text(usage).trim_end());
                return ExitCode::from(WRONG_USAGE);
            }
            // Help and version.
            Err(asked) => asked.exit(),
        },
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Request(error)) => {
            console::note_lines(&format!("error: {error}"));
            ExitCode::from(error.exit_code())
        }
        // The reader closed the pipe, as in `spherec recommend ... | head`. That is not an error.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Output(error)) => {
            console::note(&format!("error: standard output: {error}"));
            ExitCode::FAILURE
        }
        Err(Failure::Interrupted) => ExitCode::from(INTERRUPTED),
    }
}

/// What is wrong with the command line, without colours. The values in it are on one line each.
fn usage_text(mut error: clap::Error) -> String {
    let values: Vec<_> = error.context().map(|(kind, value)| (kind, value.clone())).collect();
    // The usage is spherec's own text, of several lines.
    for (kind, value) in values.into_iter().filter(|(kind, _)| *kind != ContextKind::Usage) {
        let text = |text: String| printable(&text).into_owned();
        let styled = |styled: StyledStr| StyledStr::from(text(styled.to_string()));
        let safe = match value {
            ContextValue::String(value) => ContextValue::String(text(value)),
            ContextValue::Strings(values) => ContextValue::Strings(values.into_iter().map(text).collect()),
            ContextValue::StyledStr(value) => ContextValue::StyledStr(styled(value)),
            ContextValue::StyledStrs(values) => {
                ContextValue::StyledStrs(values.into_iter().map(styled).collect())
            }
            other => other,
        };
        error.insert(kind, safe);
    }
    error.render().to_string()
}

fn call(command: &Command) -> CommandResult {
    if command.computes() {
        spherec::threads::start()?;
    }
    match command {
        Command::Doctor(args) => doctor::run(args),
        Command::Data(args) => data::run(args),
        Command::Train(args) => train::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Tune(args) => tune::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Show(args) => show::run(args),
        Command::Recommend(args) => recommend::run(args),
        Command::Similar(args) => similar::run(args),
        Command::Segments(args) => segments::run(args),
        Command::Export(args) => export::run(args),
        Command::Plot(args) => plot::run(args),
        Command::Explore(args) => explore::run(args),
        Command::Generate(args) => generate::run(args),
        Command::Bench(args) => bench::run(args),
    }
}
