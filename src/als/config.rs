//! What a run of WRMF is made of.

use crate::data::Protocol;
use crate::train::{MAX_DIM, Stopping, within};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The defaults. "Measured" stands for validation parts of citeulike-t.
pub mod defaults {
    /// D.
    pub const DIM: usize = 128;
    /// Weight of a pair that was not observed (measured).
    pub const UNOBSERVED_WEIGHT: f64 = 0.003;
    /// Weight of the vectors' lengths (measured).
    pub const REGULARISATION: f64 = 0.03;
    /// How much more a row with more weight is regularised (Rendle et al. 2021: 1).
    pub const REGULARISATION_EXPONENT: f64 = 1.0;
    /// Sweeps (Rendle et al. 2021: 16).
    pub const SWEEPS: usize = 16;
    /// Norm of a starting row (Rendle et al. 2021: standard deviation 0.1 / sqrt(D)).
    pub const START_NORM: f64 = 0.1;
}

/// A run of WRMF. With S the observed pairs of U users and I items, a = `unobserved_weight`, l = `regularisation` and
/// n = `regularisation_exponent`, it minimises the loss of Rendle et al. 2021 (section 2, with the regularisation
/// scaled by frequency):
///
/// > L = sum_{(u,i) in S} (u.v - 1)^2 + a sum_{all u,i} (u.v)^2
/// > + l sum_u (|I_u| + a I)^n |u|^2 + l sum_i (|U_i| + a U)^n |v|^2
///
/// Hu et al. 2008 (eq. 3) weigh an observed pair 1 + alpha, and any other pair 1. For n = 0 that is the same model:
/// alpha = 1 / a, and their lambda is l (1 + 1 / a). Vectors are then sqrt(1 + a) times as long as here; the rankings are
/// the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrmfConfig {
    /// D.
    pub dim: usize,
    /// Weight of every pair's squared score, against 1 for an observed pair's error.
    pub unobserved_weight: f64,
    /// Weight of the vectors' squared lengths.
    pub regularisation: f64,
    /// Exponent of the weight of all pairs of a row, by which the row is regularised.
    pub regularisation_exponent: f64,
    /// How long to train; an epoch is a sweep over the items, then the users.
    pub stopping: Stopping,
    /// Seed of all randomness.
    pub seed: u64,
    /// How the interactions were split.
    pub protocol: Protocol,
}

impl Default for WrmfConfig {
    fn default() -> WrmfConfig {
        use crate::train::defaults::{K, TEST_FRACTION, VALID_FRACTION};
        use defaults::*;
        WrmfConfig {
            dim: DIM,
            unobserved_weight: UNOBSERVED_WEIGHT,
            regularisation: REGULARISATION,
            regularisation_exponent: REGULARISATION_EXPONENT,
            stopping: Stopping { epochs: SWEEPS, evaluate_every: 1, patience: 0, k: K },
            seed: 0,
            protocol: Protocol::Holdout { test_fraction: TEST_FRACTION, valid_fraction: VALID_FRACTION },
        }
    }
}

impl WrmfConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the flag, the rule and the value.
    pub fn check(&self) -> Result<()> {
        within("--dim", self.dim, 1, MAX_DIM)?;
        self.stopping.check()?;
        for (flag, value) in
            [("--unobserved-weight", self.unobserved_weight), ("--regularisation", self.regularisation)]
        {
            if !(1e-12..=1e12).contains(&value) {
                return Err(Error::setting(flag, format!("must be 1e-12 to 1e12, but is {value}")));
            }
        }
        let exponent = self.regularisation_exponent;
        if !(0.0..=2.0).contains(&exponent) {
            let message = format!("must be 0 to 2, but is {exponent}");
            return Err(Error::setting("--regularisation-exponent", message));
        }
        Ok(())
    }

    /// What a row's squared length is weighed by: the row has `count` observed pairs, and `others` rows are on the other
    /// side.
    pub(super) fn row_weight(&self, count: usize, others: usize) -> f64 {
        let pairs = count as f64 + self.unobserved_weight * others as f64;
        self.regularisation * pairs.powf(self.regularisation_exponent)
    }
}
