//! The floor of every comparison: everyone gets the items that most users have. Nothing is learned but counts.

use super::config::{Stopping, defaults};
use super::dial;
use super::engine::{Timing, Trained, check_not_empty};
use super::event::{Event, Stop};
use crate::Result;
use crate::data::{Protocol, Split};
use crate::model::Embeddings;
use crate::step::Geometry;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// A run that counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PopularityConfig {
    /// Length of the list that validation measures.
    pub k: usize,
    /// Seed of the split.
    pub seed: u64,
    /// How the interactions were split.
    pub protocol: Protocol,
}

impl Default for PopularityConfig {
    fn default() -> PopularityConfig {
        let (test_fraction, valid_fraction) = (defaults::TEST_FRACTION, defaults::VALID_FRACTION);
        PopularityConfig {
            k: defaults::K,
            seed: 0,
            protocol: Protocol::Holdout { test_fraction, valid_fraction },
        }
    }
}

impl PopularityConfig {
    /// How long it trains: once.
    pub(super) fn stopping(&self) -> Stopping {
        Stopping { epochs: 1, evaluate_every: 1, patience: 0, k: self.k }
    }
}

/// Counts: items of one dimension, each its training count; users are 1. Equal counts rank by item.
///
/// # Errors
/// [`Error::Data`](crate::Error::Data) if there is nothing to count; those of [`evaluate`](crate::evaluate::evaluate).
pub(super) fn count(
    split: &Split,
    config: &PopularityConfig,
    observe: &mut dyn FnMut(&Event),
) -> Result<Trained> {
    config.stopping().check()?;
    check_not_empty(&split.train)?;
    let start = Instant::now();
    let embeddings = Embeddings {
        dim: 1,
        geometry: Geometry::Dot,
        users: vec![1.0; split.train.user_count()],
        items: split.train.item_frequencies().into_iter().map(|count| count as f32).collect(),
        item_bias: Vec::new(),
    };
    let valid = match split.valid.is_empty() {
        true => None,
        false => Some(dial::measure(&embeddings, split, config.k)?),
    };
    if let Some(metrics) = valid {
        let seconds = start.elapsed().as_secs_f64();
        observe(&Event::Evaluated { epoch: 1, metrics, is_best: true, seconds });
    }
    Ok(Trained {
        embeddings,
        popularity: 1.0,
        epoch: 1,
        epochs_done: 1,
        valid,
        stop: Stop::Epochs,
        failure: None,
        timing: Timing::default(),
    })
}
