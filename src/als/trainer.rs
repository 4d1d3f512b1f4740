//! The sweeps of a run of WRMF, and of CDL.

use super::config::{WrmfConfig, defaults};
use super::prior::{Batch, NetworkTrainer};
use super::sweep::{Halt, Wanted, gramian, solve, working_bytes};
use crate::data::{Features, Interactions, Side, Split};
use crate::evaluate::working_bytes as ranking_bytes;
use crate::gpu::{TableKey, TablePart};
use crate::model::Embeddings;
use crate::printable::bytes;
use crate::random::{Purpose, Stream};
use crate::step::{Geometry, Layer, Of};
use crate::train::{
    Course, EpochSums, Event, FeatureNetwork, Keep, Restart, TableParts, Trained, Trainer, TrainingData,
    check_not_empty, starting_row,
};
use crate::{Error, Result, memory, threads};
use faer::Mat;
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// The first steps of a sweep: the items, then the users, who so end with what is best for them. The steps of f follow.
const HALVES: u64 = 2;

/// Trains WRMF, or CDL, on the training part of `data` and evaluates on its validation part, unless that is empty; goes on from `restart`, if there is
/// one, and lets `keeper` keep checkpoints. `observe` hears every [`Event`]; an epoch's loss is the whole loss divided by
/// the pairs. Once `interrupt` is set, training ends within some rows. The same config and data give the same bits for any
/// number of threads, and for a run that went on. CDL takes the features of the items.
///
/// # Errors
/// [`Error::Setting`] and [`Error::Data`] if the request cannot be met, or if `restart` is not of a run of this config on
/// this data; [`Error::Diverged`].
pub fn train_from<'a>(
    data: impl Into<TrainingData<'a>>,
    config: &WrmfConfig,
    restart: Option<Restart>,
    keeper: &mut dyn Keep,
    interrupt: &AtomicBool,
    observe: &mut dyn FnMut(&Event),
) -> Result<Trained> {
    config.check()?;
    threads::start()?;
    let TrainingData { split, features } = data.into();
    check_not_empty(&split.train)?;
    let features = features.iter().find(|(side, _)| *side == Side::Items).map(|(_, rows)| rows.as_ref());
    let prior = match (config.features, features) {
        (None, _) => None,
        (Some(network), Some(features)) => {
            let counts = split.train.item_frequencies();
            let rows = (0u32..).zip(counts).filter(|&(item, count)| count > 0 && features.has(item));
            let rows: Vec<u32> = rows.map(|(item, _)| item).collect();
            if rows.is_empty() {
                return Err(Error::Data("no item that is trained on has features".to_owned()));
            }
            Some(Given { network, features, rows })
        }
        (Some(_), None) => {
            return Err(Error::setting("--item-features", "is needed: the items' prior is made of features"));
        }
    };
    let host_memory = host_memory(split, config, prior.as_ref());
    let needed = host_memory.iter().filter(|(name, _)| *name != HELD).map(|(_, bytes)| bytes).sum();
    let epoch_steps = HALVES + prior.as_ref().map_or(0, Given::sweep_steps);
    observe(&Event::Started {
        pair_count: split.train.len(),
        epoch_steps,
        epochs: config.stopping.epochs,
        memory: Vec::new(),
        host_memory,
    });
    check_memory(split, config, needed)?;
    let mut trainer = Als::new(&split.train, config, prior, epoch_steps);
    let mut course = Course::new(split, config.stopping, epoch_steps);
    let mut finish = false;
    if let Some(restart) = restart {
        trainer.restore(restart.read, restart.state.step)?;
        course.restore(restart.state, restart.best)?;
        finish = restart.finish;
    }
    course.run(&mut trainer, finish, keeper, interrupt, observe)
}

/// The part of [`host_memory`] that is taken before a training begins.
const HELD: &str = "interactions";

