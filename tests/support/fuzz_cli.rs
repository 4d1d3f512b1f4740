//! What the fuzz targets of the command line do with a case: see `fuzz.rs`.

use crate::cli::{Cli, config, curves, look_args::LookArgs};
use clap::{Args, Command, CommandFactory, FromArgMatches, Parser};
use std::fs;
use std::sync::LazyLock;
use tempfile::TempDir;

/// A config file. The first byte says of which command.
pub(crate) fn config(bytes: &[u8]) -> bool {
    static COMMAND: LazyLock<Command> = LazyLock::new(Cli::command);
    const NAMES: [&str; 3] = ["train", "compare", "tune"];
    let (&first, bytes) = bytes.split_first().unwrap_or((&0, bytes));
    let place = TempDir::new().expect("a temporary folder");
    let path = place.path().join("run.toml");
    fs::write(&path, bytes).expect("a written file");
    let name = NAMES[usize::from(first) % NAMES.len()];
    let args = ["spherec".as_ref(), name.as_ref(), "--config".as_ref(), path.as_os_str()];
    let Ok(args) = config::expand(args.map(ToOwned::to_owned).into(), &COMMAND) else { return false };
    // What the file says may lack something, or contradict itself.
    let _ = Cli::try_parse_from(args);
    true
}

/// The log of a training, drawn as curves.
pub(crate) fn curves(bytes: &[u8]) -> bool {
    let place = TempDir::new().expect("a temporary folder");
    fs::write(place.path().join("metrics.jsonl"), bytes).expect("a written file");
    let matches =
        LookArgs::augment_args(Command::new("plot")).get_matches_from(["plot", "--size=240", "--scale=0.5"]);
    let look = LookArgs::from_arg_matches(&matches).expect("a look");
    curves::picture(&[place.path().to_owned()], &look).is_ok()
}
