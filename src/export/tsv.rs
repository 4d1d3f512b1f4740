//! Tab-separated vectors and their ids, as t-SNE scripts and the Embedding Projector read them.

use super::{NewFiles, What, create_folder};
use crate::Result;
use crate::data::IdTable;
use crate::model::Model;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes `items.tsv`, `items-metadata.tsv` (or `users...`, or both) into `folder`, which is created
/// where missing, and returns their paths.
///
/// The vectors have no header, a row a line, D numbers between tabs, each the shortest text that
/// reads back as the same f32. The metadata has no header, which the Embedding Projector wants of a
/// single column: the id of each row in the form of [`IdTable::text`], so that tabs and line ends
/// within an id are escaped.
///
/// # Errors
/// [`crate::Error::File`] where a file exists and `force` is not given, or `folder` is not a folder;
/// [`crate::Error::Io`] from the disk. After an error nothing is left half-written.
pub fn export_tsv(model: &Model, what: What, folder: &Path, force: bool) -> Result<Vec<PathBuf>> {
    let embeddings = &model.embeddings;
    let mut tables = Vec::new();
    if what != What::Items {
        tables.push(("users", &embeddings.users, &model.users));
    }
    if what != What::Users {
        tables.push(("items", &embeddings.items, &model.items));
    }
    model.check()?;
    create_folder(folder)?;
    let mut files = NewFiles::new(force);
    let names =
        |name: &str| [folder.join(format!("{name}.tsv")), folder.join(format!("{name}-metadata.tsv"))];
    for path in tables.iter().flat_map(|(name, ..)| names(name)) {
        super::check_free(&path, force)?;
    }
    for (name, table, ids) in tables {
        let [vectors, metadata] = names(name);
        files.write(&vectors, |out| write_vectors(out, table, embeddings.dim))?;
        files.write(&metadata, |out| write_ids(out, ids))?;
    }
    files.finish()
}

fn write_vectors(out: &mut dyn Write, table: &[f32], dim: usize) -> std::io::Result<()> {
    for row in table.chunks_exact(dim) {
        for (column, value) in row.iter().enumerate() {
            // {:?} is the shortest text that reads back the same, with an exponent where it is long.
            write!(out, "{}{value:?}", if column == 0 { "" } else { "\t" })?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_ids(out: &mut dyn Write, ids: &IdTable) -> std::io::Result<()> {
    for row in 0..ids.len() as u32 {
        writeln!(out, "{}", ids.text(row))?;
    }
    Ok(())
}
