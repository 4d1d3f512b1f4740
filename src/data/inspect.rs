//! What a file is and holds, and what would be trained on.

use super::report::Counts;
use super::text::Text;
use super::{LoadOptions, LoadReport, OnBadRow, load};
use crate::Result;
use std::path::{Path, PathBuf};

/// What a file is and holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// The file as the user named it, or `<stdin>`.
    pub path: PathBuf,
    /// Bytes of text, decompressed.
    pub byte_count: usize,
    /// All that can be read of it, without filters.
    pub all: Counts,
    /// What was found, with the filters and what each left.
    pub report: LoadReport,
}

/// Looks into `path` (`-`: standard input) as [`load`](super::load()) would read it with `options`. Bad rows
/// are counted, and nothing need be left.
///
/// # Errors
/// As [`load`](super::load()), but only where no row can be read.
pub fn inspect(path: &Path, options: &LoadOptions) -> Result<Inspection> {
    options.check()?;
    let text = Text::read(path)?;
    let form = options.form(&text)?;
    let options = LoadOptions { on_bad_row: OnBadRow::Skip, ..options.clone() };
    let (_, mut report) = load::read(&text, &options, form)?;
    let all = if options.has_filters() {
        let (_, unfiltered) = load::read(&text, &options.unfiltered(), form)?;
        // Those of rows that are filtered out count, too.
        report.duplicate_count = unfiltered.duplicate_count;
        report.warnings = unfiltered.warnings;
        unfiltered.kept
    } else {
        report.kept
    };
    Ok(Inspection { path: text.path, byte_count: text.data.len(), all, report })
}
