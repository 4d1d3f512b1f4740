//! A text file in memory: reads and decompresses it, finds its lines, and makes errors that point into it.

use crate::{Error, Result};
use flate2::bufread::MultiGzDecoder;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The most characters of a value that a message shows.
const SHOWN_CHARACTERS: usize = 60;

/// The first bytes of a gzip file. The file's name does not matter.
const GZIP: &[u8] = b"\x1f\x8b";

/// The first bytes of files that are not text, and what to do about each.
const NOT_TEXT: [(&[u8], &str); 6] = [
    (GZIP, "is gzip-compressed twice: decompress it first"),
    (b"BZh", "is bzip2-compressed: decompress it first"),
    (b"PK\x03\x04", "is a zip archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is zstd-compressed: decompress it first"),
    (b"\xff\xfe", "is UTF-16 text: convert it to UTF-8 first"),
    (b"\xfe\xff", "is UTF-16 text: convert it to UTF-8 first"),
];

/// The mark of a tar archive, and its offset.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// The bytes of one input file, decompressed, without a byte-order mark.
#[derive(Debug)]
pub(super) struct Text {
    /// The file as the user named it, or `<stdin>`.
    pub(super) path: PathBuf,
    pub(super) data: Vec<u8>,
    /// Whether the file is gzip-compressed.
    pub(super) is_gzip: bool,
}

impl Text {
    /// Reads all of `path`; `-` is standard input. Decompresses gzip of one or several members.
    pub(super) fn read(path: &Path) -> Result<Text> {
        let (path, bytes) = if path.as_os_str() == "-" {
            let path = PathBuf::from("<stdin>");
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes).map_err(Error::io(&path, "read"))?;
            (path, bytes)
        } else {
            if path.is_dir() {
                return Err(Error::file(path, "is a folder, not a file"));
            }
            (path.to_owned(), std::fs::read(path).map_err(Error::io(path, "read"))?)
        };
        let is_gzip = bytes.starts_with(GZIP);
        let data = if is_gzip { decompress(&path, &bytes)? } else { bytes };
        let mut text = Text { path, data, is_gzip };
        if text.data.starts_with(b"\xef\xbb\xbf") {
            text.data.drain(..3);
        }
        for (magic, message) in NOT_TEXT {
            if text.data.starts_with(magic) {
                return Err(text.error(message));
            }
        }
        if text.data.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
            return Err(text.error("is a tar archive: unpack it first"));
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

    /// The number, from 1, of the line with byte `offset`.
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

fn decompress(path: &Path, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    let read = MultiGzDecoder::new(bytes).read_to_end(&mut data);
    read.map_err(|error| {
        Error::file(
            path,
            format!("is gzip-compressed and damaged or cut short after {} bytes: {error}", data.len()),
        )
    })?;
    Ok(data)
}

/// The start of the line after the one with byte `offset`.
pub(super) fn next_line(data: &[u8], offset: usize) -> usize {
    lines(&data[offset..]).nth(1).map_or(data.len(), |(start, _)| offset + start)
}

/// The lines of `data` with the offset of each. A line ends in LF, CRLF or a bare CR, which is left out.
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

/// A value as a message shows it: in backquotes, escaped, and cut if it is long.
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
