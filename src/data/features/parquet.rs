//! Reads columns of a Parquet file: one of ids and, beside it, a list of tags or numbers in each row, a tag in each row,
//! or columns of numbers.

use super::gather::{Gatherer, refuse_bad, value_of};
use super::npy::{Dense, Rows};
use super::text::{FEATURE_NAMES, ID_NAMES, VALUE_NAMES, role};
use super::{FeatureOptions, FeatureReport, Features, FeaturesBy};
use crate::data::parquet::{Table, caught, text_of};
use crate::data::text::{Text, counted, shown};
use crate::data::{IdTable, OnBadRow, roles};
use crate::files::InputLimit;
use crate::{Error, Result};
use parquet::basic::Type as Physical;
use parquet::record::Field;
use parquet::schema::types::Type;

/// What a file has beside its ids: numbers of columns.
enum Content {
    /// A tag a row or a list of them, and perhaps the value of a tag.
    Tags(usize, Option<usize>),
    /// A list of numbers a row.
    List(usize),
    /// A number a column.
    Numbers(Vec<usize>),
}

pub(super) fn read(
    text: &Text,
    known: &IdTable,
    options: &FeatureOptions,
    limit: &InputLimit,
) -> Result<(Features, FeatureReport)> {
    if options.by == FeaturesBy::Feature {
        let message = "feature has no meaning for a Parquet file: its columns have names";
        return Err(Error::setting("--features-by", message));
    }
    caught(text, || {
        let table = Table::open(text)?;
        let (id, content) = content(text, &table, options)?;
        match content {
            Content::Tags(tags, value) => read_tags(text, &table, (id, tags, value), known, options, limit),
            Content::List(list) => read_numbers(text, &table, id, &[list], known, options, limit),
            Content::Numbers(columns) => read_numbers(text, &table, id, &columns, known, options, limit),
        }
    })
}

/// Finds the column of ids, and what the others hold.
fn content(text: &Text, table: &Table<'_>, options: &FeatureOptions) -> Result<(usize, Content)> {
    let (columns, header) = (table.columns(), table.header());
    let id = roles::find(&header, ID_NAMES).or_else(|| role(options.kind).find(&header)).unwrap_or(0);
    let others: Vec<usize> = (0..columns.len()).filter(|&column| column != id).collect();
    let named = |names| roles::find(&header, names).filter(|column| others.contains(column));
    let kind = |column: usize| physical(&columns[column]);
    let is_list = |column: &usize| columns[*column].is_group();
    let is_real = |column: usize| matches!(kind(column), Some(Physical::FLOAT | Physical::DOUBLE));
    let is_number =
        |column: &usize| is_real(*column) || matches!(kind(*column), Some(Physical::INT32 | Physical::INT64));
    let value = named(VALUE_NAMES);
    let lists: Vec<usize> = others.iter().copied().filter(is_list).collect();
    let content = match (named(FEATURE_NAMES), &lists[..], &others[..]) {
        (Some(list), _, _) | (None, &[list], _) if columns[list].is_group() && is_real(list) => {
            Content::List(list)
        }
        (Some(tags), ..) => Content::Tags(tags, value.filter(|&value| value != tags)),
        (None, &[tags], _) => Content::Tags(tags, None),
        (None, [], &[tags]) if !is_real(tags) => Content::Tags(tags, None),
        (None, [], numbers) if !numbers.is_empty() && numbers.iter().all(is_number) => {
            Content::Numbers(numbers.to_vec())
        }
        _ => {
            let names: Vec<String> = header.iter().map(shown).collect();
            let message = "needs a column of ids and one named `features` or `tags`, or else only numbers beside the ids";
            return Err(text.error(format!("{message}; it has {}", names.join(", "))));
        }
    };
    if !matches!(content, Content::Tags(..)) {
        options.check_dense(text)?;
    }
    Ok((id, content))
}

/// The type of a column, or of the elements of its lists.
fn physical(column: &Type) -> Option<Physical> {
    if column.is_primitive() {
        return Some(column.get_physical_type());
    }
    match column.get_fields() {
        [inner] => physical(inner),
        _ => None,
    }
}

