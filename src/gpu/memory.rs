//! Whether a run fits the device, before any of its memory is taken.

use super::device::Gpu;
use crate::printable::bytes;
use crate::step::StepShape;
use crate::{Error, Result, memory};

/// Checks that everything fits the adapter's bindings, and that the machine has the memory: `host_bytes`, and what the
/// device needs if it takes its memory from the machine's. Systems and drivers give more than there is, and the system
/// then ends the process.
///
/// # Errors
/// [`Error::Gpu`] or [`Error::DeviceMemory`] with the sizes, and the flags that decide them; [`Error::Data`] if the
/// device has memory of its own.
pub fn check_memory(gpu: &Gpu, shape: &StepShape, host_bytes: u64) -> Result<()> {
    shape.check_bindings(gpu.max_binding_bytes(), &gpu.adapter().name)?;
    let shares_memory = matches!(gpu.adapter().kind, "cpu" | "integrated");
    let device_bytes = if shares_memory { shape.memory().iter().map(|(_, bytes)| bytes).sum() } else { 0 };
    let needed: u64 = host_bytes + device_bytes;
    // If free memory is unknown, try anyway.
    let Some(free) = memory::free_bytes() else { return Ok(()) };
    if needed <= free {
        return Ok(());
    }
    let message = format!(
        "{} users and {} items at --dim {} need {} of memory, {} of it for the device, but this machine has {} free",
        shape.plan.user_count,
        shape.plan.item_count,
        shape.dim,
        bytes(needed),
        bytes(device_bytes),
        bytes(free)
    );
    Err(if shares_memory { Error::DeviceMemory(message) } else { Error::Data(message) })
}
