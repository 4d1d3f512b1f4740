//! `spherec plot`: a picture of the embeddings, of how trainings went, or of what popularity brings.

use super::console::note;
use super::export::WhatName;
use super::format::{counted, grouped, name_of};
use super::look_args::LookArgs;
use super::map_layout::{
    MapLayout, MapLayoutArgs, Show, at_least_one, clusters_of, item_counts, user_counts,
};
use super::output::check_distinct;
use super::{CommandResult, curves, trade};
use image::RgbImage;
use spherec::data::IdTable;
use spherec::export::{check_folder, check_free};
use spherec::labels::{LabelColumn, LabelTable};
use spherec::model::Model;
use spherec::plot::{Chart, Colours, PALETTE_SIZE, scatter, write_png};
use spherec::train::defaults;
use spherec::{Error, Result};
use std::path::{Path, PathBuf};

/// Draw a map of the embeddings as a PNG picture; with --curves, draw how trainings went; with --popularity, draw
/// what popularity brings and costs
///
/// The map shows the learned metric in two dimensions: near points are alike. Larger discs are more popular.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Model folder; with --curves or --popularity, one or more
    #[arg(required = true)]
    model: Vec<PathBuf>,
    /// PNG file to write
    #[arg(short, long, value_name = "FILE.png")]
    output: PathBuf,
    /// Draw loss, active share and metrics by epoch, from the models' metrics.jsonl
    #[arg(long, conflicts_with_all = MAP_FLAGS)]
    curves: bool,
    /// Draw NDCG against MMR on the test part, a point for each of these shares of the item bias, from 0 to 1,
    /// separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', allow_negative_numbers = true,
        conflicts_with_all = MAP_FLAGS, conflicts_with = "curves")]
    popularity: Vec<f64>,
    /// Length of the lists that --popularity measures
    #[arg(short, value_name = "K", default_value_t = defaults::K, value_parser = at_least_one,
        requires = "popularity")]
    k: usize,
    #[command(flatten)]
    map: MapArgs,
    #[command(flatten)]
    layout: MapLayoutArgs,
    #[command(flatten)]
    look: LookArgs,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

/// Flags that make no sense with --curves and --popularity.
const MAP_FLAGS: [&str; 8] =
    ["what", "users", "color", "clusters", "label_top", "method", "perplexity", "items"];

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Map")]
struct MapArgs {
    /// What to show; with `both`, users are small grey dots behind the items
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = WhatName::Items)]
    what: WhatName,
    /// Short for --what both
    #[arg(long, conflicts_with = "what")]
    users: bool,
    /// Colour by `popularity`, by `cluster` (groups found in the embeddings), by the labels in a CSV file of
    /// id,label, or not at all (`none`)
    #[arg(long, value_name = "LABELS|popularity|cluster|none", default_value = "popularity",
        visible_aliases = ["colour", "labels"])]
    color: String,
    /// Number of groups for --color cluster
    #[arg(long, value_name = "N", default_value_t = PALETTE_SIZE, value_parser = at_least_one)]
    clusters: usize,
    /// Write the ids of the N most popular beside their points, if there is room [default: 20, or 0 if the
    /// map shows the names of labels]
    #[arg(long, value_name = "N")]
    label_top: Option<usize>,
}

impl MapArgs {
    /// The file of labels that `--color` names.
    fn label_file(&self) -> Option<&Path> {
        Some(self.color.as_str())
            .filter(|color| !["popularity", "cluster", "none"].contains(color))
            .map(Path::new)
    }
}

const EXAMPLES: &str = "Examples:
  spherec plot model -o map.png --color cluster
  spherec plot model -o map.png --color genres.csv --users --theme dark
  spherec plot uniform popularity two-stage --curves -o curves.png
  spherec plot model --popularity 0,0.25,0.5,0.75,1 -o popularity.png";

pub(crate) fn run(args: &Args) -> CommandResult {
    check_folder(&args.output)?;
    let inputs = args.model.iter().map(PathBuf::as_path).chain(args.map.label_file());
    check_distinct(&[&args.output], &inputs.collect::<Vec<_>>())?;
    check_free(&args.output, args.force)?;
    let picture = if args.curves {
        curves::picture(&args.model, &args.look)?
    } else if !args.popularity.is_empty() {
        trade::picture(&args.model, &args.popularity, args.k, &args.look)?
    } else if let [model] = &args.model[..] {
        map(args, model)?
    } else {
        let count = args.model.len();
        let message = format!("or --popularity is needed for more than one model, but {count} are given");
        return Err(Error::setting("--curves", message).into());
    };
    write_png(&picture, &args.output, args.force)?;
    let (width, height) = picture.dimensions();
    note(&format!("wrote {}, {width} x {height} pixels", args.output.display()));
    Ok(())
}

/// A table of the model, and the rows of it that the map shows.
struct MapRows<'a> {
    what: &'static str,
    ids: &'a IdTable,
    counts: Vec<u32>,
    table: &'a [f32],
    rows: &'a [u32],
    points: &'a [[f32; 2]],
}

