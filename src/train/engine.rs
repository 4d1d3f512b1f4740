//! The engine: steps planned ahead, submitted in groups, collected a group late.

use super::config::TrainConfig;
use super::course::{Course, Trainer};
use super::diverged::{advice, bad_embeddings, diverged};
use super::event::{EpochSums, Event, Stop};
use super::memory::{HELD, host_memory};
use super::state::{Keep, KeepNothing, Restart, TableParts};
use super::steps::{SideFeatures, Steps, TrainingData, step_shape};
use crate::data::{Features, Interactions, Side, Split};
use crate::evaluate::Metrics;
use crate::gpu::{Gpu, TableKey, Tables, check_memory};
use crate::model::{Embeddings, Network, to_their_items};
use crate::random::{Purpose, Stream};
use crate::sampling::{EpochOrder, ItemSampler, Negatives, Planner};
use crate::step::layout::StepSums;
use crate::step::{FeatureRole, Geometry, Layer, NetShape, Of};
use crate::{Error, Result};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What training leaves.
#[derive(Debug)]
pub struct Trained {
    /// The best embeddings on the validation part, or the last if there is no such part.
    pub embeddings: Embeddings,
    /// How much of the item bias should count, 0 to 1: what the validation part chose; without such a part
    /// [`POPULARITY`](super::defaults::POPULARITY). 1 if there is no bias.
    pub popularity: f64,
    /// The epoch that they are from.
    pub epoch: usize,
    /// Whole epochs done.
    pub epochs_done: usize,
    /// What they scored on the validation part, at that popularity.
    pub valid: Option<Metrics>,
    /// Why training ended.
    pub stop: Stop,
    /// What failed after an evaluation, if anything did: the best so far is here all the same.
    pub failure: Option<Error>,
    /// How the time was spent.
    pub timing: Timing,
}

/// How a run's time was spent.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Steps done.
    pub step_count: u64,
    /// Seconds in steps, from first to last, without evaluation.
    pub step_seconds: f64,
    /// Seconds of these in which the device had nothing to do, at least.
    pub empty_seconds: f64,
    /// CPU seconds in planning, on other threads.
    pub planning_seconds: f64,
    /// Seconds in keeping checkpoints.
    pub checkpoint_seconds: f64,
}

/// Trains on `split.train` and evaluates on `split.valid`, unless that is empty. `observe` hears every [`Event`].
/// Once `interrupt` is set, the steps in flight are finished and training ends.
///
/// # Errors
/// [`Error::Setting`] and [`Error::Data`] if the request cannot be met; those of the device if it fails;
/// [`Error::Diverged`].
pub fn train(
    gpu: Arc<Gpu>,
    split: &Split,
    config: &TrainConfig,
    interrupt: &AtomicBool,
    observe: &mut dyn FnMut(&Event),
) -> Result<Trained> {
    train_from(gpu, split.into(), config, None, &mut KeepNothing, interrupt, observe)
}

/// As [`train`], but goes on from `restart`, if there is one, and lets `keeper` keep checkpoints. A run that goes on
/// ends at the bits of one that was never interrupted, on the same adapter. An interrupted run is kept as it stands.
///
/// # Errors
/// As [`train`]; [`Error::Data`] if `restart` is not of a run of this config on this data.
pub fn train_from(
    gpu: Arc<Gpu>,
    data: TrainingData,
    config: &TrainConfig,
    restart: Option<Restart>,
    keeper: &mut dyn Keep,
    interrupt: &AtomicBool,
    observe: &mut dyn FnMut(&Event),
) -> Result<Trained> {
    config.check()?;
    crate::threads::start()?;
    check_sides(data.features, config)?;
    let mut config = config.clone();
    let split = data.split;
    let train = trainable(&split.train, config.negatives.count(), observe)?;
    let items = ItemSampler::new(&split.train.item_frequencies(), config.negatives.beta());
    fit_candidates(&mut config, &items, observe)?;
    if config.batch_size > train.len() {
        let message =
            format!("--batch-size {} is lowered to {}: all training pairs", config.batch_size, train.len());
        observe(&Event::Warning(message));
        config.batch_size = train.len();
    }
    let step_count = restart.as_ref().map_or(0, |restart| restart.state.step);
    let mut run = Run::new(gpu, data, &config, train, Arc::new(items), step_count, observe)?;
    let mut course = Course::new(split, config.stopping, run.epoch_steps);
    let mut finish = false;
    if let Some(restart) = restart {
        let step = u32::try_from(restart.state.step).map_err(|error| Error::Data(error.to_string()))?;
        course.restore(restart.state, restart.best)?;
        run.steps.stepper().restore(step, restart.read)?;
        run.steps_done = u64::from(step);
        finish = restart.finish;
    }
    course.run(&mut run, finish, keeper, interrupt, observe)
}

