//! Ranked lists as Apache Parquet: a row group for each block of queries.

use super::lists::{Entry, Number};
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, FloatType, Int32Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use std::sync::Arc;

/// Encodes lists. What it returns are the bytes of the file, piece by piece.
pub(crate) struct Encoder {
    writer: SerializedFileWriter<Vec<u8>>,
    numbers: &'static [Number],
}

impl Encoder {
    /// With columns of `names`, those of the query and of the answer, and of `numbers`.
    pub(crate) fn new([query, answer]: [&str; 2], numbers: &'static [Number]) -> Result<Encoder> {
        let text = |name: &str| {
            let string = Type::primitive_type_builder(name, Physical::BYTE_ARRAY);
            string.with_logical_type(Some(LogicalType::String)).with_repetition(Repetition::REQUIRED).build()
        };
        let number = |name: &str, physical, repetition| {
            Type::primitive_type_builder(name, physical).with_repetition(repetition).build()
        };
        let mut fields =
            vec![text(query)?, number("rank", Physical::INT32, Repetition::REQUIRED)?, text(answer)?];
        for (name, _) in numbers {
            fields.push(number(name, Physical::FLOAT, Repetition::OPTIONAL)?);
        }
        let fields = fields.into_iter().map(Arc::new).collect();
        let schema = Type::group_type_builder("schema").with_fields(fields).build()?;
        let properties = Arc::new(WriterProperties::default());
        let writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties)?;
        Ok(Encoder { writer, numbers })
    }

    /// Adds the entries of some queries.
    pub(crate) fn add(&mut self, entries: &[Entry]) -> Result<Vec<u8>> {
        let mut group = self.writer.next_row_group()?;
        texts(&mut group, entries.iter().map(|entry| entry.query.as_str()))?;
        let ranks: Vec<i32> =
            entries.iter().map(|entry| i32::try_from(entry.rank).unwrap_or(i32::MAX)).collect();
        let mut column = group.next_column()?.ok_or_else(missing)?;
        column.typed::<Int32Type>().write_batch(&ranks, None, None)?;
        column.close()?;
        texts(&mut group, entries.iter().map(|entry| entry.id.as_str()))?;
        for &number in self.numbers {
            let values: Vec<Option<f32>> = entries.iter().map(|entry| entry.number(number)).collect();
            let is_there: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
            let values: Vec<f32> = values.into_iter().flatten().collect();
            let mut column = group.next_column()?.ok_or_else(missing)?;
            column.typed::<FloatType>().write_batch(&values, Some(&is_there), None)?;
            column.close()?;
        }
        group.close()?;
        Ok(std::mem::take(self.writer.inner_mut()))
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> Result<Vec<u8>> {
        self.writer.into_inner()
    }
}

fn texts<'a>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    texts: impl Iterator<Item = &'a str>,
) -> Result<()> {
    let texts: Vec<ByteArray> = texts.map(|text| ByteArray::from(text.as_bytes().to_vec())).collect();
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column.typed::<ByteArrayType>().write_batch(&texts, None, None)?;
    column.close()
}

fn missing() -> ParquetError {
    ParquetError::General("a column of the schema is missing".to_owned())
}
