//! What the engine tells while it works.

use crate::evaluate::Metrics;
use serde::{Deserialize, Serialize};

/// Sums over the steps of an epoch, or of a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochSums {
    /// Steps done.
    pub step_count: u64,
    /// Pairs done.
    pub pair_count: u64,
    /// Sum of the pairs' losses, without regularisers.
    pub total_loss: f64,
    /// Sum of L_GOR over the steps (before its weight).
    pub gor: f64,
    /// Sum of L_f over the steps, with its weight.
    pub feature_loss: f64,
    /// Sum of L_cov over the steps (before its weight).
    pub covariance: f64,
    /// Pairs that any slope moves.
    pub active_count: f64,
}

impl EpochSums {
    /// Mean loss of a pair.
    pub fn loss(&self) -> f64 {
        self.total_loss / self.pair_count.max(1) as f64
    }

    /// Mean L_GOR of a step.
    pub fn mean_gor(&self) -> f64 {
        self.gor / self.step_count.max(1) as f64
    }

    /// Mean L_f of a step, with its weight.
    pub fn mean_feature_loss(&self) -> f64 {
        self.feature_loss / self.step_count.max(1) as f64
    }

    /// Mean L_cov of a step.
    pub fn mean_covariance(&self) -> f64 {
        self.covariance / self.step_count.max(1) as f64
    }

    /// Share of the pairs that any slope moves.
    pub fn active_share(&self) -> f64 {
        self.active_count / self.pair_count.max(1) as f64
    }
}

/// Why training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// All epochs were done.
    Epochs,
    /// No improvement on the validation part.
    Patience,
    /// The user asked for it.
    Interrupted,
    /// The user took the best of an unfinished run.
    Finished,
    /// The device failed.
    Failed,
}

/// What happens in a run, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Something was changed or left out; the run goes on.
    Warning(String),
    /// The run is about to begin.
    Started {
        /// Pairs trained on.
        pair_count: usize,
        /// Steps of an epoch.
        epoch_steps: u64,
        /// Epochs at most.
        epochs: usize,
        /// Bytes on the device, by what they are for.
        memory: Vec<(&'static str, u64)>,
        /// Bytes of the machine's own memory at the peak, by what they are for.
        host_memory: Vec<(&'static str, u64)>,
    },
    /// Some steps were done.
    Progress {
        /// The epoch, from 1.
        epoch: usize,
        /// Sums since the epoch's beginning.
        sums: EpochSums,
        /// Pairs a second, lately.
        pairs_per_second: f64,
    },
    /// An epoch was done.
    Epoch {
        /// The epoch, from 1.
        epoch: usize,
        /// Sums over the epoch.
        sums: EpochSums,
        /// Seconds that it took, without evaluation.
        seconds: f64,
    },
    /// A checkpoint was kept.
    Kept {
        /// The epoch after which it was.
        epoch: usize,
        /// Seconds that it took.
        seconds: f64,
    },
    /// The validation part was ranked.
    Evaluated {
        /// The epoch, from 1.
        epoch: usize,
        /// What came out.
        metrics: Metrics,
        /// Whether it is the best so far.
        is_best: bool,
        /// Seconds that it took.
        seconds: f64,
    },
}
