//! Files that are written under a temporary name and then renamed. A file with its final name is therefore
//! complete, and no existing file is replaced unless the caller asks for that.

use crate::{Error, Result};
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Checks that `path` is free or, with `force`, that it can be replaced. To be called before the work starts.
///
/// # Errors
/// [`Error::File`] that says what is in the way.
pub fn check_free(path: &Path, force: bool) -> Result<()> {
    if path.is_dir() {
        return Err(Error::file(path, "is a folder, so no file can be written there"));
    }
    if !force && path.symlink_metadata().is_ok() {
        return Err(Error::file(path, "exists already; --force replaces it"));
    }
    Ok(())
}

/// Checks that the folder of the file `path` exists. To be called before the work starts.
///
/// # Errors
/// [`Error::File`] if it does not.
pub fn check_folder(path: &Path) -> Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() && !parent.is_dir() => {
            Err(Error::file(path, format!("cannot be written: there is no folder {}", parent.display())))
        }
        _ => Ok(()),
    }
}

/// A file that appears under its name when [`NewFile::finish`] is called. If it is dropped before, it leaves
/// nothing behind.
#[derive(Debug)]
pub struct NewFile {
    buffer: BufWriter<NamedTempFile>,
    path: PathBuf,
    force: bool,
}

impl NewFile {
    /// Starts a file that will become `path`. With `force` it will replace an existing file.
    ///
    /// # Errors
    /// As [`check_free`]; [`Error::Io`] if no file can be created in the folder.
    pub fn create(path: &Path, force: bool) -> Result<NewFile> {
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
            builder.permissions(fs::Permissions::from_mode(0o666)); // less the umask
        }
        let file = builder.tempfile_in(parent).map_err(Error::io(parent, "write in"))?;
        Ok(NewFile { buffer: BufWriter::with_capacity(1 << 18, file), path: path.to_owned(), force })
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    /// [`Error::Io`] from the disk.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.buffer.write_all(bytes).map_err(Error::io(&self.path, "write"))
    }

    /// Makes the file appear under its name.
    ///
    /// # Errors
    /// [`Error::Io`] from the disk, or if another file has taken the name meanwhile.
    pub fn finish(self) -> Result<()> {
        self.close()?.appear().map(drop)
    }

    /// Flushes everything to the disk.
    fn close(self) -> Result<Closed> {
        let NewFile { buffer, path, force } = self;
        let file = buffer.into_inner().map_err(|error| Error::io(&path, "write")(error.into_error()))?;
        file.as_file().sync_all().map_err(Error::io(&path, "write"))?;
        Ok(Closed { file, path, force })
    }
}

/// A complete file that does not have its final name yet.
#[derive(Debug)]
struct Closed {
    file: NamedTempFile,
    path: PathBuf,
    force: bool,
}

impl Closed {
    fn appear(self) -> Result<PathBuf> {
        let Closed { file, path, force } = self;
        let renamed = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
        renamed.map_err(|error| Error::io(&path, "write")(error.error))?;
        Ok(path)
    }
}

/// Files that appear under their names only once all of them are written.
#[derive(Debug)]
pub(crate) struct NewFiles {
    force: bool,
    written: Vec<Closed>,
}

impl NewFiles {
    /// No files yet. With `force` they will replace existing files.
    pub(crate) fn new(force: bool) -> NewFiles {
        NewFiles { force, written: Vec::new() }
    }

    /// Lets `fill` write the file that will become `path`, through a buffer.
    pub(crate) fn write(
        &mut self,
        path: &Path,
        fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<()> {
        let mut file = NewFile::create(path, self.force)?;
        fill(&mut file.buffer).map_err(Error::io(path, "write"))?;
        self.written.push(file.close()?);
        Ok(())
    }

    /// Renames all files and returns their names.
    pub(crate) fn finish(self) -> Result<Vec<PathBuf>> {
        self.written.into_iter().map(Closed::appear).collect()
    }
}

/// Creates `folder` and its parents if they are missing.
pub(crate) fn create_folder(folder: &Path) -> Result<()> {
    if folder.exists() && !folder.is_dir() {
        return Err(Error::file(folder, "exists and is not a folder"));
    }
    fs::create_dir_all(folder).map_err(Error::io(folder, "create"))
}
