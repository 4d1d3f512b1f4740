//! Two-dimensional maps of embeddings, and their pictures.

mod canvas;
mod colour;
mod map;
mod scatter;

pub use colour::{Colours, log_popularity};
pub use map::{Map, pca};
pub use scatter::{Options, scatter, write_png};
