//! Features of items or users: tags, words or numbers, aligned to the ids of a data set. Ids that the data set lacks
//! are kept after its own, so that a model can place them by their features alone.

mod gather;
mod list;
mod npy;
mod options;
#[cfg(feature = "parquet")]
mod parquet;
mod read;
mod report;
mod side;
mod text;

pub use options::{FeatureFormat, FeatureOptions, FeaturesBy};
pub use read::read_features;
pub use report::FeatureReport;
pub use side::Side;

use super::IdTable;
use std::ops::Range;

/// What is known about each row: rows of the data set first (the known ones), then ids that only the feature file has
/// (the new ones). A row has numbers for some of F features, or for all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    known_count: usize,
    /// The ids of the new rows.
    new_ids: IdTable,
    /// The names of the features, (F).
    names: IdTable,
    values: FeatureValues,
}

/// The numbers of all rows.
#[derive(Debug, Clone, PartialEq)]
pub enum FeatureValues {
    /// Some features a row.
    Sparse {
        /// Where each row begins in the other two, (rows + 1).
        starts: Vec<usize>,
        /// The features of each row, sorted and distinct.
        features: Vec<u32>,
        /// The value of each of them; 1 for a tag.
        values: Vec<f32>,
    },
    /// All features of each row that has any.
    Dense {
        /// Whether a row has features, (rows).
        has: Vec<bool>,
        /// (rows, F); zeros for a row without features.
        values: Vec<f32>,
    },
}

/// The features of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeatureRow<'a> {
    /// Which features, sorted and distinct; `None` if it has all of them, in order.
    pub features: Option<&'a [u32]>,
    /// The value of each.
    pub values: &'a [f32],
}

impl<'a> FeatureRow<'a> {
    /// Each feature with its value, by feature.
    pub fn iter(self) -> impl Iterator<Item = (u32, f32)> + 'a {
        let FeatureRow { features, values } = self;
        let feature = move |place: usize| features.map_or(place as u32, |features| features[place]);
        values.iter().enumerate().map(move |(place, &value)| (feature(place), value))
    }
}

impl Features {
    /// The most features that there may be.
    pub const MAX_COUNT: usize = (1 << 31) - 1;

    /// Features of `known_count` rows of a data set and of `new_ids` after them.
    ///
    /// # Panics
    /// If the lengths do not agree, or a row's features are not sorted, distinct and below F: bugs in the caller.
    pub fn new(known_count: usize, new_ids: IdTable, names: IdTable, values: FeatureValues) -> Features {
        let (row_count, feature_count) = (known_count + new_ids.len(), names.len());
        match &values {
            FeatureValues::Sparse { starts, features, values } => {
                assert_eq!(starts.len(), row_count + 1, "a start for each row");
                assert_eq!(starts.last(), Some(&features.len()), "the last row ends at the end");
                assert_eq!(features.len(), values.len(), "a value for each feature");
                for row in starts.windows(2) {
                    let row = &features[row[0]..row[1]];
                    assert!(row.windows(2).all(|pair| pair[0] < pair[1]), "sorted and distinct");
                    assert!(row.last().is_none_or(|&last| (last as usize) < feature_count), "below F");
                }
            }
            FeatureValues::Dense { has, values } => {
                assert_eq!(has.len(), row_count, "one for each row");
                assert_eq!(values.len(), row_count * feature_count, "(rows, F)");
            }
        }
        Features { known_count, new_ids, names, values }
    }

    /// Features of known rows alone, named by their numbers: each row's (feature, value), sorted by feature.
    pub fn of_rows<Row: IntoIterator<Item = (u32, f32)>>(
        feature_count: usize,
        rows: impl IntoIterator<Item = Row>,
    ) -> Features {
        let (mut starts, mut features, mut values) = (vec![0], Vec::new(), Vec::new());
        for row in rows {
            for (feature, value) in row {
                features.push(feature);
                values.push(value);
            }
            starts.push(features.len());
        }
        let mut names = IdTable::default();
        (0..feature_count).for_each(|feature| {
            names.intern(feature.to_string().as_bytes());
        });
        let known_count = starts.len() - 1;
        Features::new(
            known_count,
            IdTable::default(),
            names,
            FeatureValues::Sparse { starts, features, values },
        )
    }

    /// The number of rows, known and new.
    pub fn row_count(&self) -> usize {
        self.known_count + self.new_ids.len()
    }

    /// The number of rows of the data set. Rows from here on are new.
    pub fn known_count(&self) -> usize {
        self.known_count
    }

    /// The ids of the rows that the data set lacks. All of them have features. The first one is row
    /// [`Features::known_count`].
    pub fn new_ids(&self) -> &IdTable {
        &self.new_ids
    }

    /// F.
    pub fn feature_count(&self) -> usize {
        self.names.len()
    }

    /// The names of the features, (F).
    pub fn names(&self) -> &IdTable {
        &self.names
    }

    /// The numbers as they lie in memory.
    pub fn values(&self) -> &FeatureValues {
        &self.values
    }

    /// Whether `row` has features.
    ///
    /// # Panics
    /// If there is no such row, which is a bug in the caller.
    pub fn has(&self, row: u32) -> bool {
        match &self.values {
            FeatureValues::Sparse { .. } => !self.range(row).is_empty(),
            FeatureValues::Dense { has, .. } => has[row as usize],
        }
    }

    /// The features of `row`; empty if it has none.
    ///
    /// # Panics
    /// If there is no such row, which is a bug in the caller.
    pub fn row(&self, row: u32) -> FeatureRow<'_> {
        let range = self.range(row);
        match &self.values {
            FeatureValues::Sparse { features, values, .. } => {
                FeatureRow { features: Some(&features[range.clone()]), values: &values[range] }
            }
            FeatureValues::Dense { values, .. } => FeatureRow { features: None, values: &values[range] },
        }
    }

    /// Where the values of `row` lie.
    fn range(&self, row: u32) -> Range<usize> {
        let row = row as usize;
        match &self.values {
            FeatureValues::Sparse { starts, .. } => starts[row]..starts[row + 1],
            FeatureValues::Dense { has, .. } => {
                let start = row * self.feature_count();
                start..start + if has[row] { self.feature_count() } else { 0 }
            }
        }
    }

    /// The most entries that `count` known rows have together.
    pub fn most_entries(&self, count: usize) -> usize {
        let mut lengths: Vec<usize> = (0..self.known_count as u32).map(|row| self.range(row).len()).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths.iter().take(count).sum()
    }

    /// The mean, over known rows that have features, of the sum of the squares of their values.
    pub fn mean_squares(&self) -> f64 {
        let rows = (0..self.known_count as u32).filter(|&row| self.has(row));
        let squares = |row| self.row(row).values.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
        let (count, sum) = rows.fold((0usize, 0.0), |(count, sum), row| (count + 1, sum + squares(row)));
        sum / count.max(1) as f64
    }

    /// Bytes that the numbers take in memory.
    pub fn byte_count(&self) -> u64 {
        let bytes = match &self.values {
            FeatureValues::Sparse { starts, features, values } => {
                size_of_val(&starts[..]) + size_of_val(&features[..]) + size_of_val(&values[..])
            }
            FeatureValues::Dense { has, values } => size_of_val(&has[..]) + size_of_val(&values[..]),
        };
        bytes as u64
    }
}