/// Bytes of memory at the peak, by purpose.
fn host_memory(split: &Split, config: &WrmfConfig, prior: Option<&Given<'_>>) -> Vec<(&'static str, u64)> {
    let train = &split.train;
    let (users, items) = (train.user_count() as u64, train.item_count() as u64);
    let held = [train.as_ref(), &split.valid, &split.test].map(Interactions::byte_count).iter().sum();
    let table = (users + items) * config.dim as u64 * 4;
    let (copies, ranking) = match split.valid.is_empty() {
        // A checkpoint is a copy, in words and in bytes.
        true => (3, 0),
        // The best embeddings stay, too.
        false => (4, ranking_bytes(users, items, config.dim, config.stopping.k, 1)),
    };
    // Its layers with Adam's moments, and where it projects the items.
    let network = prior.map_or(0, |Given { network, features, .. }| {
        let (features, hidden) = (features.feature_count() as u64, network.hidden as u64);
        let dim = config.dim as u64;
        4 * ((copies + 2) * ((features + 1) * hidden + (hidden + 1) * dim) + items * dim)
    });
    vec![
        (HELD, held),
        ("network", network),
        // By item, too; and the pairs while that is made.
        ("pairs", train.len() as u64 * 16 + items * 8),
        ("embeddings", copies * table),
        ("sweep", working_bytes(users.max(items), config.dim)),
        ("ranking", ranking),
    ]
    .into_iter()
    .filter(|&(name, bytes)| name != "network" || bytes > 0)
    .collect()
}

fn check_memory(split: &Split, config: &WrmfConfig, needed: u64) -> Result<()> {
    match memory::free_bytes() {
        Some(free) if needed > free => Err(Error::Data(format!(
            "{} users and {} items at --dim {} need {} of memory, but this machine has {} free",
            split.train.user_count(),
            split.train.item_count(),
            config.dim,
            bytes(needed),
            bytes(free)
        ))),
        _ => Ok(()),
    }
}

struct Als<'a> {
    config: &'a WrmfConfig,
    by_user: &'a Interactions,
    by_item: Interactions,
    /// (U, D).
    users: Vec<f32>,
    /// (I, D).
    items: Vec<f32>,
    /// What each row's squared length, or distance to its prior, is weighed by: (U) and (I).
    user_ridges: Vec<f64>,
    item_ridges: Vec<f64>,
    prior: Option<Prior<'a>>,
    /// The users' Gramian, if it is known.
    user_gramian: Option<Mat<f64>>,
    epoch_steps: u64,
    steps_done: u64,
}

/// What f learns from.
struct Given<'a> {
    network: FeatureNetwork,
    features: &'a Features,
    /// The items with features and interactions.
    rows: Vec<u32>,
}

impl Given<'_> {
    /// Steps of a pass over the items.
    fn pass_steps(&self) -> u64 {
        (self.rows.len() as u64).div_ceil(defaults::cdl::BATCH_SIZE as u64)
    }

    /// Steps of a sweep.
    fn sweep_steps(&self) -> u64 {
        defaults::cdl::PASSES * self.pass_steps()
    }
}

/// f in training.
struct Prior<'a> {
    /// Its rows are in the order of the pass `pass`.
    given: Given<'a>,
    pass: Option<u64>,
    trainer: NetworkTrainer,
    /// The items' ridges, with a mean of 1: Adam's epsilon so means the same for all of them, (I).
    weights: Vec<f64>,
    /// Where f projects the items, if that is known, (I, D).
    points: Option<Vec<f32>>,
    /// b / (1 + b), for the feature weight b: r |v|^2 + b r |v - f|^2 is least there between 0 and f, and weighs the distance
    /// to that place (1 + b) r.
    share: f64,
    seed: u64,
}

