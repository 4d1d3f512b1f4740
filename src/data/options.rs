//! Options that say how a file is read and filtered.

use super::detect::{self, FileFormat};
use super::text::{NPY, Text};
use super::{Column, Separator};
use crate::{Error, Result};
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The format of a data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Found by looking at the first lines.
    #[default]
    Auto,
    /// One interaction per row: CSV, TSV and the like.
    Delimited,
    /// One user per line: a count, then that many items. The user's id is the line number, from 0.
    AdjacencyCount,
    /// One user per line: the user's id, then the items.
    AdjacencyId,
    /// One interaction per line, as a JSON object.
    JsonLines,
    /// A Parquet file. Reading it needs the feature `parquet`.
    Parquet,
}

/// The formats with their names on the command line.
const FORMATS: [(Format, &str); 6] = [
    (Format::Auto, "auto"),
    (Format::Delimited, "delimited"),
    (Format::AdjacencyCount, "adjacency-count"),
    (Format::AdjacencyId, "adjacency-id"),
    (Format::JsonLines, "json-lines"),
    (Format::Parquet, "parquet"),
];

impl FromStr for Format {
    type Err = String;

    /// `auto`, `delimited`, `adjacency-count`, `adjacency-id`, `json-lines` or `parquet`.
    fn from_str(text: &str) -> std::result::Result<Format, String> {
        let found = FORMATS.iter().find(|(_, name)| *name == text);
        found.map(|&(format, _)| format).ok_or_else(|| {
            "must be auto, delimited, adjacency-count, adjacency-id, json-lines or parquet".to_owned()
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FORMATS.iter().find(|(format, _)| format == self).map_or("", |&(_, name)| name);
        f.write_str(name)
    }
}

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What happens if a row cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBadRow {
    /// The file is refused, and the message shows the first bad rows.
    #[default]
    Error,
    /// The row is skipped and counted.
    Skip,
}

/// How to read a file, and what to keep of it. Options about the format that are `None` are found by
/// looking at the first 1,000 lines.
///
/// A file that starts with `{` is JSON lines. A file of whole numbers, with lines of different lengths, is
/// an adjacency list: with a count first if these counts are right, otherwise with a user id first. Any
/// other file is delimited text. Its separator is the one that gives the first row known names; otherwise
/// the first of `::`, tab, comma or semicolon, and space that gives nearly all rows the same number of
/// fields. The first row is a header if it has known names, or if it has no number but stands above columns
/// of numbers. A file of string ids without a header keeps its first row. Ids are opaque bytes, neither
/// trimmed nor decoded.
///
/// The filters apply in this order: bad rows are dropped; `min_rating`; repeated pairs are merged;
/// `min_count`; `min_user_interactions`, once; `min_item_interactions`, once, counting only the users left;
/// `k_core`, repeated until nothing changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadOptions {
    /// `--format`. Any option about separators, headers or columns rules out adjacency lists.
    pub format: Format,
    /// What messages call the flag of the format, where that is not `--format`.
    pub format_flag: Option<&'static str>,
    /// `--separator`.
    pub separator: Option<Separator>,
    /// `--header`: whether the first row names the columns.
    pub header: Option<bool>,
    /// `--backslash-escapes`: whether a backslash escapes a quote within quotes, as in Book-Crossing.
    /// `None`: it does if fewer rows then have an unclosed quote than with RFC 4180's doubled quotes.
    pub backslash_escapes: Option<bool>,
    /// `--user-column`. `None`: the one with a known name, otherwise column 1.
    pub user_column: Option<Column>,
    /// `--item-column`. `None`: the one with a known name, otherwise column 2.
    pub item_column: Option<Column>,
    /// `--rating-column`. `None`: the one with a known name or, without a header, column 3. Read only for
    /// `min_rating` and `min_count`.
    pub rating_column: Option<Column>,
    /// `--on-bad-row`.
    pub on_bad_row: OnBadRow,
    /// `--max-input-bytes`: the most bytes of a file, after decompression; its rows take at most three times as many
    /// bytes of memory. `None`: a quarter of the free memory.
    pub max_input_bytes: Option<u64>,
    /// `--min-rating`: rows with a lower rating are left out.
    pub min_rating: Option<f64>,
    /// `--min-count`: pairs whose counts add up to less are left out. Without a column of counts, each row
    /// counts as one.
    pub min_count: Option<f64>,
    /// `--min-user-interactions`: users with fewer items are left out.
    pub min_user_interactions: Option<usize>,
    /// `--min-item-interactions`: items with fewer users are left out.
    pub min_item_interactions: Option<usize>,
    /// `--k-core`: users and items with fewer interactions are left out until none of them remain.
    pub k_core: Option<usize>,
}

impl LoadOptions {
    /// The same options without filters, and without the rating column that only filters read.
    pub fn unfiltered(&self) -> LoadOptions {
        LoadOptions {
            rating_column: None,
            min_rating: None,
            min_count: None,
            min_user_interactions: None,
            min_item_interactions: None,
            k_core: None,
            ..self.clone()
        }
    }

