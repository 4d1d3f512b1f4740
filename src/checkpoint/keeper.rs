//! Decides when a checkpoint is due, and keeps it.

use super::{Run, TrainingFolder};
use crate::Result;
use crate::train::{Keep, Snapshot};
use std::time::{Duration, Instant};

/// How often checkpoints are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As often as costs under 2 % of the time.
    Cheap,
    /// Every so many epochs.
    Epochs(usize),
}

/// The share of the time that checkpoints may cost by themselves.
const SHARE: f64 = 0.02;
/// Bytes a second that a disk is guessed to write before it was measured.
const GUESSED_RATE: f64 = 100e6;

/// Keeps checkpoints of a run in its folder.
#[derive(Debug)]
pub struct Keeper<'a> {
    folder: &'a TrainingFolder,
    run: &'a Run,
    pace: Pace,
    keeps_last: bool,
    has_run: bool,
    start: Instant,
    /// Seconds that a checkpoint is thought to take.
    cost: f64,
    spent: Duration,
}

impl<'a> Keeper<'a> {
    /// For `run`. `keeps_last`: one after the last epoch, too, so that the
    /// run can be made longer. `has_run`: the folder holds the run already.
    pub fn new(
        folder: &'a TrainingFolder,
        run: &'a Run,
        pace: Pace,
        keeps_last: bool,
        has_run: bool,
    ) -> Keeper<'a> {
        let (cost, spent) = (run.checkpoint_bytes() as f64 / GUESSED_RATE, Duration::ZERO);
        Keeper { folder, run, pace, keeps_last, has_run, start: Instant::now(), cost, spent }
    }

    fn save(&mut self, snapshot: &Snapshot) -> Result<()> {
        if !self.has_run {
            self.folder.write_run(self.run)?;
            self.has_run = true;
        }
        self.folder.save(snapshot)
    }
}

impl Keep for Keeper<'_> {
    fn is_due(&mut self, epochs_done: usize, epochs: usize) -> bool {
        if epochs_done == epochs {
            return self.keeps_last;
        }
        match self.pace {
            Pace::Epochs(every) => epochs_done.is_multiple_of(every),
            Pace::Cheap => self.spent.as_secs_f64() + self.cost <= SHARE * self.start.elapsed().as_secs_f64(),
        }
    }

    fn keep(&mut self, snapshot: &Snapshot) -> Result<()> {
        let start = Instant::now();
        let saved = self.save(snapshot);
        let elapsed = start.elapsed();
        self.spent += elapsed;
        self.cost = elapsed.as_secs_f64();
        saved
    }
}
