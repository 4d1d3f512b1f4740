//! Writes interactions and item labels as CSV. [`load`](super::load()) reads the ids back byte for byte.

use super::{Dataset, IdTable, Interactions};
use crate::{Error, Result};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes the pairs as CSV with the header `user,item`, sorted by user, then item. An existing file is
/// replaced only once everything is written.
///
/// # Errors
/// The folder or the file cannot be written.
pub fn write_interactions(path: &Path, dataset: &Dataset) -> Result<()> {
    replace(path, |out| write_pairs(out, &dataset.users, &dataset.items, &dataset.interactions))
}

fn write_pairs(
    out: &mut dyn Write,
    users: &IdTable,
    items: &IdTable,
    pairs: &Interactions,
) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["user", "item"])?;
    for (user, item) in pairs.pairs() {
        writer.write_record([users.bytes(user), items.bytes(item)])?;
    }
    Ok(writer.flush()?)
}

/// Writes the `parts` of one data set, each to its own path, like [`write_interactions`]. Missing folders are
/// created. The files appear under their names only once all of them are written. Without `force`, none of
/// them may exist.
///
/// # Errors
/// A path is taken, which is checked before anything is written; or a folder or a file cannot be written.
pub fn write_parts(
    parts: &[(PathBuf, &Interactions)],
    users: &IdTable,
    items: &IdTable,
    force: bool,
) -> Result<()> {
    for (path, _) in parts {
        if path.is_dir() {
            return Err(Error::file(path, "is a folder, so no file can be written there"));
        }
        if !force && path.symlink_metadata().is_ok() {
            return Err(Error::file(path, "exists already; --force replaces it"));
        }
    }
    let mut written = Vec::with_capacity(parts.len());
    for (path, pairs) in parts {
        let folder = folder_of(path);
        std::fs::create_dir_all(&folder).map_err(Error::io(&folder, "create"))?;
        let mut file = new_file_in(&folder).map_err(Error::io(path, "create"))?;
        let mut out = BufWriter::with_capacity(1 << 18, &mut file);
        let done = write_pairs(&mut out, users, items, pairs);
        done.map_err(|error| Error::io(path, "write")(error.into()))?;
        out.flush().map_err(Error::io(path, "write"))?;
        drop(out);
        file.as_file().sync_all().map_err(Error::io(path, "write"))?;
        written.push((path, file));
    }
    for (path, file) in written {
        let renamed = if force { file.persist(path) } else { file.persist_noclobber(path) };
        renamed.map_err(|error| Error::io(path, "write")(error.error))?;
    }
    Ok(())
}

/// The folder that `path` is in.
fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Writes the cluster of each item as CSV with the header `item,cluster`; `clusters` is (I). An existing file
/// is replaced only once everything is written.
///
/// # Errors
/// The folder or the file cannot be written, or `clusters` does not have one entry per item.
pub fn write_item_labels(path: &Path, items: &IdTable, clusters: &[u32]) -> Result<()> {
    if clusters.len() != items.len() {
        return Err(Error::Data(format!("{} labels for {} items", clusters.len(), items.len())));
    }
    replace(path, |out| {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(["item", "cluster"])?;
        for (item, cluster) in items.iter().zip(clusters) {
            writer.write_record([item, cluster.to_string().as_bytes()])?;
        }
        Ok(writer.flush()?)
    })
}

/// Lets `write` fill a temporary file, which then replaces `path`. If `path` is not a regular file, but a
/// pipe for example, it is written to directly.
fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> csv::Result<()>) -> Result<()> {
    let write_error = |error: csv::Error| Error::io(path, "write")(error.into());
    if path.is_dir() {
        return Err(Error::file(path, "is a folder, not a file"));
    }
    if path.exists() && !path.is_file() {
        let file = std::fs::File::options().write(true).open(path).map_err(Error::io(path, "write"))?;
        return write(&mut BufWriter::new(file)).map_err(write_error);
    }
    // A link stays a link: its target is replaced.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut file = new_file_in(&folder_of(&target)).map_err(Error::io(path, "create"))?;
    write(&mut BufWriter::new(&mut file)).map_err(write_error)?;
    file.persist(&target).map_err(|error| Error::io(path, "write")(error.error))?;
    Ok(())
}

/// A temporary file with the permissions of an ordinary new file. By default it would be private.
fn new_file_in(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
