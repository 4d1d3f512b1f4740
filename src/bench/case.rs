//! What is measured: one sampler at one size, on made-up interactions.

use crate::train::TrainConfig;
use crate::{Error, Result};

/// U: so many that an epoch is hundreds of steps, as citeulike-t's is.
pub const USER_COUNT: usize = 8_000;
/// Distinct items of each user, as citeulike-t has on average.
const INTERACTIONS_PER_USER: usize = 13;

/// Distinct items of each user if there are `item_count`.
pub(super) fn interactions_per_user(item_count: usize) -> usize {
    INTERACTIONS_PER_USER.min(item_count / 2)
}

/// One sampler at one size; all else is training's default.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchCase {
    /// I.
    pub item_count: usize,
    /// D, B, N, the sampler with C, and the rest.
    pub config: TrainConfig,
}

impl BenchCase {
    /// Rows of the tables: items and users.
    pub fn row_count(&self) -> usize {
        self.item_count + USER_COUNT
    }

    /// C; 0 if the sampler has no candidates.
    pub fn candidate_count(&self) -> usize {
        self.config.negatives.candidate_count()
    }

    /// Checks the sizes by themselves and against one another.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the flag, the rule and the value.
    pub fn check(&self) -> Result<()> {
        self.config.check()?;
        let BenchCase { item_count, config } = self;
        if !(2..=MAX_ITEMS).contains(item_count) {
            return Err(Error::setting("--items", format!("must be 2 to {MAX_ITEMS}, but is {item_count}")));
        }
        let pair_count = USER_COUNT * interactions_per_user(*item_count);
        if config.batch_size > pair_count {
            let message = format!("must be at most {pair_count}, all pairs, but is {}", config.batch_size);
            return Err(Error::setting("--batch-size", message));
        }
        let (negatives, candidates) = (config.negatives.count(), self.candidate_count());
        let free = item_count - interactions_per_user(*item_count);
        if negatives > free {
            let message =
                format!("must be at most {free}, the items that are not a user's, but is {negatives}");
            return Err(Error::setting("--negatives", message));
        }
        if candidates > *item_count {
            let message = format!("must be at most --items {item_count}, but is {candidates}");
            return Err(Error::setting("--candidates", message));
        }
        Ok(())
    }
}

/// Largest I: item and user rows are counted in 32 bits, and candidates in a third of them.
const MAX_ITEMS: usize = 1 << 28;
