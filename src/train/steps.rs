//! The steps of a run as the device sees them: planned ahead on other threads, submitted in groups sized
//! by measurement, collected a group late. Training and the benchmark take their steps here.

use super::config::{FeatureNetwork, TrainConfig};
use super::pace::Pace;
use crate::data::{Features, Interactions, Side, Split};
use crate::gpu::{Gpu, Stepper, Tables};
use crate::sampling::{PlanQueue, Planner};
use crate::step::layout::StepSums;
use crate::step::{
    BLOCK_BYTES, FeatureRole, HistoryShape, NetShape, Of, Plan, PlanShape, Rates, StepConstants, StepShape,
};
use crate::{Error, Result};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Plans each planner thread keeps ready.
pub(super) const PLANS_AHEAD: usize = 64;

/// Threads that plan.
pub(super) fn planning_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, |count| count.get());
    (cores / 4).clamp(1, 4)
}

/// Features by whose they are.
pub type SideFeatures = (Side, Arc<Features>);

/// What a run learns from.
#[derive(Debug, Clone, Copy)]
pub struct TrainingData<'a> {
    /// The interactions.
    pub split: &'a Split,
    /// The features of items and users, at most once of each; a config without a network for them uses none.
    pub features: &'a [SideFeatures],
}

impl<'a> From<&'a Split> for TrainingData<'a> {
    /// Interactions alone.
    fn from(split: &'a Split) -> TrainingData<'a> {
        TrainingData { split, features: &[] }
    }
}

/// The sizes of the steps that `config` takes on `train`, with the networks for `features`.
pub(crate) fn step_shape(
    gpu: &Gpu,
    train: &Interactions,
    features: &[SideFeatures],
    config: &TrainConfig,
) -> StepShape {
    let (item_count, user_count) = (train.item_count(), train.user_count());
    let candidate_count = config.negatives.candidate_count();
    let plan = PlanShape {
        batch_size: config.batch_size,
        negative_count: config.negatives.count(),
        candidate_count,
        item_count,
        user_count,
        rows_per_shard: 1,
        excluded_capacity: most_items(train, config.batch_size, candidate_count),
        history: config.history.map(|history| HistoryShape {
            weight: history.weight,
            cap: history.cap,
            has_user_rows: history.user_points,
            entry_capacity: most_items(train, config.batch_size, history.cap),
        }),
    };
    let rows_per_shard = Tables::rows_per_shard(gpu, plan.table_rows(), config.dim, None);
    let plan = PlanShape { rows_per_shard, ..plan };
    StepShape {
        plan,
        dim: config.dim,
        geometry: config.geometry,
        loss: config.loss,
        gor_weight: config.regularisers.gor_weight,
        covariance_weight: config.regularisers.covariance_weight,
        item_bias_rate: config.item_bias.map_or(0.0, |bias| bias.rate),
        optimizer: config.optimizer,
        shards_per_dispatch: Tables::shards_per_dispatch(gpu, plan.shard_count()),
        block_bytes: BLOCK_BYTES,
        nets: Side::ALL.map(|side| {
            let (_, rows) = features.iter().find(|(it, _)| *it == side)?;
            Some(net_shape(gpu, (side, rows), config.features?, &plan, config.dim))
        }),
        grain: gpu.grain(),
    }
}

/// The sizes of a network for `features` of a side, in steps of `plan`. Half as many rows of a step are projected as it has
/// pairs, so that the cost does not grow with the number of negatives; but all of them if f is a part of the points.
fn net_shape(
    gpu: &Gpu,
    (side, features): (Side, &Features),
    network: FeatureNetwork,
    plan: &PlanShape,
    dim: usize,
) -> NetShape {
    let FeatureNetwork { hidden, dropout, role } = network;
    let most = if role == FeatureRole::Added { plan.rows_of(side) } else { plan.batch_size.div_ceil(2) };
    let (feature_count, projected) = (features.feature_count(), most.min(features.row_count()));
    let width = if hidden == 0 { dim } else { hidden };
    let rows_per_shard = Tables::rows_per_shard(gpu, feature_count + 1, width, None);
    let shard_count = (feature_count + 1).div_ceil(rows_per_shard);
    NetShape {
        feature_count,
        hidden,
        dropout,
        role,
        projected,
        entry_capacity: features.most_entries(projected),
        rows_per_shard,
        shards_per_dispatch: Tables::shards_per_dispatch(gpu, shard_count),
    }
}

