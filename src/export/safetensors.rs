//! Writes safetensors, the format of the tables in a model folder.

use super::Rows;
use super::files::NewFiles;
use crate::{Error, Result};
use safetensors::tensor::{Dtype, TensorView};
use std::path::Path;

pub(super) fn write(files: &mut NewFiles, folder: &Path, rows: &Rows) -> Result<()> {
    let path = rows.file(folder, ".safetensors");
    let bytes = rows.bytes();
    let text = TensorView::new(Dtype::F32, vec![rows.count(), rows.dim], &bytes)
        .and_then(|view| safetensors::serialize([(rows.name, view)], None))
        .map_err(|error| Error::file(&path, format!("cannot be written: {error}")))?;
    files.write(&path, |out| out.write_all(&text))
}
