//! Everything that needs an adapter: kernels against their twins, against golden numbers, with defects
//! put in, and the whole engine.
#![allow(clippy::print_stdout, reason = "tests tell how much of a tolerance was used")]

mod draw_law;
mod engine;
mod golden;
#[path = "../support/golden.rs"]
mod golden_data;
mod kernels;
mod mutants;
mod support;
