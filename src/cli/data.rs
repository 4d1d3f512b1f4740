//! `spherec data`: commands about files of interactions.

use super::{CommandResult, data_inspect, data_split};

/// Inspect or split a file of interactions
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Inspect(Box<data_inspect::Args>),
    Split(Box<data_split::Args>),
}

pub(crate) fn run(args: &Args) -> CommandResult {
    match &args.command {
        Command::Inspect(args) => data_inspect::run(args),
        Command::Split(args) => data_split::run(args),
    }
}
