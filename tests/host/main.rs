//! Tests that need no GPU.

mod export;
mod model_damage;
mod model_folder;
mod plot;
