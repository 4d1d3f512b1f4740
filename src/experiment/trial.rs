//! One run of an experiment: trained on a split, measured on its test part.

use crate::evaluate::{Evaluation, Metrics, evaluate_users};
use crate::gpu::Gpu;
use crate::train::{Event, KeepNothing, RunConfig, Stop, TrainingData, run_from};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// What one run came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The metrics on the test part; none where training failed.
    pub metrics: Option<Metrics>,
    /// The metrics for longer lists, if any were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deeper: Vec<Metrics>,
    /// How many of each tested user's items are in its list, by row, if that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hits: Vec<u32>,
    /// How much of the item bias counted, as the training chose; 1 without a bias.
    #[serde(default = "whole")]
    pub popularity: f64,
    /// Why training failed: its settings let the loss grow out of all bounds.
    pub failure: Option<String>,
    /// The epoch that was measured.
    pub epoch: usize,
    /// Epochs done.
    pub epochs_done: usize,
    /// Seconds that it took.
    pub seconds: f64,
    /// The name of the adapter; [`ON_CPU`] if the trainer needs none.
    pub adapter: String,
}

/// The popularity of results from before there was an item bias.
fn whole() -> f64 {
    1.0
}

impl Measured {
    /// A run that failed because of `reason`.
    pub fn failed(reason: String) -> Measured {
        Measured {
            metrics: None,
            deeper: Vec::new(),
            hits: Vec::new(),
            popularity: whole(),
            failure: Some(reason),
            epoch: 0,
            epochs_done: 0,
            seconds: 0.0,
            adapter: String::new(),
        }
    }

    /// The same, or a failure if a number is impossible.
    pub(super) fn or_failed(self) -> Measured {
        match self.fault() {
            None => self,
            Some(fault) => {
                Measured { metrics: None, deeper: Vec::new(), hits: Vec::new(), failure: Some(fault), ..self }
            }
        }
    }

    /// What is impossible about the numbers, if anything is. Numbers that are not finite are.
    pub(super) fn fault(&self) -> Option<String> {
        // A sum of shares may round to a little more than 1.
        let is_share = |value: f64| (0.0..=1.0 + 1e-9).contains(&value);
        let is_number = |value: f64| value >= 0.0 && value.is_finite();
        let mut numbers = vec![
            ("popularity", self.popularity, is_share(self.popularity)),
            ("seconds", self.seconds, is_number(self.seconds)),
        ];
        for &Metrics { map, ndcg, recall, precision, mmr, coverage, .. } in
            self.metrics.iter().chain(&self.deeper)
        {
            let shares = [
                ("map", map),
                ("ndcg", ndcg),
                ("recall", recall),
                ("precision", precision),
                ("coverage", coverage),
            ];
            numbers.extend(shares.map(|(name, value)| (name, value, is_share(value))));
            numbers.push(("mmr", mmr, is_number(mmr)));
        }
        if let Some(Metrics { users, k, .. }) = self.metrics.filter(|_| !self.hits.is_empty()) {
            let (count, most) = (self.hits.len(), self.hits.iter().copied().max().unwrap_or(0));
            numbers.push(("hits", count as f64, count == users));
            numbers.push(("hits", f64::from(most), most as usize <= k));
        }
        let (name, value, _) = numbers.into_iter().find(|(.., is_possible)| !is_possible)?;
        Some(format!("`{name}` cannot be {value:e}"))
    }
}

/// What is measured beside a list of the config's own length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Depths {
    /// Lengths of further lists.
    pub deeper: Vec<usize>,
    /// Whether the hits of each user are kept.
    pub by_user: bool,
}

/// What stands for the adapter of a trainer that works on the CPU.
pub const ON_CPU: &str = "CPU";

/// Trains on `data` as `config` says and measures the test part, validation items left out of the
/// rankings, too. Nothing where `interrupt` was set before training ended. A loss that grows out of all
/// bounds is an outcome, as are points that are not numbers: other settings may do better. `gpu` as in [`run_from`].
///
/// # Errors
/// Those of [`run_from`] and [`evaluate_users`].
pub fn measure(
    gpu: Option<&Arc<Gpu>>,
    data: TrainingData,
    config: &RunConfig,
    depths: &Depths,
    interrupt: &AtomicBool,
    observe: &mut dyn FnMut(&Event),
) -> Result<Option<Measured>> {
    let (start, split) = (Instant::now(), data.split);
    let gpu = gpu.filter(|_| config.needs_gpu());
    let adapter = gpu.map_or(ON_CPU, |gpu| &gpu.adapter().name).to_owned();
    let failed = |error: Error, epochs_done| {
        let seconds = start.elapsed().as_secs_f64();
        let adapter = adapter.clone();
        Ok(Some(Measured { epochs_done, seconds, adapter, ..Measured::failed(error.to_string()) }))
    };
    let trained = match run_from(gpu, data, config, None, &mut KeepNothing, interrupt, observe) {
        Ok(trained) => trained,
        Err(error @ Error::Diverged { .. }) => return failed(error, 0),
        Err(error) => return Err(error),
    };
    match (trained.stop, trained.failure) {
        (Stop::Interrupted, _) => return Ok(None),
        (_, Some(error @ Error::Diverged { .. })) => return failed(error, trained.epochs_done),
        (_, Some(error)) => return Err(error),
        _ => {}
    }
    // Rows that are not numbers would still be ranked, by their order in the table.
    if let Err(error) = trained.embeddings.check() {
        return failed(error, trained.epochs_done);
    }
    let (train, valid, test) = (&split.train, Some(&split.valid), &split.test);
    let popularity = trained.popularity;
    let k = config.stopping().k;
    let ks: Vec<usize> = std::iter::once(k).chain(depths.deeper.iter().copied()).collect();
    let all = evaluate_users(&trained.embeddings, popularity, train, valid, test, &ks)?;
    let Evaluation { mut means, users } = all;
    let hits = users.iter().filter(|_| depths.by_user);
    // Precision is hits / k.
    let hits = hits.map(|user| (user[0].precision * k as f64).round() as u32).collect();
    Ok(Some(Measured {
        deeper: means.split_off(1),
        metrics: means.pop(),
        hits,
        popularity,
        failure: None,
        epoch: trained.epoch,
        epochs_done: trained.epochs_done,
        seconds: start.elapsed().as_secs_f64(),
        adapter,
    }))
}
