//! `spherec explore`: a web page to explore a model.

use super::CommandResult;
use super::cold::ColdArgs;
use super::console::note;
use super::dial::DialArgs;
use super::format::{counted, name_of};
use super::map_layout::{MapLayout, MapLayoutArgs, Show, at_least_one, clusters_of};
use super::output::check_distinct;
use spherec::Error;
use spherec::explore::{Atlas, explore_page};
use spherec::export::{NewFile, check_folder, check_free};
use spherec::labels::{LabelColumn, LabelTable};
use spherec::model::Model;
use spherec::plot::PALETTE_SIZE;
use spherec::printable::bytes;
use std::path::{Path, PathBuf};

/// Write a web page to explore a model: a map with zoom and search, nearest items, recommendations
///
/// The page is a single file that works in any browser and needs no network. If the model has an item bias, the
/// page has a dial for it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Model folder
    model: PathBuf,
    /// HTML file to write
    #[arg(short, long, value_name = "FILE.html")]
    output: PathBuf,
    /// Colour items by the labels in a CSV file of id,label; the page offers any further columns
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Include the N users with the most items, and their recommendations; 0 for none
    #[arg(long, value_name = "N", default_value_t = 2000)]
    users: usize,
    /// Length of the lists of nearest items and recommendations
    #[arg(short, value_name = "K", default_value_t = 10, value_parser = at_least_one)]
    k: usize,
    /// Title of the page [default: the name of the model folder]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[command(flatten)]
    cold: ColdArgs,
    #[command(flatten)]
    dial: DialArgs,
    #[command(flatten)]
    layout: MapLayoutArgs,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

const EXAMPLES: &str = "Example:
  spherec explore model -o map.html --labels genres.csv";

pub(crate) fn run(args: &Args) -> CommandResult {
    check_folder(&args.output)?;
    let inputs: Vec<&Path> =
        [Some(args.model.as_path()), args.labels.as_deref()].into_iter().flatten().collect();
    check_distinct(&[&args.output], &inputs)?;
    check_free(&args.output, args.force)?;
    if args.k > 1000 {
        return Err(Error::setting("-k", format!("must be at most 1000, but is {}", args.k)).into());
    }
    let model = Model::load(&args.model)?;
    let trained = [model.items.len(), model.users.len()];
    let model = args.cold.take_in(model, &args.model)?;
    let popularity = args.dial.of(&model, &args.model)?;
    let mut columns = match &args.labels {
        Some(path) => LabelTable::read(path, &model.items, "item")?.columns,
        None => Vec::new(),
    };
    let layout = MapLayout::of(&model, Show { items: true, users: args.users, trained }, &args.layout)?;
    columns.push(found_clusters(&model, &layout.items));
    let title = args.title.clone().unwrap_or_else(|| name_of(&args.model));
    let page = explore_page(&Atlas {
        model: &model,
        title: &title,
        method: &layout.method,
        items: &layout.items,
        item_points: &layout.item_points,
        users: &layout.users,
        user_points: &layout.user_points,
        columns: &columns,
        popularity,
        list_length: args.k,
    })?;
    let mut file = NewFile::create(&args.output, args.force)?;
    file.write(page.as_bytes())?;
    file.finish()?;
    note(&format!(
        "wrote {}: {} and {}, {}",
        args.output.display(),
        counted(layout.items.len(), "item"),
        counted(layout.users.len(), "user"),
        bytes(page.len() as u64)
    ));
    Ok(())
}

/// The clusters of the items on the map, as one more column of labels.
fn found_clusters(model: &Model, items: &[u32]) -> LabelColumn {
    let table = model.embeddings.directions(&model.embeddings.items);
    let (found, names) = clusters_of(&table, model.embeddings.dim, items, &model.items, PALETTE_SIZE);
    let mut groups = vec![None; model.items.len()];
    items.iter().zip(&found).for_each(|(&item, &cluster)| groups[item as usize] = Some(cluster));
    LabelColumn { name: "clusters of the embeddings".to_owned(), names, groups }
}
