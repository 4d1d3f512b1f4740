//! Where results go: a file, or standard output.

use super::{Failure, console};
use spherec::Result;
use spherec::export::NewFile;
use std::path::Path;

/// Standard output, or a file that appears once it is complete.
pub(crate) enum Sink {
    Stdout,
    File(NewFile),
}

impl Sink {
    /// Opens `path`, or standard output if it is `None`.
    pub(crate) fn open(path: Option<&Path>, force: bool) -> Result<Sink> {
        match path {
            None => Ok(Sink::Stdout),
            Some(path) => Ok(Sink::File(NewFile::create(path, force)?)),
        }
    }

    /// Writes `bytes`.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), Failure> {
        match self {
            Sink::Stdout => console::out_bytes(bytes),
            Sink::File(file) => Ok(file.write(bytes)?),
        }
    }

    /// Gives a file its final name.
    pub(crate) fn finish(self) -> Result<()> {
        match self {
            Sink::Stdout => Ok(()),
            Sink::File(file) => file.finish(),
        }
    }
}
