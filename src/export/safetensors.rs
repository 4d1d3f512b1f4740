//! Writes safetensors, the format of the tables in a model folder.

use super::ExportTable;
use super::files::NewFiles;
use crate::{Error, Result};
use safetensors::tensor::{Dtype, TensorView};
use std::path::Path;

pub(super) fn write(files: &mut NewFiles, folder: &Path, table: &ExportTable) -> Result<()> {
    let path = table.file(folder, ".safetensors");
    let bytes = table.bytes();
    let text = TensorView::new(Dtype::F32, vec![table.count(), table.dim], &bytes)
        .and_then(|view| safetensors::serialize([(table.name, view)], None))
        .map_err(|error| Error::file(&path, format!("cannot be written: {error}")))?;
    files.write(&path, |out| out.write_all(&text))
}
