//! WRMF, the matrix factorisation of Hu, Koren and Volinsky 2008 ("Collaborative Filtering for Implicit Feedback
//! Datasets"), by alternating least squares on the CPU: each row is solved exactly while the other side stands still.
//! The regularisation is that of Rendle et al. 2021 ("Revisiting the Performance of iALS on Item Recommendation
//! Benchmarks", arXiv 2110.14037). It knows nothing of the GPU.

mod config;
mod sweep;
mod trainer;

pub use config::{WrmfConfig, defaults};
pub(crate) use sweep::place;
pub use trainer::train_from;
