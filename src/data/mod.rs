//! From text to interactions: reading files, string ids, splits into train, validation and test,
//! and generated data whose right answer is known.

mod adjacency;
mod columns;
mod delimited;
mod detect;
mod generate;
mod ids;
mod interactions;
mod load;
mod rows;
mod split;
mod text;
mod write;

pub use columns::Column;
pub use generate::{GenerateOptions, Generated, generate};
pub use ids::{IdTable, id_from_text, id_text};
pub use interactions::Interactions;
pub use load::{Format, KnownPairs, LoadOptions, LoadReport, MAX_ID_BYTES, load, load_known};
pub use rows::Separator;
pub use split::{Protocol, split};
pub use write::{write_interactions, write_item_labels};

/// A data set: who interacted with what, and what the row numbers are called.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// Ids of the users, (U).
    pub users: IdTable,
    /// Ids of the items, (I).
    pub items: IdTable,
    /// Distinct (user, item) pairs.
    pub interactions: Interactions,
}

/// The same users and items in three parts that share no pair.
#[derive(Debug, Clone, Default)]
pub struct Split {
    /// What the model learns from.
    pub train: Interactions,
    /// What early stopping looks at; may be empty.
    pub valid: Interactions,
    /// What `evaluate` looks at; may be empty.
    pub test: Interactions,
}
