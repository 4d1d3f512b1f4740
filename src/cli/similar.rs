//! `spherec similar`: the neighbours of items, or of users.

use super::CommandResult;
use super::format::shown;
use super::lists::{BLOCK, Entry, ListArgs, ListWriter, NUMBERS};
use spherec::data::IdTable;
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
    list: ListArgs,
}

const EXAMPLES: &str = "Examples:
  spherec similar model --item 1984 -k 10
  spherec similar model --user 42 --format jsonl";

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
    let model = Model::load(&args.model)?;
    let of_items = !args.of.item.is_empty();
    let (what, wanted, ids) = match of_items {
        true => ("item", &args.of.item, &model.items),
        false => ("user", &args.of.user, &model.users),
    };
    let rows = wanted.iter().map(|id| find(what, id, ids)).collect::<Result<Vec<u32>>>()?;
    let mut writer = ListWriter::open(&args.list, [what, "neighbour"], &NUMBERS[1..])?;
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

fn find(what: &str, id: &str, ids: &IdTable) -> Result<u32> {
    ids.find_text(id).ok_or_else(|| Error::Data(format!("the model does not know the {what} {}", shown(id))))
}
