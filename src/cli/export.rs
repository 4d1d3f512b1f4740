//! `spherec export`: embeddings for other tools.

use super::Outcome;
use super::console::out;
use clap::ValueEnum;
use spherec::export::{What, export_tsv};
use spherec::model::Model;
use std::path::PathBuf;

/// Write embeddings for t-SNE and the Embedding Projector: tab-separated vectors, and their ids
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The model's folder
    model: PathBuf,
    /// The folder to write into, created where missing
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Whose embeddings
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = WhatName::Items)]
    what: WhatName,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

const EXAMPLES: &str = "Example:
  spherec export model -o embeddings     # items.tsv and items-metadata.tsv";

/// Whose embeddings a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhatName {
    Items,
    Users,
    Both,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let model = Model::load(&args.model)?;
    let what = match args.what {
        WhatName::Items => What::Items,
        WhatName::Users => What::Users,
        WhatName::Both => What::Both,
    };
    let paths = export_tsv(&model, what, &args.output, args.force)?;
    out(&paths.iter().map(|path| format!("{}\n", path.display())).collect::<String>())
}
