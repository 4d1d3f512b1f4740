//! Experiments: cells of settings, each trained and measured in every fold, or with every seed. Each result is written
//! to a file at once, so that a stopped experiment can go on.

mod grid;
mod identity;
mod model_table;
mod published;
mod repeats;
mod result_table;
mod results;
mod statistics;
mod trial;
mod wilcoxon;

pub use grid::{Grid, shuffled};
pub use identity::{checksum, feature_checksum};
pub use model_table::{ModelRow, ModelTable};
pub use published::Published;
pub use repeats::Repeats;
pub use result_table::ResultTable;
pub use results::{RESULTS, Results, TrialResult};
pub use statistics::{MEASURES, Mark, Measure, Spread, Summary, marks, summarise};
pub use trial::{Depths, Measured, ON_CPU, measure};
pub use wilcoxon::{SignedRanks, signed_ranks};

use crate::data::{Interactions, Split};
use crate::train::{self, RunConfig};
use crate::{Error, Result};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// One set of settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Its values in the columns of the experiment.
    pub labels: Vec<String>,
    /// The settings of the first run.
    pub config: RunConfig,
}

/// Cells, and what is repeated with each of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// The flags in which the cells differ, without dashes.
    pub columns: Vec<String>,
    /// The cells to compare.
    pub cells: Vec<Cell>,
    /// What differs between the runs of a cell.
    pub repeats: Repeats,
    /// Seed of the split.
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
        /// Which of its runs: "fold 2", counted from 0.
        repeat: &'a str,
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

/// Trains and measures one cell in one fold, or with one seed; returns `None` if it was interrupted.
pub type Trial<'a> =
    dyn FnMut(&Split, &RunConfig, &mut dyn FnMut(&train::Event)) -> Result<Option<Measured>> + 'a;

impl Experiment {
    /// The name of the cell, made of its columns and values: "sampler=uniform negatives=1".
    pub fn name(&self, cell: &Cell) -> String {
        let named: Vec<String> =
            self.columns.iter().zip(&cell.labels).map(|(name, value)| format!("{name}={value}")).collect();
        named.join(" ")
    }

    /// The number of runs: cells times folds or seeds.
    pub fn run_count(&self) -> usize {
        self.cells.len() * self.repeats.count()
    }

    /// Checks that every fold of `data` has something to test, and every cell something to train on: what the runs would
    /// find out later, one by one.
    ///
    /// # Errors
    /// Those of the split; [`Error::Setting`] for too many folds; [`Error::Data`] that names the cell and the fold.
    pub fn check(&self, data: &Interactions) -> Result<()> {
        self.repeats.check(data)?;
        // With seeds, all parts are those of the first.
        let part_count = match self.repeats {
            Repeats::Folds { count, .. } => count,
            Repeats::Seeds { .. } => 1,
        };
        for fold in 0..part_count {
            let parts = self.repeats.split(data, self.split_seed, fold)?;
            if parts.test.is_empty() {
                return Err(Error::Data("the test part has no interactions".to_owned()));
            }
            let mut checked = BTreeSet::new();
            for cell in &self.cells {
                // The rest of a config does not matter here.
                let negatives = match &cell.config {
                    RunConfig::Step(config) => format!("{:?}", config.negatives),
                    _ => String::new(),
                };
                if checked.insert(negatives) {
                    (cell.config.check_data(&parts.train)).map_err(|error| {
                        Error::Data(format!("{}, {} {fold}: {error}", self.name(cell), self.repeats.word()))
                    })?;
                }
            }
        }
        Ok(())
    }

    /// Does the runs on `data` that `results` lacks. All cells of a fold or seed come before the next one, so that
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
        for repeat in 0..self.repeats.count() {
            if names.iter().all(|name| results.has(name, repeat)) {
                continue;
            }
            let parts = self.repeats.split(data, self.split_seed, repeat)?;
            let repeat_name = format!("{} {repeat}", self.repeats.word());
            for (cell, name) in self.cells.iter().zip(&names) {
                if results.has(name, repeat) {
                    continue;
                }
                let number = results.trials().len() + 1;
                observe(&Event::Started { number, count, cell: name, repeat: &repeat_name });
                let config = self.repeats.config(&cell.config, repeat);
                let result = |measured| TrialResult { cell: name.clone(), fold: repeat, measured };
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
            let runs_left = self.repeats.count().saturating_sub(own.len()) as f64;
            runs_left * mean(if own.is_empty() { &all } else { &own })
        });
        left.sum()
    }
}
