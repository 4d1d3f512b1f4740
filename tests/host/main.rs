//! Tests that need no GPU.

mod data_bad_input;
mod data_generate;
mod data_ids;
mod data_load;
mod data_split;
