//! The training loop: the course of a run (epochs, validation, early stopping), whatever trains; and the engine that
//! plans, submits and collects steps. It tells what happens as events, prints nothing and writes no file.

mod chance;
mod config;
mod course;
mod dial;
mod diverged;
mod engine;
mod event;
mod memory;
mod pace;
mod popularity;
mod recipe;
mod run;
mod state;
mod steps;

pub use chance::ndcg_by_chance;
pub use config::{FeatureNetwork, History, ItemBias, Regularisers, Stopping, TrainConfig, defaults};
pub(crate) use config::{MAX_DIM, within};
pub(crate) use course::{Course, Trainer};
pub(crate) use diverged::diverged;
pub use engine::{NO_USER_POINTS, Timing, Trained, check_data, train, train_from};
pub(crate) use engine::{check_not_empty, starting_row, starting_weights};
pub use event::{EpochSums, Event, Stop};
pub use popularity::PopularityConfig;
pub use recipe::Recipe;
pub use run::{RunConfig, RunRecipe, run_from};
pub(crate) use state::TableParts;
pub use state::{Keep, KeepNothing, Restart, Snapshot, State};
pub use steps::{SideFeatures, TrainingData};
pub(crate) use steps::{Steps, step_shape};
