//! Files to read: regular ones only, and of bounded size.

use crate::{Error, Result, memory};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Opens a file for reading. Links are followed.
///
/// # Errors
/// [`Error::File`] for a folder, a FIFO, a device or a socket, which could block or never end; [`Error::Io`].
pub fn open(path: &Path) -> Result<File> {
    open_or(path, "")
}

fn open_or(path: &Path, advice: &str) -> Result<File> {
    // Asked before opening, because opening a FIFO waits for a writer.
    check_regular(path, &fs::metadata(path).map_err(Error::io(path, "read"))?, advice)?;
    let file = File::open(path).map_err(Error::io(path, "read"))?;
    check_regular(path, &file.metadata().map_err(Error::io(path, "read"))?, advice)?;
    Ok(file)
}

fn check_regular(path: &Path, found: &fs::Metadata, advice: &str) -> Result<()> {
    if found.is_dir() {
        return Err(Error::file(path, "is a folder, not a file"));
    }
    if !found.is_file() {
        let message = format!("is not a regular file, but a pipe, a device or a socket{advice}");
        return Err(Error::file(path, message));
    }
    Ok(())
}

/// Reads a file of at most `most` bytes.
///
/// # Errors
/// As [`open`]; [`Error::File`] if the file is larger.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(Error::io(path, "read"))?;
    if bytes.len() as u64 > most {
        return Err(Error::file(path, format!("is larger than {most} bytes")));
    }
    Ok(bytes)
}

/// An input of a user: a file, or standard input.
pub(crate) struct Input {
    /// The file as the user named it, or `<stdin>`.
    pub(crate) path: PathBuf,
    pub(crate) reader: Box<dyn Read>,
    /// The size of a file.
    pub(crate) size: Option<u64>,
}

impl Input {
    /// Opens `path`; `-` is standard input, which may be a pipe.
    pub(crate) fn open(path: &Path) -> Result<Input> {
        if path.as_os_str() == "-" {
            return Ok(Input { path: "<stdin>".into(), reader: Box::new(io::stdin()), size: None });
        }
        let file = open_or(path, "; for a pipe, give `-` and pass it on standard input")?;
        let size = file.metadata().map_err(Error::io(path, "read"))?.len();
        Ok(Input { path: path.to_owned(), reader: Box::new(file), size: Some(size) })
    }
}

/// The most that is read of an input, and how much memory its contents may take beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputLimit {
    /// The most bytes of the input, after decompression.
    bytes: u64,
    /// The most bytes of memory for what is made of it.
    memory: u64,
    /// Where the first number comes from.
    rule: String,
}

/// The free memory to go by if the system does not say how much there is.
const UNKNOWN_MEMORY: u64 = 4 << 30;

impl InputLimit {
    /// For interactions: `given` bytes, by default a quarter of the free memory, and three times as many bytes of
    /// memory for the rows.
    pub fn interactions(given: Option<u64>) -> InputLimit {
        let free = memory::free_bytes().unwrap_or(UNKNOWN_MEMORY);
        let (bytes, rule) = match given {
            Some(bytes) => (bytes, format!("--max-input-bytes {bytes}")),
            None => (
                free / 4,
                format!("--max-input-bytes, by default a quarter of the {free} bytes of free memory"),
            ),
        };
        InputLimit { bytes, memory: bytes.saturating_mul(3), rule }
    }

    /// For small inputs, such as labels and lists of ids, which have no flag: a sixteenth of the free memory, and
    /// half of it for what is made of them.
    pub fn small() -> InputLimit {
        let free = memory::free_bytes().unwrap_or(UNKNOWN_MEMORY);
        let rule = format!("a sixteenth of the {free} bytes of free memory");
        InputLimit { bytes: free / 16, memory: free / 2, rule }
    }

    /// Appends all of `reader` to `data`, and says whether that ended within the limit. Takes no more memory than
    /// the limit either way.
    pub(crate) fn read(&self, reader: impl Read, data: &mut Vec<u8>) -> io::Result<bool> {
        reader.take(self.bytes.saturating_add(1)).read_to_end(data)?;
        Ok(data.len() as u64 <= self.bytes)
    }

    /// Fails if an input has more bytes than are read; `what` may say which bytes.
    pub(crate) fn check_size(&self, path: &Path, size: u64, what: &str) -> Result<()> {
        if size > self.bytes { Err(self.too_large(path, &size.to_string(), what)) } else { Ok(()) }
    }

    /// The error about an input that did not end within the limit; `what` may say which bytes.
    pub(crate) fn too_long(&self, path: &Path, what: &str) -> Error {
        self.too_large(path, &format!("more than {}", self.bytes), what)
    }

    fn too_large(&self, path: &Path, size: &str, what: &str) -> Error {
        let InputLimit { bytes, rule, .. } = self;
        Error::file(path, format!("has {size} bytes{what}, but at most {bytes} are read ({rule})"))
    }

    /// Fails if `what`, which is made of the input, takes too much memory.
    pub(crate) fn check_memory(&self, path: &Path, bytes: u64, what: impl FnOnce() -> String) -> Result<()> {
        let InputLimit { bytes: input, memory, rule } = self;
        if bytes <= *memory {
            return Ok(());
        }
        Err(Error::file(
            path,
            format!(
                "{} need {bytes} bytes of memory, but may take at most {memory}, for an input of at most {input} \
                 bytes ({rule})",
                what()
            ),
        ))
    }
}
