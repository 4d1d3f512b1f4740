//! Measuring training steps on an adapter: made-up interactions of any size, the steps that training
//! takes on them, and beside them the pass over the whole tables that a dense optimizer makes.

mod case;
mod data;
mod dense;
mod steps;

pub use case::{BenchCase, USER_COUNT};
pub use dense::{AdamSettings, DenseAdam, dense_adam_seconds};
pub use steps::{Spans, StepTimes, measure};
