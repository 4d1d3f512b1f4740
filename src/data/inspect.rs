//! Inspects a file: its format, its contents, and what would be trained on.

use super::report::Counts;
use super::text::Text;
use super::{Dataset, IdTable, LoadOptions, LoadReport, OnBadRow, load};
use crate::Result;
use crate::files::InputLimit;
use std::path::{Path, PathBuf};

/// The format and the contents of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// The file as the user named it, or `<stdin>`.
    pub path: PathBuf,
    /// Size of the decompressed text, in bytes.
    pub byte_count: usize,
    /// Everything readable, before filters.
    pub all: Counts,
    /// What was found, and what each filter left.
    pub report: LoadReport,
    /// The users that are left.
    pub users: IdTable,
    /// The items that are left.
    pub items: IdTable,
}

/// Inspects `path` (`-`: standard input) as [`load`](super::load()) would read it with `options`. Bad rows
/// are only counted, and the filters may leave nothing.
///
/// # Errors
/// As [`load`](super::load()), but bad rows are an error only if there are no good ones.
pub fn inspect(path: &Path, options: &LoadOptions) -> Result<Inspection> {
    options.check()?;
    let limit = InputLimit::interactions(options.max_input_bytes);
    let text = Text::read(path, &limit)?;
    let format = options.file_format(&text)?;
    let options = LoadOptions { on_bad_row: OnBadRow::Skip, ..options.clone() };
    let (dataset, mut report) = load::read(&text, &options, format, &limit)?;
    let all = if options.has_filters() {
        let (_, unfiltered) = load::read(&text, &options.unfiltered(), format, &limit)?;
        // Repeats and damage in rows that the filters leave out count, too.
        report.duplicate_count = unfiltered.duplicate_count;
        report.warnings = unfiltered.warnings;
        unfiltered.kept
    } else {
        report.kept
    };
    let Dataset { users, items, .. } = dataset;
    Ok(Inspection { path: text.path, byte_count: text.data.len(), all, report, users, items })
}
