//! Writes Apache Parquet, uncompressed: `id` and the labels as text, `embedding` as a list of floats.

use super::ExportTable;
use super::files::NewFiles;
use crate::{Error, Result};
use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, FloatType};
use parquet::errors::{ParquetError, Result as Written};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::path::Path;
use std::sync::Arc;

/// The number of rows in a row group.
const GROUP: usize = 1 << 16;

pub(super) fn write(files: &mut NewFiles, folder: &Path, table: &ExportTable) -> Result<()> {
    let path = table.file(folder, ".parquet");
    let bytes = encode(table).map_err(|error| Error::file(&path, format!("cannot be written: {error}")))?;
    files.write(&path, |out| out.write_all(&bytes))
}

fn encode(table: &ExportTable) -> Written<Vec<u8>> {
    let schema = Arc::new(schema(table)?);
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(WriterProperties::default()))?;
    for start in (0..table.count()).step_by(GROUP) {
        let end = (start + GROUP).min(table.count());
        let mut group = writer.next_row_group()?;
        let numbers = || start as u32..end as u32;
        let ids: Vec<ByteArray> = numbers().map(|row| text(&table.cell(table.ids.bytes(row)))).collect();
        let mut column = group.next_column()?.ok_or_else(missing)?;
        column.typed::<ByteArrayType>().write_batch(&ids, None, None)?;
        column.close()?;
        for labels in table.labels {
            let is_there: Vec<i16> = numbers().map(|row| i16::from(labels.label(row).is_some())).collect();
            let labels: Vec<ByteArray> = numbers()
                .filter_map(|row| labels.label(row))
                .map(|label| text(&table.cell(label.as_bytes())))
                .collect();
            let mut column = group.next_column()?.ok_or_else(missing)?;
            column.typed::<ByteArrayType>().write_batch(&labels, Some(&is_there), None)?;
            column.close()?;
        }
        let values = &table.values[start * table.dim..end * table.dim];
        // Definition 1: no number is missing. Repetition 0 begins a row's list, 1 continues it.
        let definition = vec![1i16; values.len()];
        let repetition: Vec<i16> =
            (0..values.len()).map(|at| i16::from(!at.is_multiple_of(table.dim))).collect();
        let mut column = group.next_column()?.ok_or_else(missing)?;
        column.typed::<FloatType>().write_batch(values, Some(&definition), Some(&repetition))?;
        column.close()?;
        group.close()?;
    }
    writer.close()?;
    Ok(bytes)
}

fn missing() -> ParquetError {
    ParquetError::General("a column of the schema is missing".to_owned())
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(text.as_bytes().to_vec())
}

fn schema(table: &ExportTable) -> Written<Type> {
    let strings = |name: &str, repetition| {
        Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_logical_type(Some(LogicalType::String))
            .with_repetition(repetition)
            .build()
    };
    let mut fields = vec![Arc::new(strings("id", Repetition::REQUIRED)?)];
    for column in table.labels {
        fields.push(Arc::new(strings(&table.cell(column.name.as_bytes()), Repetition::OPTIONAL)?));
    }
    let element = Type::primitive_type_builder("element", Physical::FLOAT)
        .with_repetition(Repetition::REQUIRED)
        .build()?;
    let list = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element)])
        .build()?;
    let embedding = Type::group_type_builder("embedding")
        .with_repetition(Repetition::REQUIRED)
        .with_converted_type(ConvertedType::LIST)
        .with_fields(vec![Arc::new(list)])
        .build()?;
    fields.push(Arc::new(embedding));
    Type::group_type_builder("schema").with_fields(fields).build()
}
