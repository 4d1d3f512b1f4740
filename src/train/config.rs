//! What a run is made of, with the defaults in one place and the source of each.

use crate::data::Protocol;
use crate::optimizer::{Constants, Optimizer};
use crate::sampling::Sampler;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The defaults. "Tran" is Tran et al., SIGIR 2019; "measured" is section 7 of the project's design.
pub mod defaults {
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
    /// Length of a recommendation list (Tran 4.1.2).
    pub const K: usize = 50;
    /// Share of a user's interactions held out for `evaluate`.
    pub const TEST_FRACTION: f64 = 0.2;
    /// Share of a user's interactions that early stopping looks at.
    pub const VALID_FRACTION: f64 = 0.1;

    /// Weight of L_GOR (Tran 4.1.3): 0.01 for 1 or 2 negatives, 0.001 for more. The paper adds GOR to its
    /// two-stage sampling; the uniform and popularity baselines have none.
    pub fn gor_weight(two_stage: bool, negative_count: usize) -> f64 {
        match (two_stage, negative_count) {
            (false, _) => 0.0,
            (true, ..=2) => 0.01,
            (true, _) => 0.001,
        }
    }

    /// The exponent that the law printed in Tran 3.2 has at dimension `dim`: (D-1)/2 - 1.
    pub fn paper_hardness(dim: usize) -> f64 {
        ((dim as f64 - 1.0) / 2.0 - 1.0).max(0.0)
    }
}

/// A run, complete: the same config on the same data, adapter and version gives the same bits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainConfig {
    /// D.
    pub dim: usize,
    /// Margin of the hinge.
    pub margin: f64,
    /// B.
    pub batch_size: usize,
    /// N.
    pub negative_count: usize,
    /// How negatives are found.
    pub sampler: Sampler,
    /// Weight of L_GOR.
    pub gor_weight: f64,
    /// What turns a gradient into a step.
    pub optimizer: Optimizer,
    /// Step size.
    pub learning_rate: f64,
    /// Adam's decay rates.
    pub betas: (f64, f64),
    /// Adam's epsilon.
    pub epsilon: f64,
    /// Epochs at most.
    pub epochs: usize,
    /// Epochs between evaluations on the validation part.
    pub evaluate_every: usize,
    /// Evaluations without improvement before training stops; 0: never.
    pub patience: usize,
    /// Length of the list that validation measures.
    pub k: usize,
    /// Seed of all randomness.
    pub seed: u64,
    /// How the interactions were split.
    pub protocol: Protocol,
}

impl Default for TrainConfig {
    fn default() -> TrainConfig {
        use defaults::*;
        TrainConfig {
            dim: DIM,
            margin: MARGIN,
            batch_size: BATCH_SIZE,
            negative_count: NEGATIVES,
            sampler: Sampler::TwoStage { beta: BETA, candidate_count: CANDIDATES, hardness: HARDNESS },
            gor_weight: gor_weight(true, NEGATIVES),
            optimizer: Optimizer::Adam,
            learning_rate: LEARNING_RATE,
            betas: BETAS,
            epsilon: EPSILON,
            epochs: EPOCHS,
            evaluate_every: EVALUATE_EVERY,
            patience: PATIENCE,
            k: K,
            seed: 0,
            protocol: Protocol::Holdout { test_fraction: TEST_FRACTION, valid_fraction: VALID_FRACTION },
        }
    }
}

/// Largest D: a workgroup owns a row with a lane for each four numbers.
const MAX_DIM: usize = 1_024;
/// Largest B: counts of a step stay well within 32 bits.
const MAX_BATCH_SIZE: usize = 65_536;
/// Largest N.
const MAX_NEGATIVES: usize = 1_000;

impl TrainConfig {
    /// Checks every setting by itself.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the flag, the rule and the value.
    pub fn check(&self) -> Result<()> {
        within("--dim", self.dim, 1, MAX_DIM)?;
        within("--batch-size", self.batch_size, 1, MAX_BATCH_SIZE)?;
        within("--negatives", self.negative_count, 1, MAX_NEGATIVES)?;
        within("--epochs", self.epochs, 1, 1_000_000)?;
        within("--evaluate-every", self.evaluate_every, 1, 1_000_000)?;
        within("-k", self.k, 1, usize::MAX)?;
        let positive = |flag, value: f64| {
            let valid = value > 0.0 && value.is_finite();
            if valid { Ok(()) } else { Err(Error::setting(flag, format!("must be above 0, but is {value}"))) }
        };
        let not_negative = |flag, value: f64| {
            let valid = value >= 0.0 && value.is_finite();
            if valid {
                Ok(())
            } else {
                Err(Error::setting(flag, format!("must be at least 0, but is {value}")))
            }
        };
        positive("--margin", self.margin)?;
        positive("--learning-rate", self.learning_rate)?;
        if !(self.epsilon >= 1e-30 && self.epsilon.is_finite()) {
            return Err(Error::setting(
                "--epsilon",
                format!("must be at least 1e-30, but is {}", self.epsilon),
            ));
        }
        not_negative("--gor-weight", self.gor_weight)?;
        not_negative("--beta", self.sampler.beta())?;
        if let Sampler::TwoStage { candidate_count, hardness, .. } = self.sampler {
            within("--candidates", candidate_count, 1, 1 << 24)?;
            not_negative("--hardness", hardness)?;
        }
        Ok(())
    }

    /// The numbers that the kernels need.
    pub fn constants(&self) -> Constants {
        let hardness = match self.sampler {
            Sampler::TwoStage { hardness, .. } => hardness,
            _ => 0.0,
        };
        Constants {
            dim: self.dim,
            margin: self.margin,
            gor_weight: self.gor_weight,
            hardness,
            learning_rate: self.learning_rate,
            betas: self.betas,
            epsilon: self.epsilon,
        }
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
