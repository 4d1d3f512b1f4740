//! The device side: choosing an adapter, compiling the kernels of `shaders/`, tables in row shards,
//! and the encoding of training steps.

mod adapter;
mod device;
mod kernel;
mod memory;
pub mod shader;
mod stage_timer;
mod step;
mod tables;
mod trouble;
mod working;

pub use adapter::{AdapterChoice, AdapterSummary, adapters};
pub use device::Gpu;
pub use kernel::{Bindings, Kernel, Named};
pub use memory::check_memory;
pub use step::Stepper;
pub(crate) use tables::SHARD_NAMES;
pub use tables::{TableKey, TablePart, Tables};
pub use trouble::{Call, Injection, Trouble};
pub(crate) use working::parts_of_working;
