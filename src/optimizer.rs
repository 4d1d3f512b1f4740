//! The optimizers' constants: what a run's settings become on the device, and Adam's catch-up table.

use crate::gpu::layout::Settings;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// What turns a gradient into a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// Adam (Kingma and Ba, algorithm 1), equal to dense Adam though a step touches few rows.
    Adam,
    /// Plain gradient descent.
    Sgd,
}

/// The numbers of the loss and of the optimizer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constants {
    /// D.
    pub dim: usize,
    /// Margin of the hinge (Tran et al. 2019, eq. 1).
    pub margin: f64,
    /// Weight of L_GOR (eq. 3).
    pub gor_weight: f64,
    /// Exponent of stage 2.
    pub hardness: f64,
    /// Step size.
    pub learning_rate: f64,
    /// Adam's decay rates.
    pub betas: (f64, f64),
    /// Adam's epsilon, outside the root of the corrected second moment.
    pub epsilon: f64,
}

impl Constants {
    /// What the kernels read, given the length of the catch-up table.
    pub fn settings(&self, catch_up_count: usize) -> Settings {
        let (beta_1, beta_2) = device_betas(self.betas);
        Settings {
            margin: self.margin as f32,
            gor_weight: self.gor_weight as f32,
            inverse_dim: (1.0 / self.dim as f64) as f32,
            hardness: self.hardness as f32,
            learning_rate: self.learning_rate as f32,
            beta_1: beta_1 as f32,
            beta_2: beta_2 as f32,
            epsilon: self.epsilon as f32,
            log_beta_1: beta_1.ln() as f32,
            log_beta_2: beta_2.ln() as f32,
            log_ratio: (beta_1.ln() - 0.5 * beta_2.ln()) as f32,
            catch_up_count: catch_up_count as u32,
        }
    }
}

/// The decay rates as the kernels have them, in f32. Bias corrections and catch-up must be those of the
/// rounded rates: 1 - beta_2 near zero is off by up to 1e-4 of itself.
pub(crate) fn device_betas((beta_1, beta_2): (f64, f64)) -> (f64, f64) {
    (f64::from(beta_1 as f32), f64::from(beta_2 as f32))
}

/// Adam's movement in steps without gradient, in closed form: entry tau holds
/// `S(tau) = sum_{i>=1} r^i sqrt(1 - b2^(tau+i)) / (1 - b1^(tau+i))` and `sqrt(1 - b2^(tau+1))`, with
/// `r = b1 / sqrt(b2)`. The last entry, where S has come to r / (1 - r), serves all later steps.
///
/// # Errors
/// [`Error::Setting`] unless 0 < b1 < sqrt(b2) < 1, also in f32: else momentum outlives the second moment and
/// the sum has no end.
pub fn catch_up_table(betas: (f64, f64)) -> Result<Vec<[f32; 2]>> {
    let has_sum = |(beta_1, beta_2): (f64, f64)| beta_1 > 0.0 && beta_2 < 1.0 && beta_1 / beta_2.sqrt() < 1.0;
    if !(has_sum(betas) && has_sum(device_betas(betas))) {
        let message = format!("must satisfy 0 < b1 < sqrt(b2) < 1, but is {},{}", betas.0, betas.1);
        return Err(Error::setting("--betas", message));
    }
    let (beta_1, beta_2) = device_betas(betas);
    let ratio = beta_1 / beta_2.sqrt();
    // Until b2^tau and b1^tau are below f32's resolution.
    let last = (-21.0 / beta_2.ln().max(beta_1.ln())).ceil().clamp(16.0, 1_000_000.0) as usize;
    let correction = |step: usize| (1.0 - beta_2.powf(step as f64)).sqrt();
    let mut table = vec![[0.0f32; 2]; last + 1];
    let mut sum = ratio / (1.0 - ratio);
    for step in (0..=last).rev() {
        if step < last {
            let next = step + 1;
            sum = ratio * (correction(next) / (1.0 - beta_1.powf(next as f64)) + sum);
        }
        table[step] = [sum as f32, correction(step + 1) as f32];
    }
    Ok(table)
}
