//! What is repeated with each cell, so that a result has a mean and a deviation.

use crate::data::{Interactions, Protocol, Split, split, split_from};
use crate::train::{RunConfig, defaults};
use crate::{Error, Result};

/// What differs between the runs of one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Repeats {
    /// The test part: another fold each time.
    Folds {
        /// Number of folds, at least 2.
        count: usize,
        /// The share of the interactions outside a fold that is used for early stopping.
        valid_fraction: f64,
    },
    /// The seed of the model; the split is the same each time.
    Seeds {
        /// Number of seeds, at least 1: the config's own, and those after it.
        count: usize,
        /// How the interactions are split.
        protocol: Protocol,
        /// Users with fewer interactions are in the training part only.
        hold_out_from: usize,
    },
}

impl Repeats {
    /// How many runs a cell has.
    pub fn count(&self) -> usize {
        match *self {
            Repeats::Folds { count, .. } | Repeats::Seeds { count, .. } => count,
        }
    }

    /// What a repeat is called: "fold" or "seed".
    pub fn word(&self) -> &'static str {
        match self {
            Repeats::Folds { .. } => "fold",
            Repeats::Seeds { .. } => "seed",
        }
    }

    /// Whether there is a validation part.
    pub fn has_valid(&self) -> bool {
        match *self {
            Repeats::Folds { valid_fraction, .. } => valid_fraction > 0.0,
            Repeats::Seeds { protocol: Protocol::Holdout { valid_fraction, .. }, .. } => valid_fraction > 0.0,
            Repeats::Seeds { .. } => true,
        }
    }

    /// How the interactions are split for `repeat`.
    pub fn protocol(&self, repeat: usize) -> Protocol {
        match *self {
            Repeats::Folds { count, valid_fraction } => {
                Protocol::Folds { count, fold: repeat, valid_fraction }
            }
            Repeats::Seeds { protocol, .. } => protocol,
        }
    }

    /// The parts for `repeat`.
    ///
    /// # Errors
    /// Those of the split.
    pub fn split(&self, data: &Interactions, seed: u64, repeat: usize) -> Result<Split> {
        match *self {
            Repeats::Folds { .. } => split(data, &self.protocol(repeat), seed),
            Repeats::Seeds { protocol, hold_out_from, .. } => {
                split_from(data, &protocol, seed, hold_out_from)
            }
        }
    }

    /// The run of `config` for `repeat`.
    pub fn config(&self, config: &RunConfig, repeat: usize) -> RunConfig {
        let config = config.clone();
        match *self {
            Repeats::Folds { .. } => config.with_split(self.protocol(repeat), defaults::hold_out_from()),
            Repeats::Seeds { protocol, hold_out_from, .. } => {
                let config = config.with_split(protocol, hold_out_from);
                let seed = config.seed().wrapping_add(repeat as u64);
                config.with_seed(seed)
            }
        }
    }

    /// Checks that there is something to test.
    pub(super) fn check(&self, data: &Interactions) -> Result<()> {
        let most = (0..data.user_count() as u32).map(|user| data.items_of(user).len()).max().unwrap_or(0);
        if most < 2 {
            return Err(Error::Data("no user has two interactions, so none can be held out".to_owned()));
        }
        match *self {
            Repeats::Folds { count, .. } if count > most => {
                let message = format!("must be at most {most}, the most items of a user, but is {count}");
                Err(Error::setting("--folds", message))
            }
            Repeats::Seeds { hold_out_from, .. } if hold_out_from > most => {
                let message =
                    format!("must be at most {most}, the most items of a user, but is {hold_out_from}");
                Err(Error::setting("--hold-out-from", message))
            }
            Repeats::Seeds { count: 0, .. } => Err(Error::setting("--seeds", "must be at least 1, but is 0")),
            _ => Ok(()),
        }
    }
}
