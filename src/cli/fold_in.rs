//! `spherec fold-in`: adds people to a model.

use super::CommandResult;
use super::console::note;
use super::format::counted;
use super::load_args::{LoadArgs, shown_path};
use super::people;
use serde_json::{Value, json};
use spherec::Error;
use spherec::model::{Model, check_output, clean_up};
use std::path::{Path, PathBuf};

/// Add people to a model, by their items and without training
///
/// The new model serves as any other: recommend --user, similar, export, evaluate, explore. People who are new to the
/// model become its users. People whom it knows keep their items, and if the file has further ones for them, their point
/// is placed anew. All others keep their vectors, to the bit; so do all items. The interactions of the file join the
/// model's training interactions, and are left out of lists. Items that the model lacks are left out and named.
///
/// How people are placed, and where that is exact, is told by `spherec recommend --help`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Model folder
    model: PathBuf,
    /// File of people and their items, in any format that `train` reads; `-` is standard input
    file: PathBuf,
    /// Folder for the new model
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
    /// Replace an existing model, once the new one is complete; it may be MODEL itself
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    load: LoadArgs,
}

const EXAMPLES: &str = "Examples:
  spherec fold-in model new-people.csv -o model-2
  spherec fold-in model today.csv -o model --force
  spherec recommend model-2 --user somebody-new";

/// How many files that were folded in a model's record names at most: the last ones.
const RECORDED: usize = 20;

pub(crate) fn run(args: &Args) -> CommandResult {
    check_output(&args.output)?;
    if !args.force && args.output.join("model.json").exists() {
        let message = "holds a model; --force replaces it once the new one is complete";
        return Err(Error::file(&args.output, message).into());
    }
    let model = Model::load(&args.model)?;
    let held_out = model.split.valid.len() + model.split.test.len();
    let logs = Model::logs(&args.model)?;
    let people = people::read(&args.file, &args.load.options())?;
    let (mut model, folded) = people::fold_in(model, &people, Some(&args.file), false)?;
    record(&mut model.record.data, &args.file);
    clean_up(&args.output)?.iter().for_each(|line| note(line));
    let logs: Vec<(&str, &[u8])> = logs.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    model.save(&args.output, &logs)?;
    note(&format!(
        "{}: {}, and {} more than before",
        args.output.display(),
        counted(model.users.len(), "user"),
        counted(folded.added.len(), "training interaction"),
    ));
    let lost = held_out - model.split.valid.len() - model.split.test.len();
    if lost > 0 {
        let lost = counted(lost, "pair");
        note(&format!("{lost} of these were held out for validation or the test, and no longer are"));
    }
    Ok(())
}

/// Adds the name of `file` to the record of the data.
fn record(data: &mut Value, file: &Path) {
    if !data.is_object() {
        *data = json!({});
    }
    let mut files = data["fold_in"].as_array().cloned().unwrap_or_default();
    files.push(json!(shown_path(file)));
    files.drain(..files.len().saturating_sub(RECORDED));
    data["fold_in"] = files.into();
}
