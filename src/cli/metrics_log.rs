//! `metrics.jsonl` and `metrics.csv`: what happened in each epoch, for plots and spreadsheets.

use serde_json::{Map, Value, json};
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

const HEADER: &str = "epoch,loss,gor,active_share,pairs_per_second,seconds,valid_map,valid_ndcg,valid_recall,\
                      valid_precision,valid_mmr,valid_coverage\n";

impl MetricsLog {
    /// Notes an event; epochs and evaluations count.
    pub(crate) fn add(&mut self, event: &Event) {
        match event {
            Event::Epoch { epoch, sums, seconds } => {
                self.line(json!({
                    "event": "epoch", "epoch": epoch, "loss": sums.loss(), "gor": sums.mean_gor(),
                    "active_share": sums.active_share(), "pairs_per_second": pairs_per_second(sums, *seconds),
                    "seconds": seconds,
                }));
                self.rows.push(Row { epoch: *epoch, sums: *sums, seconds: *seconds, valid: None });
            }
            Event::Evaluated { epoch, metrics, is_best, seconds } => {
                let mut object = Map::new();
                object.insert("event".to_owned(), json!("evaluation"));
                object.insert("epoch".to_owned(), json!(epoch));
                if let Ok(Value::Object(values)) = serde_json::to_value(metrics) {
                    object.extend(values);
                }
                object.insert("is_best".to_owned(), json!(is_best));
                object.insert("seconds".to_owned(), json!(seconds));
                self.line(Value::Object(object));
                if let Some(row) = self.rows.iter_mut().rev().find(|row| row.epoch == *epoch) {
                    row.valid = Some(*metrics);
                }
            }
            Event::Warning(_) | Event::Started { .. } | Event::Progress { .. } => {}
        }
    }

    fn line(&mut self, value: Value) {
        let _ = writeln!(self.jsonl, "{value}"); // writing to a String cannot fail
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
