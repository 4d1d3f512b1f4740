//! Quoted fields, judged strictly: which quote closes a field, and which of the two ways of writing a
//! quote within quotes a file uses.

use super::text::next_line;
use bstr::ByteSlice;

/// Whether each quoted field of a raw row is closed: where `strict`, by a quote just before a separator
/// or the row's end. The reader is lenient, so that one stray quote could swallow the rows up to the next.
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

/// Where the field that opens with the quote at `open` is closed.
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

/// Whether a backslash escapes a quote within quotes: where fewer rows are then left with a quote that
/// is not closed. Two quotes stand for one in either case.
pub(super) fn uses_escapes(data: &[u8], separator: u8) -> bool {
    data.find(b"\\\"").is_some() && unclosed(data, separator, true) < unclosed(data, separator, false)
}

/// How many rows have a quote that is not closed; such a row is taken to be one line.
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
