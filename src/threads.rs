//! The threads that all work on the CPU shares.

use crate::{Error, Result};
use std::error::Error as _;
use std::sync::OnceLock;

/// Starts rayon's threads, so that work on them need not: rayon panics where they cannot be started. Many calls start
/// them once.
///
/// # Errors
/// [`Error::Data`] if the system refuses a thread.
pub fn start() -> Result<()> {
    static STARTED: OnceLock<std::result::Result<(), String>> = OnceLock::new();
    let start = || match rayon::ThreadPoolBuilder::new().build_global() {
        // Without a cause there is a pool already, that of the program around this library.
        Err(error) if error.source().is_some() => Err(error.to_string()),
        _ => Ok(()),
    };
    STARTED.get_or_init(start).clone().map_err(|error| {
        Error::Data(format!(
            "cannot start the threads for work on the CPU: {error}; end other programs, raise the limit (`ulimit -u`), or \
             set RAYON_NUM_THREADS=1"
        ))
    })
}
