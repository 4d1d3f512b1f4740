//! What is measured: one sampler at one size.

use super::data::{USER_COUNT, interactions_per_user};
use crate::sampling::Sampler;
use crate::train::TrainConfig;
use crate::{Error, Result};

/// One sampler at one size; all else is training's default.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// I.
    pub item_count: usize,
    /// D, B, N, the sampler with C, and the rest.
    pub config: TrainConfig,
}

impl Case {
    /// Rows of the tables: items and users.
    pub fn row_count(&self) -> usize {
        self.item_count + USER_COUNT
    }

    /// C; 0 where the sampler has no candidates.
    pub fn candidate_count(&self) -> usize {
        match self.config.sampler {
            Sampler::TwoStage { candidate_count, .. } => candidate_count,
            _ => 0,
        }
    }

    /// Checks the sizes by themselves and against one another.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the flag, the rule and the value.
    pub fn check(&self) -> Result<()> {
        self.config.check()?;
        let Case { item_count, config } = self;
        if !(2..=MAX_ITEMS).contains(item_count) {
            return Err(Error::setting("--items", format!("must be 2 to {MAX_ITEMS}, but is {item_count}")));
        }
        let pair_count = USER_COUNT * interactions_per_user(*item_count);
        if config.batch_size > pair_count {
            let message = format!("must be at most {pair_count}, all pairs, but is {}", config.batch_size);
            return Err(Error::setting("--batch-size", message));
        }
        let free = item_count - interactions_per_user(*item_count);
        if config.negative_count > free {
            let message = format!(
                "must be at most {free}, the items that are not a user's, but is {}",
                config.negative_count
            );
            return Err(Error::setting("--negatives", message));
        }
        let Sampler::TwoStage { candidate_count, .. } = config.sampler else { return Ok(()) };
        let least = config.negative_count;
        if !(least..=*item_count).contains(&candidate_count) {
            let message =
                format!("must be {least} to {item_count} (--negatives to --items), but is {candidate_count}");
            return Err(Error::setting("--candidates", message));
        }
        Ok(())
    }
}

/// Largest I: item and user rows are counted in 32 bits, and candidates in a third of them.
const MAX_ITEMS: usize = 1 << 28;
