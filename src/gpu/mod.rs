//! The device side: choosing an adapter, compiling the kernels of `shaders/`, tables in row shards,
//! and the encoding of training steps.

mod adapter;
mod device;
mod kernel;
pub mod layout;
pub mod shader;
mod shape;
mod stage_timer;
mod step;
mod tables;
mod working;

pub use adapter::{AdapterChoice, AdapterSummary, adapters};
pub use device::Gpu;
pub(crate) use kernel::fold;
pub use kernel::{Bindings, Kernel, Named};
pub use shape::{Grain, StepShape};
pub use step::Stepper;
pub(crate) use tables::SHARD_NAMES;
pub use tables::Tables;
