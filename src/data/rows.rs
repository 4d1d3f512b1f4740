//! Reads the rows of delimited text. Fields are separated by one byte and may have RFC 4180 quotes, or they
//! are separated by `::` and have no quotes.

use super::quotes::closes_quotes;
use super::text::{lines, next_line};
use crate::{Error, Result};
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

/// A cursor over the rows of a text. Empty lines are skipped.
pub(super) struct RowReader<'a> {
    data: &'a [u8],
    splitter: Splitter<'a>,
}

enum Splitter<'a> {
    Quoted(Box<Quoted<'a>>),
    DoubleColon { position: usize },
}

struct Quoted<'a> {
    reader: csv::Reader<&'a [u8]>,
    /// Where in the text the reader began. After an unreadable row, a new reader begins at the next line.
    base: usize,
    separator: u8,
    escapes: bool,
}

impl<'a> RowReader<'a> {
    /// Starts at the first row. If `escapes`, a backslash escapes a quote within quotes.
    pub(super) fn new(data: &'a [u8], separator: Separator, escapes: bool) -> RowReader<'a> {
        let splitter = match separator {
            Separator::DoubleColon => Splitter::DoubleColon { position: 0 },
            Separator::Byte(separator) => {
                let reader = reader(data, separator, escapes);
                Splitter::Quoted(Box::new(Quoted { reader, base: 0, separator, escapes }))
            }
        };
        RowReader { data, splitter }
    }

    /// Reads the next row into `record` and returns the offset of its first byte, or `None` at the end.
    ///
    /// # Errors
    /// A quote is not closed: the offset of the row, and a message. Reading goes on with the next line.
    pub(super) fn next(
        &mut self,
        record: &mut ByteRecord,
    ) -> std::result::Result<Option<usize>, (usize, String)> {
        match &mut self.splitter {
            Splitter::DoubleColon { position } => {
                record.clear();
                let start = *position;
                let Some((offset, line)) = lines(&self.data[start..]).find(|(_, line)| !line.is_empty())
                else {
                    return Ok(None);
                };
                split_double_colon(line, record);
                // Stop before the line break: the next call sees it as an empty line and skips it.
                *position = start + offset + line.len();
                Ok(Some(start + offset))
            }
            Splitter::Quoted(quoted) => quoted.next(self.data, record),
        }
    }
}

impl<'a> Quoted<'a> {
    fn next(
        &mut self,
        data: &'a [u8],
        record: &mut ByteRecord,
    ) -> std::result::Result<Option<usize>, (usize, String)> {
        let Quoted { reader: rows, base, separator, escapes } = self;
        let more = rows.read_byte_record(record).map_err(|error| (*base, error.to_string()))?;
        if !more {
            return Ok(None);
        }
        let mut start = *base + record.position().map_or(0, |position| position.byte() as usize);
        let end = (*base + rows.position().byte() as usize).min(data.len());
        // The reader's position is before the line breaks that it skipped.
        while matches!(data.get(start), Some(b'\n' | b'\r')) {
            start += 1;
        }
        let spans_lines = record.as_slice().iter().any(|&b| b == b'\n' || b == b'\r');
        if (spans_lines || end == data.len())
            && !closes_quotes(&data[start..end], *separator, *escapes, spans_lines)
        {
            *base = next_line(data, start);
            *rows = reader(&data[*base..], *separator, *escapes);
            return Err((start, "a quote opened in this row is not closed properly".to_owned()));
        }
        Ok(Some(start))
    }
}

fn reader(data: &[u8], separator: u8, escapes: bool) -> csv::Reader<&[u8]> {
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(separator);
    builder.escape(escapes.then_some(b'\\')).from_reader(data)
}

fn split_double_colon(line: &[u8], record: &mut ByteRecord) {
    let mut field_start = 0;
    let mut position = 0;
    while position + 1 < line.len() {
        if line[position] == b':' && line[position + 1] == b':' {
            record.push_field(&line[field_start..position]);
            position += 2;
            field_start = position;
        } else {
            position += 1;
        }
    }
    record.push_field(&line[field_start..]);
}
