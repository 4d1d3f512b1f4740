//! Writes tab-separated vectors, which scripts can read.

use super::Rows;
use super::files::NewFiles;
use crate::Result;
use std::io::Write;
use std::path::Path;

pub(super) fn write(files: &mut NewFiles, folder: &Path, rows: &Rows) -> Result<()> {
    files.write(&rows.file(folder, ".tsv"), |out| write_vectors(out, rows))
}

pub(super) fn write_vectors(out: &mut dyn Write, rows: &Rows) -> std::io::Result<()> {
    for row in rows.values.chunks_exact(rows.dim) {
        for (column, value) in row.iter().enumerate() {
            // {:?} gives the shortest text that reads back the same, with an exponent if it would be long.
            write!(out, "{}{value:?}", if column == 0 { "" } else { "\t" })?;
        }
        writeln!(out)?;
    }
    Ok(())
}
