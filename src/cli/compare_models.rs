//! `spherec compare --models`: recipes in one table, as Hsieh et al. 2017 did.

use super::compare::{Args, check_failed};
use super::experiment::{Tables, list, publish, read, run as run_experiment, settings};
use super::load_args::shown_path;
use super::model_args::SampleArgs;
use super::model_names::RecipeName;
use super::{CommandResult, protocol};
use clap::ValueEnum;
use serde_json::json;
use spherec::data::Protocol;
use spherec::experiment::{Cell, Depths, Experiment, ModelTable, Published, Repeats};
use spherec::train::{Recipe, RunConfig, RunRecipe};
use spherec::{Error, Result};

/// Each user's interactions are divided 60/20/20, and users with fewer than five are trained on only (Hsieh et al. 2017,
/// 4.2).
const HELD_OUT_FRACTION: f64 = 0.2;
const HOLD_OUT_FROM: usize = 5;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Comparing models")]
pub(crate) struct ModelsArgs {
    /// Models to compare, separated by commas: names of recipes, such as cml-2017 or wrmf. `+features` after a name adds
    /// the features of --item-features or --user-features, `+history` adds --history 1: softmax+features+history
    #[arg(long, value_name = "LIST",
        conflicts_with_all = ["samplers", "batch_size", "negatives", "folds", "recipe"])]
    models: Option<String>,
    /// Number of runs of each model; they differ in the seed of the model: --seed, --seed + 1 and so on. All have the
    /// same split, that of --seed
    #[arg(long, value_name = "N", default_value_t = 3, requires = "models")]
    seeds: usize,
    /// Model that the others are tested against [default: for each the best of the others]
    #[arg(long, value_name = "MODEL", requires = "models")]
    against: Option<String>,
    /// Data set of Hsieh et al. 2017 (Table 2) whose published recall stands beside the models': CiteULike, BookCX, Flickr,
    /// Medium, MovieLens or EchoNest
    #[arg(long, value_name = "NAME", requires = "models")]
    published: Option<Published>,
    #[arg(long, value_name = "SHARE", requires = "models", help = format!(
        "Share of each user's interactions held out for the test [default: {HELD_OUT_FRACTION}]"))]
    test_fraction: Option<f64>,
    /// Users with fewer interactions are used for training only
    #[arg(long, value_name = "N", default_value_t = HOLD_OUT_FROM, requires = "models")]
    hold_out_from: usize,
}

impl ModelsArgs {
    /// Whether models are compared.
    pub(super) fn is_given(&self) -> bool {
        self.models.is_some()
    }
}

pub(super) fn run(args: &Args) -> CommandResult {
    let ModelsArgs { seeds, published, hold_out_from, .. } = args.models;
    let protocol = Protocol::Holdout {
        test_fraction: args.models.test_fraction.unwrap_or(HELD_OUT_FRACTION),
        valid_fraction: args.valid_fraction.unwrap_or(HELD_OUT_FRACTION),
    };
    let cells = cells(args, protocol)?;
    let k = cells.first().map_or(0, |cell| cell.config.stopping().k);
    let depths = Depths { deeper: vec![k.saturating_mul(2)], by_user: true };
    let (dataset, features) = read(&args.experiment)?;
    let more = [
        ("protocol", json!(protocol)),
        ("hold-out-from", json!(hold_out_from)),
        ("seed", json!(args.run.seed())),
    ];
    let experiment = Experiment {
        columns: vec!["model".to_owned()],
        cells,
        repeats: Repeats::Seeds { count: seeds, protocol, hold_out_from },
        split_seed: args.run.seed(),
        settings: settings("compare --models", &dataset, &features, &more),
    };
    let (results, ended) =
        run_experiment(&args.experiment, &experiment, &dataset.interactions, &features, &depths)?;
    let test = experiment.repeats.split(&dataset.interactions, experiment.split_seed, 0)?.test;
    let relevant: Vec<usize> = (0..test.user_count() as u32)
        .map(|user| test.items_of(user).len())
        .filter(|&count| count > 0)
        .collect();
    let against = args.models.against.as_deref();
    let mut table = ModelTable::new(&experiment, &results, &relevant, depths.deeper[0], against, published)?;
    let last_seed = args.run.seed().wrapping_add(seeds as u64 - 1);
    table.protocol = vec![
        ("data", shown_path(&args.experiment.data)),
        ("split", protocol::split_words(&protocol, hold_out_from, args.run.seed())),
        ("models", format!("seeds {} to {last_seed}, all on this one split", args.run.seed())),
        (
            "evaluated",
            format!("{}, those with a test item", protocol::users_text(relevant.len(), relevant.len())),
        ),
        ("ranked", format!("all items except {}", protocol::left_out(experiment.repeats.has_valid()))),
        ("ties", protocol::TIES.to_owned()),
    ];
    let tables = Tables {
        text: table.text(),
        protocol: table.protocol.clone(),
        markdown: table.markdown(),
        csv: table.csv()?,
        json: table.json()?,
    };
    let printed = publish(&args.experiment, tables);
    ended.and(printed)?;
    check_failed(table.rows.iter().map(|row| row.failure.is_some()), "model")
}

