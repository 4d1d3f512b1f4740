//! Reads a feature file of any format.

use super::gather::Gatherer;
use super::{FeatureFormat, FeatureOptions, FeatureReport, Features, list, npy, text};
use crate::data::IdTable;
use crate::data::detect::{self, FileFormat};
use crate::data::text::{NPY, PARQUET, Text};
use crate::files::InputLimit;
use crate::{Error, Result};
use std::path::Path;

/// Reads the features in `path`, which may be gzip-compressed, for the rows of `known`. Ids that `known` lacks become
/// new rows. An id is found as it is in the file, or else by its text form ([`id_text`](crate::data::id_text)).
///
/// A text has one feature of one id per row, in two or three columns with or without a header, or on each line an id and
/// its features. It is the first if each of its first 1,000 rows has two fields, or three of which the last is a number,
/// or if a header names the columns. With two fields a row both readings are the same. A tag's value is 1.
///
/// # Errors
/// As [`load`](crate::data::load()); no known id has a feature; there are more than [`Features::MAX_COUNT`]; a value is
/// not finite; an id has two rows of numbers, or two values of one feature; an array of NumPy has another number of rows
/// than ids.
pub fn read_features(
    path: &Path,
    known: &IdTable,
    options: &FeatureOptions,
) -> Result<(Features, FeatureReport)> {
    let limit = InputLimit::interactions(options.max_input_bytes);
    let text = Text::read(path, &limit)?;
    let (features, mut report) = match format(&text, options)? {
        FeatureFormat::Npy => npy::read(&text, known, options, &limit)?,
        #[cfg(feature = "parquet")]
        FeatureFormat::Parquet => super::parquet::read(&text, known, options, &limit)?,
        #[cfg(not(feature = "parquet"))]
        FeatureFormat::Parquet => return Err(text.error(crate::data::NO_PARQUET)),
        format => {
            let mut gatherer = Gatherer::new(known, options, &limit);
            let words = match format {
                FeatureFormat::AdjacencyCount => list::read_counted(&text, &mut gatherer)?,
                format => text::read(&text, format, &mut gatherer)?,
            };
            let (features, report) = gatherer.finish(&text)?;
            (features, FeatureReport { format: words, ..report })
        }
    };
    report.is_gzip = text.is_gzip;
    Ok((features, report))
}

/// The format of the file. Auto is left for a text that is no list of numbers.
fn format(text: &Text, options: &FeatureOptions) -> Result<FeatureFormat> {
    let magic = [(NPY, FeatureFormat::Npy), (PARQUET, FeatureFormat::Parquet)];
    let found = magic.into_iter().find(|(magic, _)| text.data.starts_with(magic)).map(|(_, format)| format);
    let format = match (options.format, found) {
        (FeatureFormat::Auto, Some(found)) => found,
        (FeatureFormat::Auto, None) => match detect::file_format(&text.data) {
            FileFormat::AdjacencyCount => FeatureFormat::AdjacencyCount,
            FileFormat::AdjacencyId => FeatureFormat::AdjacencyId,
            FileFormat::JsonLines => {
                let message = "is JSON, which is not read for features: give columns, such as `id,tag`";
                return Err(text.error(message));
            }
            _ => FeatureFormat::Auto,
        },
        (format, found) => {
            let is_magic = |format| magic.iter().any(|&(_, other)| other == format);
            if found.is_some_and(|found| found != format) || (found.is_none() && is_magic(format)) {
                let message = format!("is {format}, but {} is another format", text.path.display());
                return Err(Error::setting("--feature-format", message));
            }
            format
        }
    };
    if format == FeatureFormat::Npy {
        options.check_dense(text)?;
    }
    Ok(format)
}
