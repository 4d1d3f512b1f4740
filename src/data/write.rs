//! Writes interactions, labels and tags as CSV. [`load`](super::load()) reads the ids back byte for byte. The files
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

/// Where generated data goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GeneratedFiles {
    /// The interactions.
    pub interactions: PathBuf,
    /// The cluster of each item.
    pub labels: Option<PathBuf>,
    /// The tags of items.
    pub item_features: Option<PathBuf>,
    /// The tags of users.
    pub user_features: Option<PathBuf>,
}

impl GeneratedFiles {
    /// All files that are to be written.
    pub fn paths(&self) -> Vec<&Path> {
        let GeneratedFiles { interactions, labels, item_features, user_features } = self;
        let optional = [labels, item_features, user_features].into_iter().flatten();
        std::iter::once(interactions).chain(optional).map(PathBuf::as_path).collect()
    }
}

/// Writes generated interactions, like [`write_parts`], the cluster of each item with the header `item,cluster`, and a
/// tag of an item or a user on each line, with the header `item,tag` or `user,tag`.
///
/// # Errors
/// As [`write_parts`]; [`Error::Data`] if there is not one cluster per item.
pub fn write_generated(generated: &Generated, to: &GeneratedFiles, force: bool) -> Result<()> {
    let Generated { dataset, item_clusters, .. } = generated;
    let (items, pairs) = (&dataset.items, &dataset.interactions);
    let mut files = NewFiles::new(force);
    write_pairs(&mut files, &to.interactions, &dataset.users, items, pairs)?;
    if let Some(path) = &to.labels {
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
    for (path, what, tags) in
        [(&to.item_features, "item", &generated.item_tags), (&to.user_features, "user", &generated.user_tags)]
    {
        let Some(path) = path else { continue };
        write(&mut files, path, |writer| {
            writer.write_record([what, "tag"])?;
            let letter = &what[..1];
            tags.iter().try_for_each(|(number, tag)| {
                writer.write_record([format!("{letter}{number}"), tag.to_string()])
            })
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
