//! `spherec plot`: a map of the embeddings as a picture.

use super::Outcome;
use super::console::note;
use super::export::WhatName;
use super::format::{counted, percent, shown};
use super::labels::Labels;
use super::output::check_free;
use spherec::model::Model;
use spherec::plot::{Colours, Map, Options, log_popularity, scatter, write_png};
use spherec::{Error, Result};
use std::path::{Path, PathBuf};

/// Draw a two-dimensional map (principal components) as a PNG picture
///
/// Without labels, darker and larger items are more popular, and darker users have more items.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The model's folder
    model: PathBuf,
    /// The picture
    #[arg(short, long, value_name = "FILE.png")]
    output: PathBuf,
    /// Whose points; with both, users lie on the items' map in a second colour
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = WhatName::Items)]
    what: WhatName,
    /// Colour the points by a CSV of id, label; a point without a label is grey
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Width and height in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = Options::default().size,
        value_parser = clap::value_parser!(u32).range(64..=8192))]
    size: u32,
    /// Replace a file that exists
    #[arg(long)]
    force: bool,
}

const EXAMPLES: &str = "Examples:
  spherec plot model -o map.png
  spherec plot model -o map.png --labels genres.csv --size 2400";

/// Points and what their colours say.
struct Picture {
    points: Vec<[f32; 2]>,
    values: Vec<f32>,
    groups: Option<Vec<u32>>,
}

pub(crate) fn run(args: &Args) -> Outcome {
    if args.labels.is_some() && args.what == WhatName::Both {
        return Err(Error::setting("--labels", "colours items or users, not both (--what)").into());
    }
    check_free(&args.output, args.force)?;
    let model = Model::load(&args.model)?;
    let picture = match args.what {
        WhatName::Both => both(&model),
        _ => one_table(&model, args.what == WhatName::Items, args.labels.as_deref())?,
    };
    let colours = match &picture.groups {
        Some(groups) => Colours::Groups(groups),
        None => Colours::Values(&picture.values),
    };
    let options = Options { size: args.size, ..Options::default() };
    write_png(&scatter(&picture.points, colours, &options), &args.output, args.force)?;
    note(&format!("drew {} as {}", counted(picture.points.len(), "point"), args.output.display()));
    Ok(())
}

fn one_table(model: &Model, of_items: bool, labels: Option<&Path>) -> Result<Picture> {
    let (embeddings, train) = (&model.embeddings, &model.split.train);
    let (what, table, ids) = match of_items {
        true => ("item", &embeddings.items, &model.items),
        false => ("user", &embeddings.users, &model.users),
    };
    let points = project(&Map::fit(table, embeddings.dim), table);
    if let Some(path) = labels {
        return Ok(labelled(&points, &Labels::read(path, ids, what)?));
    }
    let counts = match of_items {
        true => train.item_frequencies(),
        false => (0..train.user_count() as u32).map(|user| train.items_of(user).len() as u32).collect(),
    };
    Ok(Picture { points, values: log_popularity(&counts), groups: None })
}

/// Points with a label first: those beyond the end of the groups are grey.
fn labelled(points: &[[f32; 2]], labels: &Labels) -> Picture {
    let with_group: Vec<_> =
        points.iter().zip(&labels.groups).filter_map(|(point, group)| Some((*point, (*group)?))).collect();
    let without = points.iter().zip(&labels.groups).filter(|(_, group)| group.is_none());
    let names: Vec<_> = labels.names.iter().take(8).map(|name| shown(name)).collect();
    note(&format!(
        "{} of {} labelled; {}: {}{}",
        labels.labelled_count(),
        counted(points.len(), "point"),
        counted(labels.names.len(), "label"),
        names.join(", "),
        if labels.names.len() > names.len() { ", ..." } else { "" },
    ));
    let points = with_group.iter().map(|&(point, _)| point).chain(without.map(|(&point, _)| point)).collect();
    Picture { points, values: Vec::new(), groups: Some(with_group.iter().map(|&(_, group)| group).collect()) }
}

/// Items in the first colour, users in the second, on the map of the items.
fn both(model: &Model) -> Picture {
    let embeddings = &model.embeddings;
    let map = Map::fit(&embeddings.items, embeddings.dim);
    let mut points = project(&map, &embeddings.items);
    let mut groups = vec![0; points.len()];
    points.extend(map.project(&embeddings.users));
    groups.resize(points.len(), 1);
    Picture { points, values: Vec::new(), groups: Some(groups) }
}

/// Where the rows lie, after telling how much the map shows.
fn project(map: &Map, table: &[f32]) -> Vec<[f32; 2]> {
    let shown = map.variances.iter().sum::<f64>() / map.total_variance.max(f64::MIN_POSITIVE);
    note(&format!("the map shows {} of the variance", percent(shown)));
    map.project(table)
}
