//! What a file was found to be, and what became of its rows.

use super::detect::Form;
use super::text::Text;
use super::{Format, Interactions, Separator};
use crate::{Error, Result};
use serde::Serialize;

/// How many bad rows are told one by one.
pub const SHOWN_BAD_ROWS: usize = 5;

/// How a file is laid out.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Layout {
    /// What kind of file; never [`Format::Auto`] once read.
    pub format: Format,
    /// Whether it was decompressed.
    pub is_gzip: bool,
    /// What separates the fields of delimited text.
    pub separator: Option<Separator>,
    /// The names of the columns, or of the first object's members, in text form, where there are any.
    pub header: Option<Vec<String>>,
    /// Whether a backslash escapes a quote within quotes.
    pub backslash_escapes: bool,
    /// The users' column, from 1.
    pub user_column: Option<usize>,
    /// The items' column, from 1.
    pub item_column: Option<usize>,
    /// The ratings' column, from 1, where one is known, read or not.
    pub rating_column: Option<usize>,
}

impl Layout {
    pub(super) fn new(text: &Text, form: Form) -> Layout {
        Layout { format: form.into(), is_gzip: text.is_gzip, ..Layout::default() }
    }
}

/// A row that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadRow {
    /// Its line, from 1; its row in a Parquet file.
    pub line: u64,
    /// What is wrong with it.
    pub message: String,
}

/// The rows that cannot be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BadRows {
    /// How many there are.
    pub count: usize,
    /// The first of them, at most [`SHOWN_BAD_ROWS`].
    pub first: Vec<BadRow>,
}

impl BadRows {
    /// Counts one that starts at byte `offset`.
    pub(super) fn add(&mut self, text: &Text, offset: usize, message: String) {
        // Finding the line takes time.
        let line = if self.first.len() < SHOWN_BAD_ROWS { text.line_number(offset) } else { 0 };
        self.add_line(line, message);
    }

    /// Counts one at a known line.
    pub(super) fn add_line(&mut self, line: u64, message: String) {
        self.count += 1;
        if self.first.len() < SHOWN_BAD_ROWS {
            self.first.push(BadRow { line, message });
        }
    }

    /// The error that they make; `row_count` are good.
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

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Users with at least one interaction.
    pub users: usize,
    /// Items with at least one interaction.
    pub items: usize,
    /// Distinct pairs.
    pub interactions: usize,
    /// Rows that say so.
    pub rows: usize,
}

impl Counts {
    /// Those of `interactions` without empty users or items, told by `rows` rows.
    pub(super) fn of(interactions: &Interactions, rows: usize) -> Counts {
        let users = (0..interactions.user_count() as u32).filter(|&u| !interactions.items_of(u).is_empty());
        let items = interactions.item_frequencies().into_iter().filter(|&count| count > 0).count();
        Counts { users: users.count(), items, interactions: interactions.len(), rows }
    }

    /// The share of all pairs of a user and an item, 0 where there are none.
    pub fn density(&self) -> f64 {
        self.interactions as f64 / (self.users as f64 * self.items as f64).max(1.0)
    }
}

/// What one filter left.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilterStep {
    /// The filter in words: "users of at least 11 interactions".
    pub filter: String,
    /// What is left after it.
    pub left: Counts,
}

/// What a file was found to be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadReport {
    /// The format in words, with separator and columns.
    pub format: String,
    /// The same in parts.
    pub layout: Layout,
    /// Interactions read: rows of delimited text, items of all lines of an adjacency list.
    pub row_count: usize,
    /// Rows of separators only, which are passed over and not in `row_count`.
    pub blank_row_count: usize,
    /// Rows that cannot be used, which are not in `row_count`; none unless they are skipped.
    pub bad_rows: BadRows,
    /// Rows left out for a rating below `min_rating`.
    pub below_rating_count: usize,
    /// Rows left out since their pair's counts sum to less than `min_count`.
    pub below_count_count: usize,
    /// Kept rows beyond the first of their pair.
    pub duplicate_count: usize,
    /// The filters that were applied, in their order, each with what it left.
    pub steps: Vec<FilterStep>,
    /// What is there to be trained on.
    pub kept: Counts,
    /// What looks like damage, in words.
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
