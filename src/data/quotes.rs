//! Strict rules for quoted fields: which quote closes a field, and whether a quote within quotes is doubled
//! or escaped by a backslash.

use super::text::next_line;
use bstr::ByteSlice;

/// Whether each quoted field of a raw row is closed. If `strict`, the closing quote must stand just before a
/// separator or the end of the row. The CSV reader is lenient: without this check, one stray quote would
/// swallow all rows up to the next quote.
pub(super) fn closes_quotes(raw: &[u8], separator: u8, escapes: bool, strict: bool) -> bool {
    let mut position = 0;
    while position < raw.len() {
        if raw[position] == b'"' {
            match closing_quote(raw, position, separator, escapes, strict) {
                Some(quote) => position = quote + 1,
                None => return false,
            }
        }
        while position < raw.len() && !ends_field(raw.get(position), separator) {
            position += 1;
        }
        position += 1;
    }
    true
}

/// The position of the quote that closes the field opened at `open`.
fn closing_quote(raw: &[u8], open: usize, separator: u8, escapes: bool, strict: bool) -> Option<usize> {
    let mut position = open + 1;
    loop {
        match (*raw.get(position)?, raw.get(position + 1)) {
            (b'\\', Some(_)) if escapes => position += 2,
            (b'"', Some(b'"')) => position += 2,
            (b'"', next) if !strict || ends_field(next, separator) => return Some(position),
            (b'"', _) => return None,
            _ => position += 1,
        }
    }
}

fn ends_field(byte: Option<&u8>, separator: u8) -> bool {
    byte.is_none_or(|&b| b == separator || b == b'\n' || b == b'\r')
}

/// Whether a backslash escapes a quote within quotes: it does if that leaves fewer rows with an unclosed
/// quote. A doubled quote stands for one quote in either case.
pub(super) fn uses_escapes(data: &[u8], separator: u8) -> bool {
    data.find(b"\\\"").is_some() && unclosed(data, separator, true) < unclosed(data, separator, false)
}

/// Counts the rows with an unclosed quote. Such a row is taken to be a single line.
fn unclosed(data: &[u8], separator: u8, escapes: bool) -> usize {
    let (mut start, mut position, mut count) = (0, 0, 0);
    while position < data.len() {
        if data[position] == b'"' {
            match closing_quote(data, position, separator, escapes, true) {
                Some(quote) => position = quote + 1,
                None => {
                    count += 1;
                    position = next_line(data, start);
                    start = position;
                    continue;
                }
            }
        }
        while position < data.len() && !ends_field(data.get(position), separator) {
            position += 1;
        }
        let is_row_end = data.get(position) != Some(&separator);
        position += 1;
        if is_row_end {
            start = position;
        }
    }
    count
}
