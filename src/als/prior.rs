//! The items' prior of CDL: a network that projects their features, trained by Adam on the CPU.
//!
//! Sums are in f64 over fixed blocks of rows, so that the bits do not depend on the threads.

use super::sweep::widen;
use crate::data::{Features, Side};
use crate::model::Network;
use crate::random::{Purpose, key, pcg4d};
use crate::step::{Geometry, Layer};
use crate::train::{defaults, starting_weights};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use rayon::prelude::*;

/// Rows that a thread projects at once.
const BLOCK: usize = 64;

/// A network and the moments of Adam.
#[derive(Debug, Clone)]
pub struct NetworkTrainer {
    /// f.
    pub network: Network,
    /// Of each layer Adam's first and second moment, of the shape of the layer.
    pub(super) moments: [[Vec<f32>; 2]; 2],
    dropout: f64,
    seed: u64,
}

/// What a step of [`NetworkTrainer`] learns from.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The features of all rows.
    pub features: &'a Features,
    /// The rows of the batch, (n).
    pub rows: &'a [u32],
    /// Where each row should be projected, (all rows, D).
    pub points: &'a [f32],
    /// Weight of each row, (all rows).
    pub weights: &'a [f64],
}

/// What a block of a batch gives.
struct Part {
    loss: f64,
    /// (D, H + 1).
    output: Mat<f64>,
    /// By hidden number before ReLU, (H, rows).
    hidden: Mat<f64>,
}

impl NetworkTrainer {
    /// Of `network`, before its first step.
    pub fn new(network: Network, dropout: f64, seed: u64) -> NetworkTrainer {
        let moments = [&network.input, &network.output].map(|layer| [(); 2].map(|()| vec![0.0; layer.len()]));
        NetworkTrainer { network, moments, dropout, seed }
    }

    /// A new network with `hidden` units from `features` to `dim` numbers. It projects all to 0.
    pub(super) fn start(
        features: &Features,
        hidden: usize,
        dim: usize,
        dropout: f64,
        seed: u64,
    ) -> NetworkTrainer {
        let side = Side::Items;
        let mut input = vec![0.0; (features.feature_count() + 1) * hidden];
        for (row, weights) in input.chunks_mut(hidden).enumerate() {
            starting_weights(seed, (side, Layer::Input), hidden, 0.0, Some(features), row, weights);
        }
        let output = vec![0.0; (hidden + 1) * dim];
        NetworkTrainer::new(Network { side, hidden, dim, input, output }, dropout, seed)
    }

    /// Where the network projects every known row of `features`, (rows, D). 0 for rows without features.
    pub(super) fn project_all(&self, features: &Features) -> Vec<f32> {
        let dim = self.network.dim;
        let mut points = vec![0.0; features.known_count() * dim];
        points.par_chunks_mut(dim).enumerate().for_each(|(row, point)| {
            if features.has(row as u32) {
                point.copy_from_slice(&self.network.project(features.row(row as u32).iter(), Geometry::Dot));
            }
        });
        points
    }

