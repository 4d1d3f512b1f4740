//! From a file to a data set: what may be asked for, what was found, and the pairs that are kept.

use super::detect::{self, Adjacency};
use super::text::Text;
use super::{Column, Dataset, IdTable, Interactions, Separator, adjacency, delimited};
use crate::{Error, Result};
use std::path::Path;
use std::str::FromStr;

/// The longest id, in bytes. A longer one is a damaged file, such as a quote that is never closed.
pub const MAX_ID_BYTES: usize = 64 * 1024;

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Judged by the first lines.
    #[default]
    Auto,
    /// One interaction a row: CSV, TSV and the like.
    Delimited,
    /// One user a line: a count, then that many items. The user's id is the line number from 0.
    AdjacencyCount,
    /// One user a line: the user's id, then the items.
    AdjacencyId,
}

impl FromStr for Format {
    type Err = String;

    /// `auto`, `delimited`, `adjacency-count` or `adjacency-id`.
    fn from_str(text: &str) -> std::result::Result<Format, String> {
        match text {
            "auto" => Ok(Format::Auto),
            "delimited" => Ok(Format::Delimited),
            "adjacency-count" => Ok(Format::AdjacencyCount),
            "adjacency-id" => Ok(Format::AdjacencyId),
            _ => Err("a format is auto, delimited, adjacency-count or adjacency-id".to_owned()),
        }
    }
}

/// How to read a file; what is `None` is found from its first 1,000 lines.
///
/// Lines of whole numbers only, unequally many, are an adjacency list: with a count first where it is
/// right, else with a user id first. All else is delimited text. Its separator is the one under which
/// the first row has known names, else the first of `::`, tab, comma or semicolon, and space that gives
/// nearly all rows the same number of fields. Its first row is a header where it has known names, or
/// no number above columns of numbers; string ids without a header keep their first row. Quotes are
/// RFC 4180's; ids are opaque bytes, neither trimmed nor decoded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadOptions {
    /// `--format`. An adjacency list is looked for only where all options below are `None`.
    pub format: Format,
    /// `--separator`.
    pub separator: Option<Separator>,
    /// `--header`: whether the first row names the columns.
    pub header: Option<bool>,
    /// `--user-column`: a known name, else column 1.
    pub user_column: Option<Column>,
    /// `--item-column`: a known name, else column 2.
    pub item_column: Option<Column>,
    /// `--rating-column`: a known name, else column 3 where there is no header. Read only for
    /// `min_rating`.
    pub rating_column: Option<Column>,
    /// `--min-rating`: rows with a lower rating are no interactions. Without it every row is one.
    pub min_rating: Option<f64>,
}

impl LoadOptions {
    /// The first option, by flag, that has a meaning for delimited text only.
    fn delimited_only(&self) -> Option<&'static str> {
        let flags = [
            ("--separator", self.separator.is_some()),
            ("--header", self.header.is_some()),
            ("--user-column", self.user_column.is_some()),
            ("--item-column", self.item_column.is_some()),
            ("--rating-column", self.rating_column.is_some()),
            ("--min-rating", self.min_rating.is_some()),
        ];
        flags.iter().find(|(_, is_given)| *is_given).map(|&(flag, _)| flag)
    }

    fn adjacency(&self, text: &Text) -> Result<Option<Adjacency>> {
        let form = match self.format {
            Format::Delimited => return Ok(None),
            Format::Auto if self.delimited_only().is_some() => return Ok(None),
            Format::Auto => return Ok(detect::adjacency(detect::sample(&text.data))),
            Format::AdjacencyCount => Adjacency::Count,
            Format::AdjacencyId => Adjacency::Id,
        };
        match self.delimited_only() {
            Some(flag) => Err(Error::setting(flag, "has no meaning for an adjacency list (--format)")),
            None => Ok(Some(form)),
        }
    }
}

/// What a file was found to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// The format in words, with separator and columns.
    pub format: String,
    /// Interactions read: rows of delimited text, items of all lines of an adjacency list.
    pub row_count: usize,
    /// Rows of separators only, which are passed over and not in `row_count`.
    pub blank_row_count: usize,
    /// Rows left out for a rating below `min_rating`.
    pub below_rating_count: usize,
    /// Kept rows beyond the first of their pair.
    pub duplicate_count: usize,
}

/// Gathers the rows of a file; ids get rows in the order of their first kept interaction.
pub(super) struct Collector<'a> {
    dataset: &'a mut Dataset,
    pairs: Vec<(u32, u32)>,
    pub(super) report: LoadReport,
}

