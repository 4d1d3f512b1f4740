//! Plans made ahead on background threads, handed out in the order of the steps.

use super::planner::Planner;
use crate::step::Plan;
use crate::{Error, Result};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

/// Plans in order, several steps ahead of whoever takes them. Dropping it ends the threads.
#[derive(Debug)]
pub struct PlanQueue {
    receivers: Vec<Receiver<(Plan, Duration)>>,
    next: u64,
    planning: Duration,
}

impl PlanQueue {
    /// Starts `thread_count` threads (at least 1) that plan the steps `first..=last`, at most `ahead`
    /// steps ahead each.
    ///
    /// # Errors
    /// [`Error::Data`] if the system refuses a thread.
    pub fn start(
        planner: &Planner,
        first: u64,
        last: u64,
        thread_count: usize,
        ahead: usize,
    ) -> Result<PlanQueue> {
        let thread_count = thread_count.max(1);
        let receivers = (0..thread_count as u64)
            .map(|thread| {
                let mut planner = planner.clone();
                let (sender, receiver) = sync_channel(ahead.max(1));
                let plan = move || {
                    for step in (first + thread..=last).step_by(thread_count) {
                        let start = Instant::now();
                        let plan = planner.plan(step);
                        // The receiver is gone when training ended early.
                        if sender.send((plan, start.elapsed())).is_err() {
                            return;
                        }
                    }
                };
                let started = std::thread::Builder::new().name("plan".to_owned()).spawn(plan);
                started
                    .map_err(|error| Error::Data(format!("cannot start a thread to plan steps: {error}")))?;
                Ok(receiver)
            })
            .collect::<Result<_>>()?;
        Ok(PlanQueue { receivers, next: 0, planning: Duration::ZERO })
    }

    /// The plan of the next step, or `None` after the last.
    pub fn take(&mut self) -> Option<Plan> {
        let thread = (self.next % self.receivers.len() as u64) as usize;
        let (plan, spent) = self.receivers[thread].recv().ok()?;
        self.next += 1;
        self.planning += spent;
        Some(plan)
    }

    /// CPU time that planning took so far, over all plans taken.
    pub fn planning_time(&self) -> Duration {
        self.planning
    }
}
