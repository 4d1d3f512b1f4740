//! Golden training steps, made in float64 by an implementation that shares nothing with this one, and how they are run
//! on whatever runs steps: the twins in `tests/host`, a device in `tests/gpu`.

#[path = "golden_compare.rs"]
mod compare;
#[path = "golden_files.rs"]
mod files;

use compare::Knowledge;
use serde::Deserialize;
use spherec::data::Interactions;
use spherec::sampling::{EpochOrder, ItemSampler, Planner};
use spherec::step::layout::{PairSums, StepSums};
use spherec::step::{
    BLOCK_BYTES, Geometry, Grain, HistoryShape, Loss, Optimizer, Plan, PlanShape, Rates, Schedule,
    StepConstants, StepShape,
};
use std::sync::Arc;

/// What a step left for looking at.
pub(crate) struct Step {
    pub(crate) sums: StepSums,
    /// (at least B).
    pub(crate) pairs: Vec<PairSums>,
    /// The scores as the loss finds them, if the runner can stop there.
    pub(crate) scores: Option<Scores>,
    /// dL/d(score).
    pub(crate) slopes: Scores,
    /// (R, D padded + 4) dL/de by row slot, with the notes of `point_gradient`.
    pub(crate) gradients: Vec<f32>,
    /// (R, D padded + 4) points and their notes by row slot.
    pub(crate) points: Vec<f32>,
}

/// A number for each score of a step, as the kernels lay them out.
pub(crate) struct Scores {
    /// (at least B, 1 + N) of each pair's positive and of its own negatives.
    pub(crate) own: Vec<f32>,
    /// (at least B, C) of shared candidates, holes included.
    pub(crate) candidates: Vec<f32>,
}

/// Runs steps on tables that start at [`Golden::starting_points`] and [`Golden::starting_bias`].
pub(crate) trait Runner {
    /// One step.
    fn step(&mut self, plan: &Plan) -> Step;
    /// All brought up to the last step: the stored points, items first, then users, (rows, D) unpadded; and the item
    /// biases, (I).
    fn tables(&mut self) -> (Vec<f32>, Vec<f32>);
}

/// When the tables are looked at (and so, under Adam, untouched rows caught up).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looks {
    EveryStep,
    AtEnd,
}

