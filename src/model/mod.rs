//! The trained model: embeddings in memory, and the model folder on disk.
//!
//! A folder holds `model.safetensors` (the tables, and the item bias if there is one),
//! `interactions.safetensors` (the split), `users.txt` and `items.txt` (one id per line, in the text form of
//! [`IdTable::text`]), `model.json` (sizes, and how the model was made), the logs of the training, and `SHA256SUMS`,
//! the checksum of every other file: `sha256sum -c SHA256SUMS` checks a model, as loading does.

mod cold;
mod fold;
mod load;
mod manifest;
mod network;
mod output;
mod place;
mod save;
mod store;
mod sums;
pub(crate) mod tables;

pub use fold::FoldedIn;
pub use load::table_sum;
pub(crate) use manifest::{INTERACTIONS, ITEMS, NetworkSizes, PairCounts, Sizes, USERS};
pub use network::{Known, Network};
pub use output::{check_output, clean_up};
pub(crate) use output::{parent_of, resolve};
pub(crate) use place::to_their_items;
pub use place::{Placing, place_all};
pub use save::set_metrics;
pub(crate) use save::sync_folder;
pub use store::{Metric, Stored};
pub(crate) use sums::{SUMS, Sums, hex};

use crate::data::{IdTable, Side, Split};
use crate::step::Geometry;
use crate::{Error, Result};
use serde_json::Value;
use std::borrow::Cow;

/// Users and items as points, and what each item is worth to everyone.
///
/// The score of user i and item j is u_i . v_j + popularity * o_j, where o is the item bias and `popularity`,
/// from 0 to 1, is the dial of whoever ranks; in the ball it is -|u_i - v_j|^2 / 2 + popularity * o_j.
/// [`Embeddings::offsets`] and [`Embeddings::height`] are the places that know. Items are compared with items, and users
/// with users, by the angle alone, and in the ball by the distance.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    /// D, the embedding dimension.
    pub dim: usize,
    /// What the points are: unit rows ([`Geometry::Sphere`]), rows within the unit ball ([`Geometry::Ball`]), or rows of any
    /// length.
    pub geometry: Geometry,
    /// (U, D), row-major.
    pub users: Vec<f32>,
    /// (I, D), row-major.
    pub items: Vec<f32>,
    /// o, (I), in units of the score; empty if the model has no item bias.
    pub item_bias: Vec<f32>,
    /// The networks that project features into the space, if it was trained with any.
    pub networks: Vec<Network>,
}

impl Default for Embeddings {
    /// Nothing, on the sphere and without a bias.
    fn default() -> Embeddings {
        Embeddings {
            dim: 0,
            geometry: Geometry::Sphere,
            users: Vec::new(),
            items: Vec::new(),
            item_bias: Vec::new(),
            networks: Vec::new(),
        }
    }
}

impl Embeddings {
    /// Whether items have a bias.
    pub fn has_bias(&self) -> bool {
        !self.item_bias.is_empty()
    }

    /// The mean item bias of the items that have interactions, by their training `counts`, (I): what stands for the bias of
    /// an item that has none. `None` without a bias or such items.
    pub fn usual_bias(&self, counts: &[u32]) -> Option<f32> {
        let trained = self.item_bias.iter().zip(counts).filter(|(_, count)| **count > 0);
        let (sum, count) = trained.fold((0.0, 0usize), |(sum, n), (&bias, _)| (sum + f64::from(bias), n + 1));
        (count > 0).then(|| (sum / count as f64) as f32)
    }

    /// What is added to the inner product of each item with any user, (I), so that items are ranked by their scores:
    /// `popularity` times the item bias, and its height. Empty if that is nothing.
    pub fn offsets(&self, popularity: f64) -> Vec<f32> {
        let biases = self.item_bias.iter().map(|&bias| popularity * f64::from(bias));
        if !self.geometry.has_heights() {
            return if popularity == 0.0 { Vec::new() } else { biases.map(|bias| bias as f32).collect() };
        }
        let biases = biases.chain(std::iter::repeat(0.0));
        let heights = self.items.chunks(self.dim.max(1)).map(|point| self.height(point));
        heights.zip(biases).map(|(height, bias)| (f64::from(height) + bias) as f32).collect()
    }

    /// What is added to all scores of `point`: -|point|^2 / 2 in the ball, else 0.
    pub fn height(&self, point: &[f32]) -> f32 {
        match self.geometry.has_heights() {
            true => (-0.5 * point.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>()) as f32,
            false => 0.0,
        }
    }

