//! Embeddings as files for other tools. A file is written beside its place and renamed, so that
//! what is there is whole, and nothing that was there is replaced unless that is asked for.

mod tsv;

pub use tsv::export_tsv;

use crate::{Error, Result};
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Which embeddings to export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The users.
    Users,
    /// The items.
    Items,
    /// The users and the items, in files of their own.
    Both,
}

/// Files that appear together under their names once all of them are written; dropped before that,
/// they leave nothing behind.
#[derive(Debug)]
pub(crate) struct NewFiles {
    force: bool,
    written: Vec<(NamedTempFile, PathBuf)>,
}

impl NewFiles {
    /// No files yet. With `force` they will replace others of their names.
    pub(crate) fn new(force: bool) -> NewFiles {
        NewFiles { force, written: Vec::new() }
    }

    /// An error where `path` is taken: before the work is done, not after it.
    pub(crate) fn check(&self, path: &Path) -> Result<()> {
        if path.is_dir() {
            return Err(Error::file(path, "is a folder, so no file can be written there"));
        }
        if !self.force && path.symlink_metadata().is_ok() {
            return Err(Error::file(path, "exists already; --force replaces it"));
        }
        Ok(())
    }

    /// Lets `fill` write the file that will be `path`, through a buffer.
    pub(crate) fn write(
        &mut self,
        path: &Path,
        fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<()> {
        self.check(path)?;
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
        let mut buffer = BufWriter::with_capacity(1 << 18, file);
        fill(&mut buffer).map_err(Error::io(path, "write"))?;
        let file = buffer.into_inner().map_err(|error| Error::io(path, "write")(error.into_error()))?;
        file.as_file().sync_all().map_err(Error::io(path, "write"))?;
        self.written.push((file, path.to_owned()));
        Ok(())
    }

    /// Renames all files to their names and returns these.
    pub(crate) fn finish(self) -> Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for (file, path) in self.written {
            let renamed = match self.force {
                true => file.persist(&path),
                false => file.persist_noclobber(&path),
            };
            renamed.map_err(|error| Error::io(&path, "write")(error.error))?;
            paths.push(path);
        }
        Ok(paths)
    }
}

/// Creates `folder` and its parents where missing.
pub(crate) fn create_folder(folder: &Path) -> Result<()> {
    if folder.exists() && !folder.is_dir() {
        return Err(Error::file(folder, "exists and is not a folder"));
    }
    fs::create_dir_all(folder).map_err(Error::io(folder, "create"))
}
