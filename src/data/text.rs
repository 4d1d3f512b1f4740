//! A text file in memory: reads and decompresses it, finds its lines, and makes errors that point into it.

use crate::files::{Input, InputLimit};
use crate::printable::printable;
use crate::{Error, Result};
use flate2::read::MultiGzDecoder;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most characters of a value that a message shows.
const SHOWN_CHARACTERS: usize = 60;

/// The first bytes of a gzip file. The file's name does not matter.
const GZIP: &[u8] = b"\x1f\x8b";

/// The first bytes of a Parquet file.
pub(super) const PARQUET: &[u8] = b"PAR1";

/// The first bytes of a file of NumPy.
pub(super) const NPY: &[u8] = b"\x93NUMPY";

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
pub(crate) struct Text {
    /// The file as the user named it, or `<stdin>`.
    pub(crate) path: PathBuf,
    /// Shared, so that the reader of Parquet files needs no copy.
    pub(crate) data: Arc<Vec<u8>>,
    /// Whether the file is gzip-compressed.
    pub(crate) is_gzip: bool,
}

/// Reads a text: decompressed if it is a gzip file, without a byte-order mark. `path` may be `-`, which is standard
/// input.
///
/// # Errors
/// The file cannot be read, is empty, is not text, or is larger than `limit`.
pub fn read_text(path: &Path, limit: &InputLimit) -> Result<Arc<Vec<u8>>> {
    Ok(Text::read(path, limit)?.data)
}

impl Text {
    /// Reads all of `path`; `-` is standard input. Decompresses gzip of one or several members.
    pub(crate) fn read(path: &Path, limit: &InputLimit) -> Result<Text> {
        let Input { path, mut reader, size } = Input::open(path)?;
        let mut start = Vec::new();
        reader.by_ref().take(GZIP.len() as u64).read_to_end(&mut start).map_err(Error::io(&path, "read"))?;
        let is_gzip = start == GZIP;
        let mut data = Vec::new();
        let is_whole = if is_gzip {
            limit.read(MultiGzDecoder::new(start.as_slice().chain(reader)), &mut data).map_err(|error| {
                let length = data.len();
                let message =
                    format!("is gzip-compressed and damaged or cut short after {length} bytes: {error}");
                Error::file(&path, message)
            })?
        } else {
            if let Some(size) = size {
                limit.check_size(&path, size, "")?;
                data.reserve_exact(size as usize + 1);
            }
            limit.read(start.as_slice().chain(reader), &mut data).map_err(Error::io(&path, "read"))?
        };
        if !is_whole {
            return Err(limit.too_long(&path, if is_gzip { " after decompression" } else { "" }));
        }
        if data.starts_with(b"\xef\xbb\xbf") {
            data.drain(..3);
        }
        let text = Text { path, data: Arc::new(data), is_gzip };
        text.check()?;
        Ok(text)
    }

    /// Fails if this is no text, nor a file of Parquet or NumPy.
    fn check(&self) -> Result<()> {
        for (magic, message) in NOT_TEXT {
            if self.data.starts_with(magic) {
                return Err(self.error(message));
            }
        }
        if self.data.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
            return Err(self.error("is a tar archive: unpack it first"));
        }
        if self.data.iter().all(u8::is_ascii_whitespace) {
            return Err(self.error("is empty"));
        }
        let is_binary = self.data.starts_with(PARQUET) || self.data.starts_with(NPY);
        if !is_binary && has_wide_characters(&self.data) {
            let message = "has NUL bytes like UTF-16 or UTF-32 text: convert it to UTF-8 first";
            return Err(self.error(message));
        }
        Ok(())
    }

    /// An error about the file as a whole.
    pub(crate) fn error(&self, message: impl Into<String>) -> Error {
        Error::file(&self.path, message)
    }

    /// The number, from 1, of the line with byte `offset`.
    pub(crate) fn line_number(&self, offset: usize) -> u64 {
        let before = &self.data[..offset.min(self.data.len())];
        let mut ends = 0;
        for (position, &byte) in before.iter().enumerate() {
            let ends_line = byte == b'\n' || (byte == b'\r' && self.data.get(position + 1) != Some(&b'\n'));
            ends += u64::from(ends_line);
        }
        ends + 1
    }
}

/// Whether each line end has NULs at its side, as in UTF-16 or UTF-32 without a byte-order mark. If there is no line
/// end, or the number of bytes is odd, more than a quarter of the bytes must be NULs. Looks at the start only.
fn has_wide_characters(data: &[u8]) -> bool {
    const LOOKED_AT: usize = 4096;
    let start = &data[..data.len().min(LOOKED_AT) / 2 * 2];
    let ends = || start.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
    // Of a long file, nothing says that it was not cut.
    let is_odd = data.len() <= LOOKED_AT && !data.len().is_multiple_of(2);
    let has_many = 4 * start.iter().filter(|byte| **byte == 0).count() > start.len();
    if (is_odd || ends().next().is_none()) && !has_many {
        return false;
    }
    let is_low_first = |at: usize| at.is_multiple_of(2) && start[at + 1] == 0;
    let is_high_first = |at: usize| !at.is_multiple_of(2) && start[at - 1] == 0;
    ends().all(is_low_first) || ends().all(is_high_first)
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
pub(crate) fn shown(value: &[u8]) -> String {
    let text = super::id_text(&value[..value.len().min(4 * SHOWN_CHARACTERS)]);
    let text = printable(&text);
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
