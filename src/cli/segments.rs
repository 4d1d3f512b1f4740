//! `spherec segments`: people in groups of similar tastes.

use super::CommandResult;
use super::console::{note, out, table};
use super::format::{counted, grouped};
use super::output::check_distinct;
use spherec::export::{SegmentLists, segment_paths, write_segments};
use spherec::model::{Model, table_sum};
use spherec::segments::Segments;
use spherec::{Error, Result};
use std::path::PathBuf;

/// Group people of similar tastes into segments, with the items of each
///
/// Segments are found by k-means over the directions of the people's points. For each segment the table shows how many
/// people it has, the items nearest to its centre, and the items that most of its people have. These are for people of
/// whom no item is known: see `recommend --segment` and `recommend --unknown segment`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Model folder
    model: PathBuf,
    /// Number of segments
    #[arg(short, value_name = "K", default_value_t = 100)]
    k: usize,
    /// Folder for segments.json (everything), segments.csv (the items) and users.csv (who is in which); it is created if
    /// missing. `recommend --segments` reads it
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Items of each list in the files; the table shows three at most
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Seed of the first centres: the same seed and model give the same segments
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// In CSV, put an apostrophe before ids that a spreadsheet would run as a formula
    #[arg(long)]
    csv_safe: bool,
    /// Replace existing files
    #[arg(long)]
    force: bool,
}

const EXAMPLES: &str = "Examples:
  spherec segments model -k 20
  spherec segments model -k 100 -o segments
  spherec recommend model --segments segments --segment 7
  spherec recommend model --segments segments --unknown segment --users-file model/cold_users.txt";

/// Items of a list in the table.
const SHOWN: usize = 3;

pub(crate) fn run(args: &Args) -> CommandResult {
    if args.top == 0 {
        return Err(Error::setting("--top", "must be at least 1, but is 0").into());
    }
    if let Some(folder) = &args.output {
        let outputs = segment_paths(folder);
        check_distinct(&outputs.iter().map(PathBuf::as_path).collect::<Vec<_>>(), &[&args.model])?;
    }
    let model = Model::load(&args.model)?;
    let segments = Segments::of(&model, args.k, args.seed)?;
    let nearest = segments.nearest_items(&model.embeddings, args.top)?;
    let count = segments.count() as u32;
    let train = &model.split.train;
    let popular = (0..count).map(|segment| segments.popular_items(train, segment, args.top));
    let popular = popular.collect::<Result<Vec<_>>>()?;
    if (count as usize) < args.k {
        let found = counted(count as usize, "segment");
        note(&format!("{found}, fewer than -k {}: no more people are far from all of them", args.k));
    }
    match segments.of_user.iter().filter(|segment| segment.is_none()).count() {
        0 => {}
        without => {
            note(&format!("{} without training interactions: in no segment", counted(without, "user")))
        }
    }
    let names = |rows: &mut dyn Iterator<Item = u32>| {
        rows.take(SHOWN).map(|row| model.items.text(row)).collect::<Vec<_>>().join(", ")
    };
    let rows: Vec<Vec<String>> = (segments.sizes().into_iter().enumerate())
        .map(|(segment, size)| {
            let near = names(&mut nearest[segment].iter().map(|it| it.row));
            let most = names(&mut popular[segment].iter().map(|it| it.item));
            vec![segment.to_string(), grouped(size), near, most]
        })
        .collect();
    if let Some(folder) = &args.output {
        let lists = SegmentLists { segments: &segments, nearest: &nearest, popular: &popular };
        let sum = table_sum(&args.model)?;
        for path in write_segments(&model, &sum, &lists, folder, args.csv_safe, args.force)? {
            note(&format!("wrote {}", path.display()));
        }
    }
    out(&table(
        &[("segment", true), ("people", true), ("nearest items", false), ("most popular items", false)],
        &rows,
    ))
}