    /// `points`, rows of a table, as what nearness is measured between where items are compared with items: unit rows, whose
    /// angles count; in the ball as they are.
    pub fn places<'a>(&self, points: &'a [f32]) -> Cow<'a, [f32]> {
        match self.geometry {
            Geometry::Ball => Cow::Borrowed(points),
            Geometry::Sphere | Geometry::Dot => self.directions(points),
        }
    }

    /// `points`, rows of a table, as unit rows: what angles are measured between. On the sphere they are so already.
    pub fn directions<'a>(&self, points: &'a [f32]) -> Cow<'a, [f32]> {
        if self.geometry == Geometry::Sphere || self.dim == 0 {
            return Cow::Borrowed(points);
        }
        let mut rows = points.to_vec();
        rows.chunks_mut(self.dim).for_each(|row| Geometry::Sphere.to_point(row));
        Cow::Owned(rows)
    }

    /// Checks that every number is finite, and that rows have the length that the geometry demands: 1 on the sphere, at most
    /// 1 in the ball, and else so little that no product of two overflows.
    ///
    /// # Errors
    /// [`Error::Data`] that names the table and the row.
    pub fn check(&self) -> Result<()> {
        for (name, table, dim, geometry) in [
            ("users", &self.users, self.dim, self.geometry),
            ("items", &self.items, self.dim, self.geometry),
            ("item_bias", &self.item_bias, 1, Geometry::Dot),
        ]
        .into_iter()
        .chain(self.networks.iter().flat_map(|network| {
            let [input, output] = tables::network_tensors(network.side);
            [
                (input, &network.input, network.width(), Geometry::Dot),
                (output, &network.output, network.dim, Geometry::Dot),
            ]
        })) {
            for (row, point) in table.chunks(dim.max(1)).enumerate() {
                if let Some(fault) = row_fault(point, geometry) {
                    return Err(Error::Data(format!("`{name}` row {row} {fault}")));
                }
            }
        }
        Ok(())
    }

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
#[derive(Debug, Clone)]
pub struct Model {
    /// The points, (U, D) and (I, D), and the item bias.
    pub embeddings: Embeddings,
    /// How much of the item bias counts where nobody says otherwise, 0 to 1. Means nothing without a bias.
    pub popularity: f64,
    /// User ids, (U).
    pub users: IdTable,
    /// Item ids, (I).
    pub items: IdTable,
    /// What the model learned from, and what was held out.
    pub split: Split,
    /// What it knows of features: for each network of the embeddings, in their order.
    pub features: Vec<Known>,
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

impl Default for Model {
    /// A model of nothing.
    fn default() -> Model {
        Model {
            embeddings: Embeddings::default(),
            popularity: 1.0,
            users: IdTable::default(),
            items: IdTable::default(),
            split: Split::default(),
            features: Vec::new(),
            record: Record::default(),
        }
    }
}

/// Checks that `popularity` is from 0 to 1.
///
/// # Errors
/// [`Error::Setting`] with the flag, the rule and the value.
pub fn check_popularity(popularity: f64) -> Result<()> {
    if (0.0..=1.0).contains(&popularity) {
        return Ok(());
    }
    Err(Error::setting("--popularity", format!("must be from 0 to 1, but is {popularity}")))
}

impl Model {
    /// Checks that there are users and items, that the parts fit together, and the numbers: [`Embeddings::check`].
    ///
    /// # Errors
    /// [`Error::Data`] that names the part and the row; [`Error::Setting`] for a popularity outside 0 to 1.
    pub fn check(&self) -> Result<()> {
        let (dim, embeddings) = (self.embeddings.dim, &self.embeddings);
        if dim == 0 {
            return Err(Error::Data("the model has dimension 0".into()));
        }
        for (name, table, ids) in
            [("users", &embeddings.users, &self.users), ("items", &embeddings.items, &self.items)]
        {
            if ids.is_empty() {
                return Err(Error::Data(format!("the model has no {name}")));
            }
            if Some(table.len()) != ids.len().checked_mul(dim) {
                let (found, count) = (table.len(), ids.len());
                return Err(Error::Data(format!(
                    "{name}: {found} numbers are not {count} rows of dimension {dim}"
                )));
            }
        }
        embeddings.check()?;
        let bias = &embeddings.item_bias;
        if embeddings.has_bias() && bias.len() != self.items.len() {
            let (found, count) = (bias.len(), self.items.len());
            return Err(Error::Data(format!(
                "the item bias has {found} numbers, but there are {count} items"
            )));
        }
        check_popularity(self.popularity)?;
        self.check_features()?;
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

impl Model {
    /// Checks that networks and what is known of features fit together.
    fn check_features(&self) -> Result<()> {
        let (networks, dim) = (&self.embeddings.networks, self.embeddings.dim);
        let sides = |side| self.features.iter().filter(|known| known.side == side).count();
        for network in networks {
            let side = network.side.name();
            let known = self.features.iter().find(|known| known.side == network.side);
            let fits = known.is_some_and(|known| {
                known.names.len() == network.feature_count()
                    && network.input.len() == (known.names.len() + 1) * network.width()
                    && network.output.len()
                        == if network.hidden == 0 { 0 } else { (network.hidden + 1) * dim }
                    && network.dim == dim
            });
            if !fits || sides(network.side) != 1 {
                return Err(Error::Data(format!(
                    "the network and the features of the {side} do not fit together"
                )));
            }
        }
        if self.features.len() != networks.len() {
            return Err(Error::Data("the model has features without a network".to_owned()));
        }
        self.features.iter().try_for_each(|known| {
            let ids = if known.side == Side::Items { &self.items } else { &self.users };
            known.check_cold(ids, &self.embeddings).map_err(Error::Data)
        })
    }
}

/// The greatest length of a row that is not on the sphere.
const MOST_LENGTH: f64 = 1e18;

/// What is wrong with the row `point`, if anything is.
fn row_fault(point: &[f32], geometry: Geometry) -> Option<String> {
    let length = point.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    let is_right = match geometry {
        Geometry::Sphere => (length - 1.0).abs() <= 1e-4,
        Geometry::Ball => length <= 1.0 + 1e-4,
        Geometry::Dot => length <= MOST_LENGTH,
    };
    if is_right {
        return None;
    }
    Some(match (point.iter().position(|x| !x.is_finite()), geometry) {
        (Some(column), _) => format!("column {column} is {}, not a finite number", point[column]),
        (None, Geometry::Sphere) => format!("has length {:?}, but must have 1 on the sphere", length as f32),
        (None, Geometry::Ball) => format!("has length {:?}, but at most 1 in the ball", length as f32),
        (None, Geometry::Dot) => {
            format!("has length {:?}, but at most {MOST_LENGTH:e} is possible", length as f32)
        }
    })
}
