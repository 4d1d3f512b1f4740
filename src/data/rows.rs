//! Reads the rows of delimited text. Fields are separated by one byte and may have RFC 4180 quotes, or they
//! are separated by `::` and have no quotes. The time is linear in the length of the text, whatever is in it.

use super::text::next_line;
use crate::{Error, Result};
use bstr::ByteSlice;
use csv::ByteRecord;
use std::fmt;
use std::str::FromStr;

/// What separates two fields of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// One byte, such as a tab; fields may be quoted.
    Byte(u8),
    /// `::`, as in MovieLens' `ratings.dat`; quotes have no meaning.
    DoubleColon,
}

impl Separator {
    /// Fails if the separator is a quote or a line break.
    pub(super) fn check(self) -> Result<()> {
        match self {
            Separator::Byte(b'"' | b'\n' | b'\r') => {
                Err(Error::setting("--separator", format!("cannot be {self}")))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Separator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Separator::DoubleColon => f.write_str("`::`"),
            Separator::Byte(b'\t') => f.write_str("tab"),
            Separator::Byte(b' ') => f.write_str("space"),
            Separator::Byte(byte) => f.write_str(&super::text::shown(&[*byte])),
        }
    }
}

impl FromStr for Separator {
    type Err = String;

    /// One character, `::`, or one of `tab`, `\t`, `comma`, `semicolon`, `space`, `pipe`.
    fn from_str(text: &str) -> std::result::Result<Separator, String> {
        let byte = match (text, text.as_bytes()) {
            ("::", _) => return Ok(Separator::DoubleColon),
            ("tab" | "\\t", _) => b'\t',
            ("comma", _) => b',',
            ("semicolon", _) => b';',
            ("space", _) => b' ',
            ("pipe", _) => b'|',
            (_, &[byte]) if !matches!(byte, b'"' | b'\n' | b'\r') => byte,
            _ => return Err("must be one ASCII character, `tab`, `space` or `::`".to_owned()),
        };
        Ok(Separator::Byte(byte))
    }
}

/// The most fields of a row. More mean a damaged file or a wrong separator.
pub(crate) const MAX_FIELDS: usize = 1 << 16;

/// The longest row, in bytes. A longer one means a damaged file.
pub(crate) const MAX_ROW_BYTES: usize = 16 << 20;

/// A cursor over the rows of a text. Empty lines are skipped.
///
/// A field that starts with a quote ends at the next quote that is not doubled (or escaped); text between that
/// quote and the separator belongs to the field. In a row of several lines, such text is an error instead: without
/// this rule, one stray quote would swallow all rows up to the next quote.
pub(crate) struct RowReader<'a> {
    data: &'a [u8],
    position: usize,
    separator: Separator,
    /// Whether a backslash escapes a quote within quotes.
    escapes: bool,
    /// Whether text after a closing quote is an error in any row.
    is_strict: bool,
    /// Up to here, every row must end with its line. See [`RowReader::quoted_field`].
    single_lines_until: usize,
    /// The text of the quoted field being read.
    field: Vec<u8>,
}

/// A row with a quote that is not closed: where that shows.
struct Unclosed(usize);

