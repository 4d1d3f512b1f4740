//! The sweeps of a run of WRMF.

use super::config::{WrmfConfig, defaults};
use super::sweep::{Halt, gramian, solve, working_bytes};
use crate::data::{Interactions, Split};
use crate::evaluate::working_bytes as ranking_bytes;
use crate::gpu::TablePart;
use crate::model::Embeddings;
use crate::printable::bytes;
use crate::step::Geometry;
use crate::train::{
    Course, EpochSums, Event, Keep, Restart, TableParts, Trained, Trainer, check_not_empty, starting_row,
};
use crate::{Error, Result, memory, threads};
use faer::Mat;
use rayon::prelude::*;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Steps of a sweep: the items, then the users, who so end with what is best for them.
const SWEEP_STEPS: u64 = 2;

/// Trains WRMF on `split.train` and evaluates on `split.valid`, unless that is empty; goes on from `restart`, if there is
/// one, and lets `keeper` keep checkpoints. `observe` hears every [`Event`]; an epoch's loss is the whole loss divided by
/// the pairs. Once `interrupt` is set, training ends within some rows. The same config and data give the same bits for any
/// number of threads, and for a run that went on.
///
/// # Errors
/// [`Error::Setting`] and [`Error::Data`] if the request cannot be met, or if `restart` is not of a run of this config on
/// this data; [`Error::Diverged`].
pub fn train_from(
    split: &Split,
    config: &WrmfConfig,
    restart: Option<Restart>,
    keeper: &mut dyn Keep,
    interrupt: &AtomicBool,
    observe: &mut dyn FnMut(&Event),
) -> Result<Trained> {
    config.check()?;
    threads::start()?;
    check_not_empty(&split.train)?;
    let host_memory = host_memory(split, config);
    let needed = host_memory.iter().filter(|(name, _)| *name != HELD).map(|(_, bytes)| bytes).sum();
    observe(&Event::Started {
        pair_count: split.train.len(),
        epoch_steps: SWEEP_STEPS,
        epochs: config.stopping.epochs,
        memory: Vec::new(),
        host_memory,
    });
    check_memory(split, config, needed)?;
    let mut trainer = Als::new(&split.train, config);
    let mut course = Course::new(split, config.stopping, SWEEP_STEPS);
    let mut finish = false;
    if let Some(restart) = restart {
        trainer.restore(&(restart.read)(TablePart::Rows)?, restart.state.step)?;
        course.restore(restart.state, restart.best)?;
        finish = restart.finish;
    }
    course.run(&mut trainer, finish, keeper, interrupt, observe)
}

/// The part of [`host_memory`] that is taken before a training begins.
const HELD: &str = "interactions";

/// Bytes of memory at the peak, by purpose.
fn host_memory(split: &Split, config: &WrmfConfig) -> Vec<(&'static str, u64)> {
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
    vec![
        (HELD, held),
        // By item, too; and the pairs while that is made.
        ("pairs", train.len() as u64 * 16 + items * 8),
        ("embeddings", copies * table),
        ("sweep", working_bytes(users.max(items), config.dim)),
        ("ranking", ranking),
    ]
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
    /// The users' Gramian, if it is known.
    user_gramian: Option<Mat<f64>>,
    steps_done: u64,
}

