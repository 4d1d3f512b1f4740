//! `spherec recommend`: the items of the highest score for each user.

use super::CommandResult;
use super::cold::ColdItemArgs;
use super::console::note;
use super::dial::DialArgs;
use super::format::{counted, shown};
use super::lists::{BLOCK, Entry, ListArgs, ListWriter, NUMBERS};
use super::load_args::LoadArgs;
use super::people;
use clap::ValueEnum;
use spherec::data::{Dataset, IdTable, LoadOptions, Side, id_from_text, read_text};
use spherec::export::read_segments;
use spherec::files::InputLimit;
use spherec::model::{FoldedIn, Model, table_sum};
use spherec::recommend::{Popular, popular, recommend};
use spherec::segments::Segments;
use spherec::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Recommend items: those of the highest score that the user has not seen
///
/// The score is the similarity, and with an item bias how popular the item is: see --popularity. A user's
/// training and validation items are left out. Test items may be recommended, since the model has not seen
/// them. Cold users, those with features (train --user-features) and without an item, can be asked about like all
/// others: their features place them. MODEL/cold_users.txt has their ids. With --unknown segment they get the items that
/// most people of the nearest segment have, as with --segment.
///
/// People who were not there in training are placed by their items: --items names those of one person, --interactions
/// has many people, with further items of known ones, too. Their items are left out of their lists; ids that the model
/// lacks are left out and named. New people of --interactions without an item that the model has are left out, unless
/// --unknown recommends something to them; known people keep their place.
///
/// A model with --history places people by its own formula: newcomers at the mean of their items, which is exact with
/// --no-user-points, and else lacks only a point of their own, which known people keep. A model of the recipe wrmf
/// places them exactly, too, by least squares. In other models the mean of all of their items is an approximation, and
/// takes the place of the trained point of known people who have further items.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(mut_arg("input_format", |arg| arg.long(&INPUT_FORMAT[2..])))]
pub(crate) struct Args {
    /// Model folder
    model: PathBuf,
    #[command(flatten)]
    who: Who,
    /// For users unknown to the model, neither trained nor cold: stop (error), leave them out (skip), or recommend the
    /// most popular items (popular). segment: cold users get the items of the nearest segment of --segments, and users
    /// who are neither trained nor cold stop it
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Unknown::Error)]
    unknown: Unknown,
    /// Folder that `spherec segments MODEL -o DIR` wrote
    #[arg(long, value_name = "DIR")]
    segments: Option<PathBuf>,
    #[command(flatten)]
    cold: ColdItemArgs,
    #[command(flatten)]
    dial: DialArgs,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    load: LoadArgs,
}

/// The flag of the format of --interactions: --format is that of the lists.
const INPUT_FORMAT: &str = "--input-format";

const EXAMPLES: &str = "Examples:
  spherec recommend model --user 42 -k 10
  spherec recommend model --user 42 --popularity 0.5
  spherec recommend model --users-file users.txt --unknown popular -o lists.jsonl
  spherec recommend model --all -k 50 -o lists.csv
  spherec recommend model --users-file model/cold_users.txt --with-cold-items
  spherec recommend model --items 12,55,80
  spherec recommend model --interactions new-people.csv -o lists.csv
  spherec recommend model --segments segments --segment 7
  spherec recommend model --segments segments --unknown segment --users-file model/cold_users.txt";

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Who {
    /// User id; may be repeated
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    user: Vec<String>,
    /// File of user ids, one per line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    users_file: Option<PathBuf>,
    /// All users that the model was trained on
    #[arg(long)]
    all: bool,
    /// Someone by the items that they like: item ids, separated by commas; may be repeated. What is an id as a whole is
    /// taken as one, commas and all. In the list they are the user `new`
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    items: Vec<String>,
    /// File of people and their items, in any format that `train` reads; `-` is standard input. People whom the model
    /// knows may bring further items
    #[arg(long, value_name = "FILE")]
    interactions: Option<PathBuf>,
    /// Number of a segment, of which the items that most of its people have are listed; may be repeated
    #[arg(long, value_name = "N", requires = "segments")]
    segment: Vec<u32>,
}

