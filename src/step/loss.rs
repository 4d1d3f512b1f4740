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
        /// Weighs a pair by ln(1 + rank), the rank guessed from its negatives (Hsieh et al. 2017, 3.2).
        rank_weight: bool,
    },
    /// A hinge on every negative.
    HingeSum {
        /// As the triplet loss's.
        margin: f64,
    },
    /// The positive toward score 1, negatives below a margin (SimpleX: Mao et al., CIKM 2021).
    Contrastive {
        /// The score that negatives should be below.
        margin: f64,
        /// Weight of the negatives' mean.
        weight: f64,
    },
    /// Cross entropy of the softmax over the positive and the negatives.
    Softmax {
        /// What scores are divided by.
        temperature: f64,
    },
    /// Bayesian personalised ranking (Rendle et al., UAI 2009), a mean over the negatives.
    Bpr,
    /// The rank-weighted hinge on the first draw that violates the margin (Weston et al., IJCAI 2011).
    Warp {
        /// As the triplet loss's.
        margin: f64,
    },
}

impl Loss {
    /// Every loss, with settings to test it by. The self-test and the tests run all of these.
    pub const ALL: [Loss; 7] = [
        Loss::Triplet { margin: 0.7, rank_weight: false },
        Loss::Triplet { margin: 0.7, rank_weight: true },
        Loss::HingeSum { margin: 0.6 },
        Loss::Contrastive { margin: 0.1, weight: 3.0 },
        Loss::Softmax { temperature: 0.2 },
        Loss::Bpr,
        Loss::Warp { margin: 0.3 },
    ];

    /// Its name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Loss::Triplet { .. } => "triplet",
            Loss::HingeSum { .. } => "hinge-sum",
            Loss::Contrastive { .. } => "contrastive",
            Loss::Softmax { .. } => "softmax",
            Loss::Bpr => "bpr",
            Loss::Warp { .. } => "warp",
        }
    }

    /// Its kernel.
    pub fn kernel(&self) -> &'static str {
        match self {
            Loss::Triplet { .. } => "triplet_loss",
            Loss::HingeSum { .. } => "hinge_sum_loss",
            Loss::Contrastive { .. } => "contrastive_loss",
            Loss::Softmax { .. } => "softmax_loss",
            Loss::Bpr => "bpr_loss",
            Loss::Warp { .. } => "warp_loss",
        }
    }

    /// Its settings: the values of its kernel's own `override` constants, named as the flags are.
    pub fn constants(&self) -> Vec<(&'static str, f64)> {
        match *self {
            Loss::Triplet { margin, rank_weight } => {
                vec![("margin", margin), ("rank_weight", f64::from(u8::from(rank_weight)))]
            }
            Loss::HingeSum { margin } | Loss::Warp { margin } => vec![("margin", margin)],
            Loss::Contrastive { margin, weight } => vec![("margin", margin), ("contrastive_weight", weight)],
            Loss::Softmax { temperature } => vec![("temperature", temperature)],
            Loss::Bpr => Vec::new(),
        }
    }

    /// Where shared candidates stand for the whole catalogue, this times ln(chance to be drawn) is taken off the score of
    /// each: the softmax's temperature, so that its sum estimates that over all items. 0 for a loss that estimates none.
    pub fn correction(&self) -> f64 {
        match *self {
            Loss::Softmax { temperature } => temperature,
            _ => 0.0,
        }
    }

    /// Whether the negatives of a pair must come in a random order of the pair's own.
    pub fn needs_order(&self) -> bool {
        matches!(self, Loss::Warp { .. })
    }

    /// Checks its settings.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the flag, the rule and the value.
    pub fn check(&self) -> Result<()> {
        let above = |flag, value: f64, least: f64| match value > least && value.is_finite() {
            true => Ok(()),
            false => Err(Error::setting(flag, format!("must be above {least}, but is {value}"))),
        };
        match *self {
            Loss::Triplet { margin, .. } | Loss::HingeSum { margin } | Loss::Warp { margin } => {
                above("--margin", margin, 0.0)
            }
            Loss::Contrastive { margin, weight } => {
                above("--margin", margin, -1.0)?;
                above("--contrastive-weight", weight, 0.0)
            }
            Loss::Softmax { temperature } => {
                // Below this, scores that the kernels divide by it leave the range of f32.
                if (1e-4..=1e4).contains(&temperature) {
                    return Ok(());
                }
                Err(Error::setting("--temperature", format!("must be 0.0001 to 10000, but is {temperature}")))
            }
            Loss::Bpr => Ok(()),
        }
    }
}
