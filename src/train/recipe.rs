//! Recipes: complete sets of settings, each as it was published or as it measured best.

use super::config::{ItemBias, Regularisers, Stopping, TrainConfig, defaults};
use crate::data::Protocol;
use crate::sampling::Negatives;
use crate::step::{Geometry, Loss, Optimizer, Schedule};

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
}

impl Recipe {
    /// Every recipe.
    pub const ALL: [Recipe; 3] = [Recipe::Softmax, Recipe::TwoStage2019, Recipe::Cml2017];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Recipe::Softmax => "softmax",
            Recipe::TwoStage2019 => "two-stage-2019",
            Recipe::Cml2017 => "cml-2017",
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
            features: None,
            optimizer: Optimizer::Adam { betas: BETAS, epsilon: EPSILON },
            schedule: Schedule::Linear { learning_rate: LEARNING_RATE },
            batch_size: BATCH_SIZE,
            stopping: Stopping { epochs: EPOCHS, evaluate_every: EVALUATE_EVERY, patience: 0, k: K },
            seed: 0,
            protocol: Protocol::Holdout { test_fraction: TEST_FRACTION, valid_fraction: VALID_FRACTION },
            hold_out_from: hold_out_from(),
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
        }
    }

    /// The weight of GOR that goes with `negatives`.
    pub fn gor_weight(self, negatives: &Negatives) -> f64 {
        match self {
            Recipe::Softmax | Recipe::Cml2017 => 0.0,
            Recipe::TwoStage2019 => defaults::two_stage_2019::gor_weight(negatives),
        }
    }
}

impl Default for TrainConfig {
    fn default() -> TrainConfig {
        Recipe::default().config()
    }
}
