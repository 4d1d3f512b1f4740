//! Reads Parquet files, with the optional feature `parquet`: one interaction per row. Only the columns in
//! use are read. The file may be uncompressed, or compressed by snappy, LZ4 or gzip.

use super::LoadOptions;
use super::collect::{Collector, parse_value};
use super::columns::Wanted;
use super::detect::FileFormat;
use super::id_text;
use super::parquet_pages::{check_footer, check_pages};
use super::report::FileLayout;
use super::text::{Text, shown};
use crate::{Error, Result};
use bytes::Bytes;
use csv::ByteRecord;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Adds every row of `text` to `collector`. Returns the format, in words and as a [`FileLayout`].
///
/// The reader panics on some damaged files. This function turns that into an error, but the program's panic
/// hook still prints its message.
pub(super) fn read(
    text: &Text,
    options: &LoadOptions,
    collector: &mut Collector<'_>,
) -> Result<(String, FileLayout)> {
    // The collector may be half filled after a panic, but nobody uses it then.
    let read = catch_unwind(AssertUnwindSafe(|| read_rows(text, options, collector)));
    read.unwrap_or_else(|_| Err(text.error("is a Parquet file that cannot be read: it is damaged")))
}

fn read_rows(
    text: &Text,
    options: &LoadOptions,
    collector: &mut Collector<'_>,
) -> Result<(String, FileLayout)> {
    let damaged = |error: ParquetError| -> Error {
        text.error(format!("is a Parquet file that cannot be read: {error}"))
    };
    check_footer(&text.data).map_err(damaged)?;
    let reader =
        SerializedFileReader::new(Bytes::from_owner(Shared(Arc::clone(&text.data)))).map_err(damaged)?;
    let schema = reader.metadata().file_metadata().schema();
    let fields = schema.get_fields();
    let header = ByteRecord::from(fields.iter().map(|field| field.name().as_bytes()).collect::<Vec<_>>());
    let columns = Wanted::new(options).resolve(text, &header, true)?;
    let mut wanted: Vec<usize> =
        [Some(columns.user), Some(columns.item), columns.value].into_iter().flatten().collect();
    // The reader returns columns in the order of the file, and each only once.
    wanted.sort_unstable();
    wanted.dedup();
    let place = |column: usize| wanted.binary_search(&column).unwrap_or_default();
    let places = [Some(place(columns.user)), Some(place(columns.item)), columns.value.map(place)];
    let projection = Type::group_type_builder(schema.name())
        .with_fields(wanted.iter().map(|&column| Arc::clone(&fields[column])).collect())
        .build()
        .map_err(damaged)?;
    let is_wanted = |name: Option<&String>| {
        name.is_some_and(|name| wanted.iter().any(|&column| fields[column].name() == name))
    };
    let columns_read = reader.metadata().row_groups().iter().flat_map(|group| group.columns());
    let columns_read = columns_read.filter(|column| is_wanted(column.column_path().parts().first()));
    let size = check_pages(&text.data, columns_read.map(|column| column.byte_range())).map_err(damaged)?;
    collector.limit.check_size(&text.path, size, " in the columns in use")?;
    // A few bytes can stand for any number of rows, and a dictionary's text for many.
    let mut text_bytes = 0;
    for (row, fields) in (1u64..).zip(reader.get_row_iter(Some(projection)).map_err(damaged)?) {
        let fields = fields.map_err(damaged)?;
        text_bytes += fields.get_column_iter().map(|(_, field)| 1 + text_size(field) as u64).sum::<u64>();
        collector.limit.check_size(&text.path, text_bytes, " or more as text")?;
        if let Err(message) = add(&fields, places, collector) {
            collector.add_bad_row(row, message);
        }
        collector.check_room(text)?;
    }
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

/// The bytes of the file, without a copy.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Adds one row. `places` says where the user, the item and the value stand in it.
fn add(
    row: &Row,
    places: [Option<usize>; 3],
    collector: &mut Collector<'_>,
) -> std::result::Result<(), String> {
    let fields: Vec<(&String, &Field)> = row.get_column_iter().collect();
    let field = |place: usize| match fields.get(place) {
        Some((name, field)) => bytes_of(field).map_err(|kind| format!("`{name}` is {kind}")),
        None => Err("a column is missing".to_owned()),
    };
    let [user, item, value] = places.map(|place| place.map(field).transpose());
    let value = value?.map(|value| parse_value(&value)).transpose()?;
    collector.add_row(&user?.unwrap_or_default(), &item?.unwrap_or_default(), value)
}

/// The bytes of a field's text; 0 for what is short.
fn text_size(field: &Field) -> usize {
    match field {
        Field::Str(text) => text.len(),
        Field::Bytes(bytes) => bytes.len(),
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
