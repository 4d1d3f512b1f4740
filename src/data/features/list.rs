//! Reads lists: on each line an id and its features, or a feature and its ids.

use super::gather::Gatherer;
use super::{FeatureOptions, FeaturesBy};
use crate::Result;
use crate::data::adjacency::check_count;
use crate::data::rows::{RowReader, Separator};
use crate::data::text::{Text, lines};
use csv::ByteRecord;

/// Adds the lists of `text`, each with a count first. Returns the format in words.
pub(super) fn read_counted(text: &Text, gatherer: &mut Gatherer<'_>) -> Result<String> {
    gatherer.is_list = true;
    for (number, (offset, line)) in lines(&text.data).enumerate() {
        let mut fields = blank_fields(line, true);
        // An empty line still stands for a number.
        let Some(count) = fields.next() else { continue };
        match check_count(count, fields.clone().count()) {
            Ok(()) => add(text, gatherer, number.to_string().as_bytes(), fields, offset)?,
            Err(message) => gatherer.add_bad(text, offset as u64, message),
        }
    }
    let what = first_words(gatherer.options());
    Ok(format!("adjacency list, a count first on each line; line numbers from 0 are {what}"))
}

/// Adds the lists of `text`, in which fields have `separator` between them. Returns the format in words.
pub(super) fn read(text: &Text, separator: Separator, gatherer: &mut Gatherer<'_>) -> Result<String> {
    gatherer.is_list = true;
    match separator {
        // A line may be longer than the row of a table.
        Separator::Byte(blank @ (b' ' | b'\t')) => {
            for (offset, line) in lines(&text.data) {
                let mut fields = blank_fields(line, blank == b' ');
                let Some(first) = fields.next() else { continue };
                add(text, gatherer, first, fields, offset)?;
            }
        }
        _ => {
            let mut rows = RowReader::new(&text.data, separator, false);
            let mut record = ByteRecord::new();
            loop {
                match rows.next(&mut record) {
                    Ok(None) => break,
                    Ok(Some(_)) if record.as_slice().is_empty() => {}
                    Ok(Some(offset)) => {
                        let fields = record.iter().skip(1).filter(|field| !field.is_empty());
                        add(text, gatherer, &record[0], fields, offset)?;
                    }
                    Err((offset, message)) => gatherer.add_bad(text, offset as u64, message),
                }
            }
        }
    }
    let what = first_words(gatherer.options());
    Ok(format!("adjacency list, separator {separator}, {what} first on each line"))
}

/// The fields of a line that tabs or, if `by_space`, spaces and tabs divide.
fn blank_fields(line: &[u8], by_space: bool) -> impl Iterator<Item = &[u8]> + Clone {
    let fields = line.split(move |&byte| byte == b'\t' || (by_space && byte == b' '));
    fields.filter(|field| !field.is_empty())
}

fn add<'a>(
    text: &Text,
    gatherer: &mut Gatherer<'_>,
    first: &[u8],
    fields: impl Iterator<Item = &'a [u8]>,
    offset: usize,
) -> Result<()> {
    let by = gatherer.options().by;
    for field in fields {
        let (id, feature) = match by {
            FeaturesBy::Id => (first, field),
            FeaturesBy::Feature => (field, first),
        };
        if let Err(message) = gatherer.add(id, feature, 1.0, offset as u64) {
            gatherer.add_bad(text, offset as u64, message);
        }
        gatherer.check_room(text)?;
    }
    Ok(())
}

/// What stands first on a line.
fn first_words(options: &FeatureOptions) -> String {
    match options.by {
        FeaturesBy::Id => format!("{} ids", options.kind.word()),
        FeaturesBy::Feature => "features".to_owned(),
    }
}
