//! `spherec export`: embeddings for other tools.

use super::CommandResult;
use super::cold::ColdArgs;
use super::console::{note, out};
use super::dial::DialArgs;
use super::output::check_distinct;
use clap::ValueEnum;
use spherec::export::{ExportFormat, ExportOptions, What, export, exported_paths};
use spherec::labels::LabelTable;
use spherec::model::{Metric, Model};
use spherec::printable::printable;
use std::path::{Path, PathBuf};

/// Write embeddings for other tools: vector stores, t-SNE scripts, NumPy, data frames, the Embedding Projector
///
/// On the sphere rows are unit vectors: the nearest items of a user are the recommended ones, by any metric; in the ball,
/// by the distance. If
/// items have a bias, rows have one coordinate more, so that a store ranks exactly as the model does: see
/// --metric. Ids and labels are written as text: backslashes, tabs, line ends and bytes that are not UTF-8 are
/// escaped, and in metadata.tsv also a quote at the start of a cell, so that all readers find the same cells.
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
    /// What the store will compare by [default: l2 on the sphere and in the ball, else ip]. With an item bias, items
    /// stand over the others' space for l2, the popular ones lowest; for ip the bias is the last coordinate, and users
    /// have a 1. So it is in the ball for ip, where the last coordinate holds -|v|^2/2, too. l2 is the default because it is a metric, for which the indexes of most stores are made
    #[arg(long, value_name = "METRIC", value_enum)]
    metric: Option<MetricName>,
    #[command(flatten)]
    cold: ColdArgs,
    #[command(flatten)]
    dial: DialArgs,
    /// Replace existing files
    #[arg(long)]
    force: bool,
}

const EXAMPLES: &str = "Examples:
  spherec export model -o vectors                        # items.tsv and items-metadata.tsv
  spherec export model -o vectors --format npy --what both
  spherec export model -o store --format parquet --what both --metric ip --popularity 0.5
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MetricName {
    /// Euclidean distance
    L2,
    /// Inner product
    Ip,
}

pub(crate) fn run(args: &Args) -> CommandResult {
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
    let outputs = exported_paths(what, format, &args.output);
    let inputs: Vec<&Path> =
        [Some(args.model.as_path()), args.labels.as_deref()].into_iter().flatten().collect();
    check_distinct(&outputs.iter().map(PathBuf::as_path).collect::<Vec<_>>(), &inputs)?;
    let model = args.cold.take_in(Model::load(&args.model)?, &args.model)?;
    let labels = match (&args.labels, what) {
        (None, _) => Vec::new(),
        (Some(path), What::Users) => LabelTable::read(path, &model.users, "user")?.columns,
        (Some(path), _) => LabelTable::read(path, &model.items, "item")?.columns,
    };
    let metric = args.metric.map(|metric| match metric {
        MetricName::L2 => Metric::L2,
        MetricName::Ip => Metric::InnerProduct,
    });
    let popularity = Some(args.dial.of(&model, &args.model)?);
    let csv_safe = args.csv_safe;
    let options = ExportOptions { what, format, labels: &labels, csv_safe, metric, popularity };
    let exported = export(&model, &options, &args.output, args.force)?;
    let metric = match exported.metric {
        Some(Metric::L2) => "L2 (Euclidean distance)",
        Some(Metric::InnerProduct) => "inner product",
        None => "any metric (L2, inner product and cosine rank alike)",
    };
    note(&format!("rows of {} numbers; set the store to {metric}", exported.dim));
    let line = |path: &PathBuf| format!("{}\n", printable(&path.display().to_string()));
    out(&exported.paths.iter().map(line).collect::<String>())
}
