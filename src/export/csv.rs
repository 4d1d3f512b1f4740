//! Writes CSV: ids, labels and numbers in one table, for spreadsheets and data frames.

use super::Rows;
use super::files::NewFiles;
use crate::Result;
use std::io::Write;
use std::path::Path;

pub(super) fn write(files: &mut NewFiles, folder: &Path, rows: &Rows) -> Result<()> {
    files.write(&rows.file(folder, ".csv"), |out| write_table(out, rows).map_err(std::io::Error::other))
}

fn write_table(out: &mut dyn Write, rows: &Rows) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_field("id")?;
    for column in rows.labels {
        writer.write_field(rows.cell(&column.name))?;
    }
    writer.write_record((0..rows.dim).map(|at| format!("d{at}")))?;
    for (row, values) in (0..).zip(rows.values.chunks_exact(rows.dim)) {
        writer.write_field(rows.cell(&rows.ids.text(row)))?;
        for column in rows.labels {
            writer.write_field(rows.cell(column.label(row).unwrap_or_default()))?;
        }
        writer.write_record(values.iter().map(|value| format!("{value:?}")))?;
    }
    Ok(writer.flush()?)
}
