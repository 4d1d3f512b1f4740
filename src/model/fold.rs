//! People who join a model after its training, as users like all others.

use super::place::{own_point, place_from};
use super::{Embeddings, Model, Placing};
use crate::data::{Dataset, IdTable, Interactions, Side};
use crate::train::History;
use crate::{Error, Result};
use std::sync::Arc;

/// What became of people who were to join a model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoldedIn {
    /// The user row of each person, (P); `None` for those who are new and have no item that the model knows.
    pub rows: Vec<Option<u32>>,
    /// How many are new to the model. They have the last user rows.
    pub new_count: usize,
    /// How many were users already, and have further items.
    pub moved_count: usize,
    /// The pairs that the training part did not have, as rows of the new model.
    pub added: Interactions,
    /// The items that the model lacks, as rows of the people's item ids.
    pub unknown_items: Vec<u32>,
    /// Pairs with such an item.
    pub unknown_pair_count: usize,
}

impl Model {
    /// The model with `people` among its users: each where all of their training items place them, see
    /// [`place_all`](super::place_all). In a model with histories, those who were there keep their own point beside their
    /// items, where it can be told from them: on the sphere if g times the mean of their items is shorter than 1, in the
    /// ball within its surface. Their interactions join the training part, and leave the validation and the test part.
    /// Nobody else moves, and neither do users who bring nothing new. Items that the model lacks are left out; so are
    /// new people who have no other items. A cold user who has items is cold no more.
    ///
    /// # Errors
    /// As [`place_all`](super::place_all); [`Error::Data`] if there are too many users.
    pub fn fold_in(mut self, people: &Dataset) -> Result<(Model, FoldedIn)> {
        let placing = Placing::of(&self);
        let known: Vec<Option<u32>> = people.items.iter().map(|id| self.items.find(id)).collect();
        let unknown_items =
            (0u32..).zip(&known).filter(|(_, row)| row.is_none()).map(|(item, _)| item).collect();
        let mut folded = FoldedIn { unknown_items, ..FoldedIn::default() };
        let user_count = self.users.len();
        let mut pairs = Vec::with_capacity(people.interactions.len());
        for person in 0..people.users.len() as u32 {
            let its = people.interactions.items_of(person);
            let before = pairs.len();
            pairs.extend(its.iter().filter_map(|&item| known[item as usize]).map(|item| (0, item)));
            folded.unknown_pair_count += its.len() - (pairs.len() - before);
            if pairs.len() == before {
                // Who is a user stays where they are.
                folded.rows.push(self.users.find(people.users.bytes(person)));
                continue;
            }
            let row = self.users.try_intern(people.users.bytes(person)).ok_or_else(|| {
                Error::Data(format!("the model would have more than {} users", IdTable::MAX_COUNT))
            })?;
            pairs[before..].iter_mut().for_each(|(user, _)| *user = row);
            folded.rows.push(Some(row));
        }
        folded.new_count = self.users.len() - user_count;
        let (user_count, item_count) = (self.users.len(), self.items.len());
        let theirs = Interactions::from_pairs(user_count, item_count, &pairs);
        let train = Arc::make_mut(&mut self.split.train);
        train.widen(user_count, item_count);
        folded.added = theirs.without(train);
        train.add(&folded.added);
        for part in [&mut self.split.valid, &mut self.split.test] {
            part.widen(user_count, item_count);
            if part.pairs().any(|(user, item)| folded.added.contains(user, item)) {
                *part = part.without(&folded.added);
            }
        }
        self.set_points(&placing, &mut folded)?;
        self.forget_cold();
        Ok((self, folded))
    }

    /// Places those who have `folded.added`, and counts those who were there.
    fn set_points(&mut self, placing: &Placing, folded: &mut FoldedIn) -> Result<()> {
        let train = &self.split.train;
        let users = 0..train.user_count() as u32;
        let moved: Vec<u32> = users.filter(|&user| !folded.added.items_of(user).is_empty()).collect();
        folded.moved_count = moved.len() - folded.new_count;
        let own = (0u32..)
            .zip(&moved)
            .flat_map(|(person, &user)| train.items_of(user).iter().map(move |&item| (person, item)));
        let own = Interactions::from_pairs(moved.len(), train.item_count(), &own.collect::<Vec<_>>());
        let points = place_from(self, placing, self.own_points(placing, &moved, &folded.added), &own)?;
        let Embeddings { dim, users, .. } = &mut self.embeddings;
        users.resize(self.users.len() * *dim, 0.0);
        for (&user, point) in moved.iter().zip(points.chunks(*dim)) {
            users[user as usize * *dim..][..*dim].copy_from_slice(point);
        }
        Ok(())
    }

    /// The points of their own of `users`, whose items were those of the training part without `added`; zeros for those
    /// who have none. For cold users that is where their features place them.
    fn own_points(&self, placing: &Placing, users: &[u32], added: &Interactions) -> Vec<f32> {
        let Embeddings { dim, geometry, items, .. } = &self.embeddings;
        let mut points = vec![0.0; users.len() * dim];
        let &Placing::Mean { history: Some(History { weight, user_points: true, .. }) } = placing else {
            return points;
        };
        let point_of = |user: u32| {
            if (user as usize) < self.embeddings.user_count() {
                return Some(self.embeddings.user(user));
            }
            let known = self.known(Side::Users)?;
            let row = known.cold_ids.find(self.users.bytes(user))? as usize;
            known.cold_points.get(row * dim..(row + 1) * dim)
        };
        for (own, &user) in points.chunks_mut(*dim).zip(users) {
            let Some(point) = point_of(user) else { continue };
            let its = self.split.train.items_of(user).iter().copied();
            let its: Vec<u32> = its.filter(|&item| !added.contains(user, item)).collect();
            own_point(own, *geometry, point, &its, items, weight);
        }
        points
    }

    /// Takes those who are users from the cold users.
    fn forget_cold(&mut self) {
        let (users, dim) = (&self.users, self.embeddings.dim);
        let of_users = self.features.iter_mut().find(|known| known.side == Side::Users);
        let Some(known) = of_users else { return };
        if known.cold_ids.iter().all(|id| users.find(id).is_none()) {
            return;
        }
        let (ids, points) = (std::mem::take(&mut known.cold_ids), std::mem::take(&mut known.cold_points));
        for (id, point) in ids.iter().zip(points.chunks(dim)).filter(|(id, _)| users.find(id).is_none()) {
            known.cold_ids.intern(id);
            known.cold_points.extend(point);
        }
    }
}
