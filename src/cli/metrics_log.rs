//! `metrics.jsonl` and `metrics.csv`: what happened in each epoch, for plots and spreadsheets.

use serde::{Deserialize, Serialize};
use spherec::evaluate::Metrics;
use spherec::train::{EpochSums, Event};
use spherec::{Error, Result};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;

/// What both files will hold. While training runs, each line is on the disk too.
#[derive(Debug)]
pub(crate) struct MetricsLog {
    lines: Vec<Line>,
    jsonl: String,
    file: LogFile,
}

/// A line of `metrics.jsonl`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line {
    Epoch {
        epoch: usize,
        loss: f64,
        gor: f64,
        #[serde(default)]
        covariance: f64,
        #[serde(default)]
        feature_loss: f64,
        active_share: f64,
        pairs_per_second: f64,
        seconds: f64,
    },
    Evaluation {
        epoch: usize,
        #[serde(flatten)]
        metrics: Metrics,
        is_best: bool,
        seconds: f64,
    },
}

const HEADER: &str = "epoch,loss,gor,covariance,feature_loss,active_share,pairs_per_second,seconds,valid_map,valid_ndcg,\
                      valid_recall,valid_precision,valid_mmr,valid_coverage\n";

impl MetricsLog {
    /// The log of a training, on the disk as `path`. `so_far` is what it holds already.
    ///
    /// # Errors
    /// [`Error::File`] if `so_far` is not a log; [`Error::Io`] if the file cannot be written.
    pub(crate) fn create(path: PathBuf, so_far: &str) -> Result<MetricsLog> {
        let lines: std::result::Result<_, _> = so_far.lines().map(serde_json::from_str).collect();
        let lines = lines.map_err(|error| Error::file(&path, format!("is not a training's log: {error}")))?;
        let file = LogFile::create(path, so_far)?;
        Ok(MetricsLog { lines, jsonl: so_far.to_owned(), file })
    }

    /// Adds a line for an epoch or an evaluation.
    ///
    /// # Errors
    /// If the file on the disk cannot be written, which is said once. The event is in the log all the same.
    pub(crate) fn add(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Epoch { epoch, sums, seconds } => self.line(Line::Epoch {
                epoch: *epoch,
                loss: sums.loss(),
                gor: sums.mean_gor(),
                covariance: sums.mean_covariance(),
                feature_loss: sums.mean_feature_loss(),
                active_share: sums.active_share(),
                pairs_per_second: pairs_per_second(sums, *seconds),
                seconds: *seconds,
            }),
            Event::Evaluated { epoch, metrics, is_best, seconds } => self.line(Line::Evaluation {
                epoch: *epoch,
                metrics: *metrics,
                is_best: *is_best,
                seconds: *seconds,
            }),
            Event::Warning(_) | Event::Started { .. } | Event::Progress { .. } | Event::Kept { .. } => Ok(()),
        }
    }

    fn line(&mut self, line: Line) -> Result<()> {
        let mut text = serde_json::to_string(&line).map_err(|error| Error::Data(error.to_string()))?;
        text.push('\n');
        self.lines.push(line);
        self.jsonl.push_str(&text);
        self.file.append(&text)
    }

    /// Whether nothing was logged.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The contents of `metrics.jsonl`.
    pub(crate) fn jsonl(&self) -> &[u8] {
        self.jsonl.as_bytes()
    }

    /// The contents of `metrics.csv`.
    pub(crate) fn csv(&self) -> Vec<u8> {
        let mut text = HEADER.to_owned();
        let mut lines = self.lines.iter().peekable();
        while let Some(line) = lines.next() {
            let &Line::Epoch {
                epoch,
                loss,
                gor,
                covariance,
                feature_loss,
                active_share,
                pairs_per_second,
                seconds,
            } = line
            else {
                continue;
            };
            let _ = write!(text, "{epoch},{loss},{gor},{covariance},{feature_loss},{active_share}");
            let _ = write!(text, ",{pairs_per_second},{seconds}");
            match lines.peek() {
                Some(Line::Evaluation { metrics: m, .. }) => {
                    let Metrics { map, ndcg, recall, precision, mmr, coverage, .. } = m;
                    let _ = writeln!(text, ",{map},{ndcg},{recall},{precision},{mmr},{coverage}");
                }
                _ => text.push_str(",,,,,,\n"),
            }
        }
        text.into_bytes()
    }
}

/// The file, open for more lines.
#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: File,
    /// Bytes of the lines that were written whole.
    length: u64,
    has_failed: bool,
}

impl LogFile {
    fn create(path: PathBuf, so_far: &str) -> Result<LogFile> {
        fs::write(&path, so_far).map_err(Error::io(&path, "write"))?;
        let file = File::options().append(true).open(&path).map_err(Error::io(&path, "write"))?;
        Ok(LogFile { path, file, length: so_far.len() as u64, has_failed: false })
    }

    /// Adds `line`, which ends in a newline and is on the disk once this returns. After an error nothing more
    /// is written, and the error is not repeated.
    fn append(&mut self, line: &str) -> Result<()> {
        if self.has_failed {
            return Ok(());
        }
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.has_failed = true;
            // Cuts off a part of a line, as a full disk leaves it.
            let _ = self.file.set_len(self.length);
            return Err(Error::io(&self.path, "write")(error));
        }
        self.length += line.len() as u64;
        Ok(())
    }
}

/// The mean rate of an epoch.
pub(crate) fn pairs_per_second(sums: &EpochSums, seconds: f64) -> f64 {
    sums.pair_count as f64 / seconds.max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_fails_names_the_file_once_and_keeps_the_lines() {
        let place = tempfile::TempDir::new().unwrap();
        let path = place.path().join("metrics.jsonl");
        let mut log = LogFile::create(path.clone(), "{\"epoch\":1}\n").unwrap();
        // Open for reading only, so that writes fail.
        log.file = File::open(&path).unwrap();
        let error = log.append("{\"epoch\":2}\n").unwrap_err().to_string();
        assert!(error.contains("metrics.jsonl"), "{error}");
        log.append("{\"epoch\":3}\n").unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "{\"epoch\":1}\n");
    }
}
