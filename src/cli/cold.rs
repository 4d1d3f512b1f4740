//! Cold items and cold users: the flags with which a command takes them in.

use super::console::note;
use spherec::data::Side;
use spherec::model::Model;
use spherec::{Error, Result};
use std::path::Path;

#[derive(Debug, clap::Args)]
pub(crate) struct ColdItemArgs {
    /// Take in cold items: those of the --item-features file of the training that nobody had. Their features place
    /// them. In a model with an item bias they have the mean one, below that of what is popular; where there is a flag
    /// --popularity, 0 ranks all as equals
    #[arg(long)]
    with_cold_items: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ColdArgs {
    #[command(flatten)]
    items: ColdItemArgs,
    /// Take in cold users: those of the --user-features file of the training without an item. Their features place them
    #[arg(long)]
    with_cold_users: bool,
}

impl ColdItemArgs {
    /// Takes the cold items of `model`, which is in `folder`, in if the flag is given.
    pub(crate) fn take_in(&self, model: Model, folder: &Path) -> Result<Model> {
        if self.with_cold_items { take_in(model, folder, Side::Items) } else { Ok(model) }
    }
}

impl ColdArgs {
    /// Takes those in whom the flags name.
    pub(crate) fn take_in(&self, model: Model, folder: &Path) -> Result<Model> {
        let model = self.items.take_in(model, folder)?;
        if self.with_cold_users { take_in(model, folder, Side::Users) } else { Ok(model) }
    }
}

/// The flag that takes the cold ones of `side` in.
pub(crate) fn flag(side: Side) -> &'static str {
    match side {
        Side::Items => "--with-cold-items",
        Side::Users => "--with-cold-users",
    }
}

fn take_in(model: Model, folder: &Path, side: Side) -> Result<Model> {
    let (folder, word) = (folder.display(), side.word());
    match model.known(side) {
        None => {
            let message = format!(
                "needs a model with features of {}, but {folder} has none: train one with --{word}-features",
                side.name()
            );
            return Err(Error::setting(flag(side), message));
        }
        Some(known) if known.cold_ids.is_empty() => {
            note(&format!(
                "{folder} has no cold {}: all of its --{word}-features were in training",
                side.name()
            ));
        }
        Some(_) => {}
    }
    model.with_cold(side)
}
