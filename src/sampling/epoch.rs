//! The order in which an epoch visits the training pairs.

use crate::data::Interactions;
use crate::random::{Purpose, Stream};
use std::sync::{Arc, Mutex};

/// The training pairs and their seeded permutation, a fresh one each epoch, shared by all planners.
#[derive(Debug)]
pub struct EpochOrder {
    train: Arc<Interactions>,
    users: Vec<u32>,
    seed: u64,
    /// The last orders made: (epoch, order).
    kept: Mutex<Vec<(u64, Arc<Vec<u32>>)>>,
}

impl EpochOrder {
    /// The orders of `train` under `seed`.
    pub fn new(train: Arc<Interactions>, seed: u64) -> EpochOrder {
        let users = train.pairs().map(|(user, _)| user).collect();
        EpochOrder { train, users, seed, kept: Mutex::new(Vec::new()) }
    }

    /// The training pairs by row.
    pub fn train(&self) -> &Arc<Interactions> {
        &self.train
    }

    /// Steps of an epoch: the last, partial batch counts.
    pub fn step_count(&self, batch_size: usize) -> u64 {
        self.train.len().div_ceil(batch_size) as u64
    }

    /// The pairs of step `step` (from 1) into `pairs`.
    pub fn batch(&self, step: u64, batch_size: usize, pairs: &mut Vec<(u32, u32)>) {
        pairs.clear();
        let step_count = self.step_count(batch_size);
        if step_count == 0 {
            return;
        }
        let order = self.order((step - 1) / step_count);
        let first = ((step - 1) % step_count) as usize * batch_size;
        let last = (first + batch_size).min(order.len());
        pairs.extend(
            order[first..last]
                .iter()
                .map(|&pair| (self.users[pair as usize], self.train.items()[pair as usize])),
        );
    }

    /// The permutation of `epoch` (from 0).
    fn order(&self, epoch: u64) -> Arc<Vec<u32>> {
        let mut kept = match self.kept.lock() {
            Ok(kept) => kept,
            Err(poisoned) => poisoned.into_inner(),
        };
        if let Some((_, order)) = kept.iter().find(|(kept, _)| *kept == epoch) {
            return Arc::clone(order);
        }
        let mut stream = Stream::new(self.seed, Purpose::Permutation, epoch);
        let mut order: Vec<u32> = (0..self.train.len() as u32).collect();
        stream.shuffle(&mut order);
        let order = Arc::new(order);
        // Planners run at most one epoch's end ahead of one another.
        if kept.len() >= 2 {
            kept.remove(0);
        }
        kept.push((epoch, Arc::clone(&order)));
        order
    }
}
