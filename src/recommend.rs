//! Recommendations: the nearest items that a user has not seen, the most popular items for unknown users, and
//! the neighbours of an item or a user.

use crate::data::Interactions;
use crate::evaluate::{Search, check_k, check_sizes, check_table};
use crate::model::Embeddings;
use crate::{Error, Result};
use serde::Serialize;
use std::cmp::Reverse;

/// A nearby item or user.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Neighbour {
    /// Its row number.
    pub row: u32,
    /// The cosine of the angle between the two, -1 to 1; negative infinity if it is not a number.
    pub similarity: f32,
    /// The Euclidean distance between the two, from 0 to 2 on the sphere.
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

/// The `k` nearest items of each user in `users`: nearest first, equally near ones by row. Items that the
/// user has in any set of `seen` are left out. Returns one list per user, in the order of `users`; a list is
/// shorter if fewer items remain.
///
/// # Errors
/// [`Error::Setting`] if `k` is 0; [`Error::Data`] for a user that the model does not have, or if a set in
/// `seen` does not have as many users and items as the model.
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

/// The `k` nearest other items of each item in `items`; otherwise like [`recommend`].
///
/// # Errors
/// As [`recommend`].
pub fn similar_items(embeddings: &Embeddings, items: &[u32], k: usize) -> Result<Vec<Vec<Neighbour>>> {
    let itself = |position: usize, item: u32| items[position] == item;
    nearest("item", embeddings, &embeddings.items, items, &embeddings.items, k, itself)
}

/// The `k` nearest other users of each user in `users`; otherwise like [`recommend`].
///
/// # Errors
/// As [`recommend`].
pub fn similar_users(embeddings: &Embeddings, users: &[u32], k: usize) -> Result<Vec<Vec<Neighbour>>> {
    let themselves = |position: usize, user: u32| users[position] == user;
    nearest("user", embeddings, &embeddings.users, users, &embeddings.users, k, themselves)
}

/// The `k` most popular items, which can be recommended to unknown users: the items of most users in `train`,
/// equally popular ones by row. Items in `seen`, which need not be sorted, are left out.
///
/// # Errors
/// [`Error::Setting`] if `k` is 0.
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

/// The `k` nearest rows in `table` for each row of `query_table` in `queries`. `what` is what errors call a
/// query.
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

/// |a - b|, computed from the difference: `2 - 2 a.b` loses all digits if the two are close.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    let square = |(&a, &b): (&f32, &f32)| (f64::from(a) - f64::from(b)).powi(2);
    a.iter().zip(b).map(square).sum::<f64>().sqrt() as f32
}
