//! Every kernel against its CPU twin on the chosen adapter, on made-up steps of ragged sizes. Serves
//! `spherec doctor --selftest` and, with defects put into the kernels' text, the tests.

mod case;
mod compare;
mod draws;
mod on_device;
mod scenario;

pub use case::{Case, cases};
pub use draws::draw_on_device;

use crate::gpu::{Gpu, Tables, shader};
use crate::{Error, Result};
use scenario::Scenario;

/// How close a kernel came to its twin.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The kernel's stem.
    pub kernel: String,
    /// The case's name.
    pub case: &'static str,
    /// Numbers compared, untouched ones included.
    pub compared_count: usize,
    /// Largest share of the tolerance that a number used; above 1 is a failure.
    pub worst_share: f64,
    /// The first number that failed, in words.
    pub failure: Option<String>,
}

/// Runs `text` as the kernel `name` on `case` and compares every buffer with the twin's; `None` where the case does
/// not run the kernel, or the adapter not the case ([`crate::gpu::Grain::suits`]).
///
/// # Errors
/// [`Error::Gpu`] where the kernel does not compile or run; a difference is an [`Outcome`].
pub fn check_kernel(gpu: &Gpu, name: &str, text: &str, case: &Case) -> Result<Option<Outcome>> {
    if !case.grain.suits(gpu) {
        return Ok(None);
    }
    let scenario = Scenario::new(case, Tables::most_shards_per_dispatch(gpu))?;
    let Some((before, after)) = scenario.around(name) else { return Ok(None) };
    let seen = scenario.run_kernel(gpu, name, text, &before)?;
    Ok(Some(compare::outcome(name, case.name, &after, &seen)))
}

/// Runs every kernel on every case that it takes part in, reporting each to `report`.
///
/// # Errors
/// [`Error::Gpu`] where a kernel does not compile or run, or differs from its twin.
pub fn run(gpu: &Gpu, mut report: impl FnMut(&Outcome)) -> Result<()> {
    let mut failure = None;
    for (name, text) in shader::KERNELS {
        for case in cases() {
            if let Some(outcome) = check_kernel(gpu, name, text, &case)? {
                report(&outcome);
                failure = failure.or(outcome.failure);
            }
        }
    }
    failure.map_or(Ok(()), |message| Err(Error::Gpu(format!("a kernel differs from its twin: {message}"))))
}
