//! The optimizers and schedules: the numbers of each step, and Adam's catch-up table.

use super::layout::Settings;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// What turns a gradient into a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Optimizer {
    /// Adam (Kingma and Ba, algorithm 1), equal to dense Adam though a step touches few rows.
    Adam {
        /// Decay rates of the two moments.
        betas: (f64, f64),
        /// Added to the root of the corrected second moment.
        epsilon: f64,
    },
    /// AdaGrad (Duchi et al. 2011): each number's steps shrink with the sum of its squared gradients.
    Adagrad {
        /// Added to the root of that sum.
        epsilon: f64,
    },
    /// Plain gradient descent.
    Sgd,
}

/// A table that an optimizer keeps beside the rows, (rows, D).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Adam's first moment, as `shaders/include/catch_up.wgsl` has it. Whoever keeps it moves untouched rows, too.
    Drift,
    /// Adam's second moment; AdaGrad's sum of squares.
    Variance,
}

impl Optimizer {
    /// Its kernel.
    pub fn kernel(&self) -> &'static str {
        match self {
            Optimizer::Adam { .. } => "row_adam",
            Optimizer::Adagrad { .. } => "row_adagrad",
            Optimizer::Sgd => "row_sgd",
        }
    }

    /// Its name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Optimizer::Adam { .. } => "adam",
            Optimizer::Adagrad { .. } => "adagrad",
            Optimizer::Sgd => "sgd",
        }
    }

    /// The tables that it keeps beside the rows.
    pub fn moments(&self) -> &'static [Moment] {
        match self {
            Optimizer::Adam { .. } => &[Moment::Drift, Moment::Variance],
            Optimizer::Adagrad { .. } => &[Moment::Variance],
            Optimizer::Sgd => &[],
        }
    }

    /// Whether rows that a step does not touch move, too.
    pub fn moves_untouched_rows(&self) -> bool {
        self.moments().contains(&Moment::Drift)
    }

    /// What it adds to a root that it divides by; 0 if it divides by none.
    pub fn epsilon(&self) -> f64 {
        match *self {
            Optimizer::Adam { epsilon, .. } | Optimizer::Adagrad { epsilon } => epsilon,
            Optimizer::Sgd => 0.0,
        }
    }

    /// Adam's decay rates; 0 of the others.
    fn betas(&self) -> (f64, f64) {
        match *self {
            Optimizer::Adam { betas, .. } => betas,
            Optimizer::Adagrad { .. } | Optimizer::Sgd => (0.0, 0.0),
        }
    }

    /// Checks its settings.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the flag, the rule and the value. Adam needs 0 < b1 < sqrt(b2) < 1, in f32 too:
    /// otherwise the momentum outlives the second moment, and the sum of the catch-up table has no end.
    pub fn check(&self) -> Result<()> {
        let (betas, epsilon) = (self.betas(), self.epsilon());
        let has_sum =
            |(beta_1, beta_2): (f64, f64)| beta_1 > 0.0 && beta_2 < 1.0 && beta_1 / beta_2.sqrt() < 1.0;
        let has_sums = has_sum(betas) && has_sum(device_betas(betas));
        if self.moves_untouched_rows() && !has_sums {
            let message = format!("must satisfy 0 < b1 < sqrt(b2) < 1, but is {},{}", betas.0, betas.1);
            return Err(Error::setting("--betas", message));
        }
        let is_usable = epsilon >= 1e-30 && epsilon.is_finite();
        if !self.moments().is_empty() && !is_usable {
            return Err(Error::setting("--epsilon", format!("must be at least 1e-30, but is {epsilon}")));
        }
        Ok(())
    }
}

/// The learning rate of each step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Schedule {
    /// The same at every step.
    Constant {
        /// Step size.
        learning_rate: f64,
    },
    /// Down in a straight line, to zero after the last step.
    Linear {
        /// Step size of the first step.
        learning_rate: f64,
    },
}

impl Schedule {
    /// The learning rate of `step`, from 1, in a run of `last_step` steps.
    pub fn learning_rate(&self, step: u64, last_step: u64) -> f64 {
        match *self {
            Schedule::Constant { learning_rate } => learning_rate,
            Schedule::Linear { learning_rate } => {
                learning_rate * (last_step + 1).saturating_sub(step) as f64 / last_step as f64
            }
        }
    }

    /// Checks its settings.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the flag, the rule and the value.
    pub fn check(&self) -> Result<()> {
        let (Schedule::Constant { learning_rate } | Schedule::Linear { learning_rate }) = *self;
        if learning_rate > 0.0 && learning_rate.is_finite() {
            return Ok(());
        }
        Err(Error::setting("--learning-rate", format!("must be above 0, but is {learning_rate}")))
    }
}

/// An optimizer under a schedule: all numbers that steps need of the two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// What turns a gradient into a step.
    pub optimizer: Optimizer,
    /// The learning rate of each step.
    pub schedule: Schedule,
    /// Steps of the whole run.
    pub last_step: u64,
}

