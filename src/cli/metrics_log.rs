//! `metrics.jsonl` and `metrics.csv`: what happened in each epoch, for plots and spreadsheets.

use serde::Serialize;
use spherec::evaluate::Metrics;
use spherec::train::{EpochSums, Event};
use std::fmt::Write;

/// The files in the making.
#[derive(Debug, Default)]
pub(crate) struct MetricsLog {
    jsonl: String,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    epoch: usize,
    sums: EpochSums,
    seconds: f64,
    valid: Option<Metrics>,
}

/// A line of `metrics.jsonl`.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line<'a> {
    Epoch {
        epoch: usize,
        loss: f64,
        gor: f64,
        active_share: f64,
        pairs_per_second: f64,
        seconds: f64,
    },
    Evaluation {
        epoch: usize,
        #[serde(flatten)]
        metrics: &'a Metrics,
        is_best: bool,
        seconds: f64,
    },
}

const HEADER: &str = "epoch,loss,gor,active_share,pairs_per_second,seconds,valid_map,valid_ndcg,valid_recall,\
                      valid_precision,valid_mmr,valid_coverage\n";

impl MetricsLog {
    /// Notes an event; epochs and evaluations count.
    pub(crate) fn add(&mut self, event: &Event) {
        match event {
            Event::Epoch { epoch, sums, seconds } => {
                self.line(&Line::Epoch {
                    epoch: *epoch,
                    loss: sums.loss(),
                    gor: sums.mean_gor(),
                    active_share: sums.active_share(),
                    pairs_per_second: pairs_per_second(sums, *seconds),
                    seconds: *seconds,
                });
                self.rows.push(Row { epoch: *epoch, sums: *sums, seconds: *seconds, valid: None });
            }
            Event::Evaluated { epoch, metrics, is_best, seconds } => {
                let (epoch, is_best, seconds) = (*epoch, *is_best, *seconds);
                self.line(&Line::Evaluation { epoch, metrics, is_best, seconds });
                if let Some(row) = self.rows.iter_mut().rev().find(|row| row.epoch == epoch) {
                    row.valid = Some(*metrics);
                }
            }
            Event::Warning(_) | Event::Started { .. } | Event::Progress { .. } => {}
        }
    }

    fn line(&mut self, line: &Line) {
        if let Ok(text) = serde_json::to_string(line) {
            self.jsonl.push_str(&text);
            self.jsonl.push('\n');
        }
    }

    /// The contents of `metrics.jsonl`.
    pub(crate) fn jsonl(&self) -> &[u8] {
        self.jsonl.as_bytes()
    }

    /// The contents of `metrics.csv`.
    pub(crate) fn csv(&self) -> Vec<u8> {
        let mut text = HEADER.to_owned();
        for Row { epoch, sums, seconds, valid } in &self.rows {
            let _ = write!(
                text,
                "{epoch},{},{},{},{},{seconds}",
                sums.loss(),
                sums.mean_gor(),
                sums.active_share(),
                pairs_per_second(sums, *seconds),
            );
            match valid {
                Some(m) => {
                    let Metrics { map, ndcg, recall, precision, mmr, coverage, .. } = m;
                    let _ = writeln!(text, ",{map},{ndcg},{recall},{precision},{mmr},{coverage}");
                }
                None => text.push_str(",,,,,,\n"),
            }
        }
        text.into_bytes()
    }
}

/// The mean rate of an epoch.
pub(crate) fn pairs_per_second(sums: &EpochSums, seconds: f64) -> f64 {
    sums.pair_count as f64 / seconds.max(1e-9)
}