impl Who {
    /// Those who are to be placed by their items, and the file that has them, if this asks for any.
    fn people(&self, model: &Model, load: &LoadArgs) -> Result<Option<(Dataset, Option<&Path>)>> {
        if let Some(path) = &self.interactions {
            let options = LoadOptions { format_flag: Some(INPUT_FORMAT), ..load.options() };
            return Ok(Some((people::read(path, &options)?, Some(path))));
        }
        if self.items.is_empty() {
            return Ok(None);
        }
        Ok(Some((people::of_items(&self.items, model)?, None)))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Unknown {
    Error,
    Skip,
    Popular,
    Segment,
}

/// Whom to recommend to: a row of the model's users, or of the ids that it does not know; a segment, or a row of the users
/// who is given the items of one.
#[derive(Clone, Copy)]
enum Query {
    Known(u32),
    Unknown(u32),
    Segment { user: Option<u32>, segment: u32 },
}

/// The users asked about, in the order asked.
#[derive(Default)]
struct Queries {
    queries: Vec<Query>,
    unknown: IdTable,
}

impl Queries {
    fn add(&mut self, users: &IdTable, id: &[u8]) {
        // An id's text form, or its bytes.
        let text = std::str::from_utf8(id);
        let row = text.map_or_else(|_| users.find(id), |text| users.find_text(text));
        let bytes = text.map_or_else(|_| id.to_owned(), id_from_text);
        self.queries.push(row.map_or_else(|| Query::Unknown(self.unknown.intern(&bytes)), Query::Known));
    }

    /// The people who were folded in, and if `with_unknown` those who could not be.
    fn of_people(people: &Dataset, folded: &FoldedIn, with_unknown: bool) -> Queries {
        let mut queries = Queries::default();
        for (id, row) in people.users.iter().zip(&folded.rows) {
            match *row {
                Some(row) => queries.queries.push(Query::Known(row)),
                None if with_unknown => queries.queries.push(Query::Unknown(queries.unknown.intern(id))),
                None => {}
            }
        }
        queries
    }

    /// Gives cold users, those from row `trained_count` on who have no item, the nearest segment.
    fn place(&mut self, model: &Model, segments: &Segments, trained_count: usize) {
        for query in &mut self.queries {
            if let Query::Known(user) = *query
                && user as usize >= trained_count
                && model.split.train.items_of(user).is_empty()
            {
                let segment = segments.nearest(model.embeddings.user(user))[0];
                *query = Query::Segment { user: Some(user), segment };
            }
        }
    }

    /// The items of each segment that is asked for.
    fn lists(
        &self,
        segments: Option<&Segments>,
        model: &Model,
        k: usize,
    ) -> Result<BTreeMap<u32, Vec<Popular>>> {
        let mut lists = BTreeMap::new();
        for query in &self.queries {
            if let (Query::Segment { segment, .. }, Some(segments)) = (*query, segments)
                && !lists.contains_key(&segment)
            {
                lists.insert(segment, segments.popular_items(&model.split.train, segment, k)?);
            }
        }
        Ok(lists)
    }

    fn unknown_count(&self) -> usize {
        self.queries.iter().filter(|query| matches!(query, Query::Unknown(_))).count()
    }

    /// The text form of an unknown id.
    fn unknown_text(&self, row: u32) -> String {
        self.unknown.text(row)
    }
}

pub(crate) fn run(args: &Args) -> CommandResult {
    if args.list.k == 0 {
        return Err(Error::setting("-k", "must be at least 1, but is 0").into());
    }
    if let (None, Some(flag)) = (&args.who.interactions, args.load.first_given()) {
        let flag = if flag == "--format" { INPUT_FORMAT } else { flag };
        return Err(Error::setting(flag, "needs a file of interactions: --interactions").into());
    }
    let inputs =
        [Some(args.model.as_path()), args.who.users_file.as_deref(), args.who.interactions.as_deref()];
    args.list.check_output(&inputs.into_iter().flatten().collect::<Vec<_>>())?;
    let mut model = Model::load(&args.model)?;
    let segments = args.segments(&model)?;
    model = args.cold.take_in(model, &args.model)?;
    let trained_count = model.users.len();
    if model.known(Side::Users).is_some() {
        model = model.with_cold(Side::Users)?;
    }
    let popularity = args.dial.of(&model, &args.model)?;
    let mut queries = match args.who.people(&model, &args.load)? {
        Some((people, from)) => {
            let with_unknown = !matches!(args.unknown, Unknown::Error | Unknown::Skip);
            let (with_people, folded) = people::fold_in(model, &people, from, with_unknown)?;
            model = with_people;
            Queries::of_people(&people, &folded, with_unknown)
        }
        None => {
            let queries = queries(&args.who, &model.users, trained_count)?;
            tell_cold(&queries, &model.users, trained_count);
            queries
        }
    };
    if let Some(segments) = segments.as_ref().filter(|_| args.unknown == Unknown::Segment) {
        queries.place(&model, segments, trained_count);
    }
    let of_segments = queries.lists(segments.as_ref(), &model, args.list.k)?;
    let unknown_count = queries.unknown_count();
    let mut fallback = Vec::new();
    if unknown_count > 0 {
        tell_unknown(args.unknown, &queries, unknown_count)?;
        if args.unknown == Unknown::Popular {
            fallback = popular(&model.split.train, args.list.k, &[])?;
        }
    }
    let whose = if args.who.segment.is_empty() { "user" } else { "segment" };
    let mut writer = ListWriter::open(&args.list, [whose, "item"], &NUMBERS)?;
    let popular = PopularLists { fallback, of_segments };
    for block in queries.queries.chunks(BLOCK) {
        writer.write(&entries(&model, popularity, &queries, block, args.list.k, &popular)?)?;
    }
    writer.finish()
}

impl Args {
    /// The segments to use, if any: of `model`, before it takes in its cold users.
    fn segments(&self, model: &Model) -> Result<Option<Segments>> {
        let is_unknown = self.unknown == Unknown::Segment;
        if is_unknown && model.known(Side::Users).is_none() {
            let message = format!(
                "segment needs a model with features of users, but {} has none: train one with --user-features",
                self.model.display()
            );
            return Err(Error::setting("--unknown", message));
        }
        let Some(folder) = &self.segments else {
            let message = "segment needs --segments DIR, which `spherec segments MODEL -o DIR` writes";
            return if is_unknown { Err(Error::setting("--unknown", message)) } else { Ok(None) };
        };
        if !is_unknown && self.who.segment.is_empty() {
            return Err(Error::setting(
                "--segments",
                "has no meaning without --segment or --unknown segment",
            ));
        }
        let segments = read_segments(folder, model, &table_sum(&self.model)?)?;
        match self.who.segment.iter().find(|&&segment| segment as usize >= segments.count()) {
            Some(segment) => {
                let (folder, count) = (folder.display(), segments.count());
                let message =
                    format!("must be below {count}, the number of segments in {folder}, but is {segment}");
                Err(Error::setting("--segment", message))
            }
            None => Ok(Some(segments)),
        }
    }
}

/// Popular items: of all people, and of the segments that are asked for.
struct PopularLists {
    fallback: Vec<Popular>,
    of_segments: BTreeMap<u32, Vec<Popular>>,
}

/// Those whom `who` names among `users`, of which the first `trained_count` were in training.
fn queries(who: &Who, users: &IdTable, trained_count: usize) -> Result<Queries> {
    let mut queries = Queries::default();
    if who.all {
        queries.queries = (0..trained_count as u32).map(Query::Known).collect();
    } else if let Some(path) = &who.users_file {
        read_users(path, users, &mut queries)?;
    } else if !who.segment.is_empty() {
        let segments = who.segment.iter().map(|&segment| Query::Segment { user: None, segment });
        queries.queries = segments.collect();
    } else {
        who.user.iter().for_each(|id| queries.add(users, id.as_bytes()));
    }
    Ok(queries)
}

/// The user ids in a file, one per line. Empty lines are skipped.
fn read_users(path: &Path, users: &IdTable, queries: &mut Queries) -> Result<()> {
    let text = read_text(path, &InputLimit::small())?;
    let lines = text.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.filter(|line| !line.is_empty()).for_each(|id| queries.add(users, id));
    if queries.queries.is_empty() { Err(Error::file(path, "has no user id")) } else { Ok(()) }
}

/// Says how many of the users are cold.
fn tell_cold(queries: &Queries, users: &IdTable, trained_count: usize) {
    let is_cold = |query: &Query| match *query {
        Query::Known(row) if row as usize >= trained_count => Some(row),
        _ => None,
    };
    let mut cold = queries.queries.iter().filter_map(is_cold);
    if let Some(first) = cold.next() {
        let (count, first) = (counted(1 + cold.count(), "cold user"), users.text(first));
        note(&format!("features alone place {count} (the first is {})", shown(&first)));
    }
}

fn tell_unknown(unknown: Unknown, queries: &Queries, count: usize) -> Result<()> {
    let first = queries.unknown_text(0);
    let first = shown(&first);
    let who = match count {
        1 => format!("the model does not know the user {first}"),
        _ => {
            format!("the model does not know {} (the first is {first})", counted(count, "user"))
        }
    };
    match unknown {
        Unknown::Error => Err(Error::Data(format!(
            "{who}; use --unknown skip to leave such users out, or --unknown popular for popular items"
        ))),
        Unknown::Segment => Err(Error::Data(format!(
            "{who}, nor any features: --unknown segment is for cold users, whom features place"
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
    queries: &Queries,
    block: &[Query],
    k: usize,
    popular: &PopularLists,
) -> Result<Vec<Entry>> {
    let known = |query: &Query| match *query {
        Query::Known(row) => Some(row),
        Query::Unknown(_) | Query::Segment { .. } => None,
    };
    let rows: Vec<u32> = block.iter().filter_map(known).collect();
    let seen = [&model.split.train, &model.split.valid];
    let mut found = recommend(&model.embeddings, popularity, &rows, k, &seen)?.into_iter();
    let mut entries = Vec::new();
    for &query in block {
        match query {
            Query::Known(row) => {
                let neighbours = found.next().unwrap_or_default();
                entries
                    .extend(Entry::list(&model.users.text(row), &neighbours, |item| model.items.text(item)));
            }
            Query::Unknown(row) => {
                entries.extend(Entry::popular(&queries.unknown_text(row), &popular.fallback, &model.items));
            }
            Query::Segment { user, segment } => {
                let id = user.map_or_else(|| segment.to_string(), |user| model.users.text(user));
                let list = popular.of_segments.get(&segment).map_or(&[][..], Vec::as_slice);
                entries.extend(Entry::popular(&id, list, &model.items));
            }
        }
    }
    Ok(entries)
}
