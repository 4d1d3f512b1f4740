//! Finds out where a model may be written, before the training starts.

use super::manifest::{MANIFEST, Manifest, REQUIRED, optional};
use super::sums::{SUMS, hex};
use crate::{Error, Result};
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What is at the place where a model should go.
pub(super) enum Place {
    /// Nothing.
    Free,
    /// A folder with nothing in it.
    Empty,
    /// A model, which the new one replaces.
    Model,
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
pub(crate) fn resolve(folder: &Path) -> Result<PathBuf> {
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
pub(crate) fn parent_of(folder: &Path) -> Result<PathBuf> {
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
    for name in sums.names().chain([SUMS]) {
        if fs::symlink_metadata(folder.join(name)).is_ok_and(|found| !found.is_file()) {
            let message = format!("cannot be replaced: {name} in it is not a regular file");
            return Err(Error::file(folder, message));
        }
    }
    Ok(Place::Model)
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

/// A new hidden folder in `parent` for a save of `folder`. It is deleted when dropped.
pub(super) fn temporary_folder(folder: &Path, parent: &Path) -> Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix(&temporary_prefix(folder))
        .tempdir_in(parent)
        .map_err(Error::io(parent, "write in"))
}

/// What the names of temporary folders for `folder` begin with. They hold the name's checksum: the name itself may be
/// as long as names can be.
fn temporary_prefix(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default();
    format!(".spherec-{}-", &hex(&Sha256::digest(name.as_encoded_bytes()))[..16])
}

/// The temporary folders that killed saves of `folder` left.
fn left_folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let (parent, prefix) = (parent_of(folder)?, temporary_prefix(folder));
    let entries = match fs::read_dir(&parent) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::io(&parent, "read"))?,
    };
    let mut left: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix)))
        .map(|entry| entry.path())
        .collect();
    left.sort();
    Ok(left)
}

/// Cleans up what killed saves of the model `folder` left beside it: a model is put back where there is none, files
/// of the user that were on their way go to the model, and the rest is removed. To be called when nobody else saves
/// this model. Returns a line for each thing done.
///
/// # Errors
/// [`Error::File`] or [`Error::Io`] from the disk.
pub fn clean_up(folder: &Path) -> Result<Vec<String>> {
    let folder = resolve(folder)?;
    let mut done = Vec::new();
    for left in left_folders(&folder)? {
        for name in ["old", "new"] {
            let model = left.join(name);
            let is_free = folder.symlink_metadata().is_err();
            if is_free && model.join(MANIFEST).is_file() {
                fs::rename(&model, &folder).map_err(Error::io(&folder, "put back"))?;
                done.push(format!("an interrupted save had left the model in {}: put back", left.display()));
            } else if !is_free && model.is_dir() {
                keep_foreign_files(&model, &folder)?;
            }
        }
        fs::remove_dir_all(&left).map_err(Error::io(&left, "remove"))?;
        done.push(format!("removed {}, which an interrupted save had left", left.display()));
    }
    Ok(done)
}

/// Moves everything in the replaced folder `old` that is not the model's to `folder`.
pub(super) fn keep_foreign_files(old: &Path, folder: &Path) -> Result<()> {
    let own: Vec<String> = match Manifest::read(old) {
        Ok((_, sums)) => sums.names().chain([SUMS]).map(str::to_owned).collect(),
        // A save that was cut short: nobody else put a file of such a name there.
        Err(_) => REQUIRED.into_iter().chain(optional()).chain([SUMS]).map(str::to_owned).collect(),
    };
    let is_own = |name: &OsStr| own.iter().any(|own| name == own.as_str());
    for entry in fs::read_dir(old).map_err(Error::io(old, "read"))? {
        let name = entry.map_err(Error::io(old, "read"))?.file_name();
        if is_own(&name) {
            continue;
        }
        let target = free_name(&folder.join(&name), "");
        fs::rename(old.join(&name), &target).map_err(Error::io(&target, "keep"))?;
    }
    Ok(())
}

/// `path` with `ending`, and if that exists, with a number: `model.saved`, `model.saved.1`.
pub(super) fn free_name(path: &Path, ending: &str) -> PathBuf {
    let with = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let numbered = (1..).map(|number| format!("{ending}.{number}"));
    let mut paths = std::iter::once(ending.to_owned()).chain(numbered).map(|ending| with(&ending));
    paths.find(|path| path.symlink_metadata().is_err()).expect("the numbers do not end")
}

/// The error for a model folder that does not exist. A save that was killed between its two renames leaves
/// the models in a temporary folder; the error then says where.
pub(super) fn no_folder(folder: &Path) -> Error {
    if folder.exists() {
        return Error::file(folder, "is not a folder, so it is not a spherec model");
    }
    let left_over = || -> Option<PathBuf> {
        let folder = std::path::absolute(folder).ok()?;
        let all = left_folders(&folder).ok()?.into_iter();
        all.flat_map(|left| ["old", "new"].map(|name| left.join(name)))
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
