//! What a run is made of. The defaults are in one place, each with its source.

use crate::data::Protocol;
use crate::sampling::Negatives;
use crate::step::{Geometry, Loss, Optimizer, Rates, Schedule};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The defaults. "Tran" is Tran et al., SIGIR 2019; "measured" stands for the README's results.
pub mod defaults {
    use super::Negatives;

    /// D (Tran 4.1.3).
    pub const DIM: usize = 128;
    /// Margin (Tran 4.1.3).
    pub const MARGIN: f64 = 1.0;
    /// B, pairs of a batch (Tran 4.1.3).
    pub const BATCH_SIZE: usize = 256;
    /// N, negatives of a pair (Tran 4.1.3: 1, 2 or 5).
    pub const NEGATIVES: usize = 1;
    /// C, candidates of a batch (Tran 4.1.3).
    pub const CANDIDATES: usize = 2_000;
    /// Exponent of popularity (measured; Tran 4.1.3: 1).
    pub const BETA: f64 = 0.5;
    /// Exponent of stage 2 (measured; Tran 3.2 implies (D-1)/2 - 1).
    pub const HARDNESS: f64 = 3.0;
    /// Step size of Adam (measured; Tran 4.1.3: 1e-4).
    pub const LEARNING_RATE: f64 = 1e-3;
    /// Adam's decay rates (Kingma and Ba 2015).
    pub const BETAS: (f64, f64) = (0.9, 0.999);
    /// Adam's epsilon (Kingma and Ba 2015).
    pub const EPSILON: f64 = 1e-8;
    /// Epochs at most (Tran 4.1.3).
    pub const EPOCHS: usize = 50;
    /// Epochs between evaluations on the validation part.
    pub const EVALUATE_EVERY: usize = 2;
    /// Evaluations without improvement before training stops.
    pub const PATIENCE: usize = 5;
    /// How much of the item bias counts where no validation part chooses it (measured).
    pub const POPULARITY: f64 = 0.75;
    /// Length of a recommendation list (Tran 4.1.2).
    pub const K: usize = 50;
    /// Share of a user's interactions held out for `evaluate`.
    pub const TEST_FRACTION: f64 = 0.2;
    /// Share of a user's interactions that early stopping looks at.
    pub const VALID_FRACTION: f64 = 0.1;

    /// Weight of L_GOR (Tran 4.1.3): 0.01 for 1 or 2 negatives, 0.001 for more. The paper adds GOR to its
    /// two-stage sampling; the uniform and popularity baselines have none.
    pub fn gor_weight(negatives: &Negatives) -> f64 {
        match negatives {
            Negatives::Uniform { .. } | Negatives::Popularity { .. } => 0.0,
            Negatives::TwoStage { count: ..=2, .. } => 0.01,
            Negatives::TwoStage { .. } => 0.001,
        }
    }

    /// The exponent that the law printed in Tran 3.2 has at dimension `dim`: (D-1)/2 - 1.
    pub fn paper_hardness(dim: usize) -> f64 {
        ((dim as f64 - 1.0) / 2.0 - 1.0).max(0.0)
    }
}

/// The terms that are added to the loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regularisers {
    /// Weight of L_GOR (Tran et al. 2019, eq. 3); 0: off.
    pub gor_weight: f64,
}

/// How long to train, and when to look at the validation part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stopping {
    /// Epochs at most.
    pub epochs: usize,
    /// Epochs between evaluations on the validation part.
    pub evaluate_every: usize,
    /// Evaluations without improvement before training stops; 0: never.
    pub patience: usize,
    /// Length of the list that validation measures.
    pub k: usize,
}

/// A complete run: the same config on the same data, adapter and version gives the same bits. It is saved whole with
/// the model and with an experiment's results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// D.
    pub dim: usize,
    /// Which point of space a row stands for.
    pub geometry: Geometry,
    /// What turns scores into slopes.
    pub loss: Loss,
    /// Where negatives come from, and how many.
    pub negatives: Negatives,
    /// What is added to the loss.
    pub regularisers: Regularisers,
    /// What turns a gradient into a step.
    pub optimizer: Optimizer,
    /// The learning rate of each step.
    pub schedule: Schedule,
    /// B, pairs of a step.
    pub batch_size: usize,
    /// How long to train.
    pub stopping: Stopping,
    /// Seed of all randomness.
    pub seed: u64,
    /// How the interactions were split.
    pub protocol: Protocol,
}

impl Default for TrainConfig {
    fn default() -> TrainConfig {
        use defaults::*;
        let negatives =
            Negatives::TwoStage { count: NEGATIVES, beta: BETA, candidates: CANDIDATES, hardness: HARDNESS };
        TrainConfig {
            dim: DIM,
            geometry: Geometry::Sphere,
            loss: Loss::Triplet { margin: MARGIN },
            negatives,
            regularisers: Regularisers { gor_weight: gor_weight(&negatives) },
            optimizer: Optimizer::Adam { betas: BETAS, epsilon: EPSILON },
            schedule: Schedule::Constant { learning_rate: LEARNING_RATE },
            batch_size: BATCH_SIZE,
            stopping: Stopping { epochs: EPOCHS, evaluate_every: EVALUATE_EVERY, patience: PATIENCE, k: K },
            seed: 0,
            protocol: Protocol::Holdout { test_fraction: TEST_FRACTION, valid_fraction: VALID_FRACTION },
        }
    }
}

/// Largest D: a workgroup owns a row with a lane for each four numbers.
const MAX_DIM: usize = 1_024;
/// Largest B: counts of a step stay well within 32 bits.
const MAX_BATCH_SIZE: usize = 65_536;

impl TrainConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the flag, the rule and the value.
    pub fn check(&self) -> Result<()> {
        within("--dim", self.dim, 1, MAX_DIM)?;
        within("--batch-size", self.batch_size, 1, MAX_BATCH_SIZE)?;
        within("--epochs", self.stopping.epochs, 1, 1_000_000)?;
        within("--evaluate-every", self.stopping.evaluate_every, 1, 1_000_000)?;
        within("-k", self.stopping.k, 1, usize::MAX)?;
        self.negatives.check()?;
        if let (Geometry::Dot, Negatives::TwoStage { .. }) = (self.geometry, self.negatives) {
            let message = "must not be two-stage with --geometry dot: its law is one of cosines; take uniform or \
                           popularity";
            return Err(Error::setting("--sampler", message));
        }
        self.loss.check()?;
        self.optimizer.check()?;
        self.schedule.check()?;
        let gor_weight = self.regularisers.gor_weight;
        if !(gor_weight >= 0.0 && gor_weight.is_finite()) {
            return Err(Error::setting("--gor-weight", format!("must be at least 0, but is {gor_weight}")));
        }
        Ok(())
    }

    /// The optimizer under its schedule.
    pub fn rates(&self) -> Rates {
        Rates { optimizer: self.optimizer, schedule: self.schedule }
    }
}

fn within(flag: &'static str, value: usize, least: usize, most: usize) -> Result<()> {
    if value < least {
        return Err(Error::setting(flag, format!("must be at least {least}, but is {value}")));
    }
    if value > most {
        return Err(Error::setting(flag, format!("must be at most {most}, but is {value}")));
    }
    Ok(())
}
