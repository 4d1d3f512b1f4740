//! Writes ids and labels beside the vectors, as the Embedding Projector expects them.

use super::ExportTable;
use super::files::NewFiles;
use crate::Result;
use crate::data::id_text;
use std::io::Write;
use std::path::Path;

/// Writes the ids of the rows, the kind of each row if there are several tables, and the labels. Several
/// columns get a header; a single column has none. Tabs and line breaks are escaped.
pub(super) fn write(files: &mut NewFiles, path: &Path, tables: &[ExportTable]) -> Result<()> {
    files.write(path, |out| {
        tables.iter().enumerate().try_for_each(|(at, table)| write_rows(out, table, at, tables.len()))
    })
}

fn write_rows(
    out: &mut dyn Write,
    table: &ExportTable,
    at: usize,
    table_count: usize,
) -> std::io::Result<()> {
    let kind = (table_count > 1).then(|| table.name.trim_end_matches('s'));
    if at == 0 && (kind.is_some() || !table.labels.is_empty()) {
        write!(out, "id{}", if kind.is_some() { "\tkind" } else { "" })?;
        for column in table.labels {
            write!(out, "\t{}", table.cell(&id_text(column.name.as_bytes())))?;
        }
        writeln!(out)?;
    }
    for row in 0..table.count() as u32 {
        write!(out, "{}", table.cell(&table.ids.text(row)))?;
        if let Some(kind) = kind {
            write!(out, "\t{kind}")?;
        }
        for column in table.labels {
            let label = column.label(row).unwrap_or_default();
            write!(out, "\t{}", table.cell(&id_text(label.as_bytes())))?;
        }
        writeln!(out)?;
    }
    Ok(())
}