impl Collector<'_> {
    /// Checks the ids and keeps the pair if it `is_positive`.
    pub(super) fn add_row(
        &mut self,
        user: &[u8],
        item: &[u8],
        is_positive: bool,
    ) -> std::result::Result<(), String> {
        check_id("user", user)?;
        check_id("item", item)?;
        self.report.row_count += 1;
        if !is_positive {
            self.report.below_rating_count += 1;
            return Ok(());
        }
        let full = |what: &str| format!("more than {} {what} ids", IdTable::MAX_COUNT);
        // Files are often sorted by user: the last one's row is likely this one's.
        let user = match self.pairs.last() {
            Some(&(last, _)) if self.dataset.users.bytes(last) == user => last,
            _ => self.dataset.users.try_intern(user).ok_or_else(|| full("user"))?,
        };
        let item = self.dataset.items.try_intern(item).ok_or_else(|| full("item"))?;
        self.pairs.push((user, item));
        Ok(())
    }
}

fn check_id(what: &str, id: &[u8]) -> std::result::Result<(), String> {
    match id.len() {
        0 => Err(format!("{what} id is empty")),
        1..=MAX_ID_BYTES => Ok(()),
        length => Err(format!(
            "{what} id is {length} bytes long, but at most {MAX_ID_BYTES} are allowed: {}",
            super::text::shown(id)
        )),
    }
}

/// Reads a data set from `path` (`-`: standard input). Only users and items with a kept interaction
/// exist in it; a pair that occurs several times counts once, and is kept if any of its ratings is high
/// enough.
///
/// # Errors
/// A file that cannot be read, is empty or is not text; a column that is not there; a row with too few
/// fields, an empty or overlong id or, with `min_rating`, a rating that is not a finite number, by line;
/// options that contradict each other or the file; no pair left.
pub fn load(path: &Path, options: &LoadOptions) -> Result<(Dataset, LoadReport)> {
    if options.min_rating.is_some_and(|rating| !rating.is_finite()) {
        return Err(Error::setting("--min-rating", "must be a finite number"));
    }
    if options.rating_column.is_some() && options.min_rating.is_none() {
        return Err(Error::setting("--rating-column", "is read only for --min-rating, which is not given"));
    }
    let text = Text::read(path)?;
    let mut dataset = Dataset::default();
    let mut collector = Collector { dataset: &mut dataset, pairs: Vec::new(), report: LoadReport::default() };
    let format = match options.adjacency(&text)? {
        Some(form) => adjacency::read(&text, form, &mut collector)?,
        None => delimited::read(&text, options, &mut collector)?,
    };
    let Collector { pairs, mut report, .. } = collector;
    report.format = format;
    if let (true, Some(threshold)) = (pairs.is_empty(), options.min_rating) {
        let message = format!("none of its {} rows has a rating of at least {threshold}", report.row_count);
        return Err(text.error(message));
    }
    drop(text);
    dataset.interactions = Interactions::from_pairs(dataset.users.len(), dataset.items.len(), &pairs);
    report.duplicate_count = pairs.len() - dataset.interactions.len();
    Ok((dataset, report))
}

/// The part of a file that a known set of users and items can say something about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownPairs {
    /// The pairs of known users and items, in the rows of the given tables, (U, I).
    pub interactions: Interactions,
    /// Distinct users of the file that are not known.
    pub unknown_user_count: usize,
    /// Distinct items of the file that are not known.
    pub unknown_item_count: usize,
    /// Distinct pairs left out, since their user or item is not known.
    pub unknown_pair_count: usize,
}

/// Reads a file against known ids, for a test file and a trained model. The result may be empty.
///
/// # Errors
/// As [`load`].
pub fn load_known(
    path: &Path,
    options: &LoadOptions,
    users: &IdTable,
    items: &IdTable,
) -> Result<(KnownPairs, LoadReport)> {
    let (dataset, report) = load(path, options)?;
    let user_rows: Vec<Option<u32>> = dataset.users.iter().map(|id| users.find(id)).collect();
    let item_rows: Vec<Option<u32>> = dataset.items.iter().map(|id| items.find(id)).collect();
    let known: Vec<(u32, u32)> = dataset
        .interactions
        .pairs()
        .filter_map(|(user, item)| user_rows[user as usize].zip(item_rows[item as usize]))
        .collect();
    let unknown_count = |rows: &[Option<u32>]| rows.iter().filter(|row| row.is_none()).count();
    let pairs = KnownPairs {
        unknown_user_count: unknown_count(&user_rows),
        unknown_item_count: unknown_count(&item_rows),
        unknown_pair_count: dataset.interactions.len() - known.len(),
        interactions: Interactions::from_pairs(users.len(), items.len(), &known),
    };
    Ok((pairs, report))
}