    /// The same options without the filters on users and items, for a file whose users and items are fixed
    /// already.
    pub fn rows_only(&self) -> LoadOptions {
        LoadOptions { min_user_interactions: None, min_item_interactions: None, k_core: None, ..self.clone() }
    }

    /// Whether any filter is set.
    pub fn has_filters(&self) -> bool {
        let LoadOptions { min_rating, min_count, .. } = self;
        let sizes = [self.min_user_interactions, self.min_item_interactions, self.k_core];
        min_rating.is_some() || min_count.is_some() || sizes.iter().any(Option::is_some)
    }

    pub(super) fn check(&self) -> Result<()> {
        for (flag, threshold) in [("--min-rating", self.min_rating), ("--min-count", self.min_count)] {
            if threshold.is_some_and(|threshold| !threshold.is_finite()) {
                return Err(Error::setting(flag, "must be a finite number"));
            }
        }
        if self.min_rating.is_some() && self.min_count.is_some() {
            return Err(Error::setting(
                "--min-count",
                "and --min-rating read the same column: give only one",
            ));
        }
        if self.rating_column.is_some() && self.min_rating.is_none() && self.min_count.is_none() {
            let message = "is read only for --min-rating or --min-count: give one of these, too";
            return Err(Error::setting("--rating-column", message));
        }
        Ok(())
    }

    /// The flag of the first option given that is about rows or, if `with_columns`, about columns.
    fn layout_flags(&self, with_columns: bool) -> Option<&'static str> {
        let text = [
            ("--separator", self.separator.is_some()),
            ("--header", self.header.is_some()),
            ("--backslash-escapes", self.backslash_escapes.is_some()),
        ];
        let columns = [
            ("--user-column", self.user_column.is_some()),
            ("--item-column", self.item_column.is_some()),
            ("--rating-column", self.rating_column.is_some()),
        ];
        let columns = columns.into_iter().filter(|_| with_columns);
        text.into_iter().chain(columns).find(|(_, is_given)| *is_given).map(|(flag, _)| flag)
    }

    /// The flag of the threshold given.
    fn threshold(&self) -> Option<&'static str> {
        let rating = self.min_rating.map(|_| "--min-rating");
        rating.or(self.min_count.map(|_| "--min-count"))
    }

    /// The flag of the first option given that has no meaning for `format`.
    fn meaningless(&self, format: FileFormat) -> Option<&'static str> {
        match format {
            FileFormat::Delimited => None,
            FileFormat::JsonLines | FileFormat::Parquet => self.layout_flags(false),
            FileFormat::AdjacencyCount | FileFormat::AdjacencyId => {
                self.layout_flags(true).or(self.threshold())
            }
        }
    }

    /// The format of the file: as given, or found from its first lines.
    pub(super) fn file_format(&self, text: &Text) -> Result<FileFormat> {
        let format_flag = self.format_flag.unwrap_or("--format");
        if text.data.starts_with(NPY) {
            return Err(text.error("is an array of NumPy, not a file of interactions"));
        }
        let format = match self.format {
            Format::Delimited => FileFormat::Delimited,
            Format::AdjacencyCount => FileFormat::AdjacencyCount,
            Format::AdjacencyId => FileFormat::AdjacencyId,
            Format::JsonLines => FileFormat::JsonLines,
            Format::Parquet => FileFormat::Parquet,
            Format::Auto => {
                if is_json_array(&text.data) {
                    let message = "is a JSON array: write one object per line, as `jq -c '.[]'` does";
                    return Err(text.error(message));
                }
                let found = detect::file_format(&text.data);
                let is_list = matches!(found, FileFormat::AdjacencyCount | FileFormat::AdjacencyId);
                // Options about rows or columns only make sense for delimited text.
                if self.layout_flags(is_list).is_some() {
                    return Ok(FileFormat::Delimited);
                }
                if let (true, Some(flag)) = (is_list, self.threshold()) {
                    return Err(text.error(format!(
                        "looks like an adjacency list, which has no values for {flag}; if it has columns, \
                         add {format_flag} delimited"
                    )));
                }
                return Ok(found);
            }
        };
        let Some(flag) = self.meaningless(format) else { return Ok(format) };
        let what = match format {
            FileFormat::JsonLines => "JSON lines",
            FileFormat::Parquet => "a Parquet file",
            _ => "an adjacency list",
        };
        Err(Error::setting(flag, format!("has no meaning for {what} ({format_flag})")))
    }
}

fn is_json_array(data: &[u8]) -> bool {
    let inner = data.trim_ascii_start().strip_prefix(b"[");
    inner.is_some_and(|inner| inner.trim_ascii_start().starts_with(b"{"))
}
