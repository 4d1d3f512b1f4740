//! Lays out embeddings on two-dimensional maps, and draws maps, training curves and trades.

mod canvas;
mod chart;
mod colour;
mod curves;
mod groups;
mod legend;
mod map;
mod names;
mod scatter;
mod sheet;
mod text;
mod trade;
mod tsne;
mod view;

pub use chart::{Chart, Colours};
pub use colour::{PALETTE_SIZE, Theme};
pub use curves::{Curves, Panel, Unit, draw_curves};
pub use map::{Map, pca};
pub use scatter::scatter;
pub use sheet::{Look, write_png};
pub use trade::{Trade, TradePoint, draw_trade};
pub use tsne::{TsneOptions, tsne};
