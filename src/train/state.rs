//! Where a run stands between two steps, and what it takes to go on from there to the same bits.

use super::engine::Timing;
use super::event::EpochSums;
use crate::evaluate::Metrics;
use crate::gpu::{Gpu, TablePart, Tables};
use crate::model::Embeddings;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Everything about a run that is not in the tables and does not follow from the config and the data.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Steps done.
    pub step: u64,
    /// Whole epochs done.
    pub epochs_done: usize,
    /// Epochs that the run should have: the config's, unless it was made longer.
    pub epochs: usize,
    /// Sums over the steps of the epoch in progress.
    pub sums: EpochSums,
    /// Seconds of the epoch in progress.
    pub epoch_seconds: f64,
    /// The last epoch after which the validation part was ranked; 0: none yet.
    pub evaluated: usize,
    /// Evaluations since the best one.
    pub evaluations_since_best: usize,
    /// The epoch of the best embeddings, and what they scored on the validation part.
    pub best: Option<(usize, Metrics)>,
    /// How the time was spent.
    pub timing: Timing,
}

impl State {
    /// Checks that a run of epochs of `epoch_steps` steps can stand here.
    pub(super) fn check(&self, epoch_steps: u64) -> Result<()> {
        let steps = (self.epochs_done as u64).checked_mul(epoch_steps);
        let fits = steps.and_then(|steps| steps.checked_add(self.sums.step_count)) == Some(self.step);
        if fits && self.sums.step_count < epoch_steps && self.evaluated <= self.epochs_done {
            return Ok(());
        }
        Err(Error::Data(format!(
            "the checkpoint does not fit its data: {} steps after {} epochs of {epoch_steps} steps",
            self.step, self.epochs_done
        )))
    }
}

/// A run that stands still for a moment: what a checkpoint holds.
pub struct Snapshot<'a> {
    /// Where the run stands.
    pub state: &'a State,
    /// The best embeddings so far, if the validation part was ranked.
    pub best: Option<&'a Embeddings>,
    pub(super) gpu: &'a Gpu,
    pub(super) tables: &'a Tables,
}

impl std::fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("state", self.state).finish_non_exhaustive()
    }
}

impl Snapshot<'_> {
    /// The parts that the tables have.
    pub fn parts(&self) -> &[TablePart] {
        self.tables.parts()
    }

    /// Reads one part of the tables back: (R, width) words, not caught up.
    ///
    /// # Errors
    /// [`Error::Gpu`] if reading back fails.
    pub fn part(&self, part: TablePart) -> Result<Vec<u32>> {
        self.tables.part(self.gpu, part)
    }

    /// R, rows of the tables.
    pub fn row_count(&self) -> usize {
        self.tables.row_count()
    }
}

/// Keeps checkpoints of a run.
pub trait Keep {
    /// Whether to keep the run as it stands after `epochs_done` epochs, of which it has `epochs` at most.
    fn is_due(&mut self, epochs_done: usize, epochs: usize) -> bool;

    /// Keeps it. Also called when the run is interrupted, which may be within an epoch.
    ///
    /// # Errors
    /// Whatever prevents it. After an epoch that is only a warning.
    fn keep(&mut self, snapshot: &Snapshot) -> Result<()>;
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeepNothing;

impl Keep for KeepNothing {
    fn is_due(&mut self, _epochs_done: usize, _epochs: usize) -> bool {
        false
    }

    fn keep(&mut self, _snapshot: &Snapshot) -> Result<()> {
        Ok(())
    }
}

/// What a run goes on from.
pub struct Restart<'a> {
    /// Where it stood.
    pub state: State,
    /// The best embeddings so far, if there were any.
    pub best: Option<Embeddings>,
    /// Gives each part of the tables, as [`Snapshot::part`] did.
    pub read: &'a dyn Fn(TablePart) -> Result<Vec<u32>>,
    /// Takes no further step: the best so far is the result.
    pub finish: bool,
}

impl std::fmt::Debug for Restart<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Restart").field("state", &self.state).finish_non_exhaustive()
    }
}
