//! A step as data: what it is made of, its sizes, its list of stages, and the plan of one step. Sampling fills
//! plans, the twins and the device run the stages. Nothing here knows wgpu.

mod constants;
mod geometry;
pub mod layout;
mod loss;
mod net;
mod optimizer;
mod plan;
mod shape;
mod stages;

pub use constants::StepConstants;
pub use geometry::Geometry;
pub use loss::Loss;
pub(crate) use net::other_names;
pub use net::{FeatureRole, Layer, NetShape, Of};
pub use optimizer::{Moment, Optimizer, Rates, Schedule};
pub use plan::{HistoryShape, NetPlan, Plan, PlanShape};
pub use shape::{
    BLOCK_BYTES, Grain, HELD_CHUNKS, MAX_STEPS, PLAN_BYTES, StepBuffer, StepShape, WINDOW_CHUNKS,
};

pub use stages::{Build, Dispatch, Extent, Over, Stage, TILE, fold};
