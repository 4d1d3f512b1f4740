//! Writes the files of TensorBoard's Embedding Projector.

use super::files::NewFiles;
use super::{ExportTable, metadata, tsv};
use crate::Result;
use serde_json::json;
use std::path::Path;

/// The vectors, their ids and labels, and the file that names both.
pub(super) const NAMES: [&str; 3] = ["tensors.tsv", "metadata.tsv", "config.json"];

pub(super) fn write(files: &mut NewFiles, folder: &Path, tables: &[ExportTable]) -> Result<()> {
    let [tensors, metadata, config] = NAMES;
    files.write(&folder.join(tensors), |out| {
        tables.iter().try_for_each(|table| tsv::write_vectors(out, table))
    })?;
    metadata::write(files, &folder.join(metadata), tables)?;
    let count: usize = tables.iter().map(ExportTable::count).sum();
    let names: Vec<&str> = tables.iter().map(|table| table.name).collect();
    let text = json!({"embeddings": [{
        "tensorName": names.join(" and "),
        "tensorShape": [count, tables.first().map_or(0, |table| table.dim)],
        "tensorPath": tensors,
        "metadataPath": metadata,
    }]});
    files.write(&folder.join(config), |out| writeln!(out, "{text:#}"))
}
