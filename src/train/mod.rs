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
mod state;
mod steps;

pub use chance::ndcg_by_chance;
pub(crate) use config::MAX_DIM;
pub use config::{ItemBias, Regularisers, Stopping, TrainConfig, defaults};
pub(crate) use diverged::diverged;
pub use engine::{Timing, Trained, check_data, train, train_from};
pub use event::{EpochSums, Event, Stop};
pub use recipe::Recipe;
pub use state::{Keep, KeepNothing, Restart, Snapshot, State};
pub use steps::SideFeatures;
pub(crate) use steps::{Steps, step_shape};