/// A cell for each model.
fn cells(args: &Args, protocol: Protocol) -> Result<Vec<Cell>> {
    let models = list("--models", args.models.models.as_deref().unwrap_or_default(), ModelName::parse)?;
    if args.model.has_history() && models.iter().all(|model| !model.has_history) {
        return Err(Error::setting("--history", "is used by none of these models: add +history to one"));
    }
    let mut cells = Vec::new();
    for ModelName { text, recipe, has_features, has_history } in models {
        let named = |error: Error| Error::Data(format!("--models {text}: {error}"));
        let model = args.model.with_recipe(recipe).with_history(has_history);
        let config = model.config(Recipe::default(), &SampleArgs::default(), &args.run, protocol);
        let mut config = config.map_err(named)?;
        if has_history && matches!(&config, RunConfig::Step(config) if config.history.is_none()) {
            return Err(Error::setting("--history", format!("must be above 0 for {text}")));
        }
        if has_history && !matches!(config, RunConfig::Step(_)) {
            return Err(Error::Data(format!("--models {text}: history is for recipes that train in steps")));
        }
        // The others do without.
        if has_features || config.features().is_some() {
            args.experiment.features.apply(&mut config, &args.model, recipe)?;
        }
        if has_features && config.features().is_none() {
            return Err(Error::setting(
                "--models",
                format!("{text}: +features needs --item-features or --user-features"),
            ));
        }
        cells.push(Cell { labels: vec![text], config });
    }
    let against = args.models.against.as_ref();
    if let Some(against) = against.filter(|&against| cells.iter().all(|cell| cell.labels[0] != **against)) {
        return Err(Error::setting("--against", format!("is {against}, which is not among --models")));
    }
    let k = cells.first().map_or(0, |cell| cell.config.stopping().k);
    if args.models.published.is_some() && k != 50 {
        return Err(Error::setting(
            "--published",
            format!("has recall in the 50 and 100 best, but -k is {k}"),
        ));
    }
    let configs: Vec<_> = cells.iter().map(|cell| cell.config.clone()).collect();
    args.model.check_used(&SampleArgs::default(), &args.run, &configs)?;
    args.experiment.features.check_used(&configs)?;
    Ok(cells)
}

/// A recipe by its name, and what is added to it.
struct ModelName {
    text: String,
    recipe: RunRecipe,
    has_features: bool,
    has_history: bool,
}

impl ModelName {
    /// The error is what to write instead.
    fn parse(text: &str) -> std::result::Result<ModelName, String> {
        let mut parts = text.split('+');
        let name = parts.next().unwrap_or_default();
        let RecipeName(recipe) =
            RecipeName::from_str(name, false).map_err(|_| format!("use {}", recipe_names()))?;
        let mut model = ModelName { text: text.to_owned(), recipe, has_features: false, has_history: false };
        for part in parts {
            let is_new = match part {
                "features" => !std::mem::replace(&mut model.has_features, true),
                "history" => !std::mem::replace(&mut model.has_history, true),
                _ => false,
            };
            if !is_new {
                return Err(format!("after {name} use +features, +history, or both"));
            }
        }
        Ok(model)
    }
}

/// The names of all recipes.
fn recipe_names() -> String {
    let names = RecipeName::value_variants().iter().map(|RecipeName(recipe)| recipe.name());
    let names: Vec<&str> = names.collect();
    match names.split_last() {
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}