/// Checks that `train` has enough items for the negatives of `config`: what a training would refuse.
///
/// # Errors
/// [`Error::Data`] and [`Error::Setting`], as [`train()`].
pub fn check_data(train: &Arc<Interactions>, config: &TrainConfig) -> Result<()> {
    let quiet: &mut dyn FnMut(&Event) = &mut |_| {};
    trainable(train, config.negatives.count(), quiet)?;
    let items = ItemSampler::new(&train.item_frequencies(), config.negatives.beta());
    fit_candidates(&mut config.clone(), &items, quiet)
}

/// Why there are no features of users without points of their own.
pub const NO_USER_POINTS: &str =
    "must not be given with --user-features: these place a user's own point; leave one of the two out";

/// Checks that features are of those who have points of their own.
fn check_sides(features: &[SideFeatures], config: &TrainConfig) -> Result<()> {
    let has_user_points = config.history.is_none_or(|history| history.user_points);
    if has_user_points || features.iter().all(|(side, _)| *side != Side::Users) {
        return Ok(());
    }
    Err(Error::setting("--no-user-points", NO_USER_POINTS))
}

/// Checks that there is something to train on.
pub(crate) fn check_not_empty(train: &Interactions) -> Result<()> {
    match train.is_empty() {
        true => {
            let message = "there is nothing to train on: no interactions in the training part";
            Err(Error::Data(message.to_owned()))
        }
        false => Ok(()),
    }
}

/// The training pairs of users who have at least N items left to use as negatives; one, if negatives are shared.
fn trainable(
    train: &Arc<Interactions>,
    negative_count: usize,
    observe: &mut dyn FnMut(&Event),
) -> Result<Arc<Interactions>> {
    check_not_empty(train)?;
    let item_count = train.item_count();
    if item_count < 2 {
        return Err(Error::Data(format!("a metric needs at least 2 items, but the data has {item_count}")));
    }
    let least = negative_count.max(1);
    let can = |user: u32| item_count - train.items_of(user).len() >= least;
    let left_out = (0..train.user_count() as u32).filter(|&user| !can(user)).count();
    if left_out == 0 {
        return Ok(Arc::clone(train));
    }
    let pairs: Vec<_> = train.pairs().filter(|&(user, _)| can(user)).collect();
    if pairs.is_empty() {
        return Err(Error::Data(match least {
            1 => format!("every user has all {item_count} items, so none is left to use as a negative"),
            _ => format!(
                "no user has {least} of the {item_count} items left to use as negatives; lower --negatives"
            ),
        }));
    }
    let who = if left_out == 1 { "1 user is".to_owned() } else { format!("{left_out} users are") };
    let why = match least {
        1 => format!("all {item_count} items are theirs, so none is left to use as a negative"),
        _ => {
            format!("fewer than {least} (--negatives) of the {item_count} items are left to use as negatives")
        }
    };
    observe(&Event::Warning(format!("{who} left out of training: {why}")));
    Ok(Arc::new(Interactions::from_pairs(train.user_count(), item_count, &pairs)))
}

