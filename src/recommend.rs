//! What to show a user: the nearest items that they have not seen, the most popular ones where nothing
//! is known about them, and the neighbours of an item or a user.

use crate::data::Interactions;
use crate::evaluate::{Search, check_k, check_sizes, check_table};
use crate::model::Embeddings;
use crate::{Error, Result};
use serde::Serialize;
use std::cmp::Reverse;

/// An item (or a user) that is near.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Neighbour {
    /// Its row number.
    pub row: u32,
    /// The cosine of the angle between the two, -1 to 1; negative infinity where it is not a number.
    pub similarity: f32,
    /// The Euclidean distance between the two, 0 to 2 on the sphere.
    pub distance: f32,
}

/// An item and how many users have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Popular {
    /// The item's row number.
    pub item: u32,
    /// How many users of the training set have it.
    pub count: u32,
}

/// The `k` items nearest each of `users`, nearest first, equal ones by row; items that the user has in
/// any of `seen` are left out. One list a user, in their order, shorter where fewer items remain.
///
/// # Errors
/// [`Error::Setting`] where `k` is 0; [`Error::Data`] for a user that the model does not have, or where
/// a set in `seen` has other numbers of users and items than the model.
pub fn recommend(
    embeddings: &Embeddings,
    users: &[u32],
    k: usize,
    seen: &[&Interactions],
) -> Result<Vec<Vec<Neighbour>>> {
    check_table(embeddings)?;
    for interactions in seen {
        check_sizes(embeddings, interactions, "set of seen items")?;
    }
    let excluded = |position: usize, item: u32| seen.iter().any(|set| set.contains(users[position], item));
    nearest("user", embeddings, &embeddings.users, users, &embeddings.items, k, excluded)
}

/// The `k` items nearest each of `items`, the item itself left out; otherwise as [`recommend`].
///
/// # Errors
/// As [`recommend`].
pub fn similar_items(embeddings: &Embeddings, items: &[u32], k: usize) -> Result<Vec<Vec<Neighbour>>> {
    let itself = |position: usize, item: u32| items[position] == item;
    nearest("item", embeddings, &embeddings.items, items, &embeddings.items, k, itself)
}

/// The `k` users nearest each of `users`, the user themselves left out; otherwise as [`recommend`].
///
/// # Errors
/// As [`recommend`].
pub fn similar_users(embeddings: &Embeddings, users: &[u32], k: usize) -> Result<Vec<Vec<Neighbour>>> {
    let themselves = |position: usize, user: u32| users[position] == user;
    nearest("user", embeddings, &embeddings.users, users, &embeddings.users, k, themselves)
}

/// The `k` items that most users of `train` have, equal ones by row, those in `seen` (in any order) left
/// out: what to recommend to a user about whom nothing is known.
///
/// # Errors
/// [`Error::Setting`] where `k` is 0.
pub fn popular(train: &Interactions, k: usize, seen: &[u32]) -> Result<Vec<Popular>> {
    check_k(k)?;
    let mut wanted = vec![true; train.item_count()];
    for &item in seen {
        if let Some(flag) = wanted.get_mut(item as usize) {
            *flag = false;
        }
    }
    let counts = train.item_frequencies();
    let items = (0u32..).zip(counts).zip(wanted).filter(|&(_, wanted)| wanted);
    let mut all: Vec<Popular> = items.map(|((item, count), _)| Popular { item, count }).collect();
    let order = |entry: &Popular| (Reverse(entry.count), entry.item);
    if k < all.len() {
        all.select_nth_unstable_by_key(k, order);
        all.truncate(k);
    }
    all.sort_unstable_by_key(order);
    Ok(all)
}

/// The `k` rows of `table` nearest each row `queries` of `query_table`; `what` names a query in errors.
fn nearest(
    what: &str,
    embeddings: &Embeddings,
    query_table: &[f32],
    queries: &[u32],
    table: &[f32],
    k: usize,
    excluded: impl Fn(usize, u32) -> bool + Sync,
) -> Result<Vec<Vec<Neighbour>>> {
    check_k(k)?;
    check_table(embeddings)?;
    let dim = embeddings.dim;
    let row_count = query_table.len() / dim;
    if let Some(query) = queries.iter().find(|&&query| query as usize >= row_count) {
        return Err(Error::Data(format!("there is no {what} {query}: the model has {row_count} {what}s")));
    }
    let range = |row: u32| row as usize * dim..(row as usize + 1) * dim;
    let search = Search { query_table, queries, items: table, dim, k };
    Ok(search.run(excluded, |position, best| {
        let query = &query_table[range(queries[position])];
        let neighbours = best.iter().map(|scored| Neighbour {
            row: scored.row,
            similarity: scored.score,
            distance: distance(query, &table[range(scored.row)]),
        });
        neighbours.collect()
    }))
}

/// |a - b|, from the difference: `2 - 2 a.b` loses all digits where the two are close.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    let square = |(&a, &b): (&f32, &f32)| (f64::from(a) - f64::from(b)).powi(2);
    a.iter().zip(b).map(square).sum::<f64>().sqrt() as f32
}
