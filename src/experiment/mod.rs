//! Experiments: cells of settings, each trained and measured in every fold. Each result is written to a file
//! at once, so that a stopped experiment can go on.

mod grid;
mod identity;
mod result_table;
mod results;
mod statistics;
mod trial;

pub use grid::{Grid, choose};
pub use identity::checksum;
pub use result_table::ResultTable;
pub use results::{RESULTS, Results, TrialResult};
pub use statistics::{MEASURES, Mark, Measure, Spread, Summary, marks, summarise};
pub use trial::{Measured, measure};

use crate::data::{Interactions, Protocol, Split, split};
use crate::train::{self, TrainConfig};
use crate::{Error, Result};
use serde_json::{Map, Value};

/// One set of settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Its values in the columns of the experiment.
    pub labels: Vec<String>,
    /// The settings of a run; its protocol is for the first fold.
    pub config: TrainConfig,
}

/// Cells, and the folds in which each cell is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// The flags in which the cells differ, without dashes.
    pub columns: Vec<String>,
    /// The cells to compare.
    pub cells: Vec<Cell>,
    /// Number of folds, at least 2.
    pub fold_count: usize,
    /// The share of the interactions outside a fold that is used for early stopping.
    pub valid_fraction: f64,
    /// Seed of the folds.
    pub split_seed: u64,
    /// What results depend on beside the cells, by name. Results of different settings are never mixed.
    pub settings: Map<String, Value>,
}

/// What happens in an experiment, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// A run begins.
    Started {
        /// The number of the run, from 1.
        number: usize,
        /// Runs in the experiment.
        count: usize,
        /// The name of its cell.
        cell: &'a str,
        /// Its fold, from 0.
        fold: usize,
    },
    /// An event of the training in progress.
    Training(&'a train::Event),
    /// A run is done and its result is on disk.
    Finished {
        /// Runs done.
        done: usize,
        /// Runs in the experiment.
        count: usize,
        /// The result.
        trial: &'a TrialResult,
        /// Estimated seconds for the remaining runs, from the times of the runs done.
        seconds_left: f64,
    },
}

/// Trains and measures one cell in one fold; returns `None` if it was interrupted.
pub type Trial<'a> =
    dyn FnMut(&Split, &TrainConfig, &mut dyn FnMut(&train::Event)) -> Result<Option<Measured>> + 'a;

impl Experiment {
    /// The name of the cell, made of its columns and values: "sampler=uniform negatives=1".
    pub fn name(&self, cell: &Cell) -> String {
        let named: Vec<String> =
            self.columns.iter().zip(&cell.labels).map(|(name, value)| format!("{name}={value}")).collect();
        named.join(" ")
    }

    /// The number of runs: cells times folds.
    pub fn run_count(&self) -> usize {
        self.cells.len() * self.fold_count
    }

    /// How the interactions are split for `fold`.
    pub fn protocol(&self, fold: usize) -> Protocol {
        Protocol::Folds { count: self.fold_count, fold, valid_fraction: self.valid_fraction }
    }

    /// Does the runs on `data` that `results` lacks. All cells of a fold come before the next fold, so that
    /// incomplete results can be compared. Returns false if a trial was interrupted.
    ///
    /// # Errors
    /// Those of the split, of a trial and of the results file. Earlier results are kept.
    pub fn run(
        &self,
        data: &Interactions,
        results: &mut Results,
        trial: &mut Trial,
        observe: &mut dyn FnMut(&Event),
    ) -> Result<bool> {
        let names: Vec<String> = self.cells.iter().map(|cell| self.name(cell)).collect();
        let count = self.run_count();
        for fold in 0..self.fold_count {
            if names.iter().all(|name| results.has(name, fold)) {
                continue;
            }
            let parts = split(data, &self.protocol(fold), self.split_seed)?;
            if parts.test.is_empty() {
                let message =
                    format!("must be fewer, but is {}: no user has an item in fold {fold}", self.fold_count);
                return Err(Error::setting("--folds", message));
            }
            for (cell, name) in self.cells.iter().zip(&names) {
                if results.has(name, fold) {
                    continue;
                }
                observe(&Event::Started { number: results.trials().len() + 1, count, cell: name, fold });
                let config = TrainConfig { protocol: self.protocol(fold), ..cell.config.clone() };
                let measured = trial(&parts, &config, &mut |event| observe(&Event::Training(event)))?;
                let Some(measured) = measured else { return Ok(false) };
                let result = TrialResult { cell: name.clone(), fold, measured };
                results.add(result.clone())?;
                let seconds_left = self.seconds_left(&names, results);
                let done = results.trials().len();
                observe(&Event::Finished { done, count, trial: &result, seconds_left });
            }
        }
        Ok(true)
    }

    /// Estimates the seconds for the runs that `results` lacks: the mean of the same cell, or else of all
    /// runs.
    fn seconds_left(&self, names: &[String], results: &Results) -> f64 {
        let mean = |seconds: &[f64]| seconds.iter().sum::<f64>() / seconds.len() as f64;
        let all: Vec<f64> = results.trials().iter().map(|trial| trial.measured.seconds).collect();
        let left = names.iter().map(|name| {
            let own: Vec<f64> = results.of(name).map(|trial| trial.measured.seconds).collect();
            let folds_left = (self.fold_count - own.len().min(self.fold_count)) as f64;
            folds_left * mean(if own.is_empty() { &all } else { &own })
        });
        left.sum()
    }
}
