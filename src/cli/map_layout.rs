//! Which rows a map shows, and where.

use super::console::{Bar, err_is_terminal, note};
use super::format::{counted, duration, percent};
use clap::ValueEnum;
use spherec::clusters::clusters;
use spherec::data::IdTable;
use spherec::model::Model;
use spherec::plot::{Map, TsneOptions, tsne};
use spherec::{Error, Result};
use std::cmp::Reverse;
use std::time::Instant;

/// How rows become points.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Map")]
pub(crate) struct MapLayoutArgs {
    /// t-SNE keeps neighbours together and takes about a minute for 25,000 points; principal components (pca)
    /// keep large distances and are fast
    #[arg(long, value_enum, value_name = "METHOD", default_value_t = Method::Tsne)]
    pub(crate) method: Method,
    /// Number of neighbours that t-SNE keeps near each point
    #[arg(long, value_name = "X", default_value_t = TsneOptions::default().perplexity,
        value_parser = positive)]
    perplexity: f32,
    /// Show the N most popular items; items without training interactions are left out [default: 25000 with
    /// t-SNE, all with pca]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    items: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Method {
    Tsne,
    Pca,
}

/// Items that t-SNE lays out by default, and the most users.
const MOST: usize = 25_000;

fn positive(text: &str) -> std::result::Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if value > 0.0 && value.is_finite() => Ok(value),
        _ => Err("must be a number above 0".to_owned()),
    }
}

pub(crate) fn at_least_one(text: &str) -> std::result::Result<usize, String> {
    match text.parse::<usize>() {
        Ok(value) if value > 0 => Ok(value),
        _ => Err("must be a whole number of at least 1".to_owned()),
    }
}

/// The items and users on a map, most popular first, and the point of each.
#[derive(Debug)]
pub(crate) struct MapLayout {
    pub(crate) items: Vec<u32>,
    pub(crate) users: Vec<u32>,
    /// The points of `items`.
    pub(crate) item_points: Vec<[f32; 2]>,
    /// The points of `users`.
    pub(crate) user_points: Vec<[f32; 2]>,
    /// How the points were laid out, in words.
    pub(crate) method: String,
}

/// What a map shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Show {
    pub(crate) items: bool,
    /// The most users to show.
    pub(crate) users: usize,
    /// How many items and users training had. Those after them are cold: they are shown without an interaction.
    pub(crate) trained: [usize; 2],
}

impl MapLayout {
    /// Chooses rows and lays them out.
    pub(crate) fn of(model: &Model, show: Show, args: &MapLayoutArgs) -> Result<MapLayout> {
        let [trained_items, trained_users] = show.trained;
        let most = args.items.unwrap_or(if args.method == Method::Tsne { MOST } else { usize::MAX });
        let items =
            if show.items { choose("item", &item_counts(model), trained_items, most) } else { Vec::new() };
        let users = match show.users {
            0 => Vec::new(),
            most => choose(
                "user",
                &user_counts(model),
                trained_users,
                most.min(if args.method == Method::Tsne { MOST } else { most }),
            ),
        };
        if items.is_empty() && users.is_empty() {
            return Err(Error::Data(
                "the model has nothing with training interactions, so a map is empty".to_owned(),
            ));
        }
        let embeddings = &model.embeddings;
        let dim = embeddings.dim;
        Map::check_dim(dim)?;
        let mut rows = Vec::with_capacity((items.len() + users.len()) * dim);
        items.iter().for_each(|&item| rows.extend_from_slice(embeddings.item(item)));
        users.iter().for_each(|&user| rows.extend_from_slice(embeddings.user(user)));
        // Near on the map are those that lists of neighbours have.
        let rows = embeddings.places(&rows);
        let (mut points, method) = match args.method {
            Method::Tsne => descend(&rows, dim, args.perplexity)?,
            Method::Pca => {
                let fitted = if items.is_empty() { &rows[..] } else { &rows[..items.len() * dim] };
                let map = Map::fit(fitted, dim);
                let shown = map.variances.iter().sum::<f64>() / map.total_variance.max(f64::MIN_POSITIVE);
                (map.project(&rows), format!("principal components, {} of the variance", percent(shown)))
            }
        };
        note(&format!("laid out {} by {method}", counted(points.len(), "point")));
        let user_points = points.split_off(items.len());
        Ok(MapLayout { items, users, item_points: points, user_points, method })
    }
}

