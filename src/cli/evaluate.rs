//! `spherec evaluate`: metrics of a model on its test part, or on another file.

use super::cold::ColdArgs;
use super::console::{note, out, out_json};
use super::dial::check_dials;
use super::format::{counted, grouped, percent};
use super::labels::{Labels, Purity};
use super::load_args::{LoadArgs, record_line, tell_format};
use super::protocol::{TIES, left_out, split_text};
use super::{CommandResult, metrics_table};
use serde::Serialize;
use spherec::data::{self, Interactions, Side, Split};
use spherec::evaluate::{Metrics, evaluate_dials};
use spherec::model::Model;
use spherec::train::{RunConfig, defaults};
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
    /// How much of the item bias counts, from 0 to 1. Several numbers, separated by commas, give a table of what
    /// popularity brings and costs [default: what the model says]
    #[arg(long, value_name = "X", value_delimiter = ',', allow_negative_numbers = true)]
    popularity: Vec<f64>,
    /// Print JSON: the metrics for the first k (and popularity), as fractions; if there are several, "at" has
    /// all of them
    #[arg(long)]
    json: bool,
    /// Also measure how many of each item's nearest items share its label, from a CSV file of item,label
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Number of nearest items for --labels
    #[arg(long, value_name = "N", default_value_t = 10, requires = "labels")]
    neighbours: usize,
    #[command(flatten)]
    cold: ColdArgs,
    #[command(flatten)]
    load: LoadArgs,
}

const EXAMPLES: &str = "Examples:
  spherec evaluate model
  spherec evaluate model -k 10,50,100 --json
  spherec evaluate model --popularity 0,0.25,0.5,0.75,1
  spherec evaluate model ratings-test.csv --min-rating 4
  spherec evaluate model new-papers.csv --with-cold-items
  spherec evaluate model --labels genres.csv";

pub(crate) fn run(args: &Args) -> CommandResult {
    if let (None, Some(flag)) = (&args.test, args.load.first_given()) {
        return Err(Error::setting(flag, "needs a test file, but none is given").into());
    }
    let model = Model::load(&args.model)?;
    let trained_count = model.items.len();
    let model = args.cold.take_in(model, &args.model)?;
    check_dials(&args.popularity, &model, &args.model)?;
    let dials = if args.popularity.is_empty() { vec![model.popularity] } else { args.popularity.clone() };
    let (test, part) = test_part(args, &model)?;
    let Split { train, valid, .. } = &model.split;
    let measured = evaluate_dials(&model.embeddings, &dials, train, Some(valid), &test, &args.k)?;
    let rows: Vec<(f64, Metrics)> = dials
        .iter()
        .zip(measured)
        .flat_map(|(&popularity, all)| all.into_iter().map(move |metrics| (popularity, metrics)))
        .collect();
    let purity = purity(args, &model)?;
    if args.json {
        return out_json(&json(&rows, model.embeddings.has_bias(), purity)?);
    }
    if let Some(line) = record_line(&model.record.data) {
        note(&format!("trained on {line}"));
    }
    let ranked = match model.items.len() - trained_count {
        0 => "all items are".to_owned(),
        count => format!("all items and {} are", counted(count, "cold item")),
    };
    note(&protocol(args, &model, &test, rows.first().map_or(0, |(_, metrics)| metrics.users), &ranked));
    if let [popularity] = dials[..] {
        if model.embeddings.has_bias() {
            note(&format!("popularity {popularity}"));
        }
        let rows: Vec<_> = rows.into_iter().map(|(_, metrics)| (part, metrics)).collect();
        out(&metrics_table::table(&rows))?;
    } else {
        out(&metrics_table::dial_table(&rows))?;
    }
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
        let has_cold = model.known(Side::Items).is_some_and(|known| !known.cold_ids.is_empty());
        if known.unknown_item_count > 0 && has_cold {
            note("cold items may be among them: --with-cold-items ranks those, too");
        }
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

/// What `--json` prints, in this order: the metrics for the first k and popularity, then those for all, then
/// the purity.
#[derive(Debug, Serialize)]
struct MetricsJson {
    #[serde(flatten)]
    first: Row,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Vec<Row>>,
    #[serde(flatten)]
    purity: Option<PurityJson>,
}

/// Metrics, and the popularity if the model has an item bias.
#[derive(Debug, Clone, Serialize)]
struct Row {
    #[serde(flatten)]
    metrics: Metrics,
    #[serde(skip_serializing_if = "Option::is_none")]
    popularity: Option<f64>,
}

#[derive(Debug, Serialize)]
struct PurityJson {
    neighbour_purity: f64,
    neighbour_purity_by_chance: f64,
}

fn json(rows: &[(f64, Metrics)], has_bias: bool, purity: Option<Purity>) -> Result<String> {
    let row =
        |&(popularity, metrics): &(f64, Metrics)| Row { metrics, popularity: has_bias.then_some(popularity) };
    let rows: Vec<Row> = rows.iter().map(row).collect();
    let first = rows.first().cloned().ok_or_else(|| Error::Data("nothing was evaluated".to_owned()))?;
    let purity = purity.map(|purity| PurityJson {
        neighbour_purity: purity.share,
        neighbour_purity_by_chance: purity.by_chance,
    });
    let json = MetricsJson { first, at: (rows.len() > 1).then_some(rows), purity };
    serde_json::to_string(&json).map_err(|error| Error::Data(error.to_string()))
}

/// The evaluation protocol in words.
fn protocol(args: &Args, model: &Model, test: &Interactions, user_count: usize, ranked: &str) -> String {
    let split = match (&args.test, serde_json::from_value::<RunConfig>(model.record.config.clone())) {
        (Some(path), _) => format!("test file {}", path.display()),
        (None, Ok(config)) => split_text(&config),
        (None, Err(_)) => "split unknown".to_owned(),
    };
    let k: Vec<String> = args.k.iter().map(usize::to_string).collect();
    format!(
        "{split}; {}; {} evaluated, k {}; {ranked} ranked except {}; ties {TIES}",
        counted(test.len(), "test interaction"),
        counted(user_count, "user"),
        k.join(", "),
        left_out(!model.split.valid.is_empty()),
    )
}