fn map(args: &Args, folder: &Path) -> Result<RgbImage> {
    args.look.look().check_map()?;
    let what = if args.map.users { WhatName::Both } else { args.map.what };
    let model = Model::load(folder)?;
    let show = Show {
        items: what != WhatName::Users,
        users: if what == WhatName::Items { 0 } else { usize::MAX },
        trained: [model.items.len(), model.users.len()],
    };
    // Read labels first: their errors should show before minutes of work.
    let of_items = show.items;
    let (name, ids) = if of_items { ("item", &model.items) } else { ("user", &model.users) };
    let labels = match args.map.label_file() {
        None => None,
        Some(path) => LabelTable::read(path, ids, name)?.columns.into_iter().next(),
    };
    let layout = MapLayout::of(&model, show, &args.layout)?;
    let embeddings = &model.embeddings;
    let table = embeddings.directions(if of_items { &embeddings.items } else { &embeddings.users });
    let rows = match of_items {
        true => MapRows {
            what: name,
            ids,
            counts: item_counts(&model),
            table: &table,
            rows: &layout.items,
            points: &layout.item_points,
        },
        false => MapRows {
            what: name,
            ids,
            counts: user_counts(&model),
            table: &table,
            rows: &layout.users,
            points: &layout.user_points,
        },
    };
    let said = match &labels {
        Some(column) => format!("; coloured by {}", column.name),
        None if args.map.color == "cluster" => "; coloured by clusters of the embeddings".to_owned(),
        None => String::new(),
    };
    let groups = match &labels {
        Some(labels) => Some(of_rows(labels, rows.rows)),
        None if args.map.color == "cluster" => Some(rows.clustered(embeddings.dim, args.map.clusters)),
        None => None,
    };
    let backdrop: &[_] = if what == WhatName::Both { &layout.user_points } else { &[] };
    rows.draw(args, folder, &format!("{}{said}", layout.method), groups, backdrop)
}

/// The labels of `rows`, renumbered by falling count. Labels that no row has are left out.
fn of_rows(labels: &LabelColumn, rows: &[u32]) -> (Vec<Option<u32>>, Vec<String>) {
    let of_row = |row: &u32| labels.groups.get(*row as usize).copied().flatten();
    let mut counts = vec![0usize; labels.names.len()];
    rows.iter().filter_map(of_row).for_each(|group| counts[group as usize] += 1);
    let mut order: Vec<usize> = (0..counts.len()).filter(|&group| counts[group] > 0).collect();
    order.sort_by_key(|&group| std::cmp::Reverse(counts[group]));
    let mut numbers = vec![None; counts.len()];
    order.iter().zip(0..).for_each(|(&group, number)| numbers[group] = Some(number));
    let groups: Vec<Option<u32>> = rows.iter().map(|row| numbers[of_row(row)? as usize]).collect();
    let named = groups.iter().flatten().count();
    note(&format!(
        "{} of {} labelled, {}",
        grouped(named),
        counted(rows.len(), "point"),
        counted(order.len(), "label")
    ));
    (groups, order.into_iter().map(|group| labels.names[group].clone()).collect())
}

impl MapRows<'_> {
    fn id(&self, at: usize) -> String {
        self.ids.text(self.rows[at])
    }

    /// Groups found in the embeddings, each named after its most popular member.
    fn clustered(&self, dim: usize, count: usize) -> (Vec<Option<u32>>, Vec<String>) {
        let (groups, names) = clusters_of(self.table, dim, self.rows, self.ids, count);
        (groups.into_iter().map(Some).collect(), names)
    }

    fn draw(
        &self,
        args: &Args,
        folder: &Path,
        how: &str,
        groups: Option<(Vec<Option<u32>>, Vec<String>)>,
        backdrop: &[[f32; 2]],
    ) -> Result<RgbImage> {
        let logs: Vec<f32> =
            self.rows.iter().map(|&row| (self.counts[row as usize].max(1) as f32).ln()).collect();
        let most = logs.iter().copied().fold(0.0, f32::max);
        let weights: Vec<f32> = logs.iter().map(|log| if most > 0.0 { log / most } else { 0.35 }).collect();
        let none = format!("{}s without a label", self.what);
        let caption = if self.what == "item" { "users who have it" } else { "items they have" };
        let ticks = ticks(most);
        let colours = match &groups {
            Some((groups, names)) => Colours::Groups { groups, names, none: &none },
            None if args.map.color == "popularity" => {
                Colours::Values { values: &logs, caption, ticks: &ticks }
            }
            None => Colours::Plain,
        };
        let top = args.map.label_top.unwrap_or(if colours.name_groups_on_map() { 0 } else { 20 });
        let names: Vec<(usize, String)> = (0..self.rows.len().min(top)).map(|at| (at, self.id(at))).collect();
        let title = match &args.look.title {
            Some(title) => title.clone(),
            None => format!("{} of {}", counted(self.rows.len(), self.what), name_of(folder)),
        };
        let larger = if self.what == "item" { "are more popular" } else { "have more items" };
        let subtitle = format!("{how}; larger discs {larger}");
        let chart = Chart {
            title: &title,
            subtitle: &subtitle,
            points: self.points,
            colours,
            weights: &weights,
            names: &names,
            backdrop: ("users", backdrop),
        };
        scatter(&chart, &args.look.look())
    }
}

/// Ticks for a logarithmic scale of counts: logarithm and text of 1, 3, 10, 30 and so on, up to `most`.
fn ticks(most: f32) -> Vec<(f32, String)> {
    let counts = (0..10u32).flat_map(|power| [1, 3].map(|digit| digit * 10usize.pow(power)));
    counts
        .map(|count| ((count as f32).ln(), grouped(count)))
        .take_while(|(log, _)| *log <= most + 1e-4)
        .collect()
}
