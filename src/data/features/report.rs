//! What was found in a feature file.

use crate::data::BadRows;
use serde::Serialize;

/// How many unknown ids are named.
pub(super) const SHOWN_IDS: usize = 5;

/// What was found in a feature file, and what was kept of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FeatureReport {
    /// The format in words.
    pub format: String,
    /// Whether the file is gzip-compressed.
    pub is_gzip: bool,
    /// Features of single ids that were read; of dense ones, rows.
    pub entry_count: usize,
    /// Rows that cannot be used; none unless bad rows are skipped.
    pub bad_rows: BadRows,
    /// Entries that repeat an earlier one.
    pub repeated_count: usize,
    /// Of a list, how many ids (or features, if they stand first) have several lines, which are joined.
    pub joined_count: usize,
    /// Rows of the data set with features.
    pub with_count: usize,
    /// Rows of the data set without features. Nothing but their interactions tells about them.
    pub without_count: usize,
    /// Ids with features that the data set lacks. They are new rows.
    pub new_count: usize,
    /// The first of them in text form, at most five.
    pub first_new: Vec<String>,
    /// F: features that are kept.
    pub feature_count: usize,
    /// Features left out because too few ids have them.
    pub rare_count: usize,
    /// Entries of those features.
    pub rare_entry_count: usize,
}
