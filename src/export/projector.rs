//! Writes the files of TensorBoard's Embedding Projector.

use super::files::NewFiles;
use super::{Rows, metadata, tsv};
use crate::Result;
use serde_json::json;
use std::path::Path;

/// The vectors, their ids and labels, and the file that names both.
pub(super) const NAMES: [&str; 3] = ["tensors.tsv", "metadata.tsv", "config.json"];

pub(super) fn write(files: &mut NewFiles, folder: &Path, tables: &[Rows]) -> Result<()> {
    let [tensors, metadata, config] = NAMES;
    files.write(&folder.join(tensors), |out| {
        tables.iter().try_for_each(|rows| tsv::write_vectors(out, rows))
    })?;
    metadata::write(files, &folder.join(metadata), tables)?;
    let count: usize = tables.iter().map(Rows::count).sum();
    let names: Vec<&str> = tables.iter().map(|rows| rows.name).collect();
    let text = json!({"embeddings": [{
        "tensorName": names.join(" and "),
        "tensorShape": [count, tables.first().map_or(0, |rows| rows.dim)],
        "tensorPath": tensors,
        "metadataPath": metadata,
    }]});
    files.write(&folder.join(config), |out| writeln!(out, "{text:#}"))
}
