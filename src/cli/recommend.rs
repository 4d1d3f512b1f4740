//! `spherec recommend`: the items of the highest score for each user.

use super::CommandResult;
use super::console::note;
use super::dial::DialArgs;
use super::format::{counted, shown};
use super::lists::{BLOCK, Entry, ListArgs, ListWriter, NUMBERS};
use clap::ValueEnum;
use spherec::data::{IdTable, id_from_text, id_text};
use spherec::model::Model;
use spherec::recommend::{Popular, popular, recommend};
use spherec::{Error, Result, files};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Recommend items: those of the highest score that the user has not seen
///
/// The score is the similarity, and with an item bias how popular the item is: see --popularity. A user's
/// training and validation items are left out. Test items may be recommended, since the model has not seen
/// them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Model folder
    model: PathBuf,
    #[command(flatten)]
    who: Who,
    /// For users unknown to the model: stop (error), leave them out (skip), or recommend the most popular
    /// items (popular)
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Unknown::Error)]
    unknown: Unknown,
    #[command(flatten)]
    dial: DialArgs,
    #[command(flatten)]
    list: ListArgs,
}

const EXAMPLES: &str = "Examples:
  spherec recommend model --user 42 -k 10
  spherec recommend model --user 42 --popularity 0.5
  spherec recommend model --users-file users.txt --unknown popular -o lists.jsonl
  spherec recommend model --all -k 50 -o lists.csv";

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Who {
    /// User id; may be repeated
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    user: Vec<String>,
    /// File of user ids, one per line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    users_file: Option<PathBuf>,
    /// All users of the model
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Unknown {
    Error,
    Skip,
    Popular,
}

/// The most bytes of a file of users.
const MOST: u64 = 1 << 30;

/// A user's id, and their row if the model knows them.
type Query = (String, Option<u32>);

pub(crate) fn run(args: &Args) -> CommandResult {
    if args.list.k == 0 {
        return Err(Error::setting("-k", "must be at least 1, but is 0").into());
    }
    let inputs = [Some(args.model.as_path()), args.who.users_file.as_deref()];
    args.list.check_output(&inputs.into_iter().flatten().collect::<Vec<_>>())?;
    let model = Model::load(&args.model)?;
    let popularity = args.dial.of(&model, &args.model)?;
    let queries = queries(&args.who, &model.users)?;
    let unknown_count = queries.iter().filter(|(_, row)| row.is_none()).count();
    let mut fallback = Vec::new();
    if unknown_count > 0 {
        tell_unknown(args.unknown, &queries, unknown_count)?;
        if args.unknown == Unknown::Popular {
            fallback = popular(&model.split.train, args.list.k, &[])?;
        }
    }
    let mut writer = ListWriter::open(&args.list, ["user", "item"], &NUMBERS)?;
    for block in queries.chunks(BLOCK) {
        writer.write(&entries(&model, popularity, block, args.list.k, &fallback)?)?;
    }
    writer.finish()
}

fn queries(who: &Who, users: &IdTable) -> Result<Vec<Query>> {
    if who.all {
        return Ok((0..users.len() as u32).map(|row| (users.text(row), Some(row))).collect());
    }
    if let Some(path) = &who.users_file {
        return read_users(path, users);
    }
    Ok(who.user.iter().map(|id| query(id.as_bytes(), users)).collect())
}

/// The user who is called `id`: by the text form of an id, or by its bytes. Unknown users get a text form, too.
fn query(id: &[u8], users: &IdTable) -> Query {
    let text = std::str::from_utf8(id);
    let row = text.map_or_else(|_| users.find(id), |text| users.find_text(text));
    let shown = match row {
        Some(row) => users.text(row),
        None => text.map_or_else(|_| id_text(id), |text| id_text(&id_from_text(text))),
    };
    (shown, row)
}

/// The user ids in a file, one per line. Empty lines are skipped.
fn read_users(path: &Path, users: &IdTable) -> Result<Vec<Query>> {
    let text = match path.as_os_str() == "-" {
        true => read_stdin()?,
        false => files::read(path, MOST)?,
    };
    let lines = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text).split(|&byte| byte == b'\n');
    let ids = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).filter(|line| !line.is_empty());
    let queries: Vec<Query> = ids.map(|id| query(id, users)).collect();
    if queries.is_empty() { Err(Error::file(path, "has no user id")) } else { Ok(queries) }
}

fn read_stdin() -> Result<Vec<u8>> {
    let path = Path::new("<stdin>");
    let mut text = Vec::new();
    std::io::stdin().lock().take(MOST + 1).read_to_end(&mut text).map_err(Error::io(path, "read"))?;
    if text.len() as u64 > MOST {
        return Err(Error::file(path, format!("is larger than {MOST} bytes")));
    }
    Ok(text)
}

fn tell_unknown(unknown: Unknown, queries: &[Query], count: usize) -> Result<()> {
    let first = queries.iter().find(|(_, row)| row.is_none()).map_or("", |(id, _)| id);
    let who = match count {
        1 => format!("the model does not know the user {}", shown(first)),
        _ => {
            format!("the model does not know {} (the first is {})", counted(count, "user"), shown(first))
        }
    };
    match unknown {
        Unknown::Error => Err(Error::Data(format!(
            "{who}; use --unknown skip to leave such users out, or --unknown popular for popular items"
        ))),
        Unknown::Skip => {
            note(&format!("{who}: left out"));
            Ok(())
        }
        Unknown::Popular => {
            note(&format!("{who}: popular items are recommended"));
            Ok(())
        }
    }
}

/// The lists of some users, in their order.
fn entries(
    model: &Model,
    popularity: f64,
    block: &[Query],
    k: usize,
    fallback: &[Popular],
) -> Result<Vec<Entry>> {
    let rows: Vec<u32> = block.iter().filter_map(|&(_, row)| row).collect();
    let seen = [&model.split.train, &model.split.valid];
    let mut found = recommend(&model.embeddings, popularity, &rows, k, &seen)?.into_iter();
    let mut entries = Vec::new();
    for (id, row) in block {
        match row.and_then(|_| found.next()) {
            Some(neighbours) => entries.extend(Entry::list(id, &neighbours, |item| model.items.text(item))),
            None => entries.extend(fallback.iter().enumerate().map(|(index, popular)| Entry {
                query: id.clone(),
                rank: index + 1,
                id: model.items.text(popular.item),
                numbers: None,
            })),
        }
    }
    Ok(entries)
}
