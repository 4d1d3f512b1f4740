//! `spherec evaluate`: metrics of a model on its test part, or on another file.

use super::console::{note, out};
use super::format::{counted, grouped, percent};
use super::labels::{Labels, Purity};
use super::load_args::{LoadArgs, record_line, tell_format};
use super::protocol::{TIES, left_out, split_text};
use super::{CommandResult, metrics_table};
use serde::Serialize;
use spherec::data::{self, Interactions};
use spherec::evaluate::{Metrics, evaluate};
use spherec::model::Model;
use spherec::train::{TrainConfig, defaults};
use spherec::{Error, Result};
use std::path::PathBuf;

/// Measure a model: MAP, NDCG, recall and precision at k, popularity bias (MMR) and coverage
///
/// For every user with a test item, all items are ranked except the user's training and validation items. MMR
/// is the median training count of a user's first k items, averaged over users.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Model folder
    model: PathBuf,
    /// File of test interactions; `-` is standard input [default: the model's test part]
    #[arg(value_name = "TEST_FILE")]
    test: Option<PathBuf>,
    /// List lengths, separated by commas (Tran et al. 2019, 4.1.2: 50)
    #[arg(short, value_name = "K", value_delimiter = ',', default_values_t = [defaults::K])]
    k: Vec<usize>,
    /// Print JSON: the metrics for the first k, as fractions; if there are several k, "at" has all of them
    #[arg(long)]
    json: bool,
    /// Also measure how many of each item's nearest items share its label, from a CSV file of item,label
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Number of nearest items for --labels
    #[arg(long, value_name = "N", default_value_t = 10, requires = "labels")]
    neighbours: usize,
    #[command(flatten)]
    load: LoadArgs,
}

const EXAMPLES: &str = "Examples:
  spherec evaluate model
  spherec evaluate model -k 10,50,100 --json
  spherec evaluate model ratings-test.csv --min-rating 4
  spherec evaluate model --labels genres.csv";

pub(crate) fn run(args: &Args) -> CommandResult {
    if let (None, Some(flag)) = (&args.test, args.load.first_given()) {
        return Err(Error::setting(flag, "needs a test file, but none is given").into());
    }
    let model = Model::load(&args.model)?;
    let (test, part) = test_part(args, &model)?;
    let split = &model.split;
    let metrics = evaluate(&model.embeddings, &split.train, Some(&split.valid), &test, &args.k)?;
    let purity = purity(args, &model)?;
    if args.json {
        return out(&format!("{}\n", json(&metrics, purity)?));
    }
    if let Some(line) = record_line(&model.record.data) {
        note(&format!("trained on {line}"));
    }
    note(&protocol(args, &model, &test, &metrics));
    let rows: Vec<_> = metrics.into_iter().map(|metrics| (part, metrics)).collect();
    out(&metrics_table::table(&rows))?;
    match purity {
        Some(purity) => out(&format!(
            "\n{} of the {} nearest items share an item's label ({} by chance; {})\n",
            percent(purity.share),
            args.neighbours,
            percent(purity.by_chance),
            counted(purity.item_count, "labelled item"),
        )),
        None => Ok(()),
    }
}

/// The test interactions, and the name of the part they are from.
fn test_part(args: &Args, model: &Model) -> Result<(Interactions, &'static str)> {
    let Some(path) = &args.test else {
        let test = &model.split.test;
        if test.is_empty() {
            let message = "has no test part: train with --test-fraction, or give a test file";
            return Err(Error::file(&args.model, message));
        }
        return Ok((test.clone(), "held out"));
    };
    let (known, report) = data::load_known(path, &args.load.options(), &model.users, &model.items)?;
    tell_format(path, &report);
    if known.unknown_pair_count > 0 {
        note(&format!(
            "{}: left out {} with {} and {} unknown to the model",
            path.display(),
            counted(known.unknown_pair_count, "interaction"),
            counted(known.unknown_user_count, "user"),
            counted(known.unknown_item_count, "item"),
        ));
    }
    if known.interactions.is_empty() {
        return Err(Error::file(path, "has no interaction whose user and item the model knows"));
    }
    let split = &model.split;
    let is_seen = |user, item| split.train.contains(user, item) || split.valid.contains(user, item);
    let seen_count = known.interactions.pairs().filter(|&(user, item)| is_seen(user, item)).count();
    if seen_count > 0 {
        note(&format!(
            "warning: {} of {} were seen in training: they are not ranked and count as missed",
            grouped(seen_count),
            counted(known.interactions.len(), "test interaction"),
        ));
    }
    Ok((known.interactions, "file"))
}

fn purity(args: &Args, model: &Model) -> Result<Option<Purity>> {
    let Some(path) = &args.labels else { return Ok(None) };
    let labels = Labels::read(path, &model.items, "item")?;
    Purity::measure(model, &labels, args.neighbours).map(Some)
}

/// What `--json` prints, in this order: the metrics for the first k, then those for all k, then the purity.
#[derive(Debug, Serialize)]
struct MetricsJson<'a> {
    #[serde(flatten)]
    first: &'a Metrics,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'a [Metrics]>,
    #[serde(flatten)]
    purity: Option<PurityJson>,
}

#[derive(Debug, Serialize)]
struct PurityJson {
    neighbour_purity: f64,
    neighbour_purity_by_chance: f64,
}

fn json(metrics: &[Metrics], purity: Option<Purity>) -> Result<String> {
    let first = metrics.first().ok_or_else(|| Error::Data("nothing was evaluated".to_owned()))?;
    let purity = purity.map(|purity| PurityJson {
        neighbour_purity: purity.share,
        neighbour_purity_by_chance: purity.by_chance,
    });
    let json = MetricsJson { first, at: (metrics.len() > 1).then_some(metrics), purity };
    serde_json::to_string(&json).map_err(|error| Error::Data(error.to_string()))
}

/// The evaluation protocol in words.
fn protocol(args: &Args, model: &Model, test: &Interactions, metrics: &[Metrics]) -> String {
    let split = match (&args.test, serde_json::from_value::<TrainConfig>(model.record.config.clone())) {
        (Some(path), _) => format!("test file {}", path.display()),
        (None, Ok(config)) => split_text(&config.protocol, config.seed),
        (None, Err(_)) => "split unknown".to_owned(),
    };
    let k: Vec<String> = metrics.iter().map(|metrics| metrics.k.to_string()).collect();
    format!(
        "{split}; {}; {} evaluated, k {}; all items are ranked except {}; ties {TIES}",
        counted(test.len(), "test interaction"),
        counted(metrics.first().map_or(0, |metrics| metrics.users), "user"),
        k.join(", "),
        left_out(!model.split.valid.is_empty()),
    )
}
