//! Everything that needs an adapter: kernels against their twins, against golden numbers, with defects
//! put in, and the whole engine.
#![allow(clippy::print_stdout, reason = "tests tell how much of a tolerance was used")]

mod bindings;
mod bpr_loss;
mod candidate_gradient;
mod candidate_gradient_subgroup;
mod candidate_score;
mod candidate_score_subgroup;
mod cold;
mod contrastive_loss;
mod covariance_gradient;
mod covariance_gradient_subgroup;
mod covariance_matrix;
mod covariance_sum;
mod covariance_sum_subgroup;
mod draw_law;
mod engine;
mod feature_add;
mod feature_gradient;
mod feature_hidden;
mod feature_output;
mod feature_slope;
mod feature_sum;
mod feature_take;
mod golden;
#[path = "../support/golden.rs"]
mod golden_data;
#[path = "../support/golden_networks.rs"]
mod golden_network_data;
mod golden_networks;
mod hidden_gradient;
mod hinge_sum_loss;
mod history_item_gradient;
mod history_slope;
mod history_sum;
mod history_user;
mod history_user_gradient;
mod includes;
mod negative_draw;
mod output_gradient;
mod pair_score;
mod parity;
mod point_gradient;
mod point_gradient_shared;
mod resume;
mod row_adagrad;
mod row_adam;
mod row_catch_up;
mod row_load;
mod row_sgd;
mod softmax_loss;
mod step_sum;
mod support;
mod triplet_loss;
mod trouble;
mod user_gradient;
mod user_gradient_subgroup;
mod warp_loss;
