//! Files that are written under a temporary name and then renamed. A file with its final name is therefore
//! complete, and no existing file is replaced unless the caller asks for that.

use crate::leftovers::{self, Listed};
use crate::{Error, Result};
use std::fs;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempPath};

/// What stands at `path` and is never replaced, in words; `None` for a regular file, and if nothing is there.
pub fn obstacle(path: &Path) -> Option<&'static str> {
    let kind = path.symlink_metadata().ok()?.file_type();
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Some("a pipe");
        }
        if kind.is_block_device() || kind.is_char_device() {
            return Some("a device");
        }
    }
    match kind {
        kind if kind.is_file() => None,
        kind if kind.is_symlink() => Some("a link"),
        kind if kind.is_dir() => Some("a folder"),
        _ => Some("not a regular file"),
    }
}

/// Checks that `path` is free or, with `force`, a regular file that can be replaced. Links are not followed. To be
/// called before the work starts.
///
/// # Errors
/// [`Error::File`] that says what is in the way; [`Error::Io`] if the path cannot be, such as a name that is too long.
pub fn check_free(path: &Path, force: bool) -> Result<()> {
    if let Some(what) = obstacle(path) {
        return Err(Error::file(path, format!("is {what}: only a regular file can be written or replaced")));
    }
    match path.symlink_metadata() {
        Ok(_) if !force => Err(Error::file(path, "exists already; --force replaces it")),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(path, "write")(error)),
        _ => Ok(()),
    }
}

/// Whether two paths are one file, or would be: by links, by `..`, and on a file system that does not tell upper case
/// from lower case.
pub fn is_same_file(left: &Path, right: &Path) -> bool {
    let [left, right] = [left, right].map(|path| place(path).to_string_lossy().to_lowercase());
    left == right
}

/// Where `path` is or will be: whole and without links.
fn place(path: &Path) -> PathBuf {
    if let Ok(found) = path.canonicalize() {
        return found;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => place(&or_here(parent)).join(name),
        // A path that ends in `..`.
        (Some(parent), None) => place(&or_here(parent)).parent().unwrap_or(Path::new("/")).to_owned(),
        (None, _) => path.to_owned(),
    }
}

/// The folder that is meant by `parent`, which is empty for a plain file name.
fn or_here(parent: &Path) -> PathBuf {
    if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() }
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
    listed: Listed,
}

impl NewFile {
    /// Starts a file that will become `path`. With `force` it will replace an existing file.
    ///
    /// # Errors
    /// As [`check_free`]; [`Error::Io`] if no file can be created in the folder.
    pub fn create(path: &Path, force: bool) -> Result<NewFile> {
        check_free(path, force)?;
        let parent = or_here(path.parent().unwrap_or(Path::new("")));
        let mut builder = tempfile::Builder::new();
        // Not the file's own name, which may be as long as the file system allows.
        builder.prefix(".spherec-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666)); // less the umask
        }
        let file = builder.tempfile_in(&parent).map_err(Error::io(&parent, "write in"))?;
        let listed = leftovers::list(file.path());
        Ok(NewFile { buffer: BufWriter::with_capacity(1 << 18, file), path: path.to_owned(), force, listed })
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
        let NewFile { buffer, path, force, listed } = self;
        let file = buffer.into_inner().map_err(|error| Error::io(&path, "write")(error.into_error()))?;
        file.as_file().sync_all().map_err(Error::io(&path, "write"))?;
        Ok(Closed { file: file.into_temp_path(), path, force, _listed: listed })
    }
}

/// A complete file that does not have its final name yet. It is not held open: there may be thousands.
#[derive(Debug)]
struct Closed {
    file: TempPath,
    path: PathBuf,
    force: bool,
    _listed: Listed,
}

impl Closed {
    fn appear(self) -> Result<PathBuf> {
        let Closed { file, path, force, _listed } = self;
        // Again, because the work took time.
        check_free(&path, force)?;
        if let Ok(replaced) = path.metadata() {
            fs::set_permissions(&file, replaced.permissions()).map_err(Error::io(&path, "write"))?;
        }
        let renamed = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
        renamed.map_err(|error| Error::io(&path, "write")(error.error))?;
        Ok(path)
    }
}

/// Files that appear under their names only once all of them are written. If they do not, neither do their folders.
#[derive(Debug)]
pub(crate) struct NewFiles {
    force: bool,
    written: Vec<Closed>,
    /// Folders that were not there before, parents first.
    created: Vec<PathBuf>,
}

impl NewFiles {
    /// No files yet. With `force` they will replace existing files.
    pub(crate) fn new(force: bool) -> NewFiles {
        NewFiles { force, written: Vec::new(), created: Vec::new() }
    }

    /// Creates `folder` and its parents if they are missing.
    pub(crate) fn create_folder(&mut self, folder: &Path) -> Result<()> {
        if folder.exists() && !folder.is_dir() {
            return Err(Error::file(folder, "exists and is not a folder"));
        }
        let missing = folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
        let missing: Vec<_> = missing.map(Path::to_owned).collect();
        self.created.extend(missing.into_iter().rev());
        fs::create_dir_all(folder).map_err(Error::io(folder, "create"))
    }

    /// Lets `fill` write the file that will become `path`, through a buffer.
    pub(crate) fn write(
        &mut self,
        path: &Path,
        fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<()> {
        if let Some(other) = self.written.iter().find(|other| is_same_file(&other.path, path)) {
            let message = format!("is the same file as {}, and cannot be both", other.path.display());
            return Err(Error::file(path, message));
        }
        let mut file = NewFile::create(path, self.force)?;
        fill(&mut file.buffer).map_err(Error::io(path, "write"))?;
        self.written.push(file.close()?);
        Ok(())
    }

    /// Renames all files and returns their names.
    pub(crate) fn finish(mut self) -> Result<Vec<PathBuf>> {
        std::mem::take(&mut self.written).into_iter().map(Closed::appear).collect()
    }
}

impl Drop for NewFiles {
    fn drop(&mut self) {
        self.written.clear();
        for folder in self.created.iter().rev() {
            // Fails if there is a file in it, which is right.
            let _ = fs::remove_dir(folder);
        }
    }
}
