//! How many steps go into one submission: sized by measurement to a fraction of a second, because drivers
//! kill long work (2 s on Windows) and short submissions waste the device.

use std::time::{Duration, Instant};

/// What one submission should take.
const TARGET: Duration = Duration::from_millis(50);

/// Steps of the next submission, and the time in which the device had nothing to do.
#[derive(Debug)]
pub(super) struct Pace {
    step_count: usize,
    most: usize,
    last: Option<Instant>,
    empty_since: Option<Instant>,
    /// Time in which nothing was in flight.
    pub(super) empty: Duration,
}

impl Pace {
    pub(super) fn new(most: usize) -> Pace {
        Pace { step_count: 1, most, last: None, empty_since: None, empty: Duration::ZERO }
    }

    /// Steps that the next submission should have.
    pub(super) fn step_count(&self) -> usize {
        self.step_count
    }

    /// A submission went out.
    pub(super) fn submitted(&mut self) {
        let now = Instant::now();
        if let Some(since) = self.empty_since.take() {
            self.empty += now - since;
        }
        // Where the device was idle, its time for this submission starts now.
        self.last.get_or_insert(now);
    }

    /// A submission of `step_count` steps came back; `still_busy`: another one is in flight.
    pub(super) fn collected(&mut self, step_count: usize, still_busy: bool) {
        let now = Instant::now();
        if let Some(last) = self.last {
            let step_seconds = (now - last).as_secs_f64() / step_count.max(1) as f64;
            let fitting = (TARGET.as_secs_f64() / step_seconds.max(1e-9)) as usize;
            // At most double, so that one lucky measurement does not make a long submission.
            self.step_count = fitting.clamp(1, self.step_count * 2).min(self.most);
        }
        self.last = still_busy.then_some(now);
        if !still_busy {
            self.empty_since = Some(now);
        }
    }

    /// The device is idle for a reason of ours (evaluation): not counted as empty.
    pub(super) fn pause(&mut self) {
        self.empty_since = None;
    }
}
