//! Recommendations: the items of the highest score that a user has not seen, the most popular items for unknown
//! users, and the neighbours of an item or a user.

use crate::data::Interactions;
use crate::evaluate::{Scored, Search, check_k, check_sizes, check_table};
use crate::model::{Embeddings, check_popularity};
use crate::step::Geometry;
use crate::{Error, Result};
use serde::Serialize;
use std::cmp::Reverse;

/// A nearby item or user.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Neighbour {
    /// Its row number.
    pub row: u32,
    /// What it is ranked by: see [`recommend`] and [`similar_items`]. Negative infinity if it is not a number.
    pub score: f32,
    /// The cosine of the angle between the two, -1 to 1; negative infinity if it is not a number.
    pub similarity: f32,
    /// The Euclidean distance between the two, from 0 to 2 on the sphere and in the ball.
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

/// The `k` items of the highest score for each user in `users`: best first, equal ones by row. The score is
/// the inner product (in the ball -D^2/2), and `popularity`, 0 to 1, times the item bias; on the sphere and in the ball,
/// without a bias, the highest are the nearest. Items that the user has in any set of `seen` are left out. Returns one list per user, in
/// the order of `users`; a list is shorter if fewer items remain.
///
/// # Errors
/// [`Error::Setting`] if `k` is 0 or `popularity` is not from 0 to 1; [`Error::Data`] for a user that the model
/// does not have, or if a set in `seen` does not have as many users and items as the model.
pub fn recommend(
    embeddings: &Embeddings,
    popularity: f64,
    users: &[u32],
    k: usize,
    seen: &[&Interactions],
) -> Result<Vec<Vec<Neighbour>>> {
    check_k(k)?;
    check_popularity(popularity)?;
    check_table(embeddings)?;
    check_rows("user", users, embeddings.user_count())?;
    for interactions in seen {
        check_sizes(embeddings, interactions, "set of seen items")?;
    }
    let excluded = |position: usize, item: u32| seen.iter().any(|set| set.contains(users[position], item));
    let Embeddings { dim, users: query_table, items, .. } = embeddings;
    let search = Search { query_table, queries: users, items, dim: *dim, k };
    let offsets = embeddings.offsets(popularity);
    // On the sphere the score is the cosine, unless a bias is in it.
    let is_cosine = embeddings.geometry == Geometry::Sphere && offsets.is_empty();
    Ok(search.run_each(&[offsets], excluded, |position, _, best| {
        let user = embeddings.user(users[position]);
        let height = embeddings.height(user);
        let neighbours = best.iter().map(|scored| {
            let item = embeddings.item(scored.row);
            let similarity = if is_cosine { scored.score } else { cosine(user, item) };
            let score = scored.score + height;
            Neighbour { row: scored.row, score, similarity, distance: distance(user, item) }
        });
        neighbours.collect()
    }))
}

/// The `k` other items of the highest cosine with each item in `items`, whatever the geometry, and without the
/// item bias: inner products would give the long rows to all. On the sphere they are the nearest. In the ball the nearest
/// are taken, and the score is -D^2/2. Otherwise like [`recommend`].
///
/// # Errors
/// As [`recommend`].
pub fn similar_items(embeddings: &Embeddings, items: &[u32], k: usize) -> Result<Vec<Vec<Neighbour>>> {
    nearest("item", embeddings, &embeddings.items, items, k)
}

/// As [`similar_items`], for users.
///
/// # Errors
/// As [`recommend`].
pub fn similar_users(embeddings: &Embeddings, users: &[u32], k: usize) -> Result<Vec<Vec<Neighbour>>> {
    nearest("user", embeddings, &embeddings.users, users, k)
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

/// The `k` other rows of `table` that are nearest to each row in `queries` by [`Embeddings::places`]. `what` is what errors call a
/// row.
fn nearest(
    what: &str,
    embeddings: &Embeddings,
    table: &[f32],
    queries: &[u32],
    k: usize,
) -> Result<Vec<Vec<Neighbour>>> {
    check_k(k)?;
    check_table(embeddings)?;
    let dim = embeddings.dim;
    check_rows(what, queries, table.len() / dim)?;
    let rows = embeddings.places(table);
    let point = |row: u32| &table[row as usize * dim..][..dim];
    let search = Search { query_table: &rows, queries, items: &rows, dim, k };
    let itself = |position: usize, row: u32| queries[position] == row;
    let has_heights = embeddings.geometry.has_heights();
    let heights: Vec<f32> = match has_heights {
        true => table.chunks(dim).map(|point| embeddings.height(point)).collect(),
        false => Vec::new(),
    };
    Ok(search.run_each(&[heights], itself, |position, _, best| {
        let query = point(queries[position]);
        let neighbours = best.iter().map(|&Scored { row, score }| {
            let distance = distance(query, point(row));
            let (score, similarity) = match has_heights {
                true => (-0.5 * distance * distance, cosine(query, point(row))),
                false => (score, score),
            };
            Neighbour { row, score, similarity, distance }
        });
        neighbours.collect()
    }))
}

/// Checks that the rows in `queries` are below `row_count`. Errors call a row `what`.
fn check_rows(what: &str, queries: &[u32], row_count: usize) -> Result<()> {
    match queries.iter().find(|&&query| query as usize >= row_count) {
        None => Ok(()),
        Some(query) => {
            Err(Error::Data(format!("there is no {what} {query}: the model has {row_count} {what}s")))
        }
    }
}

/// The cosine of the angle between two points; negative infinity if it is not a number.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
    if cosine.is_nan() { f32::NEG_INFINITY } else { cosine as f32 }
}

/// |a - b|, computed from the difference: `2 - 2 a.b` loses all digits if the two are close.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    let square = |(&a, &b): (&f32, &f32)| (f64::from(a) - f64::from(b)).powi(2);
    a.iter().zip(b).map(square).sum::<f64>().sqrt() as f32
}
