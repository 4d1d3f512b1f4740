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
    /// BPR on inner products (Rendle et al. 2009), a baseline.
    Bpr,
    /// WARP on inner products (Weston et al. 2010), a baseline.
    Warp,
}

impl Recipe {
    /// Every recipe.
    pub const ALL: [Recipe; 4] = [Recipe::Softmax, Recipe::TwoStage2019, Recipe::Bpr, Recipe::Warp];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Recipe::Softmax => "softmax",
            Recipe::TwoStage2019 => "two-stage-2019",
            Recipe::Bpr => "bpr",
            Recipe::Warp => "warp",
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
            Recipe::Bpr => "inner products by BPR with uniform negatives (Rendle et al. 2009), a baseline",
            Recipe::Warp => "inner products by WARP with uniform negatives (Weston et al. 2010), a baseline",
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
            regularisers: Regularisers { gor_weight: 0.0 },
            start_norm: START_NORM,
            item_bias: Some(ItemBias { rate: ITEM_BIAS_RATE, start: ITEM_BIAS_START }),
            optimizer: Optimizer::Adam { betas: BETAS, epsilon: EPSILON },
            schedule: Schedule::Linear { learning_rate: LEARNING_RATE },
            batch_size: BATCH_SIZE,
            stopping: Stopping { epochs: EPOCHS, evaluate_every: EVALUATE_EVERY, patience: 0, k: K },
            seed: 0,
            protocol: Protocol::Holdout { test_fraction: TEST_FRACTION, valid_fraction: VALID_FRACTION },
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
                    regularisers: Regularisers { gor_weight: tran::gor_weight(&negatives) },
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
