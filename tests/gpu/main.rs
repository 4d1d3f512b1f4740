//! Everything that needs an adapter: kernels against their twins, against golden numbers, with defects
//! put in, and the whole engine.
#![allow(clippy::print_stdout, reason = "tests tell how much of a tolerance was used")]

mod candidate_score;
mod candidate_score_subgroup;
mod draw_law;
mod engine;
mod golden;
#[path = "../support/golden.rs"]
mod golden_data;
mod includes;
mod negative_draw;
mod pair_score;
mod point_gradient;
mod row_adam;
mod row_catch_up;
mod row_load;
mod row_sgd;
mod step_sum;
mod support;
mod triplet_loss;
