//! `spherec similar`: the neighbours of items, or of users.

use super::CommandResult;
use super::cold::{self, ColdArgs};
use super::format::shown;
use super::lists::{BLOCK, Entry, ListArgs, ListWriter, NUMBERS};
use spherec::data::Side;
use spherec::model::Model;
use spherec::recommend::{similar_items, similar_users};
use spherec::{Error, Result};
use std::path::PathBuf;

/// List the items nearest an item, or the users nearest a user
///
/// Nearest are those of the highest cosine, in a model that ranks by inner products, too: between items, inner
/// products would give the same few long rows to all. In the ball they are those of the smallest distance. The item bias
/// does not count.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Model folder
    model: PathBuf,
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    cold: ColdArgs,
    #[command(flatten)]
    list: ListArgs,
}

const EXAMPLES: &str = "Examples:
  spherec similar model --item 1984 -k 10
  spherec similar model --user 42 --format jsonl
  spherec similar model --item new-paper --with-cold-items";

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Of {
    /// Item id; may be repeated
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    item: Vec<String>,
    /// User id; may be repeated
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    user: Vec<String>,
}

pub(crate) fn run(args: &Args) -> CommandResult {
    if args.list.k == 0 {
        return Err(Error::setting("-k", "must be at least 1, but is 0").into());
    }
    args.list.check_output(&[&args.model])?;
    let model = args.cold.take_in(Model::load(&args.model)?, &args.model)?;
    let of_items = !args.of.item.is_empty();
    let (side, wanted, ids) = match of_items {
        true => (Side::Items, &args.of.item, &model.items),
        false => (Side::Users, &args.of.user, &model.users),
    };
    let rows = wanted.iter().map(|id| find(&model, side, id)).collect::<Result<Vec<u32>>>()?;
    let mut writer = ListWriter::open(&args.list, [side.word(), "neighbour"], &NUMBERS[1..])?;
    for block in rows.chunks(BLOCK) {
        let lists = match of_items {
            true => similar_items(&model.embeddings, block, args.list.k)?,
            false => similar_users(&model.embeddings, block, args.list.k)?,
        };
        let mut entries = Vec::new();
        for (&row, neighbours) in block.iter().zip(&lists) {
            entries.extend(Entry::list(&ids.text(row), neighbours, |row| ids.text(row)));
        }
        writer.write(&entries)?;
    }
    writer.finish()
}

fn find(model: &Model, side: Side, id: &str) -> Result<u32> {
    let ids = if side == Side::Items { &model.items } else { &model.users };
    let is_cold = || model.known(side).is_some_and(|known| known.cold_ids.find_text(id).is_some());
    ids.find_text(id).ok_or_else(|| {
        let (word, id) = (side.word(), shown(id));
        Error::Data(match is_cold() {
            true => format!("the {word} {id} is cold: {} places it by its features", cold::flag(side)),
            false => format!("the model does not know the {word} {id}"),
        })
    })
}
