//! Those whom features alone describe, as rows of a model: cold items and cold users.

use super::{Embeddings, Known, Model, row_fault};
use crate::data::{IdTable, Side};
use crate::{Error, Result};
use std::sync::Arc;

impl Known {
    /// Checks the cold ones against the ids of the model, `ids`, and its `embeddings`: nobody is both, and each has a
    /// point. The error is a message.
    pub(super) fn check_cold(
        &self,
        ids: &IdTable,
        embeddings: &Embeddings,
    ) -> std::result::Result<(), String> {
        let (side, dim) = (self.side, embeddings.dim);
        if Some(self.cold_points.len()) != self.cold_ids.len().checked_mul(dim) {
            return Err(format!("the cold {} and their points do not fit together", side.name()));
        }
        if ids.len() + self.cold_ids.len() > IdTable::MAX_COUNT {
            return Err(format!(
                "there are more than {} {}, cold and trained",
                IdTable::MAX_COUNT,
                side.name()
            ));
        }
        if let Some(row) = self.cold_ids.iter().position(|id| ids.find(id).is_some()) {
            return Err(format!("the cold {} in row {row} was there in training, too", side.word()));
        }
        for (row, point) in self.cold_points.chunks(dim.max(1)).enumerate() {
            if let Some(fault) = row_fault(point, embeddings.geometry) {
                return Err(format!("the cold {} in row {row} {fault}", side.word()));
            }
        }
        Ok(())
    }
}

impl Model {
    /// What the model knows of the features of `side`; `None` if it was trained without them.
    pub fn known(&self, side: Side) -> Option<&Known> {
        self.features.iter().find(|known| known.side == side)
    }

    /// The model whose items (or users) are its own and, after them, its cold ones: where their features place them, and
    /// without an interaction. A cold item has the mean bias of the items that have interactions
    /// ([`Embeddings::usual_bias`]). Those that are taken in are cold no more: doing so again changes nothing.
    ///
    /// # Errors
    /// [`Error::Data`] if the model was trained without features of `side`, or if a cold id is one of its own.
    pub fn with_cold(mut self, side: Side) -> Result<Model> {
        let Some(known) = self.features.iter_mut().find(|known| known.side == side) else {
            return Err(Error::Data(format!("the model has no features of {}", side.name())));
        };
        let (embeddings, ids) = match side {
            Side::Items => (&mut self.embeddings, &mut self.items),
            Side::Users => (&mut self.embeddings, &mut self.users),
        };
        known.check_cold(ids, embeddings).map_err(Error::Data)?;
        let cold_ids = std::mem::take(&mut known.cold_ids);
        cold_ids.iter().for_each(|id| {
            ids.intern(id);
        });
        let usual_bias = embeddings.usual_bias(&self.split.train.item_frequencies());
        match side {
            Side::Items => embeddings.items.append(&mut known.cold_points),
            Side::Users => embeddings.users.append(&mut known.cold_points),
        }
        if side == Side::Items && embeddings.has_bias() {
            embeddings.item_bias.resize(ids.len(), usual_bias.unwrap_or(0.0));
        }
        let (user_count, item_count) = (self.users.len(), self.items.len());
        Arc::make_mut(&mut self.split.train).widen(user_count, item_count);
        self.split.valid.widen(user_count, item_count);
        self.split.test.widen(user_count, item_count);
        Ok(self)
    }
}