impl Prior<'_> {
    /// Step `number` of the whole run, from 0, toward `items`.
    fn step(&mut self, number: u64, items: &[f32]) {
        let Given { features, rows, .. } = &mut self.given;
        let size = defaults::cdl::BATCH_SIZE;
        let pass_steps = rows.len().div_ceil(size) as u64;
        let (pass, step) = (number / pass_steps, number % pass_steps);
        if self.pass != Some(pass) {
            rows.sort_unstable();
            Stream::new(self.seed, Purpose::Permutation, pass).shuffle(rows);
            self.pass = Some(pass);
        }
        let first = step as usize * size;
        let rows = &rows[first..rows.len().min(first + size)];
        self.points = None;
        let batch = Batch { features, rows, points: items, weights: &self.weights };
        self.trainer.step(number + 1, defaults::cdl::LEARNING_RATE, &batch);
    }

    /// Where f projects the items, (I, D).
    fn points(&mut self) -> &[f32] {
        self.points.get_or_insert_with(|| self.trainer.project_all(self.given.features))
    }
}

impl<'a> Als<'a> {
    /// Users at random, but zeros for those without items. The first half sweep makes the items.
    fn new(
        train: &'a Interactions,
        config: &'a WrmfConfig,
        prior: Option<Given<'a>>,
        epoch_steps: u64,
    ) -> Als<'a> {
        let (dim, item_count, user_count) = (config.dim, train.item_count(), train.user_count());
        let swapped: Vec<(u32, u32)> = train.pairs().map(|(user, item)| (item, user)).collect();
        let by_item = Interactions::from_pairs(item_count, user_count, &swapped);
        let mut users = vec![0.0; user_count * dim];
        for (user, row) in users.chunks_mut(dim).enumerate() {
            if !train.items_of(user as u32).is_empty() {
                starting_row(config.seed, item_count + user, defaults::START_NORM, row);
            }
        }
        let ridges = |pairs: &Interactions, rows: usize, others: usize| -> Vec<f64> {
            (0..rows as u32).map(|row| config.row_weight(pairs.items_of(row).len(), others)).collect()
        };
        let user_ridges = ridges(train, user_count, item_count);
        let mut item_ridges = ridges(&by_item, item_count, user_count);
        let prior = prior.map(|given| {
            let FeatureNetwork { hidden, dropout, .. } = given.network;
            let weight = given.network.near_weight();
            given.rows.iter().for_each(|&item| item_ridges[item as usize] *= 1.0 + weight);
            let sum: f64 = given.rows.iter().map(|&item| item_ridges[item as usize]).sum();
            Prior {
                trainer: NetworkTrainer::start(given.features, hidden, dim, dropout, config.seed),
                weights: item_ridges.iter().map(|ridge| ridge * given.rows.len() as f64 / sum).collect(),
                given,
                pass: None,
                points: None,
                share: weight / (1.0 + weight),
                seed: config.seed,
            }
        });
        let items = vec![0.0; item_count * dim];
        Als {
            config,
            by_user: train,
            by_item,
            users,
            items,
            user_ridges,
            item_ridges,
            prior,
            user_gramian: None,
            epoch_steps,
            steps_done: 0,
        }
    }

    /// Goes back to the tables of a checkpoint after `step` steps.
    fn restore(&mut self, read: &dyn Fn(TableKey) -> Result<Vec<u32>>, step: u64) -> Result<()> {
        let fill = |key: TableKey, tables: &mut [&mut [f32]]| -> Result<()> {
            let words = read(key)?;
            if words.len() != tables.iter().map(|table| table.len()).sum::<usize>() {
                let message = format!("the checkpoint does not fit its data: {} numbers", words.len());
                return Err(Error::Data(message));
            }
            let numbers = tables.iter_mut().flat_map(|table| table.iter_mut());
            numbers.zip(words).for_each(|(x, word)| *x = f32::from_bits(word));
            Ok(())
        };
        fill((Of::Points, TablePart::Rows), &mut [&mut self.items, &mut self.users])?;
        if let Some(Prior { trainer, .. }) = &mut self.prior {
            let [input, output] = &mut trainer.moments;
            let layers = [(&mut trainer.network.input, input), (&mut trainer.network.output, output)];
            for (layer, (rows, [mean, square])) in [Layer::Input, Layer::Output].into_iter().zip(layers) {
                for (part, table) in PARTS.into_iter().zip([rows, mean, square]) {
                    fill((Of::Layer(Side::Items, layer), part), &mut [table])?;
                }
            }
        }
        self.steps_done = step;
        Ok(())
    }

    /// The whole loss, and the part of it that f is in.
    fn loss(&mut self, users: &Mat<f64>, items: &Mat<f64>) -> (f64, f64) {
        let (dim, config) = (self.config.dim, self.config);
        let square = |row: &[f32]| row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
        let lengths = |table: &[f32], ridges: &[f64]| -> f64 {
            table.chunks(dim).zip(ridges).map(|(row, ridge)| ridge * square(row)).sum()
        };
        let mut lengths = lengths(&self.users, &self.user_ridges) + lengths(&self.items, &self.item_ridges);
        let mut drawn = 0.0;
        if let Some(prior) = &mut self.prior {
            prior.points();
            let points = prior.points.as_deref().unwrap_or_default();
            for &item in &prior.given.rows {
                let (at, ridge) = (item as usize * dim, prior.share * self.item_ridges[item as usize]);
                let row = &self.items[at..][..dim];
                let apart =
                    row.iter().zip(&points[at..]).map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2));
                drawn += ridge * apart.sum::<f64>();
                lengths -= ridge * square(row);
            }
        }
        let errors: Vec<f64> = self
            .users
            .par_chunks(dim)
            .enumerate()
            .map(|(user, point)| {
                let error = |&item: &u32| {
                    let other = &self.items[item as usize * dim..][..dim];
                    let score: f64 =
                        point.iter().zip(other).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
                    (score - 1.0).powi(2)
                };
                self.by_user.items_of(user as u32).iter().map(error).sum()
            })
            .collect();
        let all: f64 = (0..dim).flat_map(|k| (0..dim).map(move |l| users[(k, l)] * items[(k, l)])).sum();
        (errors.iter().sum::<f64>() + config.unobserved_weight * all + lengths + drawn, drawn)
    }

    /// What is told after the step `step_count` of a sweep.
    fn measured(&mut self, step_count: u64) -> EpochSums {
        let dim = self.config.dim;
        let users = self.user_gramian.take().unwrap_or_else(|| gramian(&self.users, dim));
        let items = gramian(&self.items, dim);
        let (total_loss, drawn) = self.loss(&users, &items);
        self.user_gramian = Some(users);
        let pair_count = self.by_user.len() as u64;
        EpochSums {
            step_count,
            pair_count,
            total_loss,
            // The mean of a step is what is told.
            feature_loss: drawn * step_count as f64,
            active_count: pair_count as f64,
            ..EpochSums::default()
        }
    }

    fn diverged(&self) -> Error {
        Error::Diverged {
            what: "a row cannot be solved in 32-bit numbers",
            step: self.steps_done + 1,
            learning_rate: None,
            advice: "try a larger --regularisation, or another --unobserved-weight".to_owned(),
        }
    }

    /// Solves the items, or else the users.
    fn solve(&mut self, is_items: bool, interrupt: &AtomicBool) -> std::result::Result<(), Halt> {
        let (dim, unobserved_weight) = (self.config.dim, self.config.unobserved_weight);
        if is_items {
            let users = self.user_gramian.take().unwrap_or_else(|| gramian(&self.users, dim));
            let share = self.prior.as_ref().map_or(0.0, |prior| prior.share);
            let priors = self.prior.as_mut().map_or(&[][..], Prior::points);
            let (pairs, ridges) = (&self.by_item, &self.item_ridges);
            let wanted = Wanted { pairs, ridges, priors, share, unobserved_weight };
            solve(&mut self.items, &self.users, &users, &wanted, interrupt)
        } else {
            let items = gramian(&self.items, dim);
            let (pairs, ridges) = (self.by_user, &self.user_ridges);
            let wanted = Wanted { pairs, ridges, priors: &[], share: 0.0, unobserved_weight };
            solve(&mut self.users, &self.items, &items, &wanted, interrupt)
        }
    }
}

