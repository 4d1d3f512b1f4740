//! The network that projects features into the space, on the CPU: for items and people who were not there in training.

use super::Embeddings;
use crate::data::Features;
use crate::data::{IdTable, Side};
use crate::step::Geometry;
use std::sync::Arc;

/// What a model knows of the features of one side, beside the network that projects them.
#[derive(Debug, Clone)]
pub struct Known {
    /// Whose features.
    pub side: Side,
    /// The names of the features, (F).
    pub names: IdTable,
    /// The ids of those who were not there in training, (C): cold items, or cold users.
    pub cold_ids: IdTable,
    /// Where the network places them, (C, D).
    pub cold_points: Vec<f32>,
}

impl Known {
    /// Of each network of `embeddings`, the features of its side among `features`.
    pub fn of(embeddings: &Embeddings, features: &[(Side, Arc<Features>)]) -> Vec<Known> {
        let known = |network: &Network| {
            let (side, features) = features.iter().find(|(side, _)| *side == network.side)?;
            let cold = features.known_count() as u32..features.row_count() as u32;
            let place = |row| network.project(features.row(row).iter(), embeddings.geometry);
            Some(Known {
                side: *side,
                names: features.names().clone(),
                cold_ids: features.new_ids().clone(),
                cold_points: cold.flat_map(place).collect(),
            })
        };
        embeddings.networks.iter().filter_map(known).collect()
    }
}

/// f(x) = b2 + W2 relu(b1 + W1 x), for one side (Hsieh et al. 2017, 3.3). The dropout of training is off: what it kept was
/// scaled up, so that the means agree. Without hidden units f is linear, f(x) = b1 + W1 x.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Whose features.
    pub side: Side,
    /// H, hidden units; 0: f is linear.
    pub hidden: usize,
    /// D.
    pub dim: usize,
    /// (F + 1, H), row-major: W1 by feature, then b1; (F + 1, D) if f is linear.
    pub input: Vec<f32>,
    /// (H + 1, D), row-major: W2 by hidden unit, then b2; empty if f is linear.
    pub output: Vec<f32>,
}

impl Network {
    /// F, features.
    pub fn feature_count(&self) -> usize {
        (self.input.len() / self.width().max(1)).saturating_sub(1)
    }

    /// Numbers of a row of the first layer: H, or D if f is linear.
    pub fn width(&self) -> usize {
        if self.hidden == 0 { self.dim } else { self.hidden }
    }

    /// The point of a row with the features `entries`, (feature, value): f of them, as `geometry` has it. (D)
    pub fn project(&self, entries: impl IntoIterator<Item = (u32, f32)>, geometry: Geometry) -> Vec<f32> {
        let row = |table: &[f32], row: usize, width: usize| -> Vec<f64> {
            table[row * width..][..width].iter().map(|&x| f64::from(x)).collect()
        };
        let add = |sums: &mut [f64], number: f64, weights: &[f32]| {
            sums.iter_mut().zip(weights).for_each(|(sum, &weight)| *sum += number * f64::from(weight));
        };
        let width = self.width();
        let mut sums = row(&self.input, self.feature_count(), width);
        for (feature, value) in entries {
            add(&mut sums, f64::from(value), &self.input[feature as usize * width..][..width]);
        }
        if self.hidden > 0 {
            let hidden = std::mem::replace(&mut sums, row(&self.output, self.hidden, self.dim));
            for (unit, &number) in hidden.iter().enumerate().filter(|(_, number)| **number > 0.0) {
                add(&mut sums, number, &self.output[unit * self.dim..][..self.dim]);
            }
        }
        let mut point: Vec<f32> = sums.into_iter().map(|x| x as f32).collect();
        geometry.to_point(&mut point);
        point
    }
}