/// Lowers C to the items that can be drawn.
fn fit_candidates(
    config: &mut TrainConfig,
    items: &ItemSampler,
    observe: &mut dyn FnMut(&Event),
) -> Result<()> {
    let drawable = items.drawable_count();
    if let Negatives::TwoStage { candidates, .. } | Negatives::Shared { candidates, .. } =
        &mut config.negatives
        && *candidates > drawable
    {
        observe(&Event::Warning(format!(
            "--candidates {candidates} is lowered to {drawable}: no other items can be drawn"
        )));
        *candidates = drawable;
        config.negatives.check()?;
    }
    if let Negatives::TwoStage { candidates, beta, .. } = config.negatives
        && candidates == drawable
        && beta > 0.0
    {
        observe(&Event::Warning(format!(
            "all {drawable} items are candidates, so --beta changes nothing: give fewer --candidates"
        )));
    }
    Ok(())
}

/// What a step that is in flight belongs to.
struct Pending {
    epoch: usize,
    pair_counts: Vec<u64>,
}

struct Run<'a> {
    gpu: Arc<Gpu>,
    split: &'a Split,
    features: &'a [SideFeatures],
    config: &'a TrainConfig,
    steps: Steps,
    epoch_steps: u64,
    pending: VecDeque<Pending>,
    steps_done: u64,
    is_paused: bool,
    last_report: Instant,
    pairs_since_report: u64,
}

