//! Every kernel against its CPU twin on the chosen adapter, on made-up steps of ragged sizes. Serves
//! `spherec doctor --selftest` and, with defects put into the kernels' text, the tests.

mod compare;
mod draws;
mod made_up;
mod on_device;
mod scenario;

pub use draws::{Draws, draw_on_device};
pub use made_up::{MadeUp, made_up_steps};

use crate::gpu::{Gpu, shader};
use crate::step::{Build, Stage};
use crate::{Error, Result};
use scenario::{KernelRun, Scenario};

/// How close a kernel came to its twin.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// The kernel's stem.
    pub kernel: String,
    /// The name of the made-up step.
    pub case: &'static str,
    /// Numbers compared, untouched ones included.
    pub compared_count: usize,
    /// Largest share of the tolerance that a number used; above 1 is a failure.
    pub worst_share: f64,
    /// The first number that failed, in words.
    pub failure: Option<String>,
}

/// A kernel on a made-up step: what its twin makes of the buffers, dispatch by dispatch. Made once, it serves any
/// number of runs.
#[derive(Debug)]
pub struct Comparison {
    case: &'static str,
    shards_asked: usize,
    scenario: Scenario,
    stage: Stage,
    runs: Vec<KernelRun>,
}

impl Comparison {
    /// `None` if the step does not run the kernel, or the adapter not the step ([`Gpu::suits`]).
    ///
    /// # Errors
    /// [`Error::Gpu`] if the step has no draw without near ties.
    pub fn new(gpu: &Gpu, kernel: &str, case: &MadeUp) -> Result<Option<Comparison>> {
        if !gpu.suits(&case.grain) {
            return Ok(None);
        }
        let scenario = Scenario::new(case, gpu.most_shards_per_dispatch())?;
        let Some(stage) = scenario.stage(kernel) else { return Ok(None) };
        let runs = scenario.runs(kernel);
        Ok(Some(Comparison {
            case: case.name,
            shards_asked: case.shards_per_dispatch,
            scenario,
            stage,
            runs,
        }))
    }

    /// How the kernel is compiled for the step.
    pub fn build(&self) -> Build {
        self.scenario.shape().build(&self.stage)
    }

    /// Whether a dispatch covers as many shards as the step asks for: some adapters bind fewer.
    pub fn binds_all_shards(&self) -> bool {
        self.scenario.shape().shards_per_dispatch == self.shards_asked
    }

    /// Runs `text` as the kernel and compares every buffer with the twin's.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the kernel does not compile or run; a difference is an [`Agreement`].
    pub fn run(&self, gpu: &Gpu, text: &str) -> Result<Agreement> {
        let seen = self.scenario.run_kernel(gpu, text, &self.runs)?;
        let expected = self.runs.iter().map(|run| &run.after);
        Ok(compare::agreement(self.stage.kernel, self.case, expected.zip(&seen)))
    }
}

/// Runs every kernel on every made-up step that it takes part in, reporting each to `report`.
///
/// # Errors
/// [`Error::Gpu`] if a kernel does not compile or run, or differs from its twin.
pub fn run(gpu: &Gpu, mut report: impl FnMut(&Agreement)) -> Result<()> {
    let mut failure = None;
    for (name, text) in shader::KERNELS {
        for case in made_up_steps() {
            let Some(comparison) = Comparison::new(gpu, name, &case)? else { continue };
            let agreement = comparison.run(gpu, text)?;
            report(&agreement);
            failure = failure.or(agreement.failure);
        }
    }
    failure.map_or(Ok(()), |message| Err(Error::Gpu(format!("a kernel differs from its twin: {message}"))))
}
