//! Where the negatives of a pair come from.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// How negatives are found, with the settings of that way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Negatives {
    /// Every item alike.
    Uniform {
        /// N, negatives of a pair.
        count: usize,
    },
    /// Pr(j) ~ f(j)^beta, f the training count (Tran et al. 2019, eq. 4).
    Popularity {
        /// N, negatives of a pair.
        count: usize,
        /// The exponent.
        beta: f64,
    },
    /// Popularity candidates, then similarity-weighted draws on the GPU (Tran et al. 2019, 3.2).
    TwoStage {
        /// N, negatives of a pair.
        count: usize,
        /// The exponent of stage 1.
        beta: f64,
        /// C, the candidates of a batch.
        candidates: usize,
        /// The exponent of stage 2: log weight = -hardness ln(1 - s^2).
        hardness: f64,
    },
    /// Candidates that are negatives of every pair of the batch.
    Shared {
        /// The exponent of the candidates' draw; 0: every item alike.
        beta: f64,
        /// C, the candidates of a batch.
        candidates: usize,
    },
}

/// Largest N.
const MAX_COUNT: usize = 1_000;
/// Largest C: a dispatch has at most 65,535 tiles of 64 candidates.
const MAX_CANDIDATES: usize = 4_000_000;

impl Negatives {
    /// The sampler's name on the command line.
    pub fn sampler(&self) -> &'static str {
        match self {
            Negatives::Uniform { .. } => "uniform",
            Negatives::Popularity { .. } => "popularity",
            Negatives::TwoStage { .. } => "two-stage",
            Negatives::Shared { .. } => "shared",
        }
    }

    /// N, negatives that a pair has of its own; 0 if it shares the candidates.
    pub fn count(&self) -> usize {
        match *self {
            Negatives::Uniform { count }
            | Negatives::Popularity { count, .. }
            | Negatives::TwoStage { count, .. } => count,
            Negatives::Shared { .. } => 0,
        }
    }

    /// The exponent of the CPU's draws; uniform is 0.
    pub fn beta(&self) -> f64 {
        match *self {
            Negatives::Uniform { .. } => 0.0,
            Negatives::Popularity { beta, .. }
            | Negatives::TwoStage { beta, .. }
            | Negatives::Shared { beta, .. } => beta,
        }
    }

    /// C; 0 if the CPU draws the negatives.
    pub fn candidate_count(&self) -> usize {
        match *self {
            Negatives::Uniform { .. } | Negatives::Popularity { .. } => 0,
            Negatives::TwoStage { candidates, .. } | Negatives::Shared { candidates, .. } => candidates,
        }
    }

    /// The exponent of stage 2; 0 if there is none.
    pub fn hardness(&self) -> f64 {
        match *self {
            Negatives::Uniform { .. } | Negatives::Popularity { .. } | Negatives::Shared { .. } => 0.0,
            Negatives::TwoStage { hardness, .. } => hardness,
        }
    }

    /// Checks the settings by themselves and against one another.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the flag, the rule and the value.
    pub fn check(&self) -> Result<()> {
        let (count, candidates) = (self.count(), self.candidate_count());
        let is_shared = matches!(self, Negatives::Shared { .. });
        if !is_shared && !(1..=MAX_COUNT).contains(&count) {
            let message = format!("must be 1 to {MAX_COUNT}, but is {count}");
            return Err(Error::setting("--negatives", message));
        }
        for (flag, value) in [("--beta", self.beta()), ("--hardness", self.hardness())] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::setting(flag, format!("must be at least 0, but is {value}")));
            }
        }
        if candidates > MAX_CANDIDATES {
            let message = format!("must be at most {MAX_CANDIDATES}, but is {candidates}");
            return Err(Error::setting("--candidates", message));
        }
        if is_shared && candidates == 0 {
            return Err(Error::setting("--candidates", "must be at least 1, but is 0"));
        }
        if matches!(self, Negatives::TwoStage { .. }) && candidates < count {
            let message = format!("must be at least --negatives {count}, but is {candidates}");
            return Err(Error::setting("--candidates", message));
        }
        Ok(())
    }
}
