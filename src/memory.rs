//! The memory of this machine, asked for before a lot of it is taken.

use crate::printable::bytes;
use crate::{Error, Result};

/// The bytes of main memory that this process can still take: what the system has available, and no more than the
/// limit of its control group leaves. `None` if the system does not say.
pub fn free_bytes() -> Option<u64> {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    // What a group holds of files is given back when memory runs short, so only the rest counts.
    let left =
        system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory.saturating_sub(limits.rss));
    let free = system.available_memory().min(left);
    (free > 0).then_some(free)
}

/// Checks that `needed` bytes are free. `flag` and `value` are what decides how many are needed.
///
/// # Errors
/// [`Error::Setting`] with both numbers.
pub(crate) fn check(flag: &'static str, value: &str, needed: u64) -> Result<()> {
    match free_bytes() {
        Some(free) if needed > free => {
            let (needed, free) = (bytes(needed), bytes(free));
            let message = format!("{value} needs {needed} of memory, but this machine has {free} free");
            Err(Error::setting(flag, message))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_with_its_flag_and_both_numbers() {
        assert!(check("--size", "240", 1000).is_ok());
        if free_bytes().is_none() {
            return;
        }
        let error = check("--size", "4096 at --scale 4", u64::MAX).unwrap_err().to_string();
        assert!(error.starts_with("--size 4096 at --scale 4 needs 16777216 TiB of memory"), "{error}");
        assert!(error.ends_with("iB free"), "{error}");
    }
}
