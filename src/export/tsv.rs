//! Writes tab-separated vectors, which scripts can read.

use super::ExportTable;
use super::files::NewFiles;
use crate::Result;
use std::io::Write;
use std::path::Path;

pub(super) fn write(files: &mut NewFiles, folder: &Path, table: &ExportTable) -> Result<()> {
    files.write(&table.file(folder, ".tsv"), |out| write_vectors(out, table))
}

pub(super) fn write_vectors(out: &mut dyn Write, table: &ExportTable) -> std::io::Result<()> {
    for row in table.values.chunks_exact(table.dim) {
        for (column, value) in row.iter().enumerate() {
            // {:?} gives the shortest text that reads back the same, with an exponent if it would be long.
            write!(out, "{}{value:?}", if column == 0 { "" } else { "\t" })?;
        }
        writeln!(out)?;
    }
    Ok(())
}
