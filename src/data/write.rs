//! Writes interactions and item labels as CSV. [`load`](super::load()) reads the ids back byte for byte. The files
//! appear under their names only once all of them are written.

use super::{Generated, IdTable, Interactions};
use crate::export::files::NewFiles;
use crate::{Error, Result};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes the `parts` of one data set, each to its own path, as CSV with the header `user,item`, sorted by user, then
/// item. Missing folders are created.
///
/// # Errors
/// [`Error::File`] if a path is taken and `force` is not given, if something else than a regular file has it, or if
/// two paths are one file; [`Error::Io`] if a folder or a file cannot be written.
pub fn write_parts(
    parts: &[(PathBuf, &Interactions)],
    users: &IdTable,
    items: &IdTable,
    force: bool,
) -> Result<()> {
    let mut files = NewFiles::new(force);
    for (path, pairs) in parts {
        write_pairs(&mut files, path, users, items, pairs)?;
    }
    files.finish().map(drop)
}

/// Writes generated interactions, like [`write_parts`], and to `labels` the cluster of each item with the header
/// `item,cluster`.
///
/// # Errors
/// As [`write_parts`]; [`Error::Data`] if there is not one cluster per item.
pub fn write_generated(
    generated: &Generated,
    interactions: &Path,
    labels: Option<&Path>,
    force: bool,
) -> Result<()> {
    let Generated { dataset, item_clusters, .. } = generated;
    let (items, pairs) = (&dataset.items, &dataset.interactions);
    let mut files = NewFiles::new(force);
    write_pairs(&mut files, interactions, &dataset.users, items, pairs)?;
    if let Some(path) = labels {
        if item_clusters.len() != items.len() {
            return Err(Error::Data(format!("{} labels for {} items", item_clusters.len(), items.len())));
        }
        write(&mut files, path, |writer| {
            writer.write_record(["item", "cluster"])?;
            let rows = items.iter().zip(item_clusters);
            rows.into_iter()
                .try_for_each(|(item, cluster)| writer.write_record([item, cluster.to_string().as_bytes()]))
        })?;
    }
    files.finish().map(drop)
}

fn write_pairs(
    files: &mut NewFiles,
    path: &Path,
    users: &IdTable,
    items: &IdTable,
    pairs: &Interactions,
) -> Result<()> {
    write(files, path, |writer| {
        writer.write_record(["user", "item"])?;
        pairs.pairs().try_for_each(|(user, item)| writer.write_record([users.bytes(user), items.bytes(item)]))
    })
}

/// Lets `fill` write the CSV file that will become `path`.
fn write(
    files: &mut NewFiles,
    path: &Path,
    fill: impl FnOnce(&mut csv::Writer<&mut dyn Write>) -> csv::Result<()>,
) -> Result<()> {
    match path.parent() {
        Some(parent) if parent != Path::new("") => files.create_folder(parent)?,
        _ => {}
    }
    files.write(path, |out| {
        let mut writer = csv::Writer::from_writer(out);
        fill(&mut writer)?;
        writer.flush()
    })
}
