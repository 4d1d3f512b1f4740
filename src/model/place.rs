//! Where people stand who were not there in training: by the items that they have.

use super::{Embeddings, Model, row_fault};
use crate::als::{self, WrmfConfig};
use crate::data::Interactions;
use crate::step::Geometry;
use crate::train::{History, RunConfig, TrainConfig};
use crate::{Error, Result, threads};
use rayon::prelude::*;

/// How a model places people by their items. Repeated items count once.
#[derive(Debug, Clone, PartialEq)]
pub enum Placing {
    /// At the mean of their items' points: on the sphere a unit row, in the ball within length 1.
    Mean {
        /// How the training placed people so, too, if it did. Then it is g times the mean; and who was there may have a
        /// point of their own, to which that is added.
        history: Option<History>,
    },
    /// At the mean of their items' vectors, made as long as the users' vectors are in the mean.
    Scaled {
        /// That length.
        length: f64,
    },
    /// Where half a sweep of WRMF puts a user, while the items stand still.
    LeastSquares {
        /// The settings of that sweep.
        config: WrmfConfig,
        /// (I) whether a sweep solves each item: one that nobody has in training counts there as zero.
        is_solved: Vec<bool>,
    },
    /// Where everyone stands, in a model of popularity.
    Everywhere,
}

impl Placing {
    /// How `model` places people. A model whose record does not say how it was trained goes by its geometry.
    pub fn of(model: &Model) -> Placing {
        match serde_json::from_value::<RunConfig>(model.record.config.clone()) {
            Ok(RunConfig::Wrmf(config)) => {
                let counts = model.split.train.item_frequencies();
                Placing::LeastSquares { config, is_solved: counts.iter().map(|&count| count > 0).collect() }
            }
            Ok(RunConfig::Popularity(_)) => Placing::Everywhere,
            Ok(RunConfig::Step(TrainConfig { history: Some(history), .. })) => {
                Placing::Mean { history: Some(history) }
            }
            _ if model.embeddings.geometry == Geometry::Dot => Placing::Scaled { length: mean_length(model) },
            _ => Placing::Mean { history: None },
        }
    }

    /// Whether people are placed as the training places users without a point of their own; otherwise it is an
    /// approximation.
    pub fn is_exact(&self) -> bool {
        !matches!(self, Placing::Mean { history: None } | Placing::Scaled { .. })
    }

    /// It in words, for people.
    pub fn words(&self) -> &'static str {
        match self {
            Placing::Mean { history: Some(_) } => "by the mean of their items, as the training has it",
            Placing::Mean { history: None } => {
                "by the mean of their items, an approximation: the training had no --history"
            }
            Placing::Scaled { .. } => "by the scaled mean of their items, an approximation",
            Placing::LeastSquares { .. } => "by least squares over their items, as the training has it",
            Placing::Everywhere => "where everyone is: the model has no tastes",
        }
    }
}

impl Model {
    /// The point of someone who has `items`, rows of the item table: (D). See [`place_all`].
    ///
    /// # Errors
    /// As [`place_all`]; [`Error::Data`] for an item that the model does not have.
    pub fn place(&self, items: &[u32]) -> Result<Vec<f32>> {
        let count = self.items.len();
        if let Some(item) = items.iter().find(|&&item| item as usize >= count) {
            return Err(Error::Data(format!("there is no item {item}: the model has {count} items")));
        }
        let pairs: Vec<(u32, u32)> = items.iter().map(|&item| (0, item)).collect();
        place_all(self, &Interactions::from_pairs(1, count, &pairs))
    }
}

/// The points of many people by their items, (P, D), from who has what among the items of `model`, (P, I): see
/// [`Placing`]. Nobody's point depends on the others. It is what training gives them in a model with histories, but for
/// the point of their own that `--no-user-points` does without, and in a model of WRMF; in others it is an approximation.
///
/// # Errors
/// [`Error::Data`] if someone has no item, if there are not as many items as the model has, or if a point is not of
/// finite numbers; [`Error::Setting`] for a record of WRMF whose settings are out of range.
pub fn place_all(model: &Model, people: &Interactions) -> Result<Vec<f32>> {
    let points = vec![0.0; people.user_count() * model.embeddings.dim];
    place_from(model, &Placing::of(model), points, people)
}

