//! `spherec export`: embeddings for other tools.

use super::CommandResult;
use super::console::out;
use clap::ValueEnum;
use spherec::export::{ExportFormat, ExportOptions, What, export};
use spherec::labels::LabelTable;
use spherec::model::Model;
use std::path::PathBuf;

/// Write embeddings for other tools: t-SNE scripts, NumPy, data frames, the Embedding Projector
///
/// Rows are unit vectors. Ids are written as text; tabs, line ends and bytes that are not UTF-8 are escaped.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Model folder
    model: PathBuf,
    /// Folder to write to; it is created if missing
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Which embeddings to write
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = WhatName::Items)]
    what: WhatName,
    /// File format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = FormName::Tsv)]
    format: FormName,
    /// Add labels to the ids (with --what both, to the items) from a CSV file of id,label,... with or
    /// without a header
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Put an apostrophe before ids and labels that a spreadsheet would run as a formula
    #[arg(long)]
    csv_safe: bool,
    /// Replace existing files
    #[arg(long)]
    force: bool,
}

const EXAMPLES: &str = "Examples:
  spherec export model -o vectors                        # items.tsv and items-metadata.tsv
  spherec export model -o vectors --format npy --what both
  spherec export model -o projector --format projector --labels genres.csv";

/// The embeddings that a command uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhatName {
    Items,
    Users,
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormName {
    /// NAME.tsv without a header, and NAME-metadata.tsv
    Tsv,
    /// NAME.csv with ids, labels and numbers
    Csv,
    /// NAME.npy, and NAME-metadata.tsv
    Npy,
    /// NAME.safetensors with the tensor NAME, and NAME-metadata.tsv
    Safetensors,
    /// NAME.parquet with ids, labels and a list of floats; needs a build with the feature parquet
    Parquet,
    /// tensors.tsv, metadata.tsv and config.json for TensorBoard's Embedding Projector
    Projector,
}

pub(crate) fn run(args: &Args) -> CommandResult {
    let model = Model::load(&args.model)?;
    let what = match args.what {
        WhatName::Items => What::Items,
        WhatName::Users => What::Users,
        WhatName::Both => What::Both,
    };
    let format = match args.format {
        FormName::Tsv => ExportFormat::Tsv,
        FormName::Csv => ExportFormat::Csv,
        FormName::Npy => ExportFormat::Npy,
        FormName::Safetensors => ExportFormat::Safetensors,
        FormName::Parquet => ExportFormat::Parquet,
        FormName::Projector => ExportFormat::Projector,
    };
    let labels = match (&args.labels, what) {
        (None, _) => Vec::new(),
        (Some(path), What::Users) => LabelTable::read(path, &model.users, "user")?.columns,
        (Some(path), _) => LabelTable::read(path, &model.items, "item")?.columns,
    };
    let options = ExportOptions { what, format, labels: &labels, csv_safe: args.csv_safe };
    let paths = export(&model, &options, &args.output, args.force)?;
    out(&paths.iter().map(|path| format!("{}\n", path.display())).collect::<String>())
}