    /// Step `number`, from 1, of Adam against L = sum over the batch of weight |f(x) - point|^2, with dropout. Returns L.
    pub fn step(&mut self, number: u64, learning_rate: f64, batch: &Batch<'_>) -> f64 {
        let Network { hidden, dim, .. } = self.network;
        let feature_count = self.network.feature_count();
        let mut output = Mat::zeros(dim, hidden + 1);
        widen(&self.network.output, dim, &mut output);
        let words = key(self.seed, Purpose::Dropout, 2 * number + self.network.side.index() as u64);
        let parts: Vec<Part> = batch
            .rows
            .par_chunks(BLOCK)
            .enumerate()
            .map(|(block, rows)| self.part(rows, block * BLOCK, words, &output, batch))
            .collect();
        let loss = parts.iter().map(|part| part.loss).sum();
        let output = parts.iter().fold(Mat::<f64>::zeros(dim, hidden + 1), |all, part| all + &part.output);
        // (row of the layer, place in the batch, value), by row.
        let mut uses: Vec<(usize, usize, f64)> = Vec::new();
        for (place, &row) in batch.rows.iter().enumerate() {
            let entries = batch.features.row(row).iter();
            uses.extend(entries.map(|(feature, value)| (feature as usize, place, f64::from(value))));
            uses.push((feature_count, place, 1.0));
        }
        uses.sort_unstable_by_key(|&(feature, place, _)| (feature, place));
        let of_input = |row: usize, gradient: &mut [f64]| {
            gradient.fill(0.0);
            let first = uses.partition_point(|&(feature, ..)| feature < row);
            for &(_, place, value) in uses[first..].iter().take_while(|&&(feature, ..)| feature == row) {
                let slopes = parts[place / BLOCK].hidden.col_as_slice(place % BLOCK);
                gradient.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += value * slope);
            }
        };
        let of_output = |row: usize, gradient: &mut [f64]| gradient.copy_from_slice(output.col_as_slice(row));
        let [input_moments, output_moments] = &mut self.moments;
        adam(&mut self.network.input, input_moments, hidden, number, learning_rate, of_input);
        adam(&mut self.network.output, output_moments, dim, number, learning_rate, of_output);
        loss
    }

    /// The loss and the slopes of some rows of a batch, the first of which has the place `start`. `output` is the second
    /// layer, (D, H + 1).
    fn part(
        &self,
        rows: &[u32],
        start: usize,
        words: [u32; 2],
        output: &Mat<f64>,
        batch: &Batch<'_>,
    ) -> Part {
        let Network { hidden, dim, ref input, .. } = self.network;
        let weights = |row: usize| input[row * hidden..][..hidden].iter().map(|&x| f64::from(x));
        let dropped = (self.dropout * 2f64.powi(32)).round() as u64;
        let kept = 1.0 / (1.0 - self.dropout);
        // Hidden numbers, and 1 for b2; and what each is multiplied by: 0, or `kept`.
        let mut numbers = Mat::zeros(hidden + 1, rows.len());
        let mut factors = Mat::zeros(hidden, rows.len());
        for (at, &row) in rows.iter().enumerate() {
            let numbers = numbers.col_as_slice_mut(at);
            numbers[hidden] = 1.0;
            let numbers = &mut numbers[..hidden];
            numbers.iter_mut().zip(weights(self.network.feature_count())).for_each(|(x, b)| *x = b);
            for (feature, value) in batch.features.row(row).iter() {
                let value = f64::from(value);
                numbers.iter_mut().zip(weights(feature as usize)).for_each(|(x, w)| *x += value * w);
            }
            let place = (start + at) as u32;
            for (unit, (x, factor)) in numbers.iter_mut().zip(factors.col_as_slice_mut(at)).enumerate() {
                let word = pcg4d([words[0], words[1], place, unit as u32 / 4])[unit % 4];
                if *x > 0.0 && u64::from(word) >= dropped {
                    *factor = kept;
                }
                *x *= *factor;
            }
        }
        let mut slopes = Mat::zeros(dim, rows.len());
        matmul(&mut slopes, Accum::Replace, output, &numbers, 1.0, Par::Seq);
        let mut loss = 0.0;
        for (at, &row) in rows.iter().enumerate() {
            let (weight, point) = (batch.weights[row as usize], &batch.points[row as usize * dim..][..dim]);
            for (x, &to) in slopes.col_as_slice_mut(at).iter_mut().zip(point) {
                let apart = *x - f64::from(to);
                loss += weight * apart * apart;
                *x = 2.0 * weight * apart;
            }
        }
        let mut of_output = Mat::zeros(dim, hidden + 1);
        matmul(&mut of_output, Accum::Replace, &slopes, numbers.transpose(), 1.0, Par::Seq);
        let mut of_hidden = Mat::zeros(hidden, rows.len());
        let second = output.submatrix(0, 0, dim, hidden);
        matmul(&mut of_hidden, Accum::Replace, second.transpose(), &slopes, 1.0, Par::Seq);
        for at in 0..rows.len() {
            let factors = factors.col_as_slice(at);
            of_hidden.col_as_slice_mut(at).iter_mut().zip(factors).for_each(|(x, factor)| *x *= factor);
        }
        Part { loss, output: of_output, hidden: of_hidden }
    }
}

/// Step `number` of Adam (Kingma and Ba 2015, algorithm 1) on all rows of a layer; `gradient` fills that of a row.
fn adam(
    layer: &mut [f32],
    moments: &mut [Vec<f32>; 2],
    width: usize,
    number: u64,
    learning_rate: f64,
    gradient: impl Fn(usize, &mut [f64]) + Sync,
) {
    let (first, second) = defaults::BETAS;
    // A power with an exponent of this size is 0 anyway.
    let exponent = i32::try_from(number).unwrap_or(i32::MAX);
    let (scale, root) = (1.0 - first.powi(exponent), (1.0 - second.powi(exponent)).sqrt());
    let (size, epsilon) = ((learning_rate * root / scale) as f32, (defaults::EPSILON * root) as f32);
    let [means, squares] = moments;
    layer
        .par_chunks_mut(width)
        .zip(means.par_chunks_mut(width))
        .zip(squares.par_chunks_mut(width))
        .enumerate()
        .for_each_init(
            || vec![0.0; width],
            |slopes, (row, ((numbers, means), squares))| {
                gradient(row, slopes);
                let (first, second) = (first as f32, second as f32);
                let (rest, other) = (1.0 - first, 1.0 - second);
                for (((x, mean), square), &slope) in
                    numbers.iter_mut().zip(means).zip(squares).zip(slopes.iter())
                {
                    let slope = slope as f32;
                    *mean = first * *mean + rest * slope;
                    *square = second * *square + other * slope * slope;
                    *x -= size * *mean / (square.sqrt() + epsilon);
                }
            },
        );
}
