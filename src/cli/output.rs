//! Result files: written beside their place, then renamed; nothing is replaced without `--force`.

use super::{Failure, console};
use spherec::{Error, Result};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Fails where `path` is taken: before the work, not after it.
pub(crate) fn check_free(path: &Path, force: bool) -> Result<()> {
    if path.is_dir() {
        return Err(Error::file(path, "is a folder, so no file can be written there"));
    }
    if !force && path.symlink_metadata().is_ok() {
        return Err(Error::file(path, "exists already; --force replaces it"));
    }
    Ok(())
}

/// Where results go: a file, or standard output.
pub(crate) enum Sink {
    /// Standard output.
    Stdout,
    /// A file that appears once all is written.
    File { buffer: BufWriter<NamedTempFile>, path: PathBuf, force: bool },
}

impl Sink {
    /// Opens `path`, or standard output where there is none.
    pub(crate) fn open(path: Option<&Path>, force: bool) -> Result<Sink> {
        let Some(path) = path else { return Ok(Sink::Stdout) };
        check_free(path, force)?;
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".spherec-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666)); // less the umask
        }
        let file = builder.tempfile_in(parent).map_err(Error::io(parent, "write in"))?;
        Ok(Sink::File { buffer: BufWriter::with_capacity(1 << 18, file), path: path.to_owned(), force })
    }

    /// Writes more.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), Failure> {
        match self {
            Sink::Stdout => console::out_bytes(bytes),
            Sink::File { buffer, path, .. } => {
                Ok(buffer.write_all(bytes).map_err(Error::io(path, "write"))?)
            }
        }
    }

    /// Lets the file appear under its name.
    pub(crate) fn finish(self) -> Result<()> {
        let Sink::File { buffer, path, force } = self else { return Ok(()) };
        let file = buffer.into_inner().map_err(|error| Error::io(&path, "write")(error.into_error()))?;
        file.as_file().sync_all().map_err(Error::io(&path, "write"))?;
        let renamed = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
        renamed.map(drop).map_err(|error| Error::io(&path, "write")(error.error))
    }
}
