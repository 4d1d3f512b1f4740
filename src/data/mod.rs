//! From text to interactions: reading files, string ids, splits into train, validation and test,
//! and generated data whose right answer is known.

mod ids;
mod interactions;

pub use ids::IdTable;
pub use interactions::Interactions;

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
