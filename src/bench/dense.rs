//! Adam over whole tables, as frameworks do it for an embedding with a dense gradient: every row moves at
//! every step. What the sparse, exact Adam of the kernels is measured against.

use crate::step::layout::NONE;
use crate::{Error, Result};
use rayon::prelude::*;
use std::time::{Duration, Instant};

/// A table with its moments, each (rows, D), on the CPU.
#[derive(Debug, Clone)]
pub struct DenseAdam {
    /// D.
    dim: usize,
    /// The points.
    pub points: Vec<f32>,
    momentum: Vec<f32>,
    variance: Vec<f32>,
    step: u64,
}

/// Adam's settings (Kingma and Ba 2015, algorithm 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamSettings {
    /// Step size.
    pub learning_rate: f64,
    /// Decay rates of the two moments.
    pub betas: (f64, f64),
    /// Added to the root of the corrected second moment.
    pub epsilon: f64,
}

/// The numbers of one step, in f32.
#[derive(Debug, Clone, Copy)]
struct Rates {
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
    /// learning rate / (1 - beta_1^t)
    step_size: f32,
    /// 1 / sqrt(1 - beta_2^t)
    inverse_root: f32,
}

/// Rows that one task steps: a few hundred KiB of each table.
const ROWS_PER_TASK: usize = 512;

impl DenseAdam {
    /// Before the first step. `points` is (rows, D), D at least 1.
    ///
    /// # Errors
    /// [`Error::Data`] if the moments do not fit in memory.
    pub fn new(dim: usize, points: Vec<f32>) -> Result<DenseAdam> {
        let (momentum, variance) = (zeros(points.len())?, zeros(points.len())?);
        Ok(DenseAdam { dim: dim.max(1), momentum, variance, points, step: 0 })
    }

    /// One step of every row. Row r has the gradient in row `slots[r]` of `gradients`, (R, D), or none where
    /// that is no row of it: not even the whole gradient is read, which favours the dense pass.
    ///
    /// # Panics
    /// Where `slots` has another length than the table has rows: a defect of the caller.
    pub fn step(&mut self, settings: &AdamSettings, gradients: &[f32], slots: &[u32]) {
        let dim = self.dim;
        assert_eq!(slots.len() * dim, self.points.len(), "one slot a row");
        self.step += 1;
        let (beta_1, beta_2) = settings.betas;
        let rates = Rates {
            beta_1: beta_1 as f32,
            beta_2: beta_2 as f32,
            epsilon: settings.epsilon as f32,
            step_size: (settings.learning_rate / (1.0 - beta_1.powf(self.step as f64))) as f32,
            inverse_root: (1.0 / (1.0 - beta_2.powf(self.step as f64)).sqrt()) as f32,
        };
        let none = vec![0.0f32; dim];
        let task = ROWS_PER_TASK * dim;
        let tables = self.points.par_chunks_mut(task).zip(self.momentum.par_chunks_mut(task));
        let tables = tables.zip(self.variance.par_chunks_mut(task)).zip(slots.par_chunks(ROWS_PER_TASK));
        tables.for_each(|(((points, momentum), variance), slots)| {
            let rows = points.chunks_exact_mut(dim).zip(momentum.chunks_exact_mut(dim));
            for (((x, m), v), &slot) in rows.zip(variance.chunks_exact_mut(dim)).zip(slots) {
                let first = slot as usize * dim;
                let gradient = gradients.get(first..first + dim).unwrap_or(&none);
                step_row(rates, gradient, x, m, v);
            }
        });
    }
}

/// Kingma and Ba 2015, algorithm 1; plain enough to become vector code.
fn step_row(rates: Rates, gradient: &[f32], points: &mut [f32], momentum: &mut [f32], variance: &mut [f32]) {
    let moments = momentum.iter_mut().zip(variance);
    for ((&g, x), (m, v)) in gradient.iter().zip(points).zip(moments) {
        *m = rates.beta_1 * *m + (1.0 - rates.beta_1) * g;
        *v = rates.beta_2 * *v + (1.0 - rates.beta_2) * g * g;
        *x -= rates.step_size * *m / (v.sqrt() * rates.inverse_root + rates.epsilon);
    }
}

fn zeros(count: usize) -> Result<Vec<f32>> {
    let mut numbers = Vec::new();
    let reserved = numbers.try_reserve_exact(count);
    reserved.map_err(|_| Error::Data(format!("no memory for a dense Adam on {count} numbers")))?;
    numbers.resize(count, 0.0);
    Ok(numbers)
}

/// Passes at most, after the first, which brings the memory in.
const PASSES: usize = 9;
/// Passes end after this.
const ENOUGH: Duration = Duration::from_millis(300);

/// The seconds that a dense pass over `row_count` rows of `dim` numbers takes on all cores: the median of a few passes.
/// `touched_count` of the rows have a gradient.
///
/// # Errors
/// [`Error::Data`] if the three tables do not fit in memory.
pub fn dense_adam_seconds(dim: usize, row_count: usize, touched_count: usize) -> Result<f64> {
    let settings = AdamSettings { learning_rate: 1e-3, betas: (0.9, 0.999), epsilon: 1e-8 };
    let touched_count = touched_count.clamp(1, row_count.max(1));
    let gradients: Vec<f32> = (0..touched_count * dim).map(|index| (index % 7) as f32 - 3.0).collect();
    let spacing = row_count.div_ceil(touched_count).max(1);
    let slot = |row: usize| if row.is_multiple_of(spacing) { (row / spacing) as u32 } else { NONE };
    let slots: Vec<u32> = (0..row_count).map(slot).collect();
    let mut adam = DenseAdam::new(dim, zeros(row_count * dim)?)?;
    adam.step(&settings, &gradients, &slots);
    let start = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || (times.len() < PASSES && start.elapsed() < ENOUGH) {
        let pass = Instant::now();
        adam.step(&settings, &gradients, &slots);
        times.push(pass.elapsed().as_secs_f64());
    }
    Ok(super::steps::median(&mut times))
}
