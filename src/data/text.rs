//! A text file in memory: how it is read, where its lines end, and how errors point into it.

use crate::{Error, Result};
use std::io::Read;
use std::path::{Path, PathBuf};

/// How many characters of a value a message shows at most.
const SHOWN_CHARACTERS: usize = 60;

/// First bytes of files that are not text, and what to do about each.
const NOT_TEXT: [(&[u8], &str); 6] = [
    (b"\x1f\x8b", "is gzip-compressed: decompress it first, or pipe `gzip -dc` into standard input (`-`)"),
    (b"PK\x03\x04", "is a zip archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is zstd-compressed: decompress it first"),
    (b"PAR1", "is a Parquet file: write it as CSV first"),
    (b"\xff\xfe", "is UTF-16 text: write it as UTF-8 first"),
    (b"\xfe\xff", "is UTF-16 text: write it as UTF-8 first"),
];

/// The bytes of one input file, without a byte-order mark.
#[derive(Debug)]
pub(super) struct Text {
    /// The file as the user named it, or `<stdin>`.
    pub(super) path: PathBuf,
    pub(super) data: Vec<u8>,
}

impl Text {
    /// Reads all of `path`; `-` is standard input.
    pub(super) fn read(path: &Path) -> Result<Text> {
        let mut text = if path.as_os_str() == "-" {
            let path = PathBuf::from("<stdin>");
            let mut data = Vec::new();
            std::io::stdin().lock().read_to_end(&mut data).map_err(Error::io(&path, "read"))?;
            Text { path, data }
        } else {
            if path.is_dir() {
                return Err(Error::file(path, "is a folder, not a file"));
            }
            Text { path: path.to_owned(), data: std::fs::read(path).map_err(Error::io(path, "read"))? }
        };
        if text.data.starts_with(b"\xef\xbb\xbf") {
            text.data.drain(..3);
        }
        for (magic, message) in NOT_TEXT {
            if text.data.starts_with(magic) {
                return Err(text.error(message));
            }
        }
        if text.data.iter().all(u8::is_ascii_whitespace) {
            return Err(text.error("is empty"));
        }
        Ok(text)
    }

    /// An error about the file as a whole.
    pub(super) fn error(&self, message: impl Into<String>) -> Error {
        Error::file(&self.path, message)
    }

    /// An error about the row that starts at byte `offset`.
    pub(super) fn row_error(&self, offset: usize, message: impl Into<String>) -> Error {
        let line = self.line_number(offset);
        Error::Row { path: self.path.clone(), line, message: message.into() }
    }

    /// The number, from 1, of the line that byte `offset` is in.
    pub(super) fn line_number(&self, offset: usize) -> u64 {
        let before = &self.data[..offset.min(self.data.len())];
        let mut ends = 0;
        for (position, &byte) in before.iter().enumerate() {
            let ends_line = byte == b'\n' || (byte == b'\r' && self.data.get(position + 1) != Some(&b'\n'));
            ends += u64::from(ends_line);
        }
        ends + 1
    }
}

/// The lines of `data` with the offset of each, without their ends: LF, CRLF or a bare CR.
pub(super) fn lines(data: &[u8]) -> impl Iterator<Item = (usize, &[u8])> + Clone {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = data.get(start..).filter(|rest| !rest.is_empty())?;
        let offset = start;
        let length = rest.iter().position(|&b| b == b'\n' || b == b'\r').unwrap_or(rest.len());
        let end = if rest[length..].starts_with(b"\r\n") { 2 } else { 1 };
        start += length + end;
        Some((offset, &rest[..length]))
    })
}

/// A value as a message shows it: in backquotes, escaped, and cut where it is long.
pub(super) fn shown(value: &[u8]) -> String {
    let text = super::id_text(&value[..value.len().min(4 * SHOWN_CHARACTERS)]);
    if text.chars().count() <= SHOWN_CHARACTERS && value.len() <= 4 * SHOWN_CHARACTERS {
        return format!("`{text}`");
    }
    let start: String = text.chars().take(SHOWN_CHARACTERS - 3).collect();
    format!("`{start}...`")
}

/// "1 row", "2 rows".
pub(super) fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
