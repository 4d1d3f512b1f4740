//! What goes wrong with a device: what it reported, and what a test makes it report.

use crate::{Error, Result};
use std::sync::{Mutex, MutexGuard};

/// A call of the driver, before which a test may let something go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call<'a> {
    /// A buffer is created: its name.
    Create(&'a str),
    /// Work is submitted.
    Submit,
    /// Submitted work is waited for.
    Wait,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The device is gone, and so is all of its memory.
    Lost,
    /// There is no memory left: for a buffer, or for a submission.
    OutOfMemory,
    /// The work never ends.
    Hang,
    /// The driver refuses a call.
    Invalid,
}

/// Says before each call of the driver what goes wrong with it, if anything.
pub type Injection = Box<dyn Fn(Call<'_>) -> Option<Trouble> + Send + Sync>;

/// What a device reported.
#[derive(Debug, Clone)]
enum Report {
    Error(String),
    OutOfMemory(String),
    Lost(String),
}

/// Keeps the report that says most: the device's loss, or else its first error.
#[derive(Debug, Default)]
pub(super) struct Failure(Mutex<Option<Report>>);

impl Failure {
    /// Keeps an error that no call returned.
    pub(super) fn note(&self, error: &wgpu::Error) {
        let report = match error {
            wgpu::Error::OutOfMemory { .. } => Report::OutOfMemory(error.to_string()),
            _ => Report::Error(error.to_string()),
        };
        self.report().get_or_insert(report);
    }

    /// Keeps that the device was lost. Calls that failed before this was known failed because of it.
    pub(super) fn note_lost(&self, why: &str) {
        let mut report = self.report();
        if !matches!(*report, Some(Report::Lost(_))) {
            *report = Some(Report::Lost(why.to_owned()));
        }
    }

    /// Fails with what was kept about the device `name`.
    pub(super) fn check(&self, name: &str) -> Result<()> {
        match &*self.report() {
            None => Ok(()),
            Some(Report::Error(text)) => Err(Error::Gpu(text.clone())),
            Some(Report::OutOfMemory(text)) => Err(Error::DeviceMemory(format!("{name}: {text}"))),
            Some(Report::Lost(why)) => Err(Error::DeviceLost(format!("{name} was lost ({why})"))),
        }
    }

    /// A report is whole even if a thread panicked beside it.
    fn report(&self) -> MutexGuard<'_, Option<Report>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
