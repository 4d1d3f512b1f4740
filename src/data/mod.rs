//! Turns files into interactions: reads and filters them, keeps string ids, splits pairs into training,
//! validation and test parts, and generates data with a known right answer.

mod adjacency;
mod collect;
mod columns;
mod delimited;
mod detect;
mod features;
mod filter;
mod generate;
mod given;
mod ids;
mod inspect;
mod interactions;
mod json;
mod load;
mod options;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod parquet_pages;
mod preset;
mod report;
mod roles;
pub(crate) mod rows;
mod split;
pub(crate) mod text;
mod write;

pub use collect::MAX_ID_BYTES;
pub use columns::Column;
pub use features::{
    FeatureFormat, FeatureOptions, FeatureReport, FeatureRow, FeatureValues, Features, FeaturesBy, Side,
    read_features,
};
pub use generate::{GenerateOptions, Generated, Tag, generate};
pub use given::{HeldOut, join};
pub use ids::{IdTable, id_from_text, id_text};
pub use inspect::{Inspection, inspect};
pub use interactions::Interactions;
pub use load::{KnownPairs, load, load_known};
pub use options::{Format, LoadOptions, OnBadRow};
pub use preset::{Preset, Published};
pub use report::{BadRow, BadRows, Counts, FileLayout, FilterStep, LoadReport, SHOWN_BAD_ROWS};
pub use rows::Separator;
pub use split::{HeldOutUsers, Protocol, hold_out_users, split, split_from};
pub use text::read_text;
pub use write::{GeneratedFiles, write_generated, write_parts};

use std::sync::Arc;

/// What is wrong with a Parquet file if it cannot be read.
#[cfg(not(feature = "parquet"))]
const NO_PARQUET: &str =
    "is a Parquet file: build spherec with `--features parquet`, or convert the file to CSV";

/// A data set: who interacted with what, and the ids behind the row numbers.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// User ids, (U).
    pub users: IdTable,
    /// Item ids, (I).
    pub items: IdTable,
    /// Distinct (user, item) pairs.
    pub interactions: Interactions,
}

/// Three parts over the same users and items. No pair is in two of them.
#[derive(Debug, Clone, Default)]
pub struct Split {
    /// What the model learns from.
    pub train: Arc<Interactions>,
    /// For early stopping; may be empty.
    pub valid: Interactions,
    /// For `evaluate`; may be empty.
    pub test: Interactions,
}
