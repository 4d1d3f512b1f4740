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
    /// Its kernel.
    pub fn kernel(&self) -> &'static str {
        match self {
            Loss::Triplet { .. } => "triplet_loss",
        }
    }

    /// The values of its kernel's own `override` constants.
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
