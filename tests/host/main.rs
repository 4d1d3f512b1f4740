//! Tests that need no adapter.

mod data_load;
mod evaluate_golden;
mod evaluate_oracle;
mod export;
mod model_damage;
mod model_folder;
mod plot;
mod recommend;
