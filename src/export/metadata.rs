//! Writes ids and labels beside the vectors, as the Embedding Projector expects them.

use super::ExportTable;
use super::files::NewFiles;
use crate::Result;
use std::io::Write;
use std::path::Path;

/// Writes the ids of the rows, the kind of each row if there are several tables, and the labels. Several
/// columns get a header; a single column has none. Every cell reads alike in a reader that splits at tabs and in one
/// that knows quotes: tabs and line breaks are escaped, and so is a quote at the start, the only place where it would
/// open a quoted cell.
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
            write!(out, "\t{}", cell(table, column.name.as_bytes()))?;
        }
        writeln!(out)?;
    }
    for row in 0..table.count() as u32 {
        write!(out, "{}", cell(table, table.ids.bytes(row)))?;
        if let Some(kind) = kind {
            write!(out, "\t{kind}")?;
        }
        for column in table.labels {
            let label = column.label(row).unwrap_or_default();
            write!(out, "\t{}", cell(table, label.as_bytes()))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn cell(table: &ExportTable, bytes: &[u8]) -> String {
    let text = table.cell(bytes);
    match text.strip_prefix('"') {
        Some(rest) => format!("\\x22{rest}"),
        None => text,
    }
}