impl<'a> RowReader<'a> {
    /// Starts at the first row. If `escapes`, a backslash escapes a quote within quotes.
    pub(crate) fn new(data: &'a [u8], separator: Separator, escapes: bool) -> RowReader<'a> {
        RowReader {
            data,
            position: 0,
            separator,
            escapes,
            is_strict: false,
            single_lines_until: 0,
            field: Vec::new(),
        }
    }

    /// Reads the next row into `record` and returns the offset of its first byte, or `None` at the end.
    ///
    /// # Errors
    /// A quote is not closed, or the row is too large: the offset of the row, and a message. Reading goes on with
    /// the next line or row.
    pub(crate) fn next(
        &mut self,
        record: &mut ByteRecord,
    ) -> std::result::Result<Option<usize>, (usize, String)> {
        record.clear();
        while self.data.get(self.position).is_some_and(|&byte| is_line_end(byte)) {
            self.position += 1;
        }
        let start = self.position;
        if start == self.data.len() {
            return Ok(None);
        }
        let mut row = Row { start, record, field_count: 0 };
        match self.separator {
            Separator::Byte(separator) => {
                if let Err(Unclosed(place)) = self.quoted_row(separator, &mut row) {
                    self.single_lines_until = self.single_lines_until.max(place);
                    self.position = next_line(self.data, start);
                    return Err((start, "a quote opened in this row is not closed properly".to_owned()));
                }
            }
            Separator::DoubleColon => self.plain_row(&mut row),
        }
        let field_count = row.field_count;
        let length = self.position - start;
        if field_count > MAX_FIELDS {
            return Err((start, format!("has {field_count} fields, but at most {MAX_FIELDS} are allowed")));
        }
        if length > MAX_ROW_BYTES {
            return Err((start, format!("is {length} bytes long, but at most {MAX_ROW_BYTES} are allowed")));
        }
        Ok(Some(start))
    }

    fn quoted_row(&mut self, separator: u8, row: &mut Row<'_>) -> std::result::Result<(), Unclosed> {
        let mut state = RowState::default();
        loop {
            let start = self.position;
            if self.data.get(start) == Some(&b'"') {
                self.quoted_field(separator, row.start, &mut state)?;
                row.push(&self.field, self.position);
            } else {
                self.position = field_end(self.data, start, separator);
                row.push(&self.data[start..self.position], self.position);
            }
            // Stop before a line end: the next call skips it.
            if self.data.get(self.position) != Some(&separator) {
                return Ok(());
            }
            self.position += 1;
        }
    }

    /// Reads a field that starts with a quote into `field`.
    ///
    /// If the row fails at some place, each line end between its start and that place was within quotes, or the
    /// row would have ended there. Another row that has such a line end within quotes goes on as this row did, and
    /// fails at the same place. So it is not read on: this keeps the time linear.
    fn quoted_field(
        &mut self,
        separator: u8,
        row_start: usize,
        state: &mut RowState,
    ) -> std::result::Result<(), Unclosed> {
        let data = self.data;
        self.field.clear();
        self.position += 1;
        loop {
            let rest = &data[self.position..];
            let special = |&byte: &u8| byte == b'"' || is_line_end(byte) || (byte == b'\\' && self.escapes);
            let run = rest.iter().position(special).unwrap_or(rest.len());
            self.extend(&rest[..run], row_start);
            self.position += run;
            let next = data.get(self.position + 1).copied();
            match (data.get(self.position).copied(), next) {
                (None, _) | (Some(b'\\'), None) => return Err(Unclosed(data.len())),
                (Some(b'"'), Some(b'"')) => {
                    self.extend(b"\"", row_start);
                    self.position += 2;
                }
                (Some(b'"'), next) if next.is_none_or(|byte| byte == separator || is_line_end(byte)) => {
                    self.position += 1;
                    return Ok(());
                }
                (Some(b'"'), _) => {
                    state.has_text_after_quote = true;
                    if self.is_strict || state.spans_lines {
                        return Err(Unclosed(self.position));
                    }
                    let end = field_end(data, self.position, separator);
                    self.extend(&data[self.position + 1..end], row_start);
                    self.position = end;
                    return Ok(());
                }
                (Some(b'\\'), Some(escaped)) => {
                    if is_line_end(escaped) {
                        self.span_lines(state)?;
                    }
                    self.extend(&[escaped], row_start);
                    self.position += 2;
                }
                (Some(line_end), _) => {
                    self.span_lines(state)?;
                    self.extend(&[line_end], row_start);
                    self.position += 1;
                }
            }
        }
    }

    /// Goes on to the next line within quotes, if that can end well.
    fn span_lines(&self, state: &mut RowState) -> std::result::Result<(), Unclosed> {
        state.spans_lines = true;
        match state.has_text_after_quote || self.position < self.single_lines_until {
            true => Err(Unclosed(self.position)),
            false => Ok(()),
        }
    }

    fn extend(&mut self, text: &[u8], row_start: usize) {
        if self.position + text.len() - row_start <= MAX_ROW_BYTES {
            self.field.extend_from_slice(text);
        }
    }

    fn plain_row(&mut self, row: &mut Row<'_>) {
        let rest = &self.data[self.position..];
        let line = &rest[..rest.find_byteset(b"\n\r").unwrap_or(rest.len())];
        for field in line.split_str("::") {
            row.push(field, row.start + line.len());
        }
        self.position += line.len();
    }
}

/// What a row has had so far.
#[derive(Default)]
struct RowState {
    /// A line end within quotes.
    spans_lines: bool,
    /// Text between a closing quote and the separator.
    has_text_after_quote: bool,
}

/// The row being read. Of a row that is too large, only the beginning is kept.
struct Row<'r> {
    start: usize,
    record: &'r mut ByteRecord,
    field_count: usize,
}

