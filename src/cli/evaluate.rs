//! `spherec evaluate`: metrics of a model on its test part, or on another file.

use super::cold::ColdArgs;
use super::console::{note, out, out_json};
use super::dial::check_dials;
use super::evaluate_people::{self, ByCount, Placed};
use super::format::{counted, grouped, percent};
use super::labels::{Labels, Purity};
use super::load_args::{LoadArgs, record_line, tell_format};
use super::protocol::{TIES, left_out, split_text};
use super::{CommandResult, metrics_table};
use serde::Serialize;
use spherec::data::{self, Interactions, Side};
use spherec::evaluate::{Metrics, evaluate_dials_users};
use spherec::model::Model;
use spherec::train::{RunConfig, defaults};
use spherec::{Error, Result};
use std::path::{Path, PathBuf};

/// Measure a model: MAP, NDCG, recall and precision at k, popularity bias (MMR) and coverage
///
/// For every user with a test item, all items are ranked except the user's training and validation items. MMR
/// is the median training count of a user's first k items, averaged over users.
///
/// With --interactions, people who were not there in training are measured: each is placed by their items in that file,
/// which are not ranked either (see `recommend`), and the test file has what is to be found. `data split
/// --hold-out-users` makes such files. People whom the model knows are placed anew if they have further items. A second
/// table tells people by how many items they are placed by.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Model folder
    model: PathBuf,
    /// File of test interactions; `-` is standard input [default: the model's test part]
    #[arg(value_name = "TEST_FILE")]
    test_file: Option<PathBuf>,
    /// The same as TEST_FILE
    #[arg(long, value_name = "FILE", conflicts_with = "test_file")]
    test: Option<PathBuf>,
    /// File of people and their items, by which they are placed; only they are measured. Needs a test file
    #[arg(long, value_name = "FILE")]
    interactions: Option<PathBuf>,
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
  spherec evaluate model --interactions parts/given.csv --test parts/test.csv
  spherec evaluate model --labels genres.csv";

impl Args {
    /// The test file, if there is one.
    fn test(&self) -> Option<&Path> {
        self.test.as_deref().or(self.test_file.as_deref())
    }

    /// Checks that what is given can be given together.
    fn check(&self) -> Result<()> {
        let flag = self.interactions.as_ref().map(|_| "--interactions").or(self.load.first_given());
        match (self.test(), flag) {
            (None, Some(flag)) => Err(Error::setting(flag, "needs a test file, but none is given")),
            (Some(test), Some("--interactions")) if self.interactions.as_deref() == Some(test) => {
                Err(Error::setting(
                    "--interactions",
                    "and the test file are one file: what is given is not to be found",
                ))
            }
            _ => Ok(()),
        }
    }
}

