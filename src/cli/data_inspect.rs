//! `spherec data inspect`: the format and contents of a file, and what training would use.

use super::CommandResult;
use super::console::{out, out_json, table};
use super::feature_args::FeatureArgs;
use super::format::{fine_percent, grouped};
use super::load_args::{LoadArgs, unread_ratings};
use serde::Serialize;
use serde_json::Value;
use spherec::data::{
    BadRow, Counts, FeatureReport, FileLayout, FilterStep, Format, Inspection, Preset, Side, inspect,
};
use spherec::printable::{bytes, printable};
use spherec::{Error, Result};
use std::path::PathBuf;

/// Show the format and contents of a file, and what training would use
///
/// Counts unusable rows and shows the first five with their line numbers. Takes the same reading and filter
/// flags as `train`, and shows what each filter leaves.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// File to inspect, plain or gzip-compressed; `-` is standard input
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    features: FeatureArgs,
}

const EXAMPLES: &str = "Examples:
  spherec data inspect ratings.csv
  spherec data inspect BX-Book-Ratings.csv --preset book-crossing --json
  zcat plays.tsv.gz | spherec data inspect - --min-count 5 --k-core 5
  spherec data inspect users.dat --item-features tag-item.dat.gz --features-by feature --min-feature-count 5";

pub(crate) fn run(args: &Args) -> CommandResult {
    let inspection = inspect(&args.file, &args.load.options())?;
    let read =
        |kind, ids| args.features.read(kind, ids, &args.load).map(|read| read.map(|(_, report)| report));
    let item_features = read(Side::Items, &inspection.items)?;
    let user_features = read(Side::Users, &inspection.users)?;
    if args.json {
        return out_json(&json(args, &inspection, item_features, user_features)?);
    }
    let mut text = format!("{}\n{}", facts(&inspection), sizes(args.load.filters.preset, &inspection));
    for (kind, report) in [(Side::Items, item_features), (Side::Users, user_features)] {
        let lines = report.iter().flat_map(|report| args.features.lines(kind, report));
        lines.for_each(|line| text += &format!("{}\n", printable(&line)));
    }
    out(&text)
}

/// One line per fact.
fn facts(inspection: &Inspection) -> String {
    let Inspection { path, byte_count, report, .. } = inspection;
    let layout = &report.layout;
    let mut rows = vec![("file", path.display().to_string())];
    let gzip = if layout.is_gzip { ", gzip" } else { "" };
    rows.push(("size", format!("{}{gzip}", bytes(*byte_count as u64))));
    rows.push(("format", format!("{} (--format {})", report.format, layout.format)));
    if let Some(header) = &layout.header {
        const LISTED: usize = 20;
        let more = if header.len() > LISTED { ", ..." } else { "" };
        let names: Vec<&str> = header.iter().take(LISTED).map(String::as_str).collect();
        rows.push(("columns", format!("{}{more}", printable(&names.join(", ")))));
    }
    if let Some(column) = unread_ratings(report) {
        rows.push(("ratings", format!("column {column}, read only for --min-rating or --min-count")));
    }
    rows.push(("rows", grouped(report.row_count)));
    if report.blank_row_count > 0 {
        rows.push(("blank rows", grouped(report.blank_row_count)));
    }
    rows.push(("repeated pairs", grouped(report.duplicate_count)));
    rows.push(("bad rows", grouped(report.bad_rows.count)));
    let place = if layout.format == Format::Parquet { "row" } else { "line" };
    for BadRow { line, message } in &report.bad_rows.first {
        rows.push(("", format!("{place} {line}: {message}")));
    }
    rows.extend(report.warnings.iter().map(|warning| ("warning", warning.clone())));
    let rows = rows.into_iter().map(|(name, value)| format!("{name:<15} {}\n", printable(&value)));
    rows.collect()
}

/// The sizes of the data: before the filters, after each filter, and as published.
fn sizes(preset: Option<Preset>, inspection: &Inspection) -> String {
    let line = |name: &str, counts: &Counts| {
        let Counts { users, items, interactions, rows } = *counts;
        let numbers = [users, items, interactions, rows].map(grouped);
        [&[name.to_owned()][..], &numbers, &[fine_percent(counts.density())]].concat()
    };
    let mut lines = vec![line("all", &inspection.all)];
    for FilterStep { filter, left } in &inspection.report.steps {
        lines.push(line(filter, left));
    }
    lines.push(line("trained on", &inspection.report.kept));
    if let Some(published) = preset.and_then(Preset::published) {
        lines.push(line(published.source, &published.counts));
    }
    let headings = [
        ("", false),
        ("users", true),
        ("items", true),
        ("interactions", true),
        ("rows", true),
        ("density", true),
    ];
    table(&headings, &lines)
}

/// What `--json` prints, in this order.
#[derive(Debug, Serialize)]
struct InspectionJson<'a> {
    file: String,
    bytes: usize,
    #[serde(flatten)]
    layout: &'a FileLayout,
    rows: usize,
    blank_rows: usize,
    bad_rows: usize,
    first_bad_rows: &'a [BadRow],
    users: usize,
    items: usize,
    interactions: usize,
    repeated_pairs: usize,
    density: f64,
    warnings: &'a [String],
    options: Value,
    filters: &'a [FilterStep],
    trained_on: Size,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<PublishedSize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_features: Option<FeatureReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_features: Option<FeatureReport>,
}

#[derive(Debug, Serialize)]
struct Size {
    #[serde(flatten)]
    counts: Counts,
    density: f64,
}

#[derive(Debug, Serialize)]
struct PublishedSize {
    source: &'static str,
    #[serde(flatten)]
    size: Size,
}

fn json(
    args: &Args,
    inspection: &Inspection,
    item_features: Option<FeatureReport>,
    user_features: Option<FeatureReport>,
) -> Result<String> {
    let Inspection { path, byte_count, all, report, .. } = inspection;
    let size = |counts: Counts| Size { counts, density: counts.density() };
    let published = args.load.filters.preset.and_then(Preset::published);
    let json = InspectionJson {
        file: path.display().to_string(),
        bytes: *byte_count,
        layout: &report.layout,
        rows: report.row_count,
        blank_rows: report.blank_row_count,
        bad_rows: report.bad_rows.count,
        first_bad_rows: &report.bad_rows.first,
        users: all.users,
        items: all.items,
        interactions: all.interactions,
        repeated_pairs: report.duplicate_count,
        density: all.density(),
        warnings: &report.warnings,
        options: args.load.record(),
        filters: &report.steps,
        trained_on: size(report.kept),
        published: published.map(|known| PublishedSize { source: known.source, size: size(known.counts) }),
        item_features,
        user_features,
    };
    serde_json::to_string(&json).map_err(|error| Error::Data(error.to_string()))
}
