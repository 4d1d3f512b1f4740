//! Tests that need no adapter.
#![allow(clippy::print_stdout, reason = "tests tell how much of a tolerance was used")]

mod cdl;
mod cold;
mod comparison;
mod data_bad_input;
mod data_damage;
mod data_filters;
mod data_formats;
mod data_generate;
mod data_hostile;
mod data_ids;
mod data_load;
#[cfg(feature = "parquet")]
mod data_parquet;
mod data_split;
mod dense_adam;
mod draw_law;
mod draws;
mod epoch;
mod evaluate_golden;
mod evaluate_oracle;
mod experiment;
mod explore;
mod export;
mod features;
mod finite_differences;
mod fuzz_cases;
#[path = "../support/golden.rs"]
mod golden_data;
#[path = "../support/golden_networks.rs"]
mod golden_network_data;
mod golden_networks;
mod golden_steps;
mod layouts;
mod lazy_rows;
mod loss_differences;
mod loss_numbers;
mod model_damage;
mod model_folder;
mod network_differences;
mod optimizer;
mod outputs;
mod pictures;
mod plan_queue;
mod plans;
mod properties;
mod random;
mod recommend;
mod segments;
mod shader_text;
mod shaders;
mod shared_plans;
mod statistics;
mod train_config;
mod trouble;
mod wrmf;
