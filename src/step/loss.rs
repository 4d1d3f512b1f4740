//! The losses: each turns the scores of a pair into slopes and a number to add up.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// A loss with its settings. Each is a kernel of its own: `shaders/<kernel>.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Loss {
    /// The hinge on the nearest negative (Tran et al. 2019, eq. 1).
    Triplet {
        /// How much further than the positive a negative should be, in squared distances.
        margin: f64,
    },
}

impl Loss {
    /// Every loss, with settings to test it by. The self-test and the tests run all of these.
    pub const ALL: [Loss; 1] = [Loss::Triplet { margin: 0.7 }];

    /// Its kernel.
    pub fn kernel(&self) -> &'static str {
        match self {
            Loss::Triplet { .. } => "triplet_loss",
        }
    }

    /// Its settings: the values of its kernel's own `override` constants, named as the flags are.
    pub fn constants(&self) -> Vec<(&'static str, f64)> {
        match *self {
            Loss::Triplet { margin } => vec![("margin", margin)],
        }
    }

    /// Checks its settings.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the flag, the rule and the value.
    pub fn check(&self) -> Result<()> {
        match *self {
            Loss::Triplet { margin } if margin > 0.0 && margin.is_finite() => Ok(()),
            Loss::Triplet { margin } => {
                Err(Error::setting("--margin", format!("must be above 0, but is {margin}")))
            }
        }
    }
}
