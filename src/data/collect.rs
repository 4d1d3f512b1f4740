//! Collects the rows of a file into a data set: checks and numbers ids, applies thresholds and counts bad
//! rows.

use super::report::LoadReport;
use super::text::{Text, counted, shown};
use super::{Dataset, IdTable, LoadOptions, OnBadRow};
use crate::Result;
use crate::files::InputLimit;

/// The longest allowed id, in bytes. A longer one means a damaged file, for example an unclosed quote.
pub const MAX_ID_BYTES: usize = 64 * 1024;

/// The most characters that a spreadsheet keeps in a cell. A line of exactly this length was probably cut.
pub(super) const CELL_CHARACTERS: usize = 32_767;

/// Collects the rows of a file. Ids are numbered in the order of their first kept interaction.
pub(super) struct Collector<'a> {
    dataset: &'a mut Dataset,
    on_bad_row: OnBadRow,
    min_rating: Option<f64>,
    min_count: Option<f64>,
    /// The kept rows.
    pub(super) pairs: Vec<(u32, u32)>,
    /// With `min_count`, the count of each kept row.
    pub(super) counts: Vec<f64>,
    /// Lines or fields of exactly [`CELL_CHARACTERS`].
    pub(super) cut_count: usize,
    /// Rows with more fields than the first row.
    pub(super) wide_count: usize,
    /// The bytes of memory that a kept row needs at the busiest moment, with its copies for filters and sorting.
    row_bytes: usize,
    pub(super) limit: InputLimit,
    pub(super) report: LoadReport,
}