pub(crate) fn run(args: &Args) -> CommandResult {
    args.check()?;
    let model = Model::load(&args.model)?;
    let trained_count = model.items.len();
    let model = args.cold.take_in(model, &args.model)?;
    check_dials(&args.popularity, &model, &args.model)?;
    let (model, placed) = match &args.interactions {
        Some(path) => {
            let (model, placed) = Placed::new(model, path, &args.load)?;
            (model, Some(placed))
        }
        None => (model, None),
    };
    let dials = if args.popularity.is_empty() { vec![model.popularity] } else { args.popularity.clone() };
    let (test, part) = test_part(args, &model, placed.as_ref())?;
    let (train, seen) = match &placed {
        Some(placed) => (&placed.train, &placed.seen),
        None => (model.split.train.as_ref(), &model.split.valid),
    };
    let measured = evaluate_dials_users(&model.embeddings, &dials, train, Some(seen), &test, &args.k)?;
    let by_count = placed.as_ref().zip(measured.first());
    let by_count = by_count.map(|(placed, measured)| placed.by_count(&test, &measured.users));
    let rows: Vec<(f64, Metrics)> = dials
        .iter()
        .zip(measured)
        .flat_map(|(&popularity, all)| all.means.into_iter().map(move |metrics| (popularity, metrics)))
        .collect();
    let purity = purity(args, &model)?;
    if args.json {
        return out_json(&json(&rows, model.embeddings.has_bias(), by_count, purity)?);
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
    if let (Some(by_count), Some(k)) = (by_count, args.k.first()) {
        out(&format!("\n{}", evaluate_people::table(&by_count, *k)))?;
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

/// The test interactions, those of the people who were `placed` if any were, and the name of the part they are from.
fn test_part(args: &Args, model: &Model, placed: Option<&Placed>) -> Result<(Interactions, &'static str)> {
    let Some(path) = args.test() else {
        let test = &model.split.test;
        if test.is_empty() {
            let message = "has no test part: train with --test-fraction, or give a test file";
            return Err(Error::file(&args.model, message));
        }
        return Ok((test.clone(), "held out"));
    };
    let (mut known, report) = data::load_known(path, &args.load.options(), &model.users, &model.items)?;
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
    if let Some(placed) = placed {
        let asked = placed.asked(&known.interactions);
        let others = evaluate_people::others(known.interactions.len() - asked.len());
        others.iter().for_each(|line| note(&format!("{}: {line}", path.display())));
        known.interactions = asked;
    }
    if known.interactions.is_empty() {
        return Err(Error::file(path, "has no interaction whose user and item the model knows"));
    }
    let split = &model.split;
    let is_seen = |user, item| split.train.contains(user, item) || split.valid.contains(user, item);
    let seen_count = known.interactions.pairs().filter(|&(user, item)| is_seen(user, item)).count();
    if seen_count > 0 {
        note(&format!(
            "warning: {} of {} were seen in training{}: they are not ranked and count as missed",
            grouped(seen_count),
            counted(known.interactions.len(), "test interaction"),
            if placed.is_some() { " or given" } else { "" },
        ));
    }
    Ok((known.interactions, "file"))
}

fn purity(args: &Args, model: &Model) -> Result<Option<Purity>> {
    let Some(path) = &args.labels else { return Ok(None) };
    let labels = Labels::read(path, &model.items, "item")?;
    Purity::measure(model, &labels, args.neighbours).map(Some)
}

/// What `--json` prints, in this order: the metrics for the first k and popularity, then those for all, those of people
/// by their number of given items, and the purity.
#[derive(Debug, Serialize)]
struct MetricsJson {
    #[serde(flatten)]
    first: Row,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Vec<Row>>,
    /// At the first k and popularity.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_given: Option<Vec<ByCount>>,
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

fn json(
    rows: &[(f64, Metrics)],
    has_bias: bool,
    by_given: Option<Vec<ByCount>>,
    purity: Option<Purity>,
) -> Result<String> {
    let row =
        |&(popularity, metrics): &(f64, Metrics)| Row { metrics, popularity: has_bias.then_some(popularity) };
    let rows: Vec<Row> = rows.iter().map(row).collect();
    let first = rows.first().cloned().ok_or_else(|| Error::Data("nothing was evaluated".to_owned()))?;
    let purity = purity.map(|purity| PurityJson {
        neighbour_purity: purity.share,
        neighbour_purity_by_chance: purity.by_chance,
    });
    let json = MetricsJson { first, at: (rows.len() > 1).then_some(rows), by_given, purity };
    serde_json::to_string(&json).map_err(|error| Error::Data(error.to_string()))
}

/// The evaluation protocol in words.
fn protocol(args: &Args, model: &Model, test: &Interactions, user_count: usize, ranked: &str) -> String {
    let split = match (args.test(), serde_json::from_value::<RunConfig>(model.record.config.clone())) {
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
        match args.interactions {
            Some(_) => "what the user has in training, validation and the given file",
            None => left_out(!model.split.valid.is_empty()),
        },
    )
}
