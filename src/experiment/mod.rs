//! Experiments: cells of settings, each trained and measured in every fold. Each result is written to a file
//! at once, so that a stopped experiment can go on.

mod grid;
mod identity;
mod result_table;
mod results;
mod statistics;
mod trial;

pub use grid::{Grid, shuffled};
pub use identity::checksum;
pub use result_table::ResultTable;
pub use results::{RESULTS, Results, TrialResult};
pub use statistics::{MEASURES, Mark, Measure, Spread, Summary, marks, summarise};
pub use trial::{Measured, ON_CPU, measure};

use crate::data::{Interactions, Protocol, Split, split};
use crate::train::{self, RunConfig};
use crate::{Error, Result};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// One set of settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Its values in the columns of the experiment.
    pub labels: Vec<String>,
    /// The settings of a run; its protocol is for the first fold.
    pub config: RunConfig,
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
    dyn FnMut(&Split, &RunConfig, &mut dyn FnMut(&train::Event)) -> Result<Option<Measured>> + 'a;

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

    /// Checks that every fold of `data` has something to test, and every cell something to train on: what the runs would
    /// find out later, one by one.
    ///
    /// # Errors
    /// Those of the split; [`Error::Setting`] for too many folds; [`Error::Data`] that names the cell and the fold.
    pub fn check(&self, data: &Interactions) -> Result<()> {
        let most = (0..data.user_count() as u32).map(|user| data.items_of(user).len()).max().unwrap_or(0);
        if most < 2 {
            return Err(Error::Data("no user has two interactions, so none can be held out".to_owned()));
        }
        if self.fold_count > most {
            let message =
                format!("must be at most {most}, the most items of a user, but is {}", self.fold_count);
            return Err(Error::setting("--folds", message));
        }
        for fold in 0..self.fold_count {
            let parts = split(data, &self.protocol(fold), self.split_seed)?;
            let mut checked = BTreeSet::new();
            for cell in &self.cells {
                // The rest of a config does not matter here.
                let negatives = match &cell.config {
                    RunConfig::Step(config) => format!("{:?}", config.negatives),
                    _ => String::new(),
                };
                if checked.insert(negatives) {
                    (cell.config.check_data(&parts.train))
                        .map_err(|error| Error::Data(format!("{}, fold {fold}: {error}", self.name(cell))))?;
                }
            }
        }
        Ok(())
    }

    /// Does the runs on `data` that `results` lacks. All cells of a fold come before the next fold, so that
    /// incomplete results can be compared. Returns false if a trial was interrupted.
    ///
    /// A cell that cannot be trained ([`Error::Setting`], [`Error::Data`]) has failed, and the others go on. Such a
    /// failure is in `results` but not in their file, since another device may do better.
    ///
    /// # Errors
    /// Those of the split, of the results file, and all others of a trial. Earlier results are kept.
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
            for (cell, name) in self.cells.iter().zip(&names) {
                if results.has(name, fold) {
                    continue;
                }
                observe(&Event::Started { number: results.trials().len() + 1, count, cell: name, fold });
                let config = cell.config.clone().with_protocol(self.protocol(fold));
                let result = |measured| TrialResult { cell: name.clone(), fold, measured };
                let result = match trial(&parts, &config, &mut |event| observe(&Event::Training(event))) {
                    Ok(None) => return Ok(false),
                    Ok(Some(measured)) => {
                        let result = result(measured.or_failed());
                        results.add(result.clone())?;
                        result
                    }
                    Err(error @ (Error::Setting { .. } | Error::Data(_))) => {
                        let result = result(Measured::failed(error.to_string()));
                        results.keep(result.clone());
                        result
                    }
                    Err(error) => return Err(error),
                };
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
