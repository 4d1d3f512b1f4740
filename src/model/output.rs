//! Finds out where a model may be written, before the training starts.

use super::manifest::{MANIFEST, Manifest, SUMS};
use crate::{Error, Result};
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What is at the place where a model should go.
pub(super) enum Place {
    /// Nothing.
    Free,
    /// A folder with nothing in it.
    Empty,
    /// A model, which the new one replaces: the names of its files.
    Model(Vec<&'static str>),
}

/// Checks that a model can be saved as `folder`. To be called before the training starts.
///
/// `folder` must not exist, or be empty, or hold a model of spherec. The folder around it must be writable,
/// which is tried with a temporary folder; if it is missing, its nearest existing parent is tried.
///
/// # Errors
/// [`Error::File`] or [`Error::Io`] that says what is in the way.
pub fn check_output(folder: &Path) -> Result<()> {
    let folder = resolve(folder)?;
    inspect(&folder)?;
    let mut parent = parent_of(&folder)?;
    // Saving creates missing parents, so try the nearest one that exists.
    while let Err(error) = fs::symlink_metadata(&parent) {
        if error.kind() != ErrorKind::NotFound {
            return Err(Error::io(&parent, "use")(error));
        }
        parent = parent_of(&parent)?;
    }
    if !parent.is_dir() {
        return Err(Error::file(&parent, "is not a folder, so no model can be saved in it"));
    }
    temporary_folder(&folder, &parent)?.close().map_err(Error::io(&parent, "write in"))
}

/// `folder` as an absolute path. If it exists, links are followed.
pub(super) fn resolve(folder: &Path) -> Result<PathBuf> {
    match fs::canonicalize(folder) {
        Ok(path) => Ok(path),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if folder.is_symlink() {
                return Err(Error::file(folder, "is a link to nothing"));
            }
            std::path::absolute(folder).map_err(Error::io(folder, "use"))
        }
        Err(error) => Err(Error::io(folder, "use")(error)),
    }
}

/// The parent of `folder`, which must be absolute.
pub(super) fn parent_of(folder: &Path) -> Result<PathBuf> {
    match (folder.parent(), folder.file_name()) {
        (Some(parent), Some(_)) => Ok(parent.to_owned()),
        _ => Err(Error::file(folder, "cannot be a model folder: name a folder inside it")),
    }
}

/// What is at `folder`, which must be resolved. An error if it may not be replaced.
pub(super) fn inspect(folder: &Path) -> Result<Place> {
    match fs::metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Place::Free),
        Err(error) => return Err(Error::io(folder, "read")(error)),
        Ok(found) if !found.is_dir() => {
            return Err(Error::file(folder, "exists and is not a folder, so it is not a spherec model"));
        }
        Ok(_) => {}
    }
    // Saving replaces the whole folder, which must not happen to the current one.
    if std::env::current_dir().is_ok_and(|current| current.starts_with(folder)) {
        return Err(Error::file(folder, "is the current folder, or holds it: name a folder inside it"));
    }
    if is_mount_point(folder) {
        return Err(Error::file(
            folder,
            "is a mount point, which cannot be replaced: name a folder inside it",
        ));
    }
    if fs::read_dir(folder).map_err(Error::io(folder, "read"))?.next().is_none() {
        return Ok(Place::Empty);
    }
    if folder.join(MANIFEST).symlink_metadata().is_err() {
        return Err(Error::file(folder, "exists and is not a spherec model: it has no model.json"));
    }
    let (_, sums) = Manifest::read(folder).map_err(|error| {
        Error::file(
            folder,
            format!("exists and is not a whole spherec model, so it is not replaced: {error}"),
        )
    })?;
    // Only these are the model's. They are deleted, so none may be a folder, a link or a device.
    let own_files: Vec<_> = sums.names().chain([SUMS]).collect();
    for name in &own_files {
        if fs::symlink_metadata(folder.join(name)).is_ok_and(|found| !found.is_file()) {
            let message = format!("cannot be replaced: {name} in it is not a regular file");
            return Err(Error::file(folder, message));
        }
    }
    Ok(Place::Model(own_files))
}

#[cfg(unix)]
fn is_mount_point(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
    folder.parent().is_some_and(|parent| device(parent) != device(folder))
}

#[cfg(not(unix))]
fn is_mount_point(_folder: &Path) -> bool {
    false
}

/// A new hidden folder in `parent`, named after `folder`. It is deleted when dropped.
pub(super) fn temporary_folder(folder: &Path, parent: &Path) -> Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix(&temporary_prefix(folder))
        .tempdir_in(parent)
        .map_err(Error::io(parent, "write in"))
}

fn temporary_prefix(folder: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(folder.file_name().unwrap_or_default());
    prefix.push(".spherec-");
    prefix
}

/// The error for a model folder that does not exist. A save that was killed between its two renames leaves
/// the models in a temporary folder; the error then says where.
pub(super) fn no_folder(folder: &Path) -> Error {
    if folder.exists() {
        return Error::file(folder, "is not a folder, so it is not a spherec model");
    }
    let left_over = || -> Option<PathBuf> {
        let folder = std::path::absolute(folder).ok()?;
        let prefix = temporary_prefix(&folder);
        let entries = fs::read_dir(folder.parent()?).ok()?.filter_map(|entry| entry.ok());
        entries
            .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(prefix.as_encoded_bytes()))
            .flat_map(|entry| ["new", "old"].map(|name| entry.path().join(name)))
            .find(|path| path.join(MANIFEST).is_file())
    };
    match left_over() {
        None => Error::file(folder, "there is no such folder"),
        Some(path) => Error::file(
            folder,
            format!("there is no such folder, but an interrupted save left a model in {}", path.display()),
        ),
    }
}
