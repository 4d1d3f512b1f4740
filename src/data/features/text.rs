//! Reads delimited text: finds out whether a row has one feature of an id or all of them, and reads the first kind.

use super::gather::{Gatherer, value_of};
use super::{FeatureFormat, FeaturesBy, Side, list};
use crate::Result;
use crate::data::detect;
use crate::data::roles::{self, Role, normal};
use crate::data::rows::{RowReader, Separator, uses_escapes};
use crate::data::text::{Text, counted, lines, shown};
use csv::ByteRecord;

/// Names of a column of ids, whatever they are of, and of a column of features; in normal form, likeliest first.
pub(super) const ID_NAMES: &[&str] = &["id"];
pub(super) const FEATURE_NAMES: &[&str] = &[
    "tag",
    "tagid",
    "tags",
    "feature",
    "featureid",
    "features",
    "word",
    "wordid",
    "words",
    "term",
    "termid",
    "terms",
    "keyword",
    "keywords",
    "token",
    "genre",
    "genres",
    "category",
    "categoryid",
    "categories",
    "class",
    "attribute",
    "attributes",
    "property",
    "label",
    "cluster",
    "tagname",
];
pub(super) const VALUE_NAMES: &[&str] =
    &["tfidf", "value", "weight", "count", "frequency", "score", "relevance"];

/// The columns in use, numbered from 0.
struct Columns {
    id: usize,
    feature: usize,
    value: Option<usize>,
    has_header: bool,
    /// The number of fields of a row.
    width: usize,
}

/// Adds the rows of `text`. Returns the format in words.
pub(super) fn read(text: &Text, format: FeatureFormat, gatherer: &mut Gatherer<'_>) -> Result<String> {
    let sample = detect::sample(&text.data);
    let separator = separator(sample).ok_or_else(|| {
        let first = lines(&text.data).map(|(_, line)| line).find(|line| !line.is_empty()).unwrap_or_default();
        text.error(format!(
            "has no fields separated by tab, comma, semicolon, `::` or space (first row: {})",
            shown(first)
        ))
    })?;
    let rows = detect::rows(sample, separator);
    let columns = match format {
        FeatureFormat::AdjacencyId => None,
        FeatureFormat::Delimited => Some(columns(&rows, gatherer).ok_or_else(|| {
            let message = "has rows of different lengths, and no header that names a column of features";
            text.error(format!("{message}; if each line lists features, give --feature-format adjacency-id"))
        })?),
        _ => match columns(&rows, gatherer) {
            None if is_table(&rows) => {
                return Err(text.error(
                    "looks like a table of numbers: save it as a .npy array; if each line lists features that are \
                     numbers, give --feature-format adjacency-id",
                ));
            }
            columns => columns,
        },
    };
    match columns {
        None => list::read(text, separator, gatherer),
        Some(columns) => delimited(text, separator, &columns, gatherer),
    }
}

/// The role of the column of ids.
pub(super) fn role(kind: Side) -> Role {
    match kind {
        Side::Items => Role::Item,
        Side::Users => Role::User,
    }
}

/// What divides the fields: the first separator that at least half of the rows have.
fn separator(sample: &[u8]) -> Option<Separator> {
    let comma_or_semicolon = {
        let count = |byte: u8| sample.iter().filter(|&&other| other == byte).count();
        let (comma, semicolon) = (count(b','), count(b';'));
        if semicolon > comma { [b';', b','] } else { [b',', b';'] }
    };
    let [first, second] = comma_or_semicolon;
    let bytes = [b'\t', first, second, b' '].map(Separator::Byte);
    std::iter::once(Separator::DoubleColon).chain(bytes).find(|&separator| {
        let rows = detect::rows(sample, separator);
        let split = rows.iter().filter(|row| row.len() >= 2).count();
        split > 0 && 2 * split >= rows.len()
    })
}

/// The columns of a text with one feature per row; `None` if it is not one.
fn columns(rows: &[ByteRecord], gatherer: &Gatherer<'_>) -> Option<Columns> {
    let options = gatherer.options();
    let first = rows.first()?;
    let width = first.len();
    let id = roles::find(first, ID_NAMES).or_else(|| role(options.kind).find(first));
    let feature = roles::find(first, FEATURE_NAMES);
    let is_id = |column: usize| normal(&first[column]).ends_with("id");
    let named = id.zip(feature).filter(|(id, feature)| id != feature);
    let has_header = named.is_some() || id.is_some_and(is_id) || detect::header(rows, 0, 1);
    // A field too many may be a list; columns after those in use, too, unless they have names.
    let is_even = rows.iter().all(|row| row.len() == width);
    let is_number = |row: &ByteRecord| row.get(2).is_some_and(|field| value_of(field).is_ok());
    let has_values = width == 3 && rows.iter().skip(usize::from(has_header)).all(is_number);
    let usual = match options.by {
        FeaturesBy::Id => (0, 1),
        FeaturesBy::Feature => (1, 0),
    };
    let (id, feature) = match named {
        Some(named) => named,
        None if is_even && (width == 2 || has_values) => usual,
        None => return None,
    };
    let value = match has_header {
        true => roles::find(first, VALUE_NAMES).or(Some(2).filter(|_| has_values && named.is_none())),
        false => Some(2).filter(|_| has_values),
    };
    let value = value.filter(|&value| value != id && value != feature);
    Some(Columns { id, feature, value, has_header, width })
}

/// Whether the rows are all long, and hold nothing but numbers behind the first field.
fn is_table(rows: &[ByteRecord]) -> bool {
    let width = rows.first().map_or(0, ByteRecord::len);
    let below = rows.get(1..).unwrap_or_default();
    let is_number = |row: &ByteRecord| row.iter().skip(1).all(|field| value_of(field).is_ok());
    width > 3 && !below.is_empty() && below.iter().all(|row| row.len() == width && is_number(row))
}

fn delimited(
    text: &Text,
    separator: Separator,
    columns: &Columns,
    gatherer: &mut Gatherer<'_>,
) -> Result<String> {
    let &Columns { id, feature, value, has_header, width } = columns;
    let escapes = matches!(separator, Separator::Byte(_)) && uses_escapes(&text.data, separator);
    let mut rows = RowReader::new(&text.data, separator, escapes);
    let mut record = ByteRecord::new();
    let mut is_header = has_header;
    loop {
        let offset = match rows.next(&mut record) {
            Ok(None) => break,
            Ok(Some(_)) if std::mem::take(&mut is_header) || record.as_slice().is_empty() => continue,
            Ok(Some(offset)) => offset as u64,
            Err((offset, message)) => {
                gatherer.add_bad(text, offset as u64, message);
                continue;
            }
        };
        let added = if record.len() == width {
            let value = value.map_or(Ok(1.0), |column| value_of(&record[column]));
            value.and_then(|value| gatherer.add(&record[id], &record[feature], value, offset))
        } else {
            let fields = counted(record.len(), "field");
            Err(format!(
                "{fields}, but the first row has {width}; if each line lists features, give --feature-format \
                 adjacency-id"
            ))
        };
        if let Err(message) = added {
            gatherer.add_bad(text, offset, message);
        }
        gatherer.check_room(text)?;
    }
    let header = if has_header { "a header" } else { "no header" };
    let word = gatherer.options().kind.word();
    let mut words = format!("delimited text, separator {separator}, {header}");
    words += &format!(", {word} column {}, feature column {}", id + 1, feature + 1);
    if let Some(value) = value {
        words += &format!(", value column {}", value + 1);
    }
    Ok(words)
}
