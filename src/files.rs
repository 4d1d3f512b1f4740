//! Files to read: regular ones only, and of bounded size.

use crate::{Error, Result};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// Opens a file for reading. Links are followed.
///
/// # Errors
/// [`Error::File`] for a folder, a FIFO, a device or a socket, which could block or never end; [`Error::Io`].
pub fn open(path: &Path) -> Result<File> {
    // Asked before opening, because opening a FIFO waits for a writer.
    check_regular(path, &fs::metadata(path).map_err(Error::io(path, "read"))?)?;
    let file = File::open(path).map_err(Error::io(path, "read"))?;
    check_regular(path, &file.metadata().map_err(Error::io(path, "read"))?)?;
    Ok(file)
}

fn check_regular(path: &Path, found: &fs::Metadata) -> Result<()> {
    if found.is_dir() {
        return Err(Error::file(path, "is a folder, not a file"));
    }
    if !found.is_file() {
        return Err(Error::file(path, "is not a regular file, but a pipe, a device or a socket"));
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
