//! `spherec compare`: samplers, batch sizes and numbers of negatives in one table, as Tran et al. 2019 did; or models, as
//! Hsieh et al. 2017 did.

use super::CommandResult;
use super::compare_models::{self, ModelsArgs};
use super::experiment::{
    ExperimentArgs, MOST_CELLS, Tables, list, publish, read, report, run as run_experiment, settings,
};
use super::format::counted;
use super::model_args::{ModelArgs, RunArgs, SampleArgs};
use super::model_names::SamplerName;
use clap::ValueEnum;
use serde_json::json;
use spherec::data::Protocol;
use spherec::experiment::{Cell, Depths, Experiment, Repeats};
use spherec::train::{Recipe, RunRecipe};
use spherec::{Error, Result};

/// Compare samplers by cross-validation, or models: the tables of Tran et al. 2019 and Hsieh et al. 2017 for your data
///
/// Trains each sampler with each batch size and each number of negatives in every fold. The table has the
/// mean and standard deviation of MAP, NDCG, recall and MMR. Every finished run is kept in OUT/results.jsonl,
/// so the same command continues where it was stopped. --beta, --candidates and --hardness apply to the
/// samplers that use them. The recipe is two-stage-2019, unless --recipe names another.
///
/// With --models, it trains each of these recipes with several seeds on one split of each user's interactions, and the
/// table has the recall in the K and in the 2K best, NDCG, MAP, and the Wilcoxon signed rank test over the users. A flag
/// of a model is for all models that have such a setting.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) experiment: ExperimentArgs,
    #[command(flatten)]
    pub(super) models: ModelsArgs,
    /// Samplers to compare, separated by commas (Tran Table 2)
    #[arg(
        long,
        value_name = "LIST",
        default_value = "uniform,popularity,two-stage",
        help_heading = "What is compared"
    )]
    samplers: String,
    /// Batch sizes, separated by commas (Tran Table 2)
    #[arg(
        long,
        alias = "batch",
        value_name = "LIST",
        default_value = "256,1024,4096",
        help_heading = "What is compared"
    )]
    batch_size: String,
    /// Numbers of negatives per pair, separated by commas (Tran Table 2)
    #[arg(long, value_name = "LIST", default_value = "1,2,5", help_heading = "What is compared")]
    negatives: String,
    /// Number of folds that each user's interactions are split into (Tran 4.1.1)
    #[arg(long, value_name = "N", default_value_t = 4, help_heading = "Holding out")]
    folds: usize,
    /// Share of a fold's training interactions, or with --models of each user's interactions, that chooses the best epoch;
    /// 0: the last epoch counts [default: 0; with --models 0.2]
    #[arg(long, value_name = "SHARE", help_heading = "Holding out")]
    pub(super) valid_fraction: Option<f64>,
    #[command(flatten)]
    pub(super) model: ModelArgs,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

const EXAMPLES: &str = "Examples:
  spherec compare users.dat -o table2 --samplers uniform,popularity,two-stage --batch-size 256,1024,4096 \
--negatives 1,2,5 --folds 4
  spherec compare ratings.csv -o table --min-rating 4 --batch-size 256 --negatives 1 --epochs 20
  spherec compare users.dat -o models --models softmax,wrmf,popularity --dim 100 --published CiteULike";

pub(crate) fn run(args: &Args) -> CommandResult {
    if args.models.is_given() {
        return compare_models::run(args);
    }
    let cells = args.cells()?;
    let (dataset, features) = read(&args.experiment)?;
    let valid_fraction = args.valid_fraction.unwrap_or(0.0);
    let more = [("folds", json!(args.folds)), ("valid-fraction", json!(valid_fraction))];
    let settings = settings("compare", &dataset, &features, &more);
    let columns = ["sampler", "batch-size", "negatives"].map(str::to_owned).to_vec();
    let experiment = Experiment {
        columns,
        repeats: Repeats::Folds { count: args.folds, valid_fraction },
        split_seed: args.run.seed(),
        settings,
        cells,
    };
    let (results, ended) =
        run_experiment(&args.experiment, &experiment, &dataset.interactions, &features, &Depths::default())?;
    let split =
        format!("{} folds by user, validation {valid_fraction}, seed {}", args.folds, args.run.seed());
    let report = report(&args.experiment, &experiment, &results, split);
    let published = publish(&args.experiment, Tables::of(&report)?);
    ended.and(published)?;
    check_failed(report.rows.iter().map(|row| row.failure.is_some()), "cell")
}

/// Fails if something failed.
pub(super) fn check_failed(failed: impl ExactSizeIterator<Item = bool>, what: &str) -> CommandResult {
    let all = failed.len();
    match failed.filter(|&failed| failed).count() {
        0 => Ok(()),
        failed => {
            Err(Error::Data(format!("{failed} of {} failed: see the table", counted(all, what))).into())
        }
    }
}

impl Args {
    fn cells(&self) -> Result<Vec<Cell>> {
        let recipe = self.model.recipe(Recipe::TwoStage2019);
        if !matches!(recipe, RunRecipe::Step(_)) {
            let message = format!("{} has no samplers, batches and negatives to compare", recipe.name());
            return Err(Error::setting("--recipe", message));
        }
        let number = |text: &str| text.parse::<usize>().map_err(|error| error.to_string());
        let samplers = list("--samplers", &self.samplers, |text| {
            SamplerName::from_str(text, false)
                .map_err(|_| "use uniform, popularity, two-stage or shared".to_owned())
        })?;
        let batch_sizes = list("--batch-size", &self.batch_size, number)?;
        let negatives = list("--negatives", &self.negatives, number)?;
        let counts = [samplers.len(), batch_sizes.len(), negatives.len()];
        match counts.iter().try_fold(1usize, |all, &count| all.checked_mul(count)) {
            Some(..=MOST_CELLS) => {}
            _ => {
                let [samplers, batch_sizes, negatives] = counts;
                let message = format!(
                    "--samplers, --batch-size and --negatives make {samplers} x {batch_sizes} x {negatives} combinations, but at \
                     most {MOST_CELLS} can be compared"
                );
                return Err(Error::Data(message));
            }
        }
        let protocol = Protocol::Folds {
            count: self.folds,
            fold: 0,
            valid_fraction: self.valid_fraction.unwrap_or(0.0),
        };
        let mut cells = Vec::new();
        for &sampler in &samplers {
            for &batch_size in &batch_sizes {
                for &negatives in &negatives {
                    let (is_shared, sampler) = (sampler == SamplerName::Shared, sampler);
                    // Shared candidates are all negatives: one row for all numbers of them.
                    let samples = SampleArgs {
                        sampler: Some(sampler),
                        batch_size: Some(batch_size),
                        negatives: (!is_shared).then_some(negatives),
                    };
                    let mut config =
                        self.model.config(Recipe::TwoStage2019, &samples, &self.run, protocol)?;
                    self.experiment.features.apply(&mut config, &self.model, recipe)?;
                    if cells.iter().any(|cell: &Cell| cell.config == config) {
                        continue;
                    }
                    let negatives = if is_shared { "-".to_owned() } else { negatives.to_string() };
                    let labels = vec![sampler.shown().to_owned(), batch_size.to_string(), negatives];
                    cells.push(Cell { labels, config });
                }
            }
        }
        if cells.is_empty() {
            return Err(Error::setting("--samplers", "must name at least one sampler"));
        }
        let configs: Vec<_> = cells.iter().map(|cell| cell.config.clone()).collect();
        self.model.check_used(&SampleArgs::default(), &self.run, &configs)?;
        Ok(cells)
    }
}