impl Trainer for Als<'_> {
    /// A sweep.
    fn epoch(
        &mut self,
        epoch: usize,
        sums: &mut EpochSums,
        interrupt: &AtomicBool,
        observe: &mut dyn FnMut(&Event),
    ) -> Result<()> {
        let start = Instant::now();
        while sums.step_count < self.epoch_steps {
            if sums.step_count < HALVES {
                match self.solve(sums.step_count == 0, interrupt) {
                    Ok(()) => {}
                    Err(Halt::Interrupted) => return Ok(()),
                    Err(Halt::NotFinite) => return Err(self.diverged()),
                }
            } else if interrupt.load(Ordering::Relaxed) {
                return Ok(());
            } else if let Some(prior) = &mut self.prior {
                let number = (epoch as u64 - 1) * prior.given.sweep_steps() + sums.step_count - HALVES;
                prior.step(number, &self.items);
            }
            (sums.step_count, self.steps_done) = (sums.step_count + 1, self.steps_done + 1);
            if sums.step_count == HALVES || sums.step_count == self.epoch_steps {
                *sums = self.measured(sums.step_count);
            }
            if sums.step_count >= HALVES {
                let pairs_per_second = sums.pair_count as f64 / start.elapsed().as_secs_f64().max(1e-9);
                observe(&Event::Progress { epoch, sums: *sums, pairs_per_second });
            }
        }
        Ok(())
    }

    fn embeddings(&mut self) -> Result<Embeddings> {
        let (dim, mut items) = (self.config.dim, self.items.clone());
        let mut networks = Vec::new();
        if let Some(prior) = &mut self.prior {
            // Those without features are 0 there, too.
            for (item, (point, prior)) in items.chunks_mut(dim).zip(prior.points().chunks(dim)).enumerate() {
                if self.by_item.items_of(item as u32).is_empty() {
                    point.copy_from_slice(prior);
                }
            }
            networks.push(prior.trainer.network.clone());
        }
        let users = self.users.clone();
        Ok(Embeddings { dim, geometry: Geometry::Dot, users, items, networks, ..Embeddings::default() })
    }

    fn tables(&mut self) -> Box<dyn TableParts + '_> {
        Box::new(&*self)
    }

    fn advice(&self) -> String {
        "try other values of --regularisation and --unobserved-weight".to_owned()
    }
}