impl<'a> Run<'a> {
    fn new(
        gpu: Arc<Gpu>,
        data: TrainingData<'a>,
        config: &'a TrainConfig,
        train: Arc<Interactions>,
        items: Arc<ItemSampler>,
        steps_done: u64,
        observe: &mut dyn FnMut(&Event),
    ) -> Result<Run<'a>> {
        let TrainingData { split, features } = data;
        let shape = step_shape(&gpu, &train, features, config);
        let pair_count = train.len();
        let host_memory = host_memory(&shape, split, &train, config);
        let order = Arc::new(EpochOrder::new(train, config.seed));
        let epoch_steps = order.step_count(config.batch_size);
        let last_step = epoch_steps * config.stopping.epochs as u64;
        if last_step >= u64::from(u32::MAX) {
            return Err(Error::setting("--epochs", format!("would need {last_step} steps, more than 2^32")));
        }
        let (memory, epochs) = (shape.memory(), config.stopping.epochs);
        let host_bytes = host_memory.iter().filter(|(name, _)| *name != HELD).map(|(_, bytes)| bytes).sum();
        observe(&Event::Started { pair_count, epoch_steps, epochs, memory, host_memory });
        check_memory(&gpu, &shape, host_bytes)?;
        let rates = config.rates(last_step);
        let planner = Planner::new(order, items, shape.plan, rates, config.seed);
        let planner = planner.correcting(config.loss.correction());
        let planner = shape.nets().fold(planner, |planner, (side, net)| {
            let rows = features.iter().find(|(it, _)| *it == side);
            rows.map_or(planner.clone(), |(_, rows)| planner.projecting(side, Arc::clone(rows), net))
        });
        let frequencies = split.train.item_frequencies();
        let fill = |of: Of, row: usize, numbers: &mut [f32]| match of {
            Of::Points | Of::Net(_) => {
                starting_row(config.seed, row, config.start_norm, numbers);
                config.geometry.settle(numbers);
                frequencies.get(row).map_or(0.0, |&count| config.starting_bias(count))
            }
            Of::Layer(side, layer) => {
                let rows = features.iter().find(|(it, _)| *it == side).map(|(_, rows)| rows.as_ref());
                let length = if config.geometry == Geometry::Sphere { 1.0 } else { config.start_norm };
                let hidden = config.features.map_or(1, |network| network.hidden);
                starting_weights(config.seed, (side, layer), hidden, length, rows, row, numbers);
                0.0
            }
        };
        let steps = Steps::new(&gpu, shape, config, &planner, rates, steps_done..last_step, fill)?;
        Ok(Run {
            gpu,
            split,
            features,
            config,
            steps,
            epoch_steps,
            pending: VecDeque::new(),
            steps_done: 0,
            is_paused: false,
            last_report: Instant::now(),
            pairs_since_report: 0,
        })
    }

    /// Takes the oldest submission's sums.
    fn collect(&mut self, sums: &mut EpochSums, observe: &mut dyn FnMut(&Event)) -> Result<()> {
        let (Some(pending), Some(steps)) = (self.pending.pop_front(), self.steps.collect()?) else {
            return Ok(());
        };
        let inverse_dim = 1.0 / self.config.dim as f64;
        for (step, &pair_count) in steps.iter().zip(&pending.pair_counts) {
            self.add(sums, step, pair_count, inverse_dim)?;
        }
        let elapsed = self.last_report.elapsed();
        if elapsed > Duration::from_millis(100) {
            let pairs_per_second = self.pairs_since_report as f64 / elapsed.as_secs_f64();
            observe(&Event::Progress { epoch: pending.epoch, sums: *sums, pairs_per_second });
            self.last_report = Instant::now();
            self.pairs_since_report = 0;
        }
        Ok(())
    }

    fn add(
        &mut self,
        sums: &mut EpochSums,
        step: &StepSums,
        pair_count: u64,
        inverse_dim: f64,
    ) -> Result<()> {
        let (moment_1, moment_2) = (f64::from(step.moment_1), f64::from(step.moment_2));
        self.steps_done += 1;
        if !step.is_sound() {
            return Err(diverged(self.config, step, self.steps_done, self.last_step()));
        }
        sums.step_count += 1;
        sums.pair_count += pair_count;
        sums.total_loss += f64::from(step.loss);
        sums.active_count += f64::from(step.active_count);
        sums.feature_loss += f64::from(step.feature_loss);
        sums.gor += moment_1 * moment_1 + (moment_2 - inverse_dim).max(0.0);
        sums.covariance += f64::from(step.covariance);
        self.pairs_since_report += pair_count;
        Ok(())
    }

    fn caught_up_embeddings(&mut self) -> Result<Embeddings> {
        let item_count = self.split.train.item_count();
        let row_count = self.steps.stepper().tables().row_count();
        let items = self.points(0..item_count)?;
        let users = self.points(item_count..row_count)?;
        let item_bias = match self.config.item_bias {
            Some(_) => self.steps.stepper().tables().item_biases(&self.gpu, item_count)?,
            None => Vec::new(),
        };
        let networks = self.networks()?;
        let (dim, geometry) = (self.config.dim, self.config.geometry);
        let mut embeddings = Embeddings { dim, geometry, users, items, item_bias, networks };
        self.place_by_features(&mut embeddings);
        self.add_histories(&mut embeddings);
        let of_networks = embeddings.networks.iter().flat_map(|it| [&it.input, &it.output]);
        if ![&embeddings.items, &embeddings.users, &embeddings.item_bias]
            .into_iter()
            .chain(of_networks)
            .all(|numbers| numbers.iter().all(|x| x.is_finite()))
        {
            return Err(bad_embeddings(self.config, self.steps_done, self.last_step()));
        }
        Ok(embeddings)
    }

    /// Places items and users that have features, but nothing to train on, by their features: such as those of a test file
    /// alone. Such items get the usual bias: as negatives of everyone theirs only fell. If what features project to is a part
    /// of the points, the others get it added.
    fn place_by_features(&self, embeddings: &mut Embeddings) {
        let is_added = self.config.features.is_some_and(|network| network.role == FeatureRole::Added);
        let train = &self.split.train;
        let usual_bias = embeddings.usual_bias(&train.item_frequencies());
        let Embeddings { dim, geometry, .. } = *embeddings;
        for network in std::mem::take(&mut embeddings.networks) {
            let features = self.features.iter().find(|(side, _)| *side == network.side);
            if let Some((side, features)) = features {
                let (points, is_untrained): (_, Vec<bool>) = match side {
                    Side::Items => {
                        let counts = train.item_frequencies();
                        (&mut embeddings.items, counts.iter().map(|&count| count == 0).collect())
                    }
                    Side::Users => {
                        let users = 0..train.user_count() as u32;
                        (&mut embeddings.users, users.map(|user| train.items_of(user).is_empty()).collect())
                    }
                };
                let is_placed = |row: usize| features.has(row as u32) && (is_added || is_untrained[row]);
                points.par_chunks_mut(dim).enumerate().filter(|(row, _)| is_placed(*row)).for_each(
                    |(row, point)| {
                        let projected = network.project(features.row(row as u32).iter(), geometry);
                        let own = if is_untrained[row] { 0.0 } else { 1.0 };
                        point.iter_mut().zip(projected).for_each(|(x, f)| *x = own * *x + f);
                    },
                );
                if let (Side::Items, Some(bias)) = (side, usual_bias) {
                    for (row, own) in embeddings.item_bias.iter_mut().enumerate() {
                        if is_untrained[row] && features.has(row as u32) {
                            *own = bias;
                        }
                    }
                }
            }
            embeddings.networks.push(network);
        }
    }

    /// The networks as they are now, caught up.
    fn networks(&mut self) -> Result<Vec<Network>> {
        let stepper = self.steps.stepper();
        let shape = *stepper.shape();
        let read = |of: Of| -> Result<Vec<f32>> {
            let (_, tables) = stepper
                .all_tables()
                .iter()
                .find(|(it, _)| *it == of)
                .ok_or_else(|| Error::Gpu(format!("there is no table of {}", of.name())))?;
            tables.rows(&self.gpu, 0..tables.row_count())
        };
        let network = |(side, net): (Side, NetShape)| {
            let (hidden, dim) = (net.hidden, shape.dim);
            let input = read(Of::Layer(side, Layer::Input))?;
            let output = if net.is_linear() { Vec::new() } else { read(Of::Layer(side, Layer::Output))? };
            Ok(Network { side, hidden, dim, input, output })
        };
        shape.nets().map(network).collect()
    }

    /// Steps of the whole run.
    fn last_step(&self) -> u64 {
        self.epoch_steps * self.config.stopping.epochs as u64
    }

    /// Adds to the users' own points, as far as they have any, what they did, if that counts.
    fn add_histories(&self, embeddings: &mut Embeddings) {
        let config = self.config;
        let Some(history) = config.history else { return };
        let train = &self.split.train;
        let Embeddings { users, items, dim, .. } = embeddings;
        users.resize(train.user_count() * *dim, 0.0);
        users.par_chunks_mut(*dim).enumerate().for_each(|(user, point)| {
            let its = train.items_of(user as u32);
            if its.is_empty() && !history.user_points {
                // Nothing is known of them: anywhere, as where users have rows.
                starting_row(config.seed, train.item_count() + user, config.start_norm, point);
                config.geometry.to_point(point);
            }
            if !its.is_empty() {
                to_their_items(point, its, items, history.weight, config.geometry);
            }
        });
    }

    fn points(&mut self, rows: Range<usize>) -> Result<Vec<f32>> {
        let mut rows = self.steps.stepper().tables().rows(&self.gpu, rows)?;
        rows.chunks_mut(self.config.dim).for_each(|row| self.config.geometry.to_point(row));
        Ok(rows)
    }
}

