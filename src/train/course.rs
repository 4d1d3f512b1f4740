//! The course of a run, whatever trains: epochs, validation, early stopping, checkpoints, and what it leaves.

use super::chance::{self, Losses};
use super::config::Stopping;
use super::dial;
use super::engine::{Timing, Trained};
use super::event::{EpochSums, Event, Stop};
use super::state::{Keep, Snapshot, State, TableParts};
use crate::data::Split;
use crate::evaluate::Metrics;
use crate::model::Embeddings;
use crate::{Error, Result};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// What trains, an epoch at a time. [`Course`] does the rest.
pub(crate) trait Trainer {
    /// Goes on with `epoch` until `sums` has all of its steps, or `interrupt` is set.
    fn epoch(
        &mut self,
        epoch: usize,
        sums: &mut EpochSums,
        interrupt: &AtomicBool,
        observe: &mut dyn FnMut(&Event),
    ) -> Result<()>;

    /// The points as they are now.
    fn embeddings(&mut self) -> Result<Embeddings>;

    /// As [`Trainer::embeddings`], after the last step.
    fn last_embeddings(&mut self) -> Result<Embeddings> {
        self.embeddings()
    }

    /// Tells that the next epoch comes after something else.
    fn pause(&mut self) {}

    /// All that the next epoch needs, for a checkpoint.
    fn tables(&mut self) -> Box<dyn TableParts + '_>;

    /// Adds to `timing` what only the trainer knows.
    fn add_timing(&self, _timing: &mut Timing) {}

    /// What to try after a training that learned nothing: settings that are far from usual, or what helps most.
    fn advice(&self) -> String;
}

/// Where a run stands.
pub(crate) struct Course<'a> {
    split: &'a Split,
    stopping: Stopping,
    epoch_steps: u64,
    sums: EpochSums,
    timing: Timing,
    epochs_done: usize,
    epoch_seconds: f64,
    evaluated: usize,
    evaluations_since_best: usize,
    best: Option<(usize, Metrics, Embeddings)>,
}

