//! Segments: people in groups of similar tastes. Each has items of its own, for people of whom nobody knows an item: the
//! semi-personalised cold start of Briand et al., "A Semi-Personalized System for User Cold Start Recommendation on Music
//! Streaming Apps", KDD 2021.

use crate::clusters::{clusters, nearest};
use crate::data::Interactions;
use crate::model::{Embeddings, Model};
use crate::recommend::{Neighbour, Popular, popular, recommend};
use crate::step::Geometry;
use crate::{Error, Result};

/// Groups of people whose points lie in similar directions, the largest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Segments {
    /// D.
    pub dim: usize,
    /// The direction in which each segment's people lie: unit rows, (segments, D).
    pub centres: Vec<f32>,
    /// The segment of each user, (U): the one whose centre is nearest by the angle; `None` without training interactions.
    pub of_user: Vec<Option<u32>>,
}

impl Segments {
    /// Groups the users of `model` that have training interactions by k-means into `count` segments, or fewer if so many
    /// people far apart are not found. The same model and `seed` always give the same segments.
    ///
    /// # Errors
    /// [`Error::Setting`] if `count` is 0, or above the number of users with interactions.
    pub fn of(model: &Model, count: usize, seed: u64) -> Result<Segments> {
        let (rows, points) = people(model);
        if count == 0 || count > rows.len() {
            let most = rows.len();
            let message =
                format!("must be 1 to {most}, the users with training interactions, but is {count}");
            return Err(Error::setting("-k", message));
        }
        let found = clusters(&points, model.embeddings.dim, count, seed);
        // The largest come first. A centre may have lost all of its people.
        let kept = found.of_row.iter().max().map_or(0, |last| *last as usize + 1);
        let centres = found.centres[..kept * model.embeddings.dim].to_vec();
        Ok(Segments::new(model, &rows, &found.of_row, centres))
    }

    /// The segments of `model` around `centres`, unit rows (segments, D) as [`Segments::of`] found them.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no centre, or if they are not whole unit rows of the model's dimension.
    pub fn around(model: &Model, centres: Vec<f32>) -> Result<Segments> {
        let dim = model.embeddings.dim.max(1);
        let is_unit = |row: &[f32]| {
            let square: f64 = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
            (square - 1.0).abs() <= 1e-3
        };
        if centres.is_empty() || !centres.len().is_multiple_of(dim) || !centres.chunks(dim).all(is_unit) {
            let count = centres.len();
            return Err(Error::Data(format!(
                "{count} numbers are not centres of length 1 in {dim} dimensions"
            )));
        }
        let (rows, points) = people(model);
        let of_row = nearest(&points, &centres, dim);
        Ok(Segments::new(model, &rows, &of_row, centres))
    }

    fn new(model: &Model, rows: &[u32], of_row: &[u32], centres: Vec<f32>) -> Segments {
        let mut of_user = vec![None; model.users.len()];
        rows.iter().zip(of_row).for_each(|(&row, &segment)| of_user[row as usize] = Some(segment));
        Segments { dim: model.embeddings.dim, centres, of_user }
    }

    /// The number of segments.
    pub fn count(&self) -> usize {
        self.centres.len().checked_div(self.dim).unwrap_or(0)
    }

    /// The people of each segment, (segments).
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.count()];
        self.of_user.iter().flatten().for_each(|&segment| sizes[segment as usize] += 1);
        sizes
    }

    /// The segment whose centre is nearest, by the angle, to each of `points`, (points, D): of those whom features place.
    pub fn nearest(&self, points: &[f32]) -> Vec<u32> {
        nearest(&directions(points, self.dim), &self.centres, self.dim)
    }

    /// The `k` items that most people of `segment` have in `train`, fewer if they have fewer: what Briand et al. give to a
    /// newcomer.
    ///
    /// # Errors
    /// [`Error::Setting`] if `k` is 0.
    pub fn popular_items(&self, train: &Interactions, segment: u32, k: usize) -> Result<Vec<Popular>> {
        let its = (0u32..).zip(&self.of_user).filter(|(_, its)| **its == Some(segment));
        let pairs = its.flat_map(|(user, _)| train.items_of(user).iter().map(move |&item| (user, item)));
        let pairs: Vec<(u32, u32)> = pairs.collect();
        let own = Interactions::from_pairs(train.user_count(), train.item_count(), &pairs);
        let mut items = popular(&own, k, &[])?;
        items.retain(|item| item.count > 0);
        Ok(items)
    }

    /// The `k` items of the highest score with each segment's centre, without the item bias, (segments).
    ///
    /// # Errors
    /// [`Error::Setting`] if `k` is 0.
    pub fn nearest_items(&self, embeddings: &Embeddings, k: usize) -> Result<Vec<Vec<Neighbour>>> {
        let Embeddings { dim, geometry, ref items, .. } = *embeddings;
        let (users, items) = (self.centres.clone(), items.clone());
        let of_centres = Embeddings { dim, geometry, users, items, ..Embeddings::default() };
        recommend(&of_centres, 0.0, &(0..self.count() as u32).collect::<Vec<_>>(), k, &[])
    }
}

/// The users of `model` that have training interactions, and the directions of their points, (users, D).
fn people(model: &Model) -> (Vec<u32>, Vec<f32>) {
    let train = &model.split.train;
    let users = 0..model.embeddings.user_count() as u32;
    let rows: Vec<u32> = users.filter(|&user| !train.items_of(user).is_empty()).collect();
    let points: Vec<f32> = rows.iter().flat_map(|&user| model.embeddings.user(user)).copied().collect();
    let points = directions(&points, model.embeddings.dim);
    (rows, points)
}

fn directions(points: &[f32], dim: usize) -> Vec<f32> {
    let mut rows = points.to_vec();
    rows.chunks_mut(dim.max(1)).for_each(|row| Geometry::Sphere.to_point(row));
    rows
}