/// The parts of a layer: its numbers, and the moments of Adam.
const PARTS: [TablePart; 3] = [TablePart::Rows, TablePart::Drift, TablePart::Variance];

impl TableParts for &Als<'_> {
    fn parts(&self) -> Vec<TableKey> {
        let layers = [Layer::Input, Layer::Output].map(|layer| Of::Layer(Side::Items, layer));
        let of_layers = layers.into_iter().flat_map(|of| PARTS.map(|part| (of, part)));
        let points = std::iter::once((Of::Points, TablePart::Rows));
        points.chain(of_layers.filter(|_| self.prior.is_some())).collect()
    }

    /// Of the points: items, then users.
    fn part(&self, (of, part): TableKey) -> Result<Vec<u32>> {
        let tables: &[&[f32]] = match (of, &self.prior) {
            (Of::Layer(_, layer), Some(Prior { trainer, .. })) => {
                let network = &trainer.network;
                let (rows, [mean, square]) = match layer {
                    Layer::Input => (&network.input, &trainer.moments[0]),
                    Layer::Output => (&network.output, &trainer.moments[1]),
                };
                match part {
                    TablePart::Drift => &[mean],
                    TablePart::Variance => &[square],
                    TablePart::Rows | TablePart::States => &[rows],
                }
            }
            _ => &[&self.items, &self.users],
        };
        Ok(tables.iter().flat_map(|table| table.iter()).map(|x| x.to_bits()).collect())
    }

    fn row_count(&self, of: Of) -> usize {
        match (of, &self.prior) {
            (Of::Layer(_, layer), Some(Prior { trainer: NetworkTrainer { network, .. }, .. })) => match layer
            {
                Layer::Input => network.feature_count() + 1,
                Layer::Output => network.hidden + 1,
            },
            _ => (self.items.len() + self.users.len()) / self.config.dim,
        }
    }
}