fn read_tags(
    text: &Text,
    table: &Table<'_>,
    (id, tags, value): (usize, usize, Option<usize>),
    known: &IdTable,
    options: &FeatureOptions,
    limit: &InputLimit,
) -> Result<(Features, FeatureReport)> {
    let mut gatherer = Gatherer::new(known, options, limit);
    gatherer.by_row = true;
    let columns: Vec<usize> = [Some(id), Some(tags), value].into_iter().flatten().collect();
    table.each_row(&columns, limit, |row, fields| {
        let [id, (name, tags)] = [fields[0], fields[1]];
        let tags = match tags {
            Field::ListInternal(list) => list.elements(),
            tag => std::slice::from_ref(tag),
        };
        for tag in tags {
            let value = fields.get(2).map_or(Ok(1.0), |&field| value_of(&text_of(field)?));
            let added =
                value.and_then(|value| gatherer.add(&text_of(id)?, &text_of((name, tag))?, value, row));
            if let Err(message) = added {
                gatherer.add_bad(text, row, message);
            }
            gatherer.check_room(text)?;
        }
        Ok(())
    })?;
    let (features, report) = gatherer.finish(text)?;
    let header = table.header();
    let mut format = format!("Parquet, {} {}", options.kind.word(), shown(&header[id]));
    format += &format!(", feature {}", shown(&header[tags]));
    if let Some(value) = value {
        format += &format!(", value {}", shown(&header[value]));
    }
    Ok((features, FeatureReport { format, ..report }))
}

fn read_numbers(
    text: &Text,
    table: &Table<'_>,
    id: usize,
    numbers: &[usize],
    known: &IdTable,
    options: &FeatureOptions,
    limit: &InputLimit,
) -> Result<(Features, FeatureReport)> {
    let mut rows = Rows::new(known, options.kind.word());
    // The first time for the ids, so that the size of the table is known.
    let mut report = FeatureReport::default();
    let mut dim = 0;
    let wanted: Vec<usize> = std::iter::once(id).chain(numbers.iter().copied()).collect();
    table.each_row(&wanted, limit, |row, fields| {
        let width = match fields[1].1 {
            Field::ListInternal(list) => list.len(),
            _ => numbers.len(),
        };
        let added = text_of(fields[0]).and_then(|id| rows.add(&id).map(drop));
        let checked = added.and_then(|()| match (width, dim) {
            (0, _) => Err("has no numbers".to_owned()),
            (width, 0) => {
                dim = width;
                Ok(())
            }
            (width, dim) if width == dim => Ok(()),
            (width, dim) => Err(format!("has {}, but the first row has {dim}", counted(width, "number"))),
        });
        if let Err(message) = checked {
            report.bad_rows.add_line(row, message);
        }
        report.entry_count += 1;
        Ok(())
    })?;
    refuse_bad(&mut report, OnBadRow::Error, text)?;
    if dim == 0 {
        return Err(text.error("has no rows"));
    }
    let Rows { rows, new_ids, .. } = rows;
    let mut dense = Dense::new(text, known.len() + new_ids.len(), dim, limit)?;
    table.each_row(&wanted, limit, |row, fields| {
        let values = match fields[1].1 {
            Field::ListInternal(list) => list.elements(),
            _ => &[],
        };
        for column in 0..dim {
            let field = values.get(column).unwrap_or_else(|| fields[1 + column].1);
            let set = match number(field) {
                Some(value) => dense.set(rows[row as usize - 1], column, value),
                None => Err("value is missing".to_owned()),
            };
            set.map_err(|message| Error::Row {
                path: text.path.clone(),
                line: row,
                message: format!("number {} of the row: {message}", column + 1),
            })?;
        }
        Ok(())
    })?;
    let header = table.header();
    let mut names = IdTable::numbered(if numbers.len() == dim { 0 } else { dim });
    if names.is_empty() {
        for &column in numbers {
            names.intern(&header[column]);
        }
    }
    if names.len() != dim {
        return Err(text.error("has two columns of the same name"));
    }
    let format = format!("Parquet, {} {}, {dim} numbers a row", options.kind.word(), shown(&header[id]));
    dense.finish(text, known.len(), new_ids, names, (format, rows.len()), options)
}

/// A number of any type.
fn number(field: &Field) -> Option<f64> {
    Some(match *field {
        Field::Float(value) => f64::from(value),
        Field::Double(value) => value,
        Field::Byte(value) => f64::from(value),
        Field::Short(value) => f64::from(value),
        Field::Int(value) => f64::from(value),
        Field::Long(value) => value as f64,
        Field::UByte(value) => f64::from(value),
        Field::UShort(value) => f64::from(value),
        Field::UInt(value) => f64::from(value),
        Field::ULong(value) => value as f64,
        _ => return None,
    })
}