/// A run of golden steps.
#[derive(Debug, Clone)]
pub(crate) struct Golden {
    pub(crate) name: String,
    users: usize,
    items: usize,
    dim: usize,
    batch: usize,
    /// N; 0 if candidates are shared.
    negatives: usize,
    /// C; 0 if pairs have negatives of their own.
    candidates: usize,
    geometry: Geometry,
    loss: Loss,
    gor_weight: f64,
    covariance_weight: f64,
    optimizer: OptimizerConfig,
    /// g; 0: users have no histories.
    history_weight: f64,
    /// The training pairs: what is no negative of a user.
    own_items: Vec<(u32, u32)>,
    /// (I), or empty if no loss of the run asks for it.
    draw_probability: Vec<f64>,
    /// (I + U, D) before the first step.
    table: Vec<Vec<f64>>,
    /// (I) before the first step; empty: none.
    item_bias: Vec<f64>,
    steps: Vec<GoldenStep>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OptimizerKind {
    Adam,
    Sgd,
    Adagrad,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct OptimizerConfig {
    kind: OptimizerKind,
    lr: f64,
    betas: (f64, f64),
    eps: f64,
}

#[derive(Debug, Clone)]
struct GoldenStep {
    users_in_batch: Vec<u32>,
    positives: Vec<u32>,
    /// (B, N), or (C) if shared.
    negatives: Vec<u32>,
    /// Of the positives (B), and of the negatives (B, N or C), also where they are none.
    scores: Option<(Vec<f64>, Vec<Vec<f64>>)>,
    is_negative: Vec<Vec<bool>>,
    losses: Vec<f64>,
    /// Their sum.
    loss: f64,
    positive_slope: Vec<f64>,
    negative_slope: Vec<Vec<f64>>,
    moments: Option<Moments>,
    /// (I + U, D) of the stored rows.
    gradient: Vec<Vec<f64>>,
    item_bias_gradient: Vec<f64>,
    table_after: Vec<Vec<f64>>,
    item_bias_after: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Moments {
    first: f64,
    second: f64,
    gor: f64,
    covariance: f64,
    /// The loss and the weighted regularisers.
    total: f64,
}

/// The golden runs of the triplet loss, with GOR or the covariance.
pub(crate) fn triplets() -> Vec<Golden> {
    let texts = [
        include_str!("../golden/sphere_adam_n1.json"),
        include_str!("../golden/sphere_adam_n3.json"),
        include_str!("../golden/sphere_sgd_nogor.json"),
        include_str!("../golden/sphere_adam_d128.json"),
        include_str!("../golden/ball_adagrad_warp_cov.json"),
    ];
    texts.into_iter().map(files::triplet).collect()
}

/// The golden runs of the losses in scores and slopes, over own and shared negatives.
pub(crate) fn losses() -> Vec<Golden> {
    let texts = [
        include_str!("../golden/loss_bpr_dot_n4.json"),
        include_str!("../golden/loss_bpr_dot_bias_n4.json"),
        include_str!("../golden/loss_contrastive_n5.json"),
        include_str!("../golden/loss_contrastive_shared.json"),
        include_str!("../golden/loss_hinge_sum_n4.json"),
        include_str!("../golden/loss_hinge_sum_ball_n4.json"),
        include_str!("../golden/loss_softmax_n5.json"),
        include_str!("../golden/loss_softmax_shared.json"),
        include_str!("../golden/loss_softmax_shared_all.json"),
        include_str!("../golden/loss_softmax_shared_bias.json"),
        include_str!("../golden/loss_softmax_shared_history.json"),
        include_str!("../golden/loss_softmax_shared_bias_history.json"),
        include_str!("../golden/loss_softmax_dot_shared.json"),
    ];
    texts.into_iter().map(files::loss).collect()
}

/// All golden runs.
pub(crate) fn all() -> Vec<Golden> {
    triplets().into_iter().chain(losses()).collect()
}

impl Golden {
    /// The sizes of the run's steps, in shards of `rows_per_shard` table rows.
    pub(crate) fn shape(&self, rows_per_shard: usize, grain: Grain) -> StepShape {
        let plan = PlanShape {
            batch_size: self.batch,
            negative_count: self.negatives,
            candidate_count: self.candidates,
            item_count: self.items,
            user_count: self.users,
            rows_per_shard,
            excluded_capacity: self.own_items.len(),
            history: (self.history_weight > 0.0).then_some(HistoryShape {
                weight: self.history_weight,
                cap: self.items,
                has_user_rows: true,
                entry_capacity: self.own_items.len(),
            }),
        };
        StepShape {
            plan,
            dim: self.dim,
            geometry: self.geometry,
            loss: self.loss,
            gor_weight: self.gor_weight,
            covariance_weight: self.covariance_weight,
            item_bias_rate: if self.item_bias.is_empty() { 0.0 } else { 1.0 },
            optimizer: self.rates().optimizer,
            shards_per_dispatch: 1,
            block_bytes: BLOCK_BYTES,
            nets: [None; 2],
            grain,
        }
    }

    /// The run with a weight of GOR so small that it moves nothing, if it has none: then the spread scores are made,
    /// and their moments can be compared. Only for pairs that have negatives of their own.
    pub(crate) fn with_spread_scores(mut self) -> Golden {
        self.gor_weight = self.gor_weight.max(1e-12);
        self
    }

    /// Rows of the table: items, then users.
    pub(crate) fn row_count(&self) -> usize {
        self.items + self.users
    }

    fn rates(&self) -> Rates {
        let OptimizerConfig { kind, lr, betas, eps } = self.optimizer;
        let optimizer = match kind {
            OptimizerKind::Adam => Optimizer::Adam { betas, epsilon: eps },
            OptimizerKind::Adagrad => Optimizer::Adagrad { epsilon: eps },
            OptimizerKind::Sgd => Optimizer::Sgd,
        };
        let last_step = self.steps.len() as u64;
        Rates { optimizer, schedule: Schedule::Constant { learning_rate: lr }, last_step }
    }

    /// What stays the same over the run, with steps of `shape`.
    pub(crate) fn constants(&self, shape: StepShape) -> StepConstants {
        StepConstants::new(shape, self.rates(), 0.0).unwrap()
    }

    /// The stored points before the first step, (rows, D).
    pub(crate) fn starting_points(&self) -> Vec<f32> {
        self.table.iter().flatten().map(|&x| x as f32).collect()
    }

    /// The item bias of table row `row` before the first step; 0 if it has none.
    pub(crate) fn starting_bias(&self, row: usize) -> f32 {
        self.item_bias.get(row).map_or(0.0, |&bias| bias as f32)
    }

    fn planner(&self, shape: &StepShape) -> Planner {
        let train = Arc::new(Interactions::from_pairs(self.users, self.items, &self.own_items));
        // The candidates of the golden runs were drawn with probabilities ~ sqrt(count + 1).
        let counts: Vec<u32> = train.item_frequencies().iter().map(|count| count + 1).collect();
        let items = Arc::new(ItemSampler::new(&counts, 0.5));
        for (item, expected) in (0..).zip(&self.draw_probability) {
            assert!((items.probability(item) - expected).abs() < 1e-12, "{}: item {item}", self.name);
        }
        let order = Arc::new(EpochOrder::new(train, 0));
        let planner = Planner::new(order, items, shape.plan, self.rates(), 0);
        planner.correcting(self.loss.correction())
    }

    /// Runs all steps on `runner` and panics at the first number that is not the golden one.
    pub(crate) fn check(&self, shape: &StepShape, looks: Looks, runner: &mut impl Runner) {
        assert!(!self.steps.is_empty());
        let mut planner = self.planner(shape);
        let mut known = Knowledge::new(self);
        for (index, golden) in self.steps.iter().enumerate() {
            let place = format!("{}, step {}", self.name, index + 1);
            let (number, pairs) = (index as u64 + 1, golden.pairs().collect::<Vec<_>>());
            let plan = match self.candidates {
                0 => planner.plan_given(number, &pairs, &golden.negatives),
                _ => planner.plan_given_candidates(number, &pairs, &golden.negatives),
            };
            let step = runner.step(&plan);
            self.check_scores(&place, golden, &plan, &step);
            self.check_losses(&place, golden, &plan, &step);
            self.check_gradients(&place, index, &plan, &step);
            known.add(golden);
            if looks == Looks::EveryStep || index + 1 == self.steps.len() {
                self.check_tables(&place, golden, runner.tables(), &known);
            }
        }
    }
}

impl GoldenStep {
    /// The (user, item) of each pair.
    fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.users_in_batch.iter().copied().zip(self.positives.iter().copied())
    }
}