/// How many users have each item in the training part.
pub(crate) fn item_counts(model: &Model) -> Vec<u32> {
    model.split.train.item_frequencies()
}

/// How many items each user has in the training part.
pub(crate) fn user_counts(model: &Model) -> Vec<u32> {
    let train = &model.split.train;
    (0..train.user_count() as u32).map(|user| train.items_of(user).len() as u32).collect()
}

/// The `most` rows with the highest counts, highest first. Of the first `trained` rows those with a count of 0 are left
/// out; those after them are cold.
fn choose(what: &str, counts: &[u32], trained: usize, most: usize) -> Vec<u32> {
    let has_place = |row: &u32| counts[*row as usize] > 0 || *row as usize >= trained;
    let mut rows: Vec<u32> = (0..counts.len() as u32).filter(has_place).collect();
    rows.sort_by_key(|&row| Reverse(counts[row as usize]));
    let left_out = counts.len() - rows.len();
    if left_out > 0 {
        note(&format!("left out {} without training interactions", counted(left_out, what)));
    }
    if rows.len() > most {
        note(&format!("the map shows the {} with the most interactions", counted(most, what)));
        rows.truncate(most);
    }
    rows
}

/// t-SNE, with a bar on a terminal.
fn descend(rows: &[f32], dim: usize, perplexity: f32) -> Result<(Vec<[f32; 2]>, String)> {
    let options = TsneOptions { perplexity, ..TsneOptions::default() };
    let start = Instant::now();
    let bar = Bar::new(options.step_count, "{bar:20} t-SNE, step {pos} of {len}, {eta} left");
    if !err_is_terminal() {
        note(&format!("t-SNE of {} ...", counted(rows.len() / dim.max(1), "point")));
    }
    let points = tsne(rows, dim, &options, |step| bar.set_position(step as u64));
    bar.finish();
    let points = points?;
    note(&format!("t-SNE took {}", duration(start.elapsed().as_secs_f64())));
    let perplexity = options.perplexity_of(points.len());
    let decimals = usize::from(perplexity.fract() > 0.0);
    Ok((points, format!("t-SNE, perplexity {perplexity:.decimals$}")))
}

/// Groups `rows` of a table, most popular first, into at most `count` clusters. Returns the cluster of each
/// row, and the names of the clusters, each after its most popular member.
pub(super) fn clusters_of(
    table: &[f32],
    dim: usize,
    rows: &[u32],
    ids: &IdTable,
    count: usize,
) -> (Vec<u32>, Vec<String>) {
    let vectors: Vec<f32> =
        rows.iter().flat_map(|&row| &table[row as usize * dim..][..dim]).copied().collect();
    let found = clusters(&vectors, dim, count, 0).of_row;
    let first = |cluster: u32| found.iter().position(|&other| other == cluster);
    let names = (0..found.iter().max().map_or(0, |&last| last + 1))
        .map(|cluster| first(cluster).map_or(String::new(), |at| format!("around {}", ids.text(rows[at]))))
        .collect();
    (found, names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spherec::data::{Interactions, Split};
    use spherec::model::Embeddings;

    #[test]
    fn a_model_without_rows_or_with_endless_ones_has_no_map() {
        let layout = |count: usize, dim: usize, method| {
            let none = || Interactions::from_pairs(count, count, &[]);
            let pairs: Vec<(u32, u32)> = (0..count as u32).map(|row| (row, row)).collect();
            let train = Interactions::from_pairs(count, count, &pairs).into();
            let table = vec![0.5; count.saturating_mul(dim)];
            let model = Model {
                embeddings: Embeddings { dim, users: table.clone(), items: table, ..Embeddings::default() },
                popularity: 1.0,
                users: IdTable::numbered(count),
                items: IdTable::numbered(count),
                split: Split { train, valid: none(), test: none() },
                ..Model::default()
            };
            let args = MapLayoutArgs { method, perplexity: 30.0, items: None };
            MapLayout::of(&model, Show { items: true, users: 10, trained: [count; 2] }, &args)
                .map(|layout| layout.item_points.len())
        };
        for method in [Method::Tsne, Method::Pca] {
            assert_eq!(layout(9, 4, method).unwrap(), 9);
            let error = layout(0, 1 << 61, method).unwrap_err().to_string();
            assert!(error.contains("a map is empty"), "{error}");
            let error = layout(2, 463_262, method).unwrap_err().to_string();
            assert!(error.contains("463262"), "{error}");
        }
    }
}