impl Trainer for Run<'_> {
    fn epoch(
        &mut self,
        epoch: usize,
        sums: &mut EpochSums,
        interrupt: &AtomicBool,
        observe: &mut dyn FnMut(&Event),
    ) -> Result<()> {
        if std::mem::take(&mut self.is_paused) {
            (self.last_report, self.pairs_since_report) = (Instant::now(), 0);
        }
        let mut left = self.epoch_steps - sums.step_count;
        while left > 0 && !interrupt.load(Ordering::Relaxed) {
            self.steps.plan(left)?;
            if self.steps.is_full() {
                self.collect(sums, observe)?;
            }
            let pair_counts = self.steps.submit()?;
            left -= pair_counts.len() as u64;
            self.pending.push_back(Pending { epoch, pair_counts });
        }
        while !self.pending.is_empty() {
            self.collect(sums, observe)?;
        }
        Ok(())
    }

    fn embeddings(&mut self) -> Result<Embeddings> {
        self.steps.stepper().catch_up()?;
        self.caught_up_embeddings()
    }

    /// Memory that only steps need is given back first.
    fn last_embeddings(&mut self) -> Result<Embeddings> {
        self.steps.stepper().catch_up()?;
        self.steps.stepper().all_tables().iter().for_each(|(_, tables)| tables.free_moments());
        self.caught_up_embeddings()
    }

    fn pause(&mut self) {
        self.steps.pause();
        self.is_paused = true;
    }

    fn tables(&mut self) -> Box<dyn TableParts + '_> {
        Box::new(DeviceTables { gpu: &self.gpu, all: self.steps.stepper().all_tables() })
    }

    fn add_timing(&self, timing: &mut Timing) {
        timing.empty_seconds += self.steps.empty_time().as_secs_f64();
        timing.planning_seconds += self.steps.planning_time().as_secs_f64();
    }

    fn advice(&self) -> String {
        advice(self.config, "try more --epochs, or another --learning-rate")
    }
}

