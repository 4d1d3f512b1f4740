//! `spherec generate`: interactions from planted clusters, so that the right answer is known.

use super::CommandResult;
use super::console::note;
use super::format::counted;
use super::output::check_distinct;
use spherec::data::{GenerateOptions, GeneratedFiles, generate, write_generated};
use spherec::export::check_free;
use std::path::PathBuf;

/// Generate interactions from planted clusters of items, with popularity by a power law
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// CSV file for the interactions, or a folder for interactions.csv, labels.csv, item-tags.csv and user-tags.csv
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
    /// CSV file for the cluster of each item [default: labels.csv in the folder; none if PATH is a file]
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// CSV file for the tags of items, which tell of their clusters and angles, with noise. Items that nobody takes have
    /// tags, too [default: item-tags.csv in the folder; none if PATH is a file]
    #[arg(long, value_name = "FILE")]
    item_features: Option<PathBuf>,
    /// CSV file for the tags of users [default: user-tags.csv in the folder; none if PATH is a file]
    #[arg(long, value_name = "FILE")]
    user_features: Option<PathBuf>,
    /// Number of users
    #[arg(long, value_name = "N", default_value_t = GenerateOptions::default().user_count)]
    users: usize,
    /// Number of items
    #[arg(long, value_name = "N", default_value_t = GenerateOptions::default().item_count)]
    items: usize,
    /// Number of clusters of items
    #[arg(long, value_name = "N", default_value_t = GenerateOptions::default().cluster_count)]
    clusters: usize,
    /// Mean number of items per user [default: 20, or the size of a cluster if that is smaller]
    #[arg(long, value_name = "N")]
    interactions_per_user: Option<f64>,
    /// Exponent of popularity: the item of rank r has weight r^-X
    #[arg(long, value_name = "X", default_value_t = GenerateOptions::default().popularity_exponent)]
    popularity_exponent: f64,
    /// Share of interactions outside a user's one or two clusters
    #[arg(long, value_name = "SHARE", default_value_t = GenerateOptions::default().noise)]
    noise: f64,
    /// How much a user prefers some items of a cluster to others, whatever their popularity: each item and each user
    /// has an angle, and the weight of a user's items falls as e^(X (cos a - 1)) with the angle a between them
    #[arg(long, value_name = "X", default_value_t = GenerateOptions::default().focus)]
    focus: f64,
    /// Seed of all randomness
    #[arg(long, value_name = "N", default_value_t = GenerateOptions::default().seed)]
    seed: u64,
    /// Replace existing files
    #[arg(long)]
    force: bool,
}

const EXAMPLES: &str = "Example:
  spherec generate -o demo --users 5000 --items 2000
  spherec train demo/interactions.csv -o demo/model
  spherec evaluate demo/model --labels demo/labels.csv";

pub(crate) fn run(args: &Args) -> CommandResult {
    let files = places(args);
    check_distinct(&files.paths(), &[])?;
    files.paths().iter().try_for_each(|path| check_free(path, args.force))?;
    let generated = generate(&GenerateOptions {
        user_count: args.users,
        item_count: args.items,
        cluster_count: args.clusters,
        interactions_per_user: args.interactions_per_user.unwrap_or_else(|| {
            let cluster_size = (args.items / args.clusters.max(1)).max(1) as f64;
            GenerateOptions::default().interactions_per_user.min(cluster_size)
        }),
        popularity_exponent: args.popularity_exponent,
        noise: args.noise,
        focus: args.focus,
        seed: args.seed,
    })?;
    let dataset = &generated.dataset;
    write_generated(&generated, &files, args.force)?;
    note(&format!(
        "{}: {} of {} and {}",
        files.interactions.display(),
        counted(dataset.interactions.len(), "interaction"),
        counted(dataset.users.len(), "user"),
        counted(dataset.items.len(), "item"),
    ));
    for (path, what) in [
        (&files.labels, "the cluster of each item".to_owned()),
        (&files.item_features, format!("{} of items", counted(generated.item_tags.len(), "tag"))),
        (&files.user_features, format!("{} of users", counted(generated.user_tags.len(), "tag"))),
    ] {
        if let Some(path) = path {
            note(&format!("{}: {what}", path.display()));
        }
    }
    Ok(())
}

/// The files to write.
fn places(args: &Args) -> GeneratedFiles {
    let is_file = args.output.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    let folder = Some(&args.output).filter(|folder| !is_file || folder.is_dir());
    let place = |given: &Option<PathBuf>, name: &str| {
        given.clone().or_else(|| folder.map(|folder| folder.join(name)))
    };
    GeneratedFiles {
        interactions: folder.map_or_else(|| args.output.clone(), |folder| folder.join("interactions.csv")),
        labels: place(&args.labels, "labels.csv"),
        item_features: place(&args.item_features, "item-tags.csv"),
        user_features: place(&args.user_features, "user-tags.csv"),
    }
}
