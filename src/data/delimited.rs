//! Delimited text: one interaction a row, in columns found by name or number.

use super::Column;
use super::columns::{Columns, Wanted};
use super::detect;
use super::load::{Collector, LoadOptions};
use super::rows::{Rows, Separator};
use super::text::{Text, counted, lines, shown};
use crate::{Error, Result};
use csv::ByteRecord;

/// How a text is laid out.
struct Layout {
    separator: Separator,
    has_header: bool,
    columns: Columns,
    /// The fewest fields of a usable row.
    width: usize,
    words: String,
}

/// Adds every row of `text` to `collector`; returns the format in words.
pub(super) fn read(text: &Text, options: &LoadOptions, collector: &mut Collector<'_>) -> Result<String> {
    let layout = layout(text, options)?;
    let Columns { user, item, rating } = layout.columns;
    let mut rows = Rows::new(&text.data, layout.separator);
    let mut record = ByteRecord::new();
    let mut is_header = layout.has_header;
    loop {
        let next = rows.next(&mut record).map_err(|(offset, message)| text.row_error(offset, message))?;
        let Some(offset) = next else { break };
        if std::mem::take(&mut is_header) {
            continue;
        }
        let field = |column: usize| record.get(column).unwrap_or_default();
        if record.iter().all(|field| field.is_empty()) {
            collector.report.blank_row_count += 1;
            continue;
        }
        if record.len() < layout.width {
            return Err(text.row_error(offset, too_few(&record, layout.width, &text.data[offset..])));
        }
        let is_positive = match (rating, options.min_rating) {
            (Some(column), Some(threshold)) => {
                parse_rating(field(column)).map_err(|message| text.row_error(offset, message))? >= threshold
            }
            _ => true,
        };
        let added = collector.add_row(field(user), field(item), is_positive);
        added.map_err(|message| text.row_error(offset, message))?;
    }
    if collector.report.row_count == 0 {
        return Err(text.error(if layout.has_header { "has a header, but no rows" } else { "has no rows" }));
    }
    Ok(layout.words)
}

fn layout(text: &Text, options: &LoadOptions) -> Result<Layout> {
    let sample = detect::sample(&text.data);
    let separator = match options.separator {
        Some(separator) => separator,
        None => detect::separator(sample).ok_or_else(|| no_separator(text))?,
    };
    separator.check()?;
    let rows = detect::rows(sample, separator);
    let mut first = ByteRecord::new();
    Rows::new(&text.data, separator)
        .next(&mut first)
        .map_err(|(offset, message)| text.row_error(offset, message))?;
    let has_header = has_header(options, &rows)?;
    let wanted = Wanted {
        user: options.user_column.as_ref(),
        item: options.item_column.as_ref(),
        rating: options.rating_column.as_ref(),
        needs_rating: options.min_rating.is_some(),
    };
    let columns = wanted.resolve(text, &first, has_header)?;
    // Empty fields at the end of the first row may be a separator too many, which others may lack.
    let filled = first.len() - first.iter().rev().take_while(|field| field.is_empty()).count();
    let needed = columns.user.max(columns.item).max(columns.rating.unwrap_or(0)) + 1;
    let column = |column: usize| match first.get(column) {
        Some(name) if has_header => format!("column {} {}", column + 1, shown(name)),
        _ => format!("column {}", column + 1),
    };
    let header = if has_header { "a header" } else { "no header" };
    let mut words = format!("delimited text, separator {separator}, {header}");
    words += &format!(", user {}, item {}", column(columns.user), column(columns.item));
    if let Some(rating) = columns.rating {
        words += &format!(", rating {}", column(rating));
    }
    Ok(Layout { separator, has_header, columns, width: filled.max(needed), words })
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
            Err(Error::setting(flag, "is a name, but the file is said to have no header: give a number"))
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
        "has no columns that tab, comma, semicolon, `::` or space would separate (first row: {}): name a --separator",
        shown(first.unwrap_or_default())
    ))
}

fn too_few(record: &ByteRecord, width: usize, rest: &[u8]) -> String {
    let fields = counted(record.len(), "field");
    let row = lines(rest).next().map_or(&b""[..], |(_, line)| line);
    format!("{fields}, but at least {width} expected, as in the first row: {}", shown(row))
}

/// A finite number.
fn parse_rating(field: &[u8]) -> std::result::Result<f64, String> {
    let text = std::str::from_utf8(field).unwrap_or("\u{fffd}").trim();
    if text.is_empty() {
        return Err("rating is empty".to_owned());
    }
    match text.parse::<f64>() {
        Ok(rating) if rating.is_finite() => Ok(rating),
        Ok(_) => Err(format!("rating is not finite: {}", shown(field))),
        Err(_) => Err(format!("rating is not a number: {}", shown(field))),
    }
}
