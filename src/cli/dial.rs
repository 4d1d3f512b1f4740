//! The dial of popularity: how much of the item bias counts.

use spherec::model::{Model, check_popularity};
use spherec::{Error, Result};
use std::path::Path;

/// The dial of a command that ranks.
#[derive(Debug, clap::Args)]
pub(crate) struct DialArgs {
    /// How much of the item bias counts, from 0 (what fits the user, however rare) to 1 (what is popular, too)
    /// [default: what the model says]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    popularity: Option<f64>,
}

impl DialArgs {
    /// The popularity to rank `model` by, which is in `folder`.
    pub(crate) fn of(&self, model: &Model, folder: &Path) -> Result<f64> {
        check_dials(self.popularity.as_slice(), model, folder)?;
        Ok(self.popularity.unwrap_or(model.popularity))
    }
}

/// Checks popularities that were asked for.
pub(crate) fn check_dials(asked: &[f64], model: &Model, folder: &Path) -> Result<()> {
    asked.iter().try_for_each(|&popularity| check_popularity(popularity))?;
    if asked.is_empty() || model.embeddings.has_bias() {
        return Ok(());
    }
    let message = format!(
        "needs a model with an item bias, but {} has none: train one with --item-bias, or leave the flag out",
        folder.display()
    );
    Err(Error::setting("--popularity", message))
}
