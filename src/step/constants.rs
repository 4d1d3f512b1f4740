//! What stays the same over a run.

use super::layout::Settings;
use super::{Rates, Schedule, StepShape};
use crate::Result;

/// What stays the same over a run: all that the device and the twins need beside plans and tables.
#[derive(Debug, Clone, PartialEq)]
pub struct StepConstants {
    /// What the steps are made of.
    pub shape: StepShape,
    /// The numbers that the kernels read.
    pub settings: Settings,
    /// Adam's table, see [`Rates::catch_up_table`].
    pub catch_up: Vec<[f32; 2]>,
}

impl StepConstants {
    /// For steps of `shape` under `schedule`; `hardness` is the exponent of stage 2.
    ///
    /// # Errors
    /// [`crate::Error::Setting`] if the optimizer or the schedule is impossible.
    pub fn new(shape: StepShape, schedule: Schedule, hardness: f64) -> Result<StepConstants> {
        let rates = Rates { optimizer: shape.optimizer, schedule };
        let catch_up = rates.catch_up_table()?;
        let settings = rates.settings(shape.dim, shape.gor_weight, hardness, catch_up.len());
        Ok(StepConstants { shape, settings, catch_up })
    }
}