/// As [`place_all`] by `placing`, that of the model before they joined; for people who may have points of their own, `points`, (P, D): zeros for those who have none, and in
/// models without histories.
pub(super) fn place_from(
    model: &Model,
    placing: &Placing,
    mut points: Vec<f32>,
    people: &Interactions,
) -> Result<Vec<f32>> {
    let Embeddings { dim, geometry, items, .. } = &model.embeddings;
    let (dim, count) = (*dim, model.items.len());
    if people.item_count() != count {
        let found = people.item_count();
        return Err(Error::Data(format!("the people have {found} items, but the model has {count}")));
    }
    if let Some(person) = (0..people.user_count() as u32).find(|&person| people.items_of(person).is_empty()) {
        return Err(Error::Data(format!("person {person} has no item to be placed by")));
    }
    threads::start()?;
    let place = |points: &mut [f32], place: &(dyn Fn(&mut [f32], &[u32]) + Sync)| {
        let rows = points.par_chunks_mut(dim).enumerate();
        rows.for_each(|(person, point)| place(point, people.items_of(person as u32)));
    };
    match placing {
        Placing::Mean { history } => place(&mut points, &|point, its| {
            to_their_items(point, its, items, history.map_or(1.0, |history| history.weight), *geometry);
        }),
        Placing::Scaled { length } => place(&mut points, &|point, its| {
            add_mean(point, its, items, 1.0);
            let scale = length / norm(point).max(1e-12);
            point.iter_mut().for_each(|x| *x = (f64::from(*x) * scale) as f32);
        }),
        Placing::LeastSquares { config, is_solved } => {
            points = als::place(items, is_solved, people, config)?;
        }
        Placing::Everywhere => points.fill(1.0),
    }
    for (person, point) in points.chunks(dim).enumerate() {
        if let Some(fault) = row_fault(point, *geometry) {
            return Err(Error::Data(format!("person {person} cannot be placed: the point {fault}")));
        }
    }
    Ok(points)
}

/// Moves someone from a point of their own, or zero, to the point of its sum with `weight` times the mean of the points of
/// `its`, at least one row of `items`.
pub(crate) fn to_their_items(point: &mut [f32], its: &[u32], items: &[f32], weight: f64, geometry: Geometry) {
    add_mean(point, its, items, weight);
    // What lies on opposite sides has no direction in common: one item is as good as another.
    if geometry == Geometry::Sphere && norm(point) < 1e-10 * weight {
        add_mean(point, &its[..1], items, 1.0);
    }
    geometry.to_point(point);
}

/// Adds `weight` times the mean of the points of `its`, rows of `items`, to `point`. For no items it adds nothing.
fn add_mean(point: &mut [f32], its: &[u32], items: &[f32], weight: f64) {
    let dim = point.len();
    let mut sum = vec![0.0f64; dim];
    for &item in its {
        let item = &items[item as usize * dim..][..dim];
        sum.iter_mut().zip(item).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    let weight = weight / its.len().max(1) as f64;
    point.iter_mut().zip(&sum).for_each(|(x, sum)| *x = (f64::from(*x) + weight * sum) as f32);
}

/// The mean length of the vectors of users with training items.
fn mean_length(model: &Model) -> f64 {
    let (embeddings, train) = (&model.embeddings, &model.split.train);
    let users = 0..embeddings.user_count() as u32;
    let lengths =
        users.filter(|&user| !train.items_of(user).is_empty()).map(|user| norm(embeddings.user(user)));
    let (sum, count) = lengths.fold((0.0, 0usize), |(sum, count), length| (sum + length, count + 1));
    sum / count.max(1) as f64
}

fn norm(point: &[f32]) -> f64 {
    point.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt()
}

/// The point e of their own of someone who stands at the point of e + `weight` times the mean of `its`, into `own`. Leaves
/// it as it is where nobody can tell: on the sphere if that mean is not shorter than 1, and on the ball's surface; and
/// where there is no more than the mean, as of those who joined later.
pub(super) fn own_point(
    own: &mut [f32],
    geometry: Geometry,
    point: &[f32],
    its: &[u32],
    items: &[f32],
    weight: f64,
) {
    let mut mean = vec![0.0; point.len()];
    add_mean(&mut mean, its, items, weight);
    let length = norm(&mean);
    let scale = match geometry {
        Geometry::Dot => 1.0,
        Geometry::Ball if norm(point) < 1.0 - 1e-6 => 1.0,
        Geometry::Ball => return,
        // e is a unit row, and the point a unit row along e + mean: |t point - mean| = 1 has one t above 0.
        Geometry::Sphere => {
            let along: f64 = point.iter().zip(&mean).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
            // A mean of length 1, as of a single item, may be a little longer by rounding.
            if length > 1.0 + 1e-4 || (length > 0.0 && along >= (1.0 - 1e-6) * length) {
                return;
            }
            along + (along * along - length * length + 1.0).max(0.0).sqrt()
        }
    };
    for ((own, &x), &y) in own.iter_mut().zip(point).zip(&mean) {
        *own = (scale * f64::from(x) - f64::from(y)) as f32;
    }
}