impl<'a> Course<'a> {
    /// Of a run that has not begun. Its epochs have `epoch_steps` steps.
    pub(crate) fn new(split: &'a Split, stopping: Stopping, epoch_steps: u64) -> Course<'a> {
        Course {
            split,
            stopping,
            epoch_steps,
            sums: EpochSums::default(),
            timing: Timing::default(),
            epochs_done: 0,
            epoch_seconds: 0.0,
            evaluated: 0,
            evaluations_since_best: 0,
            best: None,
        }
    }

    /// Goes back to where another run stood, which had `best`.
    pub(crate) fn restore(&mut self, state: State, best: Option<Embeddings>) -> Result<()> {
        state.check(self.epoch_steps)?;
        self.best = match (state.best, best) {
            (Some((epoch, metrics)), Some(embeddings)) => Some((epoch, metrics, embeddings)),
            (None, None) => None,
            _ => return Err(Error::Data("the checkpoint lacks its best embeddings".to_owned())),
        };
        (self.sums, self.timing, self.epochs_done) = (state.sums, state.timing, state.epochs_done);
        (self.epoch_seconds, self.evaluated) = (state.epoch_seconds, state.evaluated);
        self.evaluations_since_best = state.evaluations_since_best;
        Ok(())
    }

    /// Where the run stands.
    fn state(&self, trainer: &dyn Trainer) -> State {
        State {
            step: self.epochs_done as u64 * self.epoch_steps + self.sums.step_count,
            epochs_done: self.epochs_done,
            epochs: self.stopping.epochs,
            sums: self.sums,
            epoch_seconds: self.epoch_seconds,
            evaluated: self.evaluated,
            evaluations_since_best: self.evaluations_since_best,
            best: self.best.as_ref().map(|(epoch, metrics, _)| (*epoch, *metrics)),
            timing: self.timing_now(trainer),
        }
    }

    fn timing_now(&self, trainer: &dyn Trainer) -> Timing {
        let mut timing = self.timing;
        trainer.add_timing(&mut timing);
        timing
    }

    /// Trains to the end. With `finish` no further step is taken: the best so far is the result.
    ///
    /// # Errors
    /// Those of the trainer and of the evaluation. What ends the training after an evaluation is in [`Trained::failure`].
    pub(crate) fn run(
        mut self,
        trainer: &mut dyn Trainer,
        finish: bool,
        keeper: &mut dyn Keep,
        interrupt: &AtomicBool,
        observe: &mut dyn FnMut(&Event),
    ) -> Result<Trained> {
        if finish {
            return self.finish(trainer, Stop::Finished, None);
        }
        let mut losses = Losses::default();
        let ended = self.epochs(trainer, keeper, interrupt, &mut |event| {
            if let Event::Epoch { sums, .. } = event {
                losses.add(sums);
            }
            observe(event);
        });
        let split = self.split;
        let trained = match ended {
            Ok(Stop::Interrupted) => {
                let failure = self.keep(trainer, keeper).err();
                return self.finish(trainer, Stop::Interrupted, failure);
            }
            Ok(stop) => self.finish(trainer, stop, None)?,
            // What was best so far is in memory: it outlives the device.
            Err(error) if error.ended_training() && self.best.is_some() => {
                self.finish(trainer, Stop::Failed, Some(error))?
            }
            Err(error) => return Err(error),
        };
        if let Some(warning) = chance::warning(&trained, &losses, split, &trainer.advice()) {
            observe(&Event::Warning(warning));
        }
        Ok(trained)
    }

    /// Keeps the run as it stands between two steps.
    fn keep(&mut self, trainer: &mut dyn Trainer, keeper: &mut dyn Keep) -> Result<()> {
        trainer.pause();
        let start = Instant::now();
        let state = self.state(trainer);
        let best = self.best.as_ref().map(|(_, _, embeddings)| embeddings);
        let kept = keeper.keep(&Snapshot { state: &state, best, tables: &*trainer.tables() });
        self.timing.checkpoint_seconds += start.elapsed().as_secs_f64();
        kept
    }

    fn epochs(
        &mut self,
        trainer: &mut dyn Trainer,
        keeper: &mut dyn Keep,
        interrupt: &AtomicBool,
        observe: &mut dyn FnMut(&Event),
    ) -> Result<Stop> {
        let Stopping { epochs, patience, .. } = self.stopping;
        loop {
            if self.is_evaluation_due() {
                self.evaluate(trainer, observe)?;
            }
            if patience > 0 && self.evaluations_since_best >= patience {
                return Ok(Stop::Patience);
            }
            if self.epochs_done >= epochs {
                return Ok(Stop::Epochs);
            }
            let epoch = self.epochs_done + 1;
            let (start, steps_before) = (Instant::now(), self.sums.step_count);
            let ended = trainer.epoch(epoch, &mut self.sums, interrupt, observe);
            let seconds = start.elapsed().as_secs_f64();
            self.timing.step_count += self.sums.step_count - steps_before;
            self.timing.step_seconds += seconds;
            self.epoch_seconds += seconds;
            ended?;
            if self.sums.step_count < self.epoch_steps {
                return Ok(Stop::Interrupted);
            }
            self.epochs_done = epoch;
            let sums = std::mem::take(&mut self.sums);
            let seconds = std::mem::take(&mut self.epoch_seconds);
            observe(&Event::Epoch { epoch, sums, seconds });
            // Before the evaluation, which brings all rows up to date: how often is the run's own matter.
            if keeper.is_due(epoch, epochs) {
                let before = self.timing.checkpoint_seconds;
                match self.keep(trainer, keeper) {
                    Ok(()) => {
                        let seconds = self.timing.checkpoint_seconds - before;
                        observe(&Event::Kept { epoch, seconds });
                    }
                    // What the device reports ends the run; what the disk does, does not.
                    Err(error) if error.ended_training() => return Err(error),
                    Err(error) => {
                        observe(&Event::Warning(format!("no checkpoint: {error}; training goes on")))
                    }
                }
            }
        }
    }

    fn is_evaluation_due(&self) -> bool {
        let Stopping { epochs, evaluate_every, .. } = self.stopping;
        let done = self.epochs_done;
        let is_due = done.is_multiple_of(evaluate_every) || done == epochs;
        !self.split.valid.is_empty() && done > self.evaluated && is_due
    }

    /// Ranks the validation part. The best is the one of the highest NDCG.
    fn evaluate(&mut self, trainer: &mut dyn Trainer, observe: &mut dyn FnMut(&Event)) -> Result<()> {
        trainer.pause();
        let epoch = self.epochs_done;
        let start = Instant::now();
        let embeddings = trainer.embeddings()?;
        let metrics = dial::measure(&embeddings, self.split, self.stopping.k)?;
        let is_best = self.best.as_ref().is_none_or(|(_, best, _)| metrics.ndcg > best.ndcg);
        self.evaluated = epoch;
        self.evaluations_since_best = if is_best { 0 } else { self.evaluations_since_best + 1 };
        if is_best {
            self.best = Some((epoch, metrics, embeddings));
        }
        observe(&Event::Evaluated { epoch, metrics, is_best, seconds: start.elapsed().as_secs_f64() });
        Ok(())
    }

    fn finish(&mut self, trainer: &mut dyn Trainer, stop: Stop, failure: Option<Error>) -> Result<Trained> {
        let timing = self.timing_now(trainer);
        let (epoch, measured, embeddings) = match self.best.take() {
            Some((epoch, metrics, embeddings)) => (epoch, Some(metrics), embeddings),
            None => (self.epochs_done, None, trainer.last_embeddings()?),
        };
        let (popularity, valid) = match stop {
            // Whoever interrupts does not wait for more rankings.
            Stop::Interrupted => (dial::default_popularity(&embeddings), measured),
            _ => dial::choose(&embeddings, measured, self.split, self.stopping.k)?,
        };
        let epochs_done = self.epochs_done;
        Ok(Trained { embeddings, popularity, epoch, epochs_done, valid, stop, failure, timing })
    }
}
