//! Tests that need no GPU.

mod data_load;
