//! Reads the rows of Parquet files, with the optional feature `parquet`: one interaction per row. Only the columns in
//! use are read. The file may be uncompressed, or compressed by snappy, LZ4 or gzip.

use super::LoadOptions;
use super::collect::{Collector, parse_value};
use super::columns::Wanted;
use super::detect::FileFormat;
use super::id_text;
use super::parquet_pages::{check_footer, check_pages};
use super::report::FileLayout;
use super::text::{Text, shown};
use crate::files::InputLimit;
use crate::{Error, Result};
use bytes::Bytes;
use csv::ByteRecord;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::{Type, TypePtr};
use std::borrow::Cow;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Adds every row of `text` to `collector`. Returns the format, in words and as a [`FileLayout`].
pub(super) fn read(
    text: &Text,
    options: &LoadOptions,
    collector: &mut Collector<'_>,
) -> Result<(String, FileLayout)> {
    // The collector may be half filled after a panic, but nobody uses it then.
    caught(text, || read_rows(text, options, collector))
}

/// Calls `read`. The reader of Parquet panics on some damaged files: this turns that into an error, but the program's
/// panic hook still prints its message.
pub(super) fn caught<T>(text: &Text, read: impl FnOnce() -> Result<T>) -> Result<T> {
    let read = catch_unwind(AssertUnwindSafe(read));
    read.unwrap_or_else(|_| Err(text.error("is a Parquet file that cannot be read: it is damaged")))
}

fn read_rows(
    text: &Text,
    options: &LoadOptions,
    collector: &mut Collector<'_>,
) -> Result<(String, FileLayout)> {
    let table = Table::open(text)?;
    let header = table.header();
    let columns = Wanted::new(options).resolve(text, &header, true)?;
    let wanted: Vec<usize> =
        [Some(columns.user), Some(columns.item), columns.value].into_iter().flatten().collect();
    let limit = collector.limit.clone();
    table.each_row(&wanted, &limit, |row, fields| {
        if let Err(message) = add(fields, collector) {
            collector.add_bad_row(row, message);
        }
        collector.check_room(text)
    })?;
    collector.check_any(text, "has no rows")?;
    let name = |column: usize| shown(header.get(column).unwrap_or_default());
    let mut words = format!("Parquet, user {}, item {}", name(columns.user), name(columns.item));
    if let Some(column) = columns.value {
        words += &format!(", rating {}", name(column));
    }
    let layout = FileLayout {
        header: Some(header.iter().map(id_text).collect()),
        ..columns.layout(FileLayout::new(text, FileFormat::Parquet))
    };
    Ok((words, layout))
}

/// A Parquet file, open.
pub(super) struct Table<'a> {
    text: &'a Text,
    reader: SerializedFileReader<Bytes>,
}

impl<'a> Table<'a> {
    pub(super) fn open(text: &'a Text) -> Result<Table<'a>> {
        check_footer(&text.data).map_err(damaged(text))?;
        let bytes = Bytes::from_owner(Shared(Arc::clone(&text.data)));
        Ok(Table { text, reader: SerializedFileReader::new(bytes).map_err(damaged(text))? })
    }

    /// The columns.
    pub(super) fn columns(&self) -> &[TypePtr] {
        self.reader.metadata().file_metadata().schema().get_fields()
    }

    /// The names of the columns.
    pub(super) fn header(&self) -> ByteRecord {
        ByteRecord::from(self.columns().iter().map(|field| field.name().as_bytes()).collect::<Vec<_>>())
    }

    /// Calls `see` with each row: its number, from 1, and its fields in `columns`, of which each may be there twice.
    pub(super) fn each_row(
        &self,
        columns: &[usize],
        limit: &InputLimit,
        mut see: impl FnMut(u64, &[(&String, &Field)]) -> Result<()>,
    ) -> Result<()> {
        let Table { text, reader } = self;
        let fields = self.columns();
        // The reader returns columns in the order of the file, and each only once.
        let mut wanted = columns.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let places: Vec<usize> =
            columns.iter().map(|column| wanted.binary_search(column).unwrap_or_default()).collect();
        let schema = reader.metadata().file_metadata().schema();
        let projection = Type::group_type_builder(schema.name())
            .with_fields(wanted.iter().map(|&column| Arc::clone(&fields[column])).collect())
            .build()
            .map_err(damaged(text))?;
        let names: HashSet<&str> = wanted.iter().map(|&column| fields[column].name()).collect();
        let is_wanted = |name: Option<&String>| name.is_some_and(|name| names.contains(name.as_str()));
        let columns_read = reader.metadata().row_groups().iter().flat_map(|group| group.columns());
        let columns_read = columns_read.filter(|column| is_wanted(column.column_path().parts().first()));
        let size =
            check_pages(&text.data, columns_read.map(|column| column.byte_range())).map_err(damaged(text))?;
        limit.check_size(&text.path, size, " in the columns in use")?;
        // A few bytes can stand for any number of rows, and a dictionary's text for many.
        let mut text_bytes = 0;
        for (number, row) in (1u64..).zip(reader.get_row_iter(Some(projection)).map_err(damaged(text))?) {
            let row = row.map_err(damaged(text))?;
            let found: Vec<(&String, &Field)> = row.get_column_iter().collect();
            text_bytes += found.iter().map(|(_, field)| 1 + text_size(field) as u64).sum::<u64>();
            limit.check_size(&text.path, text_bytes, " or more as text")?;
            let fields: Option<Vec<_>> = places.iter().map(|&place| found.get(place).copied()).collect();
            let fields = fields.ok_or_else(|| text.error(format!("lacks a column in row {number}")))?;
            see(number, &fields)?;
        }
        Ok(())
    }
}

/// Makes an error of one of the reader.
fn damaged(text: &Text) -> impl FnOnce(ParquetError) -> Error {
    |error| text.error(format!("is a Parquet file that cannot be read: {error}"))
}

/// The bytes of the file, without a copy.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Adds one row: the user, the item and, if it is read, the value.
fn add(fields: &[(&String, &Field)], collector: &mut Collector<'_>) -> std::result::Result<(), String> {
    let value = fields.get(2).map(|&field| parse_value("rating", &text_of(field)?)).transpose()?;
    collector.add_row(&text_of(fields[0])?, &text_of(fields[1])?, value)
}

/// The text of a named field; empty for null.
pub(super) fn text_of<'f>((name, field): (&String, &'f Field)) -> std::result::Result<Cow<'f, [u8]>, String> {
    bytes_of(field).map_err(|kind| format!("`{name}` is {kind}"))
}

/// The bytes of a field's text, and one for each element of a list; 0 for what is short.
fn text_size(field: &Field) -> usize {
    match field {
        Field::Str(text) => text.len(),
        Field::Bytes(bytes) => bytes.len(),
        Field::ListInternal(list) => list.elements().iter().map(|element| 1 + text_size(element)).sum(),
        _ => 0,
    }
}

/// The text of a field; empty for null.
fn bytes_of(field: &Field) -> std::result::Result<Cow<'_, [u8]>, &'static str> {
    Ok(match field {
        Field::Null => Cow::Borrowed(&[]),
        Field::Str(text) => Cow::Borrowed(text.as_bytes()),
        Field::Bytes(bytes) => Cow::Borrowed(bytes.data()),
        Field::Group(_) => return Err("a group of columns"),
        Field::ListInternal(_) => return Err("a list"),
        Field::MapInternal(_) => return Err("a map"),
        // Display puts quotes around strings only, and those are handled above.
        number => Cow::Owned(number.to_string().into_bytes()),
    })
}
