//! Options that say how a feature file is read.

use super::Side;
use crate::data::text::Text;
use crate::data::{OnBadRow, Separator};
use crate::{Error, Result};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The format of a feature file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FeatureFormat {
    /// Found by looking at the first lines.
    #[default]
    Auto,
    /// One feature of one id per row, in columns; a third column may have its value.
    Delimited,
    /// An id per line, then its features.
    AdjacencyId,
    /// A count per line, then that many features. The id is the line number, from 0.
    AdjacencyCount,
    /// An array of numbers of NumPy: all features of an id per row.
    Npy,
    /// A Parquet file. Reading it needs the feature `parquet`.
    Parquet,
}

/// The formats with their names on the command line.
const FORMATS: [(FeatureFormat, &str); 6] = [
    (FeatureFormat::Auto, "auto"),
    (FeatureFormat::Delimited, "delimited"),
    (FeatureFormat::AdjacencyId, "adjacency-id"),
    (FeatureFormat::AdjacencyCount, "adjacency-count"),
    (FeatureFormat::Npy, "npy"),
    (FeatureFormat::Parquet, "parquet"),
];

impl FromStr for FeatureFormat {
    type Err = String;

    /// `auto`, `delimited`, `adjacency-id`, `adjacency-count`, `npy` or `parquet`.
    fn from_str(text: &str) -> std::result::Result<FeatureFormat, String> {
        let found = FORMATS.iter().find(|(_, name)| *name == text);
        found.map(|&(format, _)| format).ok_or_else(|| {
            "must be auto, delimited, adjacency-id, adjacency-count, npy or parquet".to_owned()
        })
    }
}

impl fmt::Display for FeatureFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FORMATS.iter().find(|(format, _)| format == self).map_or("", |&(_, name)| name);
        f.write_str(name)
    }
}

/// What comes first on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FeaturesBy {
    /// The id of an item or a user.
    #[default]
    Id,
    /// A feature; the ids that have it follow. In a list with counts, the line number from 0 is the feature.
    Feature,
}

/// How to read a feature file.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureOptions {
    /// Whose features they are.
    pub kind: Side,
    /// `--feature-format`.
    pub format: FeatureFormat,
    /// `--features-by`.
    pub by: FeaturesBy,
    /// `--feature-separator`: what divides several tags in one field.
    pub separator: Option<Separator>,
    /// `--min-feature-count`: tags that fewer ids have are left out.
    pub min_count: usize,
    /// `--item-feature-ids` or `--user-feature-ids`: the ids of the rows of a `.npy` file, one a line. `None`: the
    /// file beside it that ends in `.txt`.
    pub ids: Option<PathBuf>,
    /// `--on-bad-row`.
    pub on_bad_row: OnBadRow,
    /// `--max-input-bytes`, as for interactions.
    pub max_input_bytes: Option<u64>,
}

impl FeatureOptions {
    /// The usual options for features of `kind`.
    pub fn of(kind: Side) -> FeatureOptions {
        FeatureOptions {
            kind,
            format: FeatureFormat::Auto,
            by: FeaturesBy::Id,
            separator: None,
            min_count: 1,
            ids: None,
            on_bad_row: OnBadRow::Error,
            max_input_bytes: None,
        }
    }

    /// Fails if an option was given that has no meaning for numbers of all features.
    pub(super) fn check_dense(&self, text: &Text) -> Result<()> {
        let meaningless =
            [("--features-by", self.by != FeaturesBy::Id), ("--min-feature-count", self.min_count > 1)];
        match meaningless.into_iter().find(|&(_, is_given)| is_given) {
            Some((flag, _)) => {
                let message =
                    format!("has no meaning for {}: each row has all features", text.path.display());
                Err(Error::setting(flag, message))
            }
            None => Ok(()),
        }
    }
}
