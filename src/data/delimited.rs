//! Reads delimited text: one interaction per row, in columns found by name or number.

use super::collect::{CELL_CHARACTERS, Collector, parse_value};
use super::columns::{Columns, Wanted};
use super::detect::{self, FileFormat};
use super::report::FileLayout;
use super::rows::{RowReader, Separator, uses_escapes};
use super::text::{Text, counted, lines, shown};
use super::{Column, LoadOptions, id_text};
use crate::{Error, Result};
use csv::ByteRecord;

/// How to read a text: how its rows are divided, and which columns hold what.
struct Dialect {
    separator: Separator,
    escapes: bool,
    has_header: bool,
    columns: Columns,
    /// The fewest fields that a usable row can have.
    width: usize,
    /// The number of fields in the first row.
    full_width: usize,
    words: String,
    layout: FileLayout,
}

/// Adds every row of `text` to `collector`. Returns the format, in words and as a [`FileLayout`].
pub(super) fn read(
    text: &Text,
    options: &LoadOptions,
    collector: &mut Collector<'_>,
) -> Result<(String, FileLayout)> {
    let dialect = dialect(text, options, collector)?;
    let mut rows = RowReader::new(&text.data, dialect.separator, dialect.escapes);
    let mut record = ByteRecord::new();
    let mut is_header = dialect.has_header;
    loop {
        match rows.next(&mut record) {
            Ok(None) => break,
            Err((offset, message)) => collector.add_bad(text, offset, message),
            Ok(Some(_)) if std::mem::take(&mut is_header) => {}
            Ok(Some(_)) if record.as_slice().is_empty() => collector.report.blank_row_count += 1,
            Ok(Some(offset)) => {
                if let Err(message) = add(&record, &dialect, collector, &text.data[offset..]) {
                    collector.add_bad(text, offset, message);
                }
                collector.check_room(text)?;
            }
        }
    }
    collector
        .check_any(text, if dialect.has_header { "has a header, but no rows" } else { "has no rows" })?;
    Ok((dialect.words, dialect.layout))
}

/// Adds one row; `rest` is the text from the row's first byte on.
#[inline]
fn add(
    record: &ByteRecord,
    dialect: &Dialect,
    collector: &mut Collector<'_>,
    rest: &[u8],
) -> std::result::Result<(), String> {
    let Columns { user, item, value, .. } = dialect.columns;
    if record.len() < dialect.width {
        return Err(too_few(record, dialect.width, rest));
    }
    collector.wide_count += usize::from(record.len() > dialect.full_width);
    if record.as_slice().len() >= CELL_CHARACTERS {
        collector.cut_count += record.iter().filter(|field| field.len() == CELL_CHARACTERS).count();
    }
    let field = |column: usize| record.get(column).unwrap_or_default();
    let value = value.map(|column| parse_value("rating", field(column))).transpose()?;
    collector.add_row(field(user), field(item), value)
}

fn dialect(text: &Text, options: &LoadOptions, collector: &mut Collector<'_>) -> Result<Dialect> {
    let sample = detect::sample(&text.data);
    let separator = match options.separator {
        Some(separator) => separator,
        None => detect::separator(sample).ok_or_else(|| no_separator(text))?,
    };
    separator.check()?;
    let escapes = match (options.backslash_escapes, separator) {
        (Some(escapes), _) => escapes,
        (None, Separator::Byte(_)) => uses_escapes(&text.data, separator),
        (None, Separator::DoubleColon) => false,
    };
    let rows = detect::rows(sample, separator);
    let Some(first) = first_row(&text.data, separator, escapes) else {
        let mut rows = RowReader::new(&text.data, separator, escapes);
        while let Err((offset, message)) = rows.next(&mut ByteRecord::new()) {
            collector.add_bad(text, offset, message);
        }
        collector.check_any(text, "has no rows")?;
        return Err(text.error("has no rows"));
    };
    let has_header = has_header(options, &rows)?;
    let columns = Wanted::new(options).resolve(text, &first, has_header)?;
    // Empty fields at the end of the first row may come from extra separators that other rows lack.
    let filled = first.len() - first.iter().rev().take_while(|field| field.is_empty()).count();
    let needed = columns.user.max(columns.item).max(columns.value.unwrap_or(0)) + 1;
    let layout = FileLayout {
        separator: Some(separator),
        header: has_header.then(|| first.iter().map(id_text).collect()),
        backslash_escapes: escapes,
        ..columns.layout(FileLayout::new(text, FileFormat::Delimited))
    };
    let words = words(&layout, &first, &columns);
    let width = filled.max(needed);
    Ok(Dialect { separator, escapes, has_header, columns, width, full_width: first.len(), words, layout })
}

/// The first readable row.
fn first_row(data: &[u8], separator: Separator, escapes: bool) -> Option<ByteRecord> {
    let mut rows = RowReader::new(data, separator, escapes);
    let mut first = ByteRecord::new();
    loop {
        match rows.next(&mut first) {
            Ok(Some(_)) => return Some(first),
            Ok(None) => return None,
            Err(_) => {}
        }
    }
}

fn words(layout: &FileLayout, first: &ByteRecord, columns: &Columns) -> String {
    let has_header = layout.header.is_some();
    let column = |column: usize| match first.get(column) {
        Some(name) if has_header => format!("column {} {}", column + 1, shown(name)),
        _ => format!("column {}", column + 1),
    };
    let separator = layout.separator.map(|separator| separator.to_string()).unwrap_or_default();
    let header = if has_header { "a header" } else { "no header" };
    let escapes = if layout.backslash_escapes { ", backslash escapes" } else { "" };
    let mut words = format!("delimited text, separator {separator}{escapes}, {header}");
    words += &format!(", user {}, item {}", column(columns.user), column(columns.item));
    if let Some(value) = columns.value {
        words += &format!(", rating {}", column(value));
    }
    words
}

fn has_header(options: &LoadOptions, rows: &[ByteRecord]) -> Result<bool> {
    let named = [
        ("--user-column", &options.user_column),
        ("--item-column", &options.item_column),
        ("--rating-column", &options.rating_column),
    ];
    let first_named = named.iter().find(|(_, column)| matches!(column, Some(Column::Name(_))));
    match (options.header, first_named) {
        (Some(false), Some((flag, _))) => {
            Err(Error::setting(flag, "is a name, but --header=false says there are none: give a number"))
        }
        (Some(has_header), _) => Ok(has_header),
        (None, Some(_)) => Ok(true),
        (None, None) => {
            let position = |column: &Option<Column>, usual: usize| match column {
                Some(Column::Number(number)) => number.saturating_sub(1),
                _ => usual,
            };
            Ok(detect::header(rows, position(&options.user_column, 0), position(&options.item_column, 1)))
        }
    }
}

fn no_separator(text: &Text) -> Error {
    let first = lines(&text.data).map(|(_, line)| line).find(|line| !line.is_empty());
    text.error(format!(
        "has no columns separated by tab, comma, semicolon, `::` or space (first row: {}): give a \
         --separator",
        shown(first.unwrap_or_default())
    ))
}

fn too_few(record: &ByteRecord, width: usize, rest: &[u8]) -> String {
    let fields = counted(record.len(), "field");
    let row = lines(rest).next().map_or(&b""[..], |(_, line)| line);
    format!("{fields}, but at least {width} expected (as in the first row): {}", shown(row))
}
