//! What stays the same over a run.

use super::layout::Settings;
use super::{Rates, StepShape};
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
    /// For steps of `shape` under `rates`; `hardness` is the exponent of stage 2.
    ///
    /// # Errors
    /// [`crate::Error::Setting`] if the optimizer or the schedule is impossible.
    pub fn new(shape: StepShape, rates: Rates, hardness: f64) -> Result<StepConstants> {
        let catch_up = rates.catch_up_table()?;
        let settings = Settings {
            gor_weight: shape.gor_weight as f32,
            inverse_dim: (1.0 / shape.dim as f64) as f32,
            hardness: hardness as f32,
            item_bias_rate: shape.item_bias_rate as f32,
            covariance_weight: shape.covariance_weight as f32,
            catch_up_count: catch_up.len() as u32,
            ..rates.settings()
        };
        Ok(StepConstants { shape, settings, catch_up })
    }
}
