//! Whether a run fits the device, before any of its memory is taken.

use super::device::Gpu;
use crate::step::StepShape;
use crate::{Error, Result, memory};

/// Checks that everything fits the adapter's bindings and, if the adapter takes its memory from the machine's, that
/// the machine has it: drivers of that kind give more than there is, and the system then ends the process.
///
/// # Errors
/// [`Error::Gpu`] with the sizes, and the flags that decide them.
pub fn check_memory(gpu: &Gpu, shape: &StepShape) -> Result<()> {
    shape.check_bindings(gpu.max_binding_bytes(), &gpu.adapter().name)?;
    if gpu.adapter().kind != "cpu" {
        return Ok(());
    }
    let needed: u64 = shape.memory().iter().map(|(_, bytes)| bytes).sum();
    // If free memory is unknown, try anyway.
    if let Some(free) = memory::free_bytes()
        && needed > free
    {
        return Err(Error::Gpu(format!(
            "{} users and {} items at --dim {} need {needed} bytes on the device, but this machine has {free} free",
            shape.plan.user_count, shape.plan.item_count, shape.dim
        )));
    }
    Ok(())
}