impl<'a> Collector<'a> {
    pub(super) fn new(dataset: &'a mut Dataset, options: &LoadOptions, limit: &InputLimit) -> Collector<'a> {
        // A pair has 8 bytes, its item in a list 4, its count and its place by user 8 each.
        let counts = if options.min_count.is_some() { 24 } else { 0 };
        let filters = if options.has_filters() { 12 } else { 0 };
        Collector {
            dataset,
            on_bad_row: options.on_bad_row,
            min_rating: options.min_rating,
            min_count: options.min_count,
            pairs: Vec::new(),
            counts: Vec::new(),
            cut_count: 0,
            wide_count: 0,
            row_bytes: 12 + counts + filters,
            limit: limit.clone(),
            report: LoadReport::default(),
        }
    }

    /// Checks a row and keeps its pair if `value`, a rating or a count, is high enough. A row without a
    /// value is kept and counts as one.
    #[inline]
    pub(super) fn add_row(
        &mut self,
        user: &[u8],
        item: &[u8],
        value: Option<f64>,
    ) -> std::result::Result<(), String> {
        check_id("user", user)?;
        check_id("item", item)?;
        self.report.row_count += 1;
        if let (Some(threshold), Some(rating)) = (self.min_rating, value)
            && rating < threshold
        {
            self.report.below_rating_count += 1;
            return Ok(());
        }
        let full = |what: &str| format!("more than {} {what} ids", IdTable::MAX_COUNT);
        // Files are often sorted by user, so this is likely the user of the previous row.
        let user = match self.pairs.last() {
            Some(&(last, _)) if self.dataset.users.bytes(last) == user => last,
            _ => self.dataset.users.try_intern(user).ok_or_else(|| full("user"))?,
        };
        let item = self.dataset.items.try_intern(item).ok_or_else(|| full("item"))?;
        self.pairs.push((user, item));
        if self.min_count.is_some() {
            self.counts.push(value.unwrap_or(1.0));
        }
        Ok(())
    }

    /// Fails if the rows kept so far take more memory than they may. Looks only now and then.
    #[inline]
    pub(super) fn check_room(&self, text: &Text) -> Result<()> {
        const OFTEN: usize = 1 << 12;
        if self.pairs.len().is_multiple_of(OFTEN) { self.check_memory(text) } else { Ok(()) }
    }

    fn check_memory(&self, text: &Text) -> Result<()> {
        /// The starts of an id's row in lists, old and new.
        const ID_BYTES: usize = 24;
        let Dataset { users, items, .. } = &*self.dataset;
        let ids = users.memory() + items.memory() + ID_BYTES * (users.len() + items.len());
        let bytes = ids + self.row_bytes * self.pairs.len();
        self.limit.check_memory(&text.path, bytes as u64, || {
            let rows = counted(self.report.row_count, "row");
            let (users, items) = (counted(users.len(), "user"), counted(items.len(), "item"));
            format!("its first {rows} with {users} and {items}")
        })
    }

    /// Counts an unusable row that starts at byte `offset`.
    pub(super) fn add_bad(&mut self, text: &Text, offset: usize, message: String) {
        self.report.bad_rows.add(text, offset, message);
    }

    /// Counts an unusable row by its number, for files that have no lines.
    #[cfg(feature = "parquet")]
    pub(super) fn add_bad_row(&mut self, row: u64, message: String) {
        self.report.bad_rows.add_line(row, message);
    }

    /// Fails if there are bad rows and they are not to be skipped, or if there are no good rows.
    pub(super) fn check_any(&mut self, text: &Text, message: &str) -> Result<()> {
        let bad_rows = &mut self.report.bad_rows;
        if bad_rows.count > 0 && (self.on_bad_row == OnBadRow::Error || self.report.row_count == 0) {
            std::mem::take(bad_rows).refuse(text, self.report.row_count)?;
        }
        if self.report.row_count == 0 { Err(text.error(message)) } else { Ok(()) }
    }

    /// Describes what looks like damage.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.cut_count > 0 {
            warnings.push(format!(
                "{} {CELL_CHARACTERS} characters long, the limit of a spreadsheet cell: probably cut off",
                match self.cut_count {
                    1 => "1 line or field is".to_owned(),
                    count => format!("{count} lines or fields are"),
                }
            ));
        }
        if self.wide_count > 0 {
            warnings.push(format!(
                "{} more fields than the first row: perhaps an id contains the separator",
                match self.wide_count {
                    1 => "1 row has".to_owned(),
                    count => format!("{count} rows have"),
                }
            ));
        }
        for (what, ids) in [("user", &self.dataset.users), ("item", &self.dataset.items)] {
            let mut damaged = ids.iter().filter(|id| is_spreadsheet_number(id));
            if let Some(first) = damaged.next() {
                warnings.push(format!(
                    "found {} that a spreadsheet seems to have rounded, such as {}",
                    counted(1 + damaged.count(), &format!("{what} id")),
                    shown(first)
                ));
            }
        }
        warnings
    }
}

/// Whether `id` looks like `9,78292E+12`, the way spreadsheets save a long number such as an ISBN.
fn is_spreadsheet_number(id: &[u8]) -> bool {
    let Some(e) = id.iter().position(|&byte| byte == b'E') else { return false };
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let exponent = id[e + 1..].strip_prefix(b"+");
    let mantissa = &id[..e];
    exponent.is_some_and(digits)
        && mantissa.first().is_some_and(u8::is_ascii_digit)
        && (mantissa.len() == 1 || (matches!(mantissa[1], b',' | b'.') && digits(&mantissa[2..])))
}

pub(super) fn check_id(what: &str, id: &[u8]) -> std::result::Result<(), String> {
    match id.len() {
        0 => Err(format!("{what} id is empty")),
        1..=MAX_ID_BYTES => Ok(()),
        length => Err(format!(
            "{what} id is {length} bytes long, but at most {MAX_ID_BYTES} are allowed: {}",
            shown(id)
        )),
    }
}

/// Parses a value, such as a rating or a count, which must be finite. `what` is what messages call it.
pub(super) fn parse_value(what: &str, field: &[u8]) -> std::result::Result<f64, String> {
    let text = std::str::from_utf8(field).unwrap_or("\u{fffd}").trim();
    if text.is_empty() {
        return Err(format!("{what} is empty"));
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(format!("{what} is not finite: {}", shown(field))),
        Err(_) => Err(format!("{what} is not a number: {}", shown(field))),
    }
}