/// The tables in the device's memory.
struct DeviceTables<'a> {
    gpu: &'a Gpu,
    all: &'a [(Of, Tables)],
}

impl DeviceTables<'_> {
    fn of(&self, of: Of) -> Option<&Tables> {
        self.all.iter().find(|(it, _)| *it == of).map(|(_, tables)| tables)
    }
}

impl TableParts for DeviceTables<'_> {
    fn parts(&self) -> Vec<TableKey> {
        let all = self.all.iter();
        all.flat_map(|(of, tables)| tables.parts().iter().map(move |&part| (*of, part))).collect()
    }

    fn part(&self, (of, part): TableKey) -> Result<Vec<u32>> {
        match self.of(of) {
            Some(tables) => tables.part(self.gpu, part),
            None => Err(Error::Gpu(format!("there is no table of {}", of.name()))),
        }
    }

    fn row_count(&self, of: Of) -> usize {
        self.of(of).map_or(0, Tables::row_count)
    }
}

/// What a row of a network's layer starts with. Hidden numbers start with a variance of about 2 before ReLU, and so with a
/// mean square of 1 after it (He et al., ICCV 2015); f starts about as long as `length`, linear or not.
pub(crate) fn starting_weights(
    seed: u64,
    (side, layer): (Side, Layer),
    hidden: usize,
    length: f64,
    features: Option<&Features>,
    row: usize,
    weights: &mut [f32],
) {
    let (bias_row, deviation) = match layer {
        Layer::Input => {
            let squares = features.map_or(1.0, Features::mean_squares).max(1e-12);
            let deviation = if hidden == 0 {
                length / (squares * weights.len() as f64).sqrt()
            } else {
                (2.0 / squares).sqrt()
            };
            (features.map_or(0, Features::feature_count), deviation)
        }
        Layer::Output => (hidden, length / (hidden as f64 * weights.len() as f64).sqrt()),
    };
    if row == bias_row {
        return weights.fill(0.0);
    }
    let table = 2 * side.index() as u64 + u64::from(layer == Layer::Output);
    let mut stream = Stream::new(seed, Purpose::Weights, (row as u64) << 2 | table);
    for weight in weights {
        let normal: f64 = StandardNormal.sample(&mut stream);
        *weight = (normal * deviation) as f32;
    }
}

/// What a row starts with: normal numbers of variance norm^2 / D, so that its norm is near `norm` and Adam's steps mean
/// the same at every dimension. On the sphere only directions count, but a short row turns faster.
pub(crate) fn starting_row(seed: u64, row: usize, norm: f64, point: &mut [f32]) {
    let mut stream = Stream::new(seed, Purpose::Init, row as u64);
    let scale = norm as f32 / (point.len() as f32).sqrt();
    for x in point {
        let normal: f32 = StandardNormal.sample(&mut stream);
        *x = normal * scale;
    }
}