impl<'a> Als<'a> {
    /// Users at random, but zeros for those without items. The first half sweep makes the items.
    fn new(train: &'a Interactions, config: &'a WrmfConfig) -> Als<'a> {
        let (dim, item_count) = (config.dim, train.item_count());
        let swapped: Vec<(u32, u32)> = train.pairs().map(|(user, item)| (item, user)).collect();
        let by_item = Interactions::from_pairs(item_count, train.user_count(), &swapped);
        let mut users = vec![0.0; train.user_count() * dim];
        for (user, row) in users.chunks_mut(dim).enumerate() {
            if !train.items_of(user as u32).is_empty() {
                starting_row(config.seed, item_count + user, defaults::START_NORM, row);
            }
        }
        let items = vec![0.0; item_count * dim];
        Als { config, by_user: train, by_item, users, items, user_gramian: None, steps_done: 0 }
    }

    /// Goes back to the tables of a checkpoint after `step` half sweeps.
    fn restore(&mut self, words: &[u32], step: u64) -> Result<()> {
        let (items, users) = (self.items.len(), self.users.len());
        if words.len() != items + users {
            let message = format!("the checkpoint does not fit its data: {} numbers", words.len());
            return Err(Error::Data(message));
        }
        self.items.iter_mut().zip(words).for_each(|(x, &word)| *x = f32::from_bits(word));
        self.users.iter_mut().zip(&words[items..]).for_each(|(x, &word)| *x = f32::from_bits(word));
        self.steps_done = step;
        Ok(())
    }

    /// The whole loss, with the Gramians of both tables.
    fn loss(&self, users: &Mat<f64>, items: &Mat<f64>) -> f64 {
        let (dim, config) = (self.config.dim, self.config);
        let square = |row: &[f32]| row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
        let lengths = |table: &[f32], pairs: &Interactions| {
            let weight = |row: usize| config.row_weight(pairs.items_of(row as u32).len(), pairs.item_count());
            table.chunks(dim).enumerate().map(|(row, point)| weight(row) * square(point)).sum::<f64>()
        };
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
        errors.iter().sum::<f64>()
            + config.unobserved_weight * all
            + lengths(&self.users, self.by_user)
            + lengths(&self.items, &self.by_item)
    }

    fn diverged(&self) -> Error {
        Error::Diverged {
            what: "a row cannot be solved in 32-bit numbers",
            step: self.steps_done + 1,
            learning_rate: None,
            advice: "try a larger --regularisation, or another --unobserved-weight".to_owned(),
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
        let (config, dim, start) = (self.config, self.config.dim, Instant::now());
        if sums.step_count == 0 {
            let users = self.user_gramian.take().unwrap_or_else(|| gramian(&self.users, dim));
            match solve(&mut self.items, &self.users, &users, &self.by_item, config, interrupt) {
                Ok(()) => (sums.step_count, self.steps_done) = (1, self.steps_done + 1),
                Err(Halt::Interrupted) => return Ok(()),
                Err(Halt::NotFinite) => return Err(self.diverged()),
            }
        }
        let items = gramian(&self.items, dim);
        match solve(&mut self.users, &self.items, &items, self.by_user, config, interrupt) {
            Ok(()) => {}
            Err(Halt::Interrupted) => return Ok(()),
            Err(Halt::NotFinite) => return Err(self.diverged()),
        }
        self.steps_done += 1;
        let users = gramian(&self.users, dim);
        let pair_count = self.by_user.len() as u64;
        *sums = EpochSums {
            step_count: SWEEP_STEPS,
            pair_count,
            total_loss: self.loss(&users, &items),
            gor: 0.0,
            active_count: pair_count as f64,
        };
        self.user_gramian = Some(users);
        let pairs_per_second = pair_count as f64 / start.elapsed().as_secs_f64().max(1e-9);
        observe(&Event::Progress { epoch, sums: *sums, pairs_per_second });
        Ok(())
    }

    fn embeddings(&mut self) -> Result<Embeddings> {
        Ok(Embeddings {
            dim: self.config.dim,
            geometry: Geometry::Dot,
            users: self.users.clone(),
            items: self.items.clone(),
            item_bias: Vec::new(),
        })
    }

    fn tables(&mut self) -> Box<dyn TableParts + '_> {
        Box::new(&*self)
    }

    fn advice(&self) -> String {
        "try other values of --regularisation and --unobserved-weight".to_owned()
    }
}

impl TableParts for &Als<'_> {
    fn parts(&self) -> &'static [TablePart] {
        &[TablePart::Rows]
    }

    /// Items, then users.
    fn part(&self, _part: TablePart) -> Result<Vec<u32>> {
        Ok(self.items.iter().chain(&self.users).map(|x| x.to_bits()).collect())
    }

    fn row_count(&self) -> usize {
        (self.items.len() + self.users.len()) / self.config.dim
    }
}
