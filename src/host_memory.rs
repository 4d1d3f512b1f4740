//! The memory of this machine, asked for before a lot of it is taken.

use crate::{Error, Result};

/// The bytes that this process can still take: what the machine has free, or its control group if that is less.
/// `None` if the system does not say.
pub fn free_bytes() -> Option<u64> {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let limit = system.cgroup_limits().map_or(u64::MAX, |limits| limits.free_memory);
    Some(system.available_memory().min(limit)).filter(|&free| free > 0)
}

/// Checks that `needed` bytes are free. `flag` and `value` are what decides how many are needed.
///
/// # Errors
/// [`Error::Setting`] with both numbers.
pub(crate) fn check(flag: &'static str, value: &str, needed: u64) -> Result<()> {
    match free_bytes() {
        Some(free) if needed > free => {
            let message =
                format!("{value} needs {needed} bytes of memory, but this machine has {free} bytes free");
            Err(Error::setting(flag, message))
        }
        _ => Ok(()),
    }
}
