//! Where results go: a file, or standard output.

use super::{Failure, console};
use spherec::export::{NewFile, check_folder, check_free, is_same_file, obstacle};
use spherec::{Error, Result};
use std::path::Path;

/// Checks that no file is written that the command also reads, or writes twice. An input can be a folder, whose files
/// are not replaced either. To be called before the work starts.
///
/// # Errors
/// [`Error::File`] that names both.
pub(crate) fn check_distinct(outputs: &[&Path], inputs: &[&Path]) -> Result<()> {
    for (at, output) in outputs.iter().enumerate() {
        if let Some(other) = outputs[..at].iter().find(|other| is_same_file(other, output)) {
            let message = format!("is the same file as {}, and cannot be both", other.display());
            return Err(Error::file(output, message));
        }
        for input in inputs.iter().filter(|input| input.as_os_str() != "-") {
            if is_same_file(input, output) {
                return Err(Error::file(output, "is read by this command, so it cannot be its output, too"));
            }
            let is_within = output.parent().is_some_and(|folder| is_same_file(&folder.join("."), input));
            if is_within && input.is_dir() && output.exists() {
                let message = format!("is in {}, which this command reads: choose another", input.display());
                return Err(Error::file(output, message));
            }
        }
    }
    Ok(())
}

/// Standard output, or a file that appears once it is complete.
pub(crate) enum Sink {
    Stdout,
    File(NewFile),
}

impl Sink {
    /// Checks that `path` can be written. To be called before the work starts.
    pub(crate) fn check(path: &Path, force: bool) -> Result<()> {
        if let Some(what) = obstacle(path) {
            let message = format!("is {what}: name a regular file, or leave out -o to print");
            return Err(Error::file(path, message));
        }
        check_folder(path)?;
        check_free(path, force)
    }

    /// Opens `path`, or standard output if it is `None`.
    pub(crate) fn open(path: Option<&Path>, force: bool) -> Result<Sink> {
        match path {
            None => Ok(Sink::Stdout),
            Some(path) => {
                Sink::check(path, force)?;
                Ok(Sink::File(NewFile::create(path, force)?))
            }
        }
    }

    /// Writes `bytes`.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), Failure> {
        match self {
            Sink::Stdout => console::out_data(bytes),
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
