//! Ctrl-C: the first one lets the work end in an orderly way, the second ends the process.

use super::console::note;
use spherec::error::INTERRUPTED;
use spherec::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that the first interrupt sets. The interrupt also prints `message`.
pub(crate) fn watch(message: &'static str) -> Result<Arc<AtomicBool>> {
    let interrupt = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupt);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            spherec::leftovers::remove_all();
            std::process::exit(i32::from(INTERRUPTED));
        }
        note(message);
    })
    .map_err(|error| {
        Error::Data(format!("cannot watch for interrupts: {error}; this takes a thread (`ulimit -u`)"))
    })?;
    Ok(interrupt)
}
