//! Recommenders by Collaborative Metric Learning, trained on any GPU through wgpu.
//!
//! The folders follow the data: [`data`] turns text into [`data::Interactions`], [`sampling`] plans the
//! pairs and negatives of each step, [`step`] says what a step is, [`gpu`] runs its kernels of `shaders/`,
//! [`train`] drives them ([`als`] is a trainer on the CPU), [`evaluate`] ranks and measures, [`model`] keeps the result on disk, [`recommend`] and
//! [`export`] use it. [`reference`] holds a plain CPU twin of every kernel; [`bench`] measures steps. The library is
//! silent: it returns values and emits events; only the binary's `cli` prints.
#![forbid(unsafe_code)]

pub mod als;
pub mod bench;
pub mod checkpoint;
pub mod clusters;
pub mod data;
pub mod error;
pub mod evaluate;
pub mod experiment;
pub mod explore;
pub mod export;
pub mod files;
pub mod gpu;
pub mod labels;
pub mod leftovers;
pub mod memory;
pub mod model;
pub mod plot;
pub mod printable;
pub mod random;
pub mod recommend;
pub mod reference;
pub mod sampling;
pub mod segments;
pub mod selftest;
pub mod step;
pub mod threads;
pub mod train;

pub use error::{Error, Result};
