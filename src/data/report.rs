//! Reports on a loaded file: its format, its bad rows, and what each filter left.

use super::detect::FileFormat;
use super::text::Text;
use super::{Format, Interactions, Separator};
use crate::{Error, Result};
use serde::Serialize;

/// How many bad rows are shown one by one.
pub const SHOWN_BAD_ROWS: usize = 5;

/// How a file is laid out.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FileLayout {
    /// The format; never [`Format::Auto`] once the file is read.
    pub format: Format,
    /// Whether the file is gzip-compressed.
    pub is_gzip: bool,
    /// What separates the fields of delimited text.
    pub separator: Option<Separator>,
    /// The names of the columns, or of the members of JSON objects, in text form; `None` without a header.
    pub header: Option<Vec<String>>,
    /// Whether a backslash escapes a quote within quotes.
    pub backslash_escapes: bool,
    /// The column of users, from 1.
    pub user_column: Option<usize>,
    /// The column of items, from 1.
    pub item_column: Option<usize>,
    /// The column of ratings, from 1, if one was found, read or not.
    pub rating_column: Option<usize>,
}

impl FileLayout {
    pub(super) fn new(text: &Text, format: FileFormat) -> FileLayout {
        FileLayout { format: format.into(), is_gzip: text.is_gzip, ..FileLayout::default() }
    }
}

/// A row that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadRow {
    /// Its line, from 1; in a Parquet file its row, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub message: String,
}

/// All rows that cannot be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BadRows {
    /// How many there are.
    pub count: usize,
    /// The first of them, at most [`SHOWN_BAD_ROWS`].
    pub first: Vec<BadRow>,
}

impl BadRows {
    /// Counts a bad row that starts at byte `offset`.
    pub(super) fn add(&mut self, text: &Text, offset: usize, message: String) {
        // Finding the line is slow, so do it only for rows that are shown.
        let line = if self.first.len() < SHOWN_BAD_ROWS { text.line_number(offset) } else { 0 };
        self.add_line(line, message);
    }

    /// Counts a bad row at a known line.
    pub(super) fn add_line(&mut self, line: u64, message: String) {
        self.count += 1;
        if self.first.len() < SHOWN_BAD_ROWS {
            self.first.push(BadRow { line, message });
        }
    }

    /// Fails if there are bad rows; `row_count` is the number of good ones.
    pub(super) fn refuse(self, text: &Text, row_count: usize) -> Result<()> {
        let total = row_count + self.count;
        let mut first = self.first.into_iter();
        let Some(BadRow { line, message }) = first.next() else { return Ok(()) };
        let path = text.path.clone();
        if self.count == 1 {
            return Err(Error::Row { path, line, message });
        }
        let rest = first.map(|row| (row.line, row.message));
        Err(Error::Rows {
            path,
            first: std::iter::once((line, message)).chain(rest).collect(),
            count: self.count,
            total,
        })
    }
}

/// The size of a data set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Users with at least one interaction.
    pub users: usize,
    /// Items with at least one interaction.
    pub items: usize,
    /// Distinct pairs.
    pub interactions: usize,
    /// Rows of the file that these pairs come from, repeats included.
    pub rows: usize,
}

impl Counts {
    /// Counts `interactions`, which come from `rows` rows. Users and items without interactions do not count.
    pub(super) fn of(interactions: &Interactions, rows: usize) -> Counts {
        let users = (0..interactions.user_count() as u32).filter(|&u| !interactions.items_of(u).is_empty());
        let items = interactions.item_frequencies().into_iter().filter(|&count| count > 0).count();
        Counts { users: users.count(), items, interactions: interactions.len(), rows }
    }

    /// The share of all possible pairs that are interactions; 0 if no pair is possible.
    pub fn density(&self) -> f64 {
        self.interactions as f64 / (self.users as f64 * self.items as f64).max(1.0)
    }
}

/// What one filter left.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilterStep {
    /// The filter in words: "users with at least 11 interactions".
    pub filter: String,
    /// What is left after it.
    pub left: Counts,
}

/// What was found in a file, and what was kept of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadReport {
    /// The format in words, with separator and columns.
    pub format: String,
    /// The format as separate values.
    pub layout: FileLayout,
    /// Interactions read: rows of delimited text, or items of all lines of an adjacency list.
    pub row_count: usize,
    /// Rows that hold only separators. They are skipped, and not in `row_count`.
    pub blank_row_count: usize,
    /// Rows that cannot be used. They are not in `row_count`; none unless bad rows are skipped.
    pub bad_rows: BadRows,
    /// Rows left out because their rating is below `min_rating`.
    pub below_rating_count: usize,
    /// Rows left out because the counts of their pair add up to less than `min_count`.
    pub below_count_count: usize,
    /// Kept rows that repeat an earlier pair.
    pub duplicate_count: usize,
    /// The filters, in the order in which they were applied, with what each left.
    pub steps: Vec<FilterStep>,
    /// What is left to train on.
    pub kept: Counts,
    /// Descriptions of what looks like damage.
    pub warnings: Vec<String>,
}

impl Serialize for Separator {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Separator::DoubleColon => serializer.serialize_str("::"),
            Separator::Byte(byte) => serializer.serialize_str(&char::from(*byte).to_string()),
        }
    }
}
