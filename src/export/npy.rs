//! Writes NumPy's file format (version 1.0, described in `numpy.lib.format`).

use super::ExportTable;
use super::files::NewFiles;
use crate::Result;
use std::path::Path;

pub(super) fn write(files: &mut NewFiles, folder: &Path, table: &ExportTable) -> Result<()> {
    files.write(&table.file(folder, ".npy"), |out| {
        out.write_all(&header(table.count(), table.dim))?;
        out.write_all(&table.bytes())
    })
}

/// Magic number, version, length of the header, and the header, padded to end at a multiple of 64 bytes.
fn header(row_count: usize, dim: usize) -> Vec<u8> {
    const START: usize = 10;
    let mut text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({row_count}, {dim}), }}");
    while !(START + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes
}
