//! WRMF, the matrix factorisation of Hu, Koren and Volinsky 2008 ("Collaborative Filtering for Implicit Feedback
//! Datasets"), by alternating least squares on the CPU: each row is solved exactly while the other side stands still.
//! The regularisation is that of Rendle et al. 2021 ("Revisiting the Performance of iALS on Item Recommendation
//! Benchmarks", arXiv 2110.14037). With features of items it is CDL (Wang, Wang and Yeung 2015, "Collaborative Deep
//! Learning for Recommender Systems"). It knows nothing of the GPU.

mod config;
mod prior;
mod sweep;
mod trainer;

pub use config::{WrmfConfig, defaults};
pub use prior::{Batch, NetworkTrainer};
pub use trainer::train_from;
