//! Writes CSV: ids, labels and numbers in one table, for spreadsheets and data frames.

use super::ExportTable;
use super::files::NewFiles;
use crate::Result;
use std::io::Write;
use std::path::Path;

pub(super) fn write(files: &mut NewFiles, folder: &Path, table: &ExportTable) -> Result<()> {
    files.write(&table.file(folder, ".csv"), |out| write_table(out, table).map_err(std::io::Error::other))
}

fn write_table(out: &mut dyn Write, table: &ExportTable) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_field("id")?;
    for column in table.labels {
        writer.write_field(table.cell(column.name.as_bytes()))?;
    }
    writer.write_record((0..table.dim).map(|at| format!("d{at}")))?;
    for (row, values) in (0..).zip(table.values.chunks_exact(table.dim)) {
        writer.write_field(table.cell(table.ids.bytes(row)))?;
        for column in table.labels {
            writer.write_field(table.cell(column.label(row).unwrap_or_default().as_bytes()))?;
        }
        writer.write_record(values.iter().map(|value| format!("{value:?}")))?;
    }
    Ok(writer.flush()?)
}