/// The most items that the users of one batch can have, of each at most `cap`.
fn most_items(train: &Interactions, batch_size: usize, cap: usize) -> usize {
    let mut counts: Vec<usize> =
        (0..train.user_count() as u32).map(|user| train.items_of(user).len().min(cap)).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    counts.iter().take(batch_size).sum()
}

/// Steps in order, from the first.
#[derive(Debug)]
pub(crate) struct Steps {
    stepper: Stepper,
    queue: PlanQueue,
    pace: Pace,
    ready: Vec<Plan>,
    in_flight: usize,
}

impl Steps {
    /// Takes the device's memory and starts planning the steps after `steps.start`, up to `steps.end`, at `rates`. `fill` writes what a row
    /// of a table starts with and returns its item bias.
    pub(crate) fn new(
        gpu: &Arc<Gpu>,
        shape: StepShape,
        config: &TrainConfig,
        planner: &Planner,
        rates: Rates,
        steps: Range<u64>,
        mut fill: impl FnMut(Of, usize, &mut [f32]) -> f32,
    ) -> Result<Steps> {
        let constants = StepConstants::new(shape, rates, config.negatives.hardness())?;
        let mut tables = Vec::new();
        for of in shape.tables() {
            tables.push((of, Tables::new(gpu, &shape.part(of), |row, numbers| fill(of, row, numbers))?));
        }
        let stepper = Stepper::on_tables(Arc::clone(gpu), tables, &constants)?;
        let queue = PlanQueue::start(planner, steps.start + 1, steps.end, planning_threads(), PLANS_AHEAD)?;
        Ok(Steps { pace: Pace::new(stepper.max_steps()), stepper, queue, ready: Vec::new(), in_flight: 0 })
    }

    /// Waits for the plans of the next submission, of `most` steps at most. Best done while the device is busy.
    pub(crate) fn plan(&mut self, most: u64) -> Result<()> {
        let count = most.min(self.pace.step_count() as u64) as usize;
        while self.ready.len() < count {
            let plan = self.queue.take();
            self.ready.push(plan.ok_or_else(|| Error::Gpu("the planning thread ended early".to_owned()))?);
        }
        Ok(())
    }

    /// Submits what was planned; returns the pairs of each step. If [`Steps::is_full`], collect first.
    pub(crate) fn submit(&mut self) -> Result<Vec<u64>> {
        let mut plans = std::mem::take(&mut self.ready);
        self.stepper.submit(&mut plans)?;
        self.pace.submitted();
        self.in_flight += 1;
        let pair_counts = plans.iter().map(|plan| u64::from(plan.header.pair_count)).collect();
        plans.clear();
        self.ready = plans;
        Ok(pair_counts)
    }

    /// Whether a further submission would wait for an earlier one.
    pub(crate) fn is_full(&self) -> bool {
        self.stepper.is_full()
    }

    /// Waits for the oldest submission and returns the sums of its steps; `None` if none is in flight.
    pub(crate) fn collect(&mut self) -> Result<Option<Vec<StepSums>>> {
        let Some(sums) = self.stepper.collect()? else { return Ok(None) };
        self.in_flight -= 1;
        self.pace.collected(sums.len(), self.in_flight > 0);
        Ok(Some(sums))
    }

    /// Tells that the device is left idle on purpose: that time does not count as empty.
    pub(crate) fn pause(&mut self) {
        self.pace.pause();
    }

    /// Time in which nothing was in flight.
    pub(crate) fn empty_time(&self) -> Duration {
        self.pace.empty
    }

    /// Time that planning took on other threads.
    pub(crate) fn planning_time(&self) -> Duration {
        self.queue.planning_time()
    }

    pub(crate) fn stepper(&mut self) -> &mut Stepper {
        &mut self.stepper
    }
}
