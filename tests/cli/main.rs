//! The binary, driven as a user would: training to pictures, lists, benchmarks, interrupts and bad
//! requests. An adapter is needed; without one the tests fail with the line that says what to install.

mod bad_input;
mod bench;
mod cold;
mod config;
mod data;
mod dial;
mod experiments;
mod lists;
mod losses;
mod models;
mod outputs;
mod pipeline;
mod quiet;
mod resume;
mod segments;
mod support;
mod training;
mod trouble;
mod wrmf;
