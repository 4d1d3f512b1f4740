//! The training loop: an engine that plans, submits and collects steps, evaluates, stops early, and tells
//! what happens as events. It prints nothing and writes no file.

mod chance;
mod config;
mod dial;
mod diverged;
mod engine;
mod event;
mod memory;
mod pace;
mod recipe;
mod steps;

pub use chance::ndcg_by_chance;
pub use config::{ItemBias, Regularisers, Stopping, TrainConfig, defaults};
pub(crate) use diverged::diverged;
pub use engine::{Trained, train};
pub use event::{EpochSums, Event, Stop};
pub use recipe::Recipe;
pub(crate) use steps::{Steps, step_shape};
