//! The commands, the exit code of the process, and the error line of a command that fails.

mod bench;
mod compare;
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
mod flags_toml;
mod format;
mod generate;
mod interrupts;
mod labels;
mod lists;
mod load_args;
mod log_file;
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
mod show;
mod similar;
mod trade;
mod train;
mod train_args;
mod tune;

use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// Recommenders by Collaborative Metric Learning, trained on any GPU.
#[derive(Debug, Parser)]
#[command(name = "spherec", version, about, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "A first model:
  spherec train ratings.csv -o model
  spherec evaluate model
  spherec recommend model --user 42 -k 10

Exit codes: 0 success, 1 error, 2 wrong usage, 3 no GPU adapter, 4 GPU failure, 130 interrupted.
Set SPHEREC_LOG=warn to see the messages of the graphics libraries.";

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
    Export(export::Args),
    Plot(Box<plot::Args>),
    Explore(explore::Args),
    Generate(generate::Args),
    Bench(bench::Args),
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

/// The exit code that shells report for a process ended by SIGINT.
const INTERRUPTED: u8 = 130;

/// Parses the arguments, runs the command and reports its failure.
pub(crate) fn run() -> ExitCode {
    // First, because it needs a process with one thread.
    environment::quiet_wayland();
    console::start_log();
    let outcome = match config::expand(std::env::args_os().collect(), &Cli::command()) {
        Ok(args) => call(&Cli::parse_from(args).command),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Request(error)) => {
            console::note(&format!("error: {error}"));
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

fn call(command: &Command) -> CommandResult {
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
        Command::Export(args) => export::run(args),
        Command::Plot(args) => plot::run(args),
        Command::Explore(args) => explore::run(args),
        Command::Generate(args) => generate::run(args),
        Command::Bench(args) => bench::run(args),
    }
}
