//! `metrics.jsonl` and `metrics.csv`: what happened in each epoch, for plots and spreadsheets.

use super::log_file::LogFile;
use serde::Serialize;
use spherec::evaluate::Metrics;
use spherec::train::{EpochSums, Event};
use spherec::{Error, Result};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What both files will hold. While training runs, each line is on the disk too, beside the model's folder.
#[derive(Debug)]
pub(crate) struct MetricsLog {
    /// The model's folder.
    output: PathBuf,
    /// None until training starts, or if it cannot be created.
    file: Option<LogFile>,
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
    /// The empty log of a training whose model goes to `output`.
    pub(crate) fn new(output: &Path) -> MetricsLog {
        MetricsLog { output: output.to_owned(), file: None, jsonl: String::new(), rows: Vec::new() }
    }

    /// Adds an event: the start creates the file on the disk, an epoch or an evaluation adds a line.
    ///
    /// # Errors
    /// If the file on the disk cannot be written, which is said once. The event is in the log all the same.
    pub(crate) fn add(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Started { .. } => {
                self.file = Some(LogFile::create(&self.output)?);
                Ok(())
            }
            Event::Epoch { epoch, sums, seconds } => {
                self.rows.push(Row { epoch: *epoch, sums: *sums, seconds: *seconds, valid: None });
                self.line(&Line::Epoch {
                    epoch: *epoch,
                    loss: sums.loss(),
                    gor: sums.mean_gor(),
                    active_share: sums.active_share(),
                    pairs_per_second: pairs_per_second(sums, *seconds),
                    seconds: *seconds,
                })
            }
            Event::Evaluated { epoch, metrics, is_best, seconds } => {
                let (epoch, is_best, seconds) = (*epoch, *is_best, *seconds);
                if let Some(row) = self.rows.iter_mut().rev().find(|row| row.epoch == epoch) {
                    row.valid = Some(*metrics);
                }
                self.line(&Line::Evaluation { epoch, metrics, is_best, seconds })
            }
            Event::Warning(_) | Event::Progress { .. } => Ok(()),
        }
    }

    fn line(&mut self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_string(line).map_err(|error| Error::Data(error.to_string()))?;
        text.push('\n');
        self.jsonl.push_str(&text);
        self.file.as_mut().map_or(Ok(()), |file| file.append(&text))
    }

    /// The file on the disk, if there is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(LogFile::path)
    }

    /// Whether no epoch was logged.
    pub(crate) fn is_empty(&self) -> bool {
        self.jsonl.is_empty()
    }

    /// Deletes the file on the disk.
    ///
    /// # Errors
    /// As [`LogFile::remove`].
    pub(crate) fn remove_file(&mut self) -> Result<()> {
        self.file.take().map_or(Ok(()), LogFile::remove)
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
