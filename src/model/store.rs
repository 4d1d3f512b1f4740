//! The tables as a vector store takes them. With an item bias, and in the ball for inner products, each row gets one
//! more coordinate, so that the store ranks exactly as the model does.

use super::{Embeddings, Model};
use crate::step::Geometry;
use crate::{Error, Result};
use std::borrow::Cow;

/// What a store compares by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Euclidean distance, the smallest first.
    L2,
    /// Inner product, the greatest first.
    InnerProduct,
}

/// The tables for a store.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<'a> {
    /// The numbers of a row: D, or D + 1.
    pub dim: usize,
    /// (U, dim), row-major.
    pub users: Cow<'a, [f32]>,
    /// (I, dim), row-major.
    pub items: Cow<'a, [f32]>,
    /// What the store must compare by; `None` if both give the same order.
    pub metric: Option<Metric>,
}

impl Model {
    /// The tables for a store that compares by `metric`, so that it ranks items for a user by the score: see
    /// [`Embeddings`]. Without anything to add to inner products they are the tables as they are; in the ball without a
    /// bias they are so for distances.
    ///
    /// What is added becomes the last coordinate. For inner products it is 1 for users, and for items p o, where p
    /// is the popularity, and in the ball less |v|^2 / 2. For distances it is 0 for users, and items stand over the others'
    /// space at the height sqrt(2 p (max o - o)): the square of a distance is then 2 p max o (and 2 on the sphere), less
    /// twice the score. `None` stands for distances if they are the model's metric, and for inner products otherwise.
    ///
    /// # Errors
    /// [`Error::Setting`] for distances in the geometry dot, whose order is another.
    pub fn stored(&self, metric: Option<Metric>, popularity: f64) -> Result<Stored<'_>> {
        let Embeddings { dim, geometry, users, items, item_bias, .. } = &self.embeddings;
        if (*geometry, metric) == (Geometry::Dot, Some(Metric::L2)) {
            let message = "must be ip for a model with --geometry dot: it ranks by inner products, and distances \
                           rank otherwise";
            return Err(Error::setting("--metric", message));
        }
        super::check_popularity(popularity)?;
        // What compares as the tables are, if anything does.
        let plain = match geometry {
            Geometry::Sphere => metric,
            Geometry::Ball => Some(Metric::L2),
            Geometry::Dot => Some(Metric::InnerProduct),
        };
        let has_bias = self.embeddings.has_bias();
        if !has_bias && (metric.is_none() || metric == plain) {
            let (users, items) = (Cow::Borrowed(&users[..]), Cow::Borrowed(&items[..]));
            let metric = if *geometry == Geometry::Sphere { None } else { plain };
            return Ok(Stored { dim: *dim, users, items, metric });
        }
        let metric = metric.or(plain).unwrap_or(Metric::L2);
        let (of_users, of_items): (f32, Vec<f32>) = match metric {
            Metric::L2 => {
                let most = item_bias.iter().copied().map(f64::from).fold(f64::NEG_INFINITY, f64::max);
                let height = |&bias: &f32| (2.0 * popularity * (most - f64::from(bias))).sqrt() as f32;
                (0.0, item_bias.iter().map(height).collect())
            }
            Metric::InnerProduct => {
                let mut offsets = self.embeddings.offsets(popularity);
                offsets.resize(self.embeddings.item_count(), 0.0);
                (1.0, offsets)
            }
        };
        Ok(Stored {
            dim: dim + 1,
            users: Cow::Owned(widened(users, *dim, std::iter::repeat(of_users))),
            items: Cow::Owned(widened(items, *dim, of_items.into_iter())),
            metric: Some(metric),
        })
    }
}

/// The rows of `table`, each with one of `last` at its end.
fn widened(table: &[f32], dim: usize, last: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut rows = Vec::with_capacity(table.len() / dim.max(1) * (dim + 1));
    for (row, last) in table.chunks_exact(dim.max(1)).zip(last) {
        rows.extend_from_slice(row);
        rows.push(last);
    }
    rows
}
