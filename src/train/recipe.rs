//! Recipes: complete sets of settings, each as it was published or as it measured best.

use super::config::{FeatureNetwork, ItemBias, Regularisers, Stopping, TrainConfig, defaults};
use crate::data::Protocol;
use crate::sampling::Negatives;
use crate::step::{FeatureRole, Geometry, Loss, Optimizer, Schedule};

/// A complete set of settings to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recipe {
    /// The softmax over shared candidates with an item bias: what measured best.
    #[default]
    Softmax,
    /// The triplet loss with two-stage negatives (Tran et al. 2019), its settings as they measured best.
    TwoStage2019,
    /// Collaborative metric learning as it was published (Hsieh et al. 2017), without features.
    Cml2017,
    /// The same, with features of items or users.
    CmlF2017,
    /// BPR on inner products (Rendle et al. 2009), a baseline.
    Bpr,
    /// WARP on inner products (Weston et al. 2010), a baseline.
    Warp,
    /// BPR with what a network makes of the features added to the points (He and McAuley 2016), a baseline.
    Vbpr,
    /// WARP with points that are sums of the features' vectors and a row's own (Kula 2015), a baseline.
    Fm,
}

impl Recipe {
    /// Every recipe.
    pub const ALL: [Recipe; 8] = [
        Recipe::Softmax,
        Recipe::TwoStage2019,
        Recipe::Cml2017,
        Recipe::CmlF2017,
        Recipe::Bpr,
        Recipe::Warp,
        Recipe::Vbpr,
        Recipe::Fm,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Recipe::Softmax => "softmax",
            Recipe::TwoStage2019 => "two-stage-2019",
            Recipe::Cml2017 => "cml-2017",
            Recipe::CmlF2017 => "cml-f-2017",
            Recipe::Bpr => "bpr",
            Recipe::Warp => "warp",
            Recipe::Vbpr => "vbpr",
            Recipe::Fm => "fm",
        }
    }

    /// What it is, in one line.
    pub fn about(self) -> &'static str {
        match self {
            Recipe::Softmax => {
                "softmax over candidates that the batch shares, with an item bias: the most accurate"
            }
            Recipe::TwoStage2019 => {
                "triplet loss with two-stage negatives, as Tran et al. 2019 but with settings that measured better; \
                 --sampler uniform and popularity are its baselines"
            }
            Recipe::Cml2017 => {
                "collaborative metric learning as Hsieh et al. 2017 have it: the ball, AdaGrad, the triplet loss with rank \
                 weights over 20 uniform negatives, and the covariance regulariser; 60/20/20 of each user's interactions"
            }
            Recipe::CmlF2017 => {
                "cml-2017 with --item-features or --user-features, as Hsieh et al. 2017 have it (CML+F)"
            }
            Recipe::Bpr => "inner products by BPR with uniform negatives (Rendle et al. 2009), a baseline",
            Recipe::Warp => "inner products by WARP with uniform negatives (Weston et al. 2010), a baseline",
            Recipe::Vbpr => {
                "bpr with --item-features or --user-features: what a network makes of them is added to the vectors (as in \
                 VBPR, He and McAuley 2016), a baseline"
            }
            Recipe::Fm => {
                "warp with --item-features or --user-features: an item's vector is the sum of its features' vectors and its \
                 own, and so is a user's (a factorisation machine as LightFM has it, Kula 2015), a baseline"
            }
        }
    }

    /// Its settings.
    pub fn config(self) -> TrainConfig {
        use defaults::*;
        let shared = TrainConfig {
            dim: DIM,
            geometry: Geometry::Sphere,
            loss: Loss::Softmax { temperature: TEMPERATURE },
            negatives: Negatives::Shared { beta: SHARED_BETA, candidates: SHARED_CANDIDATES },
            regularisers: Regularisers { gor_weight: 0.0, covariance_weight: 0.0 },
            start_norm: START_NORM,
            item_bias: Some(ItemBias { rate: ITEM_BIAS_RATE, start: ITEM_BIAS_START }),
            history: None,
            features: None,
            optimizer: Optimizer::Adam { betas: BETAS, epsilon: EPSILON },
            schedule: Schedule::Linear { learning_rate: LEARNING_RATE },
            batch_size: BATCH_SIZE,
            stopping: Stopping { epochs: EPOCHS, evaluate_every: EVALUATE_EVERY, patience: 0, k: K },
            seed: 0,
            protocol: Protocol::Holdout { test_fraction: TEST_FRACTION, valid_fraction: VALID_FRACTION },
            hold_out_from: hold_out_from(),
        };
        let inner_products = TrainConfig {
            geometry: Geometry::Dot,
            item_bias: None,
            schedule: Schedule::Linear { learning_rate: baselines::LEARNING_RATE },
            ..shared.clone()
        };
        match self {
            Recipe::Softmax => shared,
            Recipe::TwoStage2019 => {
                use two_stage_2019 as tran;
                let negatives = Negatives::TwoStage {
                    count: tran::NEGATIVES,
                    beta: BETA,
                    candidates: CANDIDATES,
                    hardness: HARDNESS,
                };
                TrainConfig {
                    loss: Loss::Triplet { margin: MARGIN, rank_weight: false },
                    negatives,
                    regularisers: Regularisers {
                        gor_weight: tran::gor_weight(&negatives),
                        ..shared.regularisers
                    },
                    start_norm: 1.0,
                    item_bias: None,
                    schedule: Schedule::Constant { learning_rate: tran::LEARNING_RATE },
                    batch_size: tran::BATCH_SIZE,
                    stopping: Stopping {
                        epochs: tran::EPOCHS,
                        evaluate_every: 2,
                        patience: tran::PATIENCE,
                        k: K,
                    },
                    ..shared
                }
            }
            Recipe::Cml2017 => {
                use cml_2017 as hsieh;
                let fraction = hsieh::HELD_OUT_FRACTION;
                TrainConfig {
                    dim: hsieh::DIM,
                    geometry: Geometry::Ball,
                    loss: Loss::Triplet { margin: hsieh::MARGIN, rank_weight: true },
                    negatives: Negatives::Uniform { count: hsieh::NEGATIVES },
                    regularisers: Regularisers {
                        covariance_weight: hsieh::COVARIANCE_WEIGHT,
                        ..shared.regularisers
                    },
                    start_norm: hsieh::START_NORM,
                    item_bias: None,
                    optimizer: Optimizer::Adagrad { epsilon: ADAGRAD_EPSILON },
                    schedule: Schedule::Constant { learning_rate: hsieh::LEARNING_RATE },
                    batch_size: hsieh::BATCH_SIZE,
                    stopping: Stopping { epochs: hsieh::EPOCHS, ..shared.stopping },
                    protocol: Protocol::Holdout { test_fraction: fraction, valid_fraction: fraction },
                    hold_out_from: hsieh::HOLD_OUT_FROM,
                    ..shared
                }
            }
            Recipe::CmlF2017 => {
                let without = Recipe::Cml2017.config();
                let epochs = cml_2017::EPOCHS_WITH_FEATURES;
                TrainConfig {
                    features: Some(FeatureNetwork {
                        hidden: HIDDEN,
                        dropout: DROPOUT,
                        role: FeatureRole::Near { weight: FEATURE_WEIGHT },
                    }),
                    stopping: Stopping { epochs, ..without.stopping },
                    ..without
                }
            }
            Recipe::Bpr => TrainConfig {
                loss: Loss::Bpr,
                negatives: Negatives::Uniform { count: baselines::BPR_NEGATIVES },
                stopping: Stopping { epochs: baselines::BPR_EPOCHS, ..shared.stopping },
                ..inner_products
            },
            Recipe::Warp => TrainConfig {
                loss: Loss::Warp { margin: MARGIN },
                negatives: Negatives::Uniform { count: baselines::WARP_NEGATIVES },
                stopping: Stopping { epochs: baselines::WARP_EPOCHS, ..shared.stopping },
                ..inner_products
            },
            Recipe::Vbpr => {
                let without = Recipe::Bpr.config();
                let role = FeatureRole::Added;
                TrainConfig {
                    negatives: Negatives::Uniform { count: baselines::VBPR_NEGATIVES },
                    features: Some(FeatureNetwork { hidden: HIDDEN, dropout: DROPOUT, role }),
                    stopping: Stopping { epochs: baselines::VBPR_EPOCHS, ..without.stopping },
                    ..without
                }
            }
            Recipe::Fm => TrainConfig {
                features: Some(FeatureNetwork { hidden: 0, dropout: 0.0, role: FeatureRole::Added }),
                ..Recipe::Warp.config()
            },
        }
    }

    /// The weight of GOR that goes with `negatives`.
    pub fn gor_weight(self, negatives: &Negatives) -> f64 {
        match self {
            Recipe::TwoStage2019 => defaults::two_stage_2019::gor_weight(negatives),
            _ => 0.0,
        }
    }
}

impl Default for TrainConfig {
    fn default() -> TrainConfig {
        Recipe::default().config()
    }
}
