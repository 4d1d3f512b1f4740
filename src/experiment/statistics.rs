//! Means and standard deviations over the folds, and which cells are best.

use super::{Cell, Experiment, Results};
use crate::evaluate::Metrics;

/// A metric of the table.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Its name in files.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Whether it is a fraction of 1, which is shown in percent, and the higher the better. If not, lower is
    /// better.
    pub is_share: bool,
    /// Gets its value from the metrics.
    pub of: fn(&Metrics) -> f64,
}

/// The columns of Tran et al. 2019, Table 2, and recall.
pub const MEASURES: [Measure; 4] = [
    Measure { name: "map", title: "MAP", is_share: true, of: |metrics| metrics.map },
    Measure { name: "ndcg", title: "NDCG", is_share: true, of: |metrics| metrics.ndcg },
    Measure { name: "recall", title: "recall", is_share: true, of: |metrics| metrics.recall },
    Measure { name: "mmr", title: "MMR", is_share: false, of: |metrics| metrics.mmr },
];

/// A mean and a standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation (divided by n - 1); `None` for a single value.
    pub deviation: Option<f64>,
}

impl Spread {
    /// The mean and the deviation of `values`; `None` if there are none.
    ///
    /// ```
    /// let spread = spherec::experiment::Spread::of(&[1.0, 2.0, 3.0]).unwrap();
    /// assert_eq!((spread.mean, spread.deviation), (2.0, Some(1.0)));
    /// ```
    pub fn of(values: &[f64]) -> Option<Spread> {
        if values.is_empty() {
            return None;
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Spread { mean, deviation: (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt()) })
    }
}

/// The results of a cell over the folds that are done.
#[derive(Debug, Clone)]
pub struct Summary<'a> {
    /// The cell.
    pub cell: &'a Cell,
    /// Folds done.
    pub folds_done: usize,
    /// The fewest and the most users evaluated in a fold.
    pub users: Option<(usize, usize)>,
    /// One per measure, finite; `None` if a fold failed.
    pub spreads: [Option<Spread>; MEASURES.len()],
    /// The mean of the epochs that were measured.
    pub epoch: f64,
    /// Why training failed in a fold, if it did.
    pub failure: Option<String>,
}

/// Summarises the cells that have a fold in `results`, in the order of the cells.
pub fn summarise<'a>(experiment: &'a Experiment, results: &Results) -> Vec<Summary<'a>> {
    let summary = |cell| {
        let name = experiment.name(cell);
        // In the order of the folds, on which sums depend, also in an experiment that was stopped.
        let trials: Vec<_> = results.of(&name).collect();
        if trials.is_empty() {
            return None;
        }
        let metrics: Vec<&Metrics> =
            trials.iter().filter_map(|trial| trial.measured.metrics.as_ref()).collect();
        let is_whole = metrics.len() == trials.len();
        let spread = |measure: Measure| {
            let values: Vec<f64> = metrics.iter().map(|metrics| (measure.of)(metrics)).collect();
            Spread::of(&values).filter(|spread| is_whole && spread.mean.is_finite())
        };
        let users = metrics.iter().map(|metrics| metrics.users);
        let epochs: f64 = trials.iter().map(|trial| trial.measured.epoch as f64).sum();
        Some(Summary {
            cell,
            folds_done: trials.len(),
            users: users.clone().min().zip(users.max()),
            spreads: MEASURES.map(spread),
            epoch: epochs / trials.len() as f64,
            failure: trials.iter().find_map(|trial| trial.measured.failure.clone()),
        })
    };
    experiment.cells.iter().filter_map(summary).collect()
}

/// Among which cells a mean is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// Among all cells.
    pub overall: bool,
    /// Among the cells that draw negatives uniformly.
    pub uniform: bool,
}

/// The marks of each cell, one per measure. Only the cells with the most folds done compete.
pub fn marks(summaries: &[Summary]) -> Vec<[Mark; MEASURES.len()]> {
    let most_folds = summaries.iter().map(|summary| summary.folds_done).max();
    let mut marks = vec![[Mark::default(); MEASURES.len()]; summaries.len()];
    for (place, measure) in MEASURES.iter().enumerate() {
        let sign = if measure.is_share { 1.0 } else { -1.0 };
        let is_uniform = |summary: &Summary| summary.cell.config.has_uniform_negatives();
        let value = |summary: &Summary| {
            let spread = summary.spreads[place].filter(|_| Some(summary.folds_done) == most_folds);
            spread.map(|spread| sign * spread.mean)
        };
        let best = |competes: &dyn Fn(&Summary) -> bool| {
            let values = summaries.iter().filter(|summary| competes(summary)).filter_map(value);
            values.fold(f64::NEG_INFINITY, f64::max)
        };
        let (overall, uniform) = (best(&|_| true), best(&is_uniform));
        for (summary, marks) in summaries.iter().zip(&mut marks) {
            let value = value(summary);
            marks[place].overall = value == Some(overall);
            marks[place].uniform = value == Some(uniform) && is_uniform(summary);
        }
    }
    marks
}