impl Row<'_> {
    /// Adds a field that ends at `end`.
    fn push(&mut self, field: &[u8], end: usize) {
        self.field_count += 1;
        if self.field_count <= MAX_FIELDS && end - self.start <= MAX_ROW_BYTES {
            self.record.push_field(field);
        }
    }
}

fn is_line_end(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

/// Where a field without quotes ends: at the separator, the line end or the end of the text.
fn field_end(data: &[u8], start: usize, separator: u8) -> usize {
    let rest = &data[start..];
    start + rest.iter().position(|&byte| byte == separator || is_line_end(byte)).unwrap_or(rest.len())
}

/// Whether a backslash escapes a quote within quotes: it does if that leaves fewer rows with an unclosed
/// quote. A doubled quote stands for one quote in either case.
pub(super) fn uses_escapes(data: &[u8], separator: Separator) -> bool {
    let unclosed_count = |escapes: bool| {
        let mut rows = RowReader { is_strict: true, ..RowReader::new(data, separator, escapes) };
        let mut record = ByteRecord::new();
        let mut count = 0;
        loop {
            match rows.next(&mut record) {
                Ok(Some(_)) => {}
                Ok(None) => return count,
                Err(_) => count += 1,
            }
        }
    };
    data.find(b"\\\"").is_some() && unclosed_count(true) < unclosed_count(false)
}

#[cfg(test)]
mod tests {
    use super::{RowReader, Separator};
    use csv::ByteRecord;
    use proptest::collection::vec;
    use proptest::prelude::*;

    type Rows = Vec<Result<(usize, ByteRecord), usize>>;

    /// All rows, with their offsets; if `forgets`, each as if no row before it had failed.
    fn rows(data: &[u8], separator: u8, escapes: bool, forgets: bool) -> Rows {
        let mut reader = RowReader::new(data, Separator::Byte(separator), escapes);
        let mut rows = Vec::new();
        let mut record = ByteRecord::new();
        loop {
            reader.single_lines_until *= usize::from(!forgets);
            match reader.next(&mut record) {
                Ok(None) => return rows,
                Ok(Some(offset)) => rows.push(Ok((offset, record.clone()))),
                Err((offset, _)) => rows.push(Err(offset)),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn rows_are_those_of_the_csv_crate_and_failures_do_not_depend_on_earlier_ones(
            data in vec(prop::sample::select(&b"\"\"\"\",,,\n\n\r\\\\ab"[..]), 0..40),
            separator in prop::sample::select(&b",\\"[..]),
            escapes: bool,
        ) {
            let read = rows(&data, separator, escapes, false);
            prop_assert_eq!(&read, &rows(&data, separator, escapes, true));
            if let Some(read) = read.into_iter().map(Result::ok).collect::<Option<Vec<_>>>() {
                let mut builder = csv::ReaderBuilder::new();
                builder.has_headers(false).flexible(true).delimiter(separator);
                let mut reader = builder.escape(escapes.then_some(b'\\')).from_reader(&data[..]);
                let expected: Vec<ByteRecord> = reader.byte_records().map(Result::unwrap).collect();
                prop_assert_eq!(read.into_iter().map(|(_, record)| record).collect::<Vec<_>>(), expected);
            }
        }
    }
}