/// Most steps of a run whose rate changes: the catch-up table has an entry for each, and must fit a binding.
const MAX_LINEAR_STEPS: u64 = (1 << 24) - 1;

/// What one step needs of the optimizer: fields of the plan's header.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StepRates {
    pub(crate) step_size: f32,
    pub(crate) root_bias_2: f32,
    pub(crate) drift_epsilon: f32,
}

/// The decay rates as the kernels have them, in f32. Bias corrections and catch-up must use the rounded rates:
/// 1 - beta_2 near zero is off by up to 1e-4 of itself.
fn device_betas((beta_1, beta_2): (f64, f64)) -> (f64, f64) {
    (f64::from(beta_1 as f32), f64::from(beta_2 as f32))
}

/// sqrt(1 - b2^step).
fn root_bias(beta_2: f64, step: u64) -> f64 {
    (1.0 - beta_2.powf(step as f64)).sqrt()
}

impl Rates {
    fn learning_rate(&self, step: u64) -> f64 {
        self.schedule.learning_rate(step, self.last_step)
    }

    /// The numbers of `step`, from 1.
    pub(crate) fn at(&self, step: u64) -> StepRates {
        let learning_rate = self.learning_rate(step);
        match self.optimizer {
            Optimizer::Adagrad { .. } | Optimizer::Sgd => {
                StepRates { step_size: learning_rate as f32, root_bias_2: 1.0, drift_epsilon: 0.0 }
            }
            Optimizer::Adam { betas, epsilon } => {
                let (beta_1, beta_2) = device_betas(betas);
                StepRates {
                    step_size: (learning_rate / (1.0 - beta_1.powf(step as f64))) as f32,
                    root_bias_2: root_bias(beta_2, step) as f32,
                    drift_epsilon: epsilon as f32 * root_bias(beta_2, step + 1) as f32,
                }
            }
        }
    }

    /// What the kernels read of the optimizer for the whole run; the other settings are 0.
    pub(crate) fn settings(&self) -> Settings {
        let (beta_1, beta_2) = device_betas(self.optimizer.betas());
        // Without a drift the logarithms are never used; zero keeps them numbers.
        let log = |beta: f64| if beta > 0.0 { beta.ln() } else { 0.0 };
        Settings {
            beta_1: beta_1 as f32,
            beta_2: beta_2 as f32,
            epsilon: self.optimizer.epsilon() as f32,
            log_beta_1: log(beta_1) as f32,
            log_beta_2: log(beta_2) as f32,
            log_ratio: (log(beta_1) - 0.5 * log(beta_2)) as f32,
            ..bytemuck::Zeroable::zeroed()
        }
    }

    /// Adam's movement in steps without gradient, in closed form: entry tau holds
    /// `S(tau) = sum_{i>=1} lr(tau+i) r^i sqrt(1 - b2^(tau+i)) / (1 - b1^(tau+i))` and `sqrt(1 - b2^(tau+1))`, with
    /// `r = b1 / sqrt(b2)`. At a constant rate the last entry serves all later steps: by then S is lr r / (1 - r), up to
    /// rounding. If the rate changes there is an entry for every step of the run. Without a drift the table has one
    /// entry, which nothing reads.
    ///
    /// # Errors
    /// [`Error::Setting`] if the settings are impossible, as [`Optimizer::check`] says.
    pub fn catch_up_table(&self) -> Result<Vec<[f32; 2]>> {
        self.optimizer.check()?;
        self.schedule.check()?;
        let Optimizer::Adam { betas, .. } = self.optimizer else { return Ok(vec![[0.0; 2]]) };
        let (beta_1, beta_2) = device_betas(betas);
        let ratio = beta_1 / beta_2.sqrt();
        let (last, rest) = match self.schedule {
            // Until b2^tau and b1^tau are below f32's resolution.
            Schedule::Constant { learning_rate } => {
                let last = (-21.0 / beta_2.ln().max(beta_1.ln())).ceil().clamp(16.0, 1_000_000.0) as u64;
                (last, learning_rate * ratio / (1.0 - ratio))
            }
            // After the last step nothing moves.
            Schedule::Linear { .. } if self.last_step > MAX_LINEAR_STEPS => {
                let message = format!(
                    "must not be linear for more than {MAX_LINEAR_STEPS} steps, but the run has {}; lower --epochs, or \
                     take constant",
                    self.last_step
                );
                return Err(Error::setting("--schedule", message));
            }
            Schedule::Linear { .. } => (self.last_step, 0.0),
        };
        let mut table = vec![[0.0f32; 2]; last as usize + 1];
        let mut sum = rest;
        for step in (0..=last).rev() {
            if step < last {
                let next = step + 1;
                let bias = root_bias(beta_2, next) / (1.0 - beta_1.powf(next as f64));
                sum = ratio * (self.learning_rate(next) * bias + sum);
            }
            table[step as usize] = [sum as f32, root_bias(beta_2, step + 1) as f32];
        }
        Ok(table)
    }
}
