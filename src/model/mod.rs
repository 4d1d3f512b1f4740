//! The trained model: embeddings in memory, and the model folder on disk.
//!
//! A folder holds `model.safetensors` (the tables), `interactions.safetensors` (the split), `users.txt` and
//! `items.txt` (one id per line, in the text form of [`IdTable::text`]), `model.json` (sizes, how the model
//! was made, and the SHA-256 of every other file), and the logs of the training.

mod load;
mod manifest;
mod output;
mod save;
mod tables;

pub(crate) use load::hex;
pub use output::check_output;

use crate::data::{IdTable, Split};
use crate::{Error, Result};
use serde_json::Value;

/// Users and items as points on the unit sphere.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Embeddings {
    /// D, the embedding dimension.
    pub dim: usize,
    /// (U, D), row-major, unit rows.
    pub users: Vec<f32>,
    /// (I, D), row-major, unit rows.
    pub items: Vec<f32>,
}

impl Embeddings {
    /// U.
    pub fn user_count(&self) -> usize {
        self.users.len().checked_div(self.dim).unwrap_or(0)
    }

    /// I.
    pub fn item_count(&self) -> usize {
        self.items.len().checked_div(self.dim).unwrap_or(0)
    }

    /// The point of `user`, (D).
    pub fn user(&self, user: u32) -> &[f32] {
        &self.users[user as usize * self.dim..][..self.dim]
    }

    /// The point of `item`, (D).
    pub fn item(&self, item: u32) -> &[f32] {
        &self.items[item as usize * self.dim..][..self.dim]
    }
}

/// A trained model, with everything needed to use and evaluate it.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// The points, (U, D) and (I, D).
    pub embeddings: Embeddings,
    /// User ids, (U).
    pub users: IdTable,
    /// Item ids, (I).
    pub items: IdTable,
    /// What the model learned from, and what was held out.
    pub split: Split,
    /// How the model was made.
    pub record: Record,
}

/// How a model was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The version of spherec that wrote the model.
    pub spherec_version: String,
    /// The settings of the training.
    pub config: Value,
    /// The files that were read, as the user named them, and the options for reading them; null if unknown.
    pub data: Value,
    /// The metrics at the end of the training.
    pub metrics: Value,
    /// The name of the adapter that the training ran on.
    pub adapter: String,
}

impl Default for Record {
    fn default() -> Record {
        Record {
            spherec_version: env!("CARGO_PKG_VERSION").to_owned(),
            config: Value::Null,
            data: Value::Null,
            metrics: Value::Null,
            adapter: String::new(),
        }
    }
}

impl Model {
    /// Checks that the parts fit together and that every number is finite.
    ///
    /// # Errors
    /// [`Error::Data`] that names the part and the row.
    pub fn check(&self) -> Result<()> {
        let (dim, embeddings) = (self.embeddings.dim, &self.embeddings);
        if dim == 0 {
            return Err(Error::Data("the model has dimension 0".into()));
        }
        for (name, table, ids) in
            [("users", &embeddings.users, &self.users), ("items", &embeddings.items, &self.items)]
        {
            if Some(table.len()) != ids.len().checked_mul(dim) {
                let (found, count) = (table.len(), ids.len());
                return Err(Error::Data(format!(
                    "{name}: {found} numbers are not {count} rows of dimension {dim}"
                )));
            }
            check_finite(name, table, dim).map_err(Error::Data)?;
        }
        let Split { train, valid, test } = &self.split;
        for (name, part) in [("train", train.as_ref()), ("valid", valid), ("test", test)] {
            let (users, items) = (part.user_count(), part.item_count());
            if (users, items) != (self.users.len(), self.items.len()) {
                return Err(Error::Data(format!(
                    "the {name} part has {users} users and {items} items, but the model has {} and {}",
                    self.users.len(),
                    self.items.len()
                )));
            }
        }
        Ok(())
    }
}

/// Checks that all values of `table`, in rows of `dim`, are finite. The error is a message about the first
/// that is not.
fn check_finite(name: &str, table: &[f32], dim: usize) -> std::result::Result<(), String> {
    match table.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => {
            let (row, column) = (at / dim, at % dim);
            Err(format!("`{name}` row {row} column {column} is {}, not a finite number", table[at]))
        }
    }
}
