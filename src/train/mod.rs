//! The training loop: an engine that plans, submits and collects steps, evaluates, stops early, and tells
//! what happens as events. It prints nothing and writes no file.

mod config;
mod dial;
mod engine;
mod event;
mod pace;
mod recipe;
mod steps;

pub(crate) use config::MAX_DIM;
pub use config::{ItemBias, Regularisers, Stopping, TrainConfig, defaults};
pub use engine::{Trained, check_data, train};
pub use event::{EpochSums, Event, Stop};
pub use recipe::Recipe;
pub(crate) use steps::{Steps, step_shape};
