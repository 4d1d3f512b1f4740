//! The memory of this machine.

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
