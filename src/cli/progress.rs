//! The progress of a training: a bar on a terminal, plain lines elsewhere, nothing with --quiet.

use super::console::{Bar, err_is_terminal, note};
use super::format::{counted, duration, grouped, percent, rate};
use super::metrics_log::pairs_per_second;
use spherec::data::Split;
use spherec::evaluate::Metrics;
use spherec::printable::bytes;
use spherec::train::{EpochSums, Event};
use std::time::{Duration, Instant};

/// How long to measure before estimating the time left.
const MEASURE: Duration = Duration::from_secs(3);

/// Shows the events of a training.
#[derive(Debug)]
pub(crate) struct Progress {
    display: Display,
    /// When the first steps were done, and how many pairs they had. Kernels are compiled before that.
    first: Option<(Instant, usize)>,
    epochs: usize,
    epoch_steps: u64,
    pair_count: usize,
    is_time_told: bool,
    has_kept: bool,
}

#[derive(Debug)]
enum Display {
    Bar(Bar),
    Lines,
    Quiet,
}

impl Progress {
    /// Shows a bar if standard error is a terminal.
    pub(crate) fn new(quiet: bool) -> Progress {
        let display = match (quiet, err_is_terminal()) {
            (true, _) => Display::Quiet,
            (false, true) => Display::Bar(spinner()),
            (false, false) => Display::Lines,
        };
        Progress {
            display,
            first: None,
            epochs: 0,
            epoch_steps: 0,
            pair_count: 0,
            is_time_told: false,
            has_kept: false,
        }
    }

    /// Shows one event.
    pub(crate) fn show(&mut self, event: &Event) {
        match event {
            Event::Warning(message) => self.line(&format!("warning: {message}")),
            Event::Started { pair_count, epoch_steps, epochs, memory, host_memory } => {
                (self.pair_count, self.epoch_steps, self.epochs) = (*pair_count, *epoch_steps, *epochs);
                self.line(&format!(
                    "training on {}: at most {} of {}",
                    counted(*pair_count, "pair"),
                    counted(*epochs, "epoch"),
                    counted(*epoch_steps as usize, "step"),
                ));
                // What trains on the CPU takes none.
                if !memory.is_empty() {
                    self.line(&memory_line("device", memory));
                }
                self.line(&memory_line("host", host_memory));
                if let Display::Bar(bar) = &self.display {
                    if !memory.is_empty() {
                        bar.set_message("compiling the kernels");
                    }
                    bar.set_length(epoch_steps * *epochs as u64);
                }
            }
            Event::Progress { epoch, sums, pairs_per_second } => self.step(*epoch, sums, *pairs_per_second),
            Event::Epoch { epoch, sums, seconds } => self.epoch(*epoch, sums, *seconds),
            // The first tells what they cost.
            Event::Kept { epoch, seconds } if !self.has_kept => {
                self.has_kept = true;
                self.line(&format!("checkpoint after epoch {epoch}, in {}", duration(*seconds)));
            }
            Event::Kept { .. } => {}
            Event::Evaluated { epoch, metrics, is_best, .. } => {
                let Metrics { k, map, ndcg, recall, .. } = metrics;
                self.line(&format!(
                    "epoch {epoch}: validation MAP@{k} {}, NDCG {}, recall {}{}",
                    percent(*map),
                    percent(*ndcg),
                    percent(*recall),
                    if *is_best { ", the best so far" } else { "" },
                ));
            }
        }
    }

    fn step(&mut self, epoch: usize, sums: &EpochSums, pairs_per_second: f64) {
        if let Display::Bar(bar) = &self.display {
            if self.first.is_none() {
                bar.set_template("{bar:20} {msg}, {eta} left");
                bar.reset_eta();
            }
            bar.set_position((epoch as u64 - 1) * self.epoch_steps + sums.step_count);
            bar.set_message(&state(epoch, self.epochs, sums, pairs_per_second));
        }
        self.tell_time((epoch - 1) * self.pair_count + sums.pair_count as usize, false);
    }

    fn epoch(&mut self, epoch: usize, sums: &EpochSums, seconds: f64) {
        let rate = pairs_per_second(sums, seconds);
        match &self.display {
            Display::Bar(bar) => {
                bar.set_position((epoch as u64 - 1) * self.epoch_steps + sums.step_count);
                bar.set_message(&state(epoch, self.epochs, sums, rate));
            }
            Display::Lines => {
                note(&format!("{}, {}", state(epoch, self.epochs, sums, rate), duration(seconds)))
            }
            Display::Quiet => {}
        }
        self.tell_time((epoch - 1) * self.pair_count + sums.pair_count as usize, true);
    }

    /// Says once how long the rest will take, judging by the pairs done since the first steps.
    fn tell_time(&mut self, pairs_done: usize, is_epoch_end: bool) {
        let Some((start, pairs_before)) = self.first else {
            self.first = Some((Instant::now(), pairs_done));
            return;
        };
        let elapsed = start.elapsed();
        if self.is_time_told || pairs_done <= pairs_before || !(is_epoch_end || elapsed > MEASURE) {
            return;
        }
        self.is_time_told = true;
        let pairs_left = (self.epochs * self.pair_count).saturating_sub(pairs_done);
        let seconds = elapsed.as_secs_f64() * pairs_left as f64 / (pairs_done - pairs_before) as f64;
        if seconds > MEASURE.as_secs_f64() {
            self.line(&format!(
                "about {} to go if all {} run",
                duration(seconds),
                counted(self.epochs, "epoch")
            ));
        }
    }

    /// Prints a line that stays on the screen.
    pub(crate) fn line(&self, text: &str) {
        match &self.display {
            Display::Bar(bar) => bar.note(text),
            Display::Lines => note(text),
            Display::Quiet => {}
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        if let Display::Bar(bar) = &self.display {
            bar.finish();
        }
    }
}

/// A spinner with a line of text, until the first steps are done.
fn spinner() -> Bar {
    let bar = Bar::new(0, "{spinner} {msg}");
    bar.set_message("starting");
    bar
}

fn state(epoch: usize, epochs: usize, sums: &EpochSums, pairs_per_second: f64) -> String {
    // 0 without features.
    let features = match sums.mean_feature_loss() {
        0.0 => String::new(),
        loss => format!(", features {loss:.4}"),
    };
    format!(
        "epoch {epoch}/{epochs}: loss {:.4}{features}, active {:.1} %, {} pairs/s",
        sums.loss(),
        100.0 * sums.active_share(),
        rate(pairs_per_second),
    )
}

fn memory_line(place: &str, memory: &[(&'static str, u64)]) -> String {
    let total: u64 = memory.iter().map(|(_, size)| size).sum();
    let mut parts: Vec<_> = memory.iter().filter(|(_, size)| *size > 0).collect();
    parts.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let parts: Vec<_> = parts.iter().map(|(name, size)| format!("{name} {}", bytes(*size))).collect();
    format!("{place} memory: {} ({})", bytes(total), parts.join(", "))
}

/// The sizes of the parts of a split.
pub(crate) fn split_line(split: &Split) -> String {
    let [train, valid, test] = [&split.train, &split.valid, &split.test].map(|part| grouped(part.len()));
    format!("split: {train} interactions for training, {valid} for validation, {test} for the test")
}
