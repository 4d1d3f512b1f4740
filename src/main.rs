//! The command line: `spherec doctor`, `train`, `evaluate`, `recommend` and the rest.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
