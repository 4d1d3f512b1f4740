//! What a run of WRMF, or of CDL, is made of.

use crate::data::Protocol;
use crate::train::{FeatureNetwork, MAX_DIM, Stopping, within};
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

    /// What CDL has beside.
    pub mod cdl {
        /// Weight of the vectors' lengths (measured).
        pub const REGULARISATION: f64 = 0.015;
        /// Weight of an item's distance to f, against that of its length (measured).
        pub const FEATURE_WEIGHT: f64 = 1.0;
        /// Passes of f over the items in each sweep.
        pub const PASSES: u64 = 5;
        /// Items of a step of f.
        pub const BATCH_SIZE: usize = 512;
        /// Step size of Adam (Kingma and Ba 2015).
        pub const LEARNING_RATE: f64 = 1e-3;
    }
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
///
/// With `features` it is CDL, collaborative deep learning (Wang, Wang and Yeung 2015), whose text model is here the network
/// f of CML with features. An item with features x is also drawn to f(x), with b = `features.weight`:
///
/// > L = ... + b l sum_{i with features} (|U_i| + a U)^n |v - f(x_i)|^2
///
/// The paper draws items to f alone, and holds f down by the decay of its weights. Here the items' own regularisation does
/// that: else items and f could grow as the users shrink, and nothing would be regularised. f learns by Adam, some passes over the items after each sweep. Items without interactions take no part; those that have
/// features are put where f projects them.
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
    /// The network whose projection of the features is the items' prior, if there is one: then it is CDL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<FeatureNetwork>,
    /// How long to train; an epoch is a sweep over the items, then the users.
    pub stopping: Stopping,
    /// Seed of all randomness.
    pub seed: u64,
    /// How the interactions were split.
    pub protocol: Protocol,
    /// Users with fewer interactions were trained on only.
    #[serde(default = "crate::train::defaults::hold_out_from")]
    pub hold_out_from: usize,
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
            features: None,
            stopping: Stopping { epochs: SWEEPS, evaluate_every: 1, patience: 0, k: K },
            seed: 0,
            protocol: Protocol::Holdout { test_fraction: TEST_FRACTION, valid_fraction: VALID_FRACTION },
            hold_out_from: crate::train::defaults::hold_out_from(),
        }
    }
}

impl WrmfConfig {
    /// CDL.
    pub fn cdl() -> WrmfConfig {
        use crate::train::defaults::{DROPOUT, HIDDEN};
        let weight = defaults::cdl::FEATURE_WEIGHT;
        WrmfConfig {
            regularisation: defaults::cdl::REGULARISATION,
            features: Some(FeatureNetwork { hidden: HIDDEN, dropout: DROPOUT, weight }),
            ..WrmfConfig::default()
        }
    }

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
        self.features.map_or(Ok(()), |network| network.check())
    }

    /// What a row's squared length is weighed by: the row has `count` observed pairs, and `others` rows are on the other
    /// side.
    pub(super) fn row_weight(&self, count: usize, others: usize) -> f64 {
        let pairs = count as f64 + self.unobserved_weight * others as f64;
        self.regularisation * pairs.powf(self.regularisation_exponent)
    }
}
