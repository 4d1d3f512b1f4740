//! `spherec tune`: a search for good settings by cross-validation on the training part.

use super::experiment::{self, ExperimentArgs, publish, read, report, run as run_experiment, settings};
use super::model_args::{ModelArgs, RunArgs, SampleArgs, set, unused_because};
use super::{CommandResult, Failure, console, flags_toml};
use serde_json::json;
use spherec::data::{Protocol, split};
use spherec::experiment::{Cell, Experiment, Grid, ResultTable, choose};
use spherec::train::{Recipe, TrainConfig, defaults};
use spherec::{Error, Result};

/// Search for good settings by cross-validation, without looking at the test part
///
/// Holds out the test part first, as `train` does with the same --test-fraction and --seed, and splits the
/// rest into folds. For each fold, trains every combination on the other folds, with early stopping on a
/// validation part of them, and measures it on the fold. The table has the best NDCG first. OUT/best.toml
/// is a config file for `spherec train --config`. The same command continues where it was stopped.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    experiment: ExperimentArgs,
    /// Flags of a training and their values: "temperature=0.08,0.1; candidates=500,1000"
    #[arg(long, value_name = "GRID", help_heading = "What is searched")]
    grid: Grid,
    /// Try N random combinations, drawn by --seed [default: all]
    #[arg(long, value_name = "N", help_heading = "What is searched")]
    random: Option<usize>,
    /// Number of folds that the training part is split into
    #[arg(long, value_name = "N", default_value_t = 4, help_heading = "Holding out")]
    folds: usize,
    /// Share of each user's interactions that the search never sees; use 0 if DATA is only the training part
    #[arg(long, value_name = "SHARE", default_value_t = defaults::TEST_FRACTION, help_heading = "Holding out")]
    test_fraction: f64,
    /// Share of a fold's training interactions used for early stopping; 0 runs all epochs
    #[arg(long, value_name = "SHARE", default_value_t = defaults::VALID_FRACTION, help_heading = "Holding out")]
    valid_fraction: f64,
    #[command(flatten)]
    samples: SampleArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    run: RunArgs,
}

const EXAMPLES: &str = "Examples:
  spherec tune ratings.csv -o search --grid \"temperature=0.08,0.1,0.15; epochs=12,16\"
  spherec tune ratings.csv -o search --recipe two-stage-2019 --grid \"beta=0,0.5,1; hardness=1,2,4\" --random 5
  spherec train ratings.csv -o model --config search/best.toml";

/// Added to the seed by XOR, so that the folds do not depend on the draw of the test part.
const FOLD_SEED: u64 = 0x7475_6e65;

pub(crate) fn run(args: &Args) -> CommandResult {
    let cells = args.cells()?;
    let outer = Protocol::Holdout { test_fraction: args.test_fraction, valid_fraction: 0.0 };
    // Check the fractions that best.toml will have.
    Protocol::Holdout { test_fraction: args.test_fraction, valid_fraction: args.valid_fraction }.check()?;
    let dataset = read(&args.experiment)?;
    let seed = args.run.seed();
    let more = [
        ("grid", json!(args.grid.to_string())),
        ("random", json!(args.random)),
        ("folds", json!(args.folds)),
        ("test-fraction", json!(args.test_fraction)),
        ("valid-fraction", json!(args.valid_fraction)),
    ];
    let experiment = Experiment {
        columns: args.grid.settings.iter().map(|(name, _)| name.clone()).collect(),
        fold_count: args.folds,
        valid_fraction: args.valid_fraction,
        split_seed: seed ^ FOLD_SEED,
        settings: settings("tune", &dataset, &more),
        cells,
    };
    let train = split(&dataset.interactions, &outer, seed)?.train;
    let (results, is_whole) = run_experiment(&args.experiment, &experiment, &train)?;
    let how = format!(
        "test part of {} by user, never seen; {} folds by user of the rest, validation {}, seed {seed}",
        args.test_fraction, args.folds, args.valid_fraction
    );
    let mut report = report(&args.experiment, &experiment, &results, how);
    best_first(&mut report);
    publish(&args.experiment, &report)?;
    if !is_whole {
        return Err(Failure::Interrupted);
    }
    let best = report.rows.first().filter(|row| row.failure.is_none());
    let Some(best) = best else {
        return Err(Error::Data("no combination could be trained in every fold".to_owned()).into());
    };
    experiment::write(&args.experiment, "best.toml", args.best(&best.cell.config).as_bytes())?;
    if !args.experiment.quiet {
        let path = args.experiment.output.join("best.toml");
        console::note(&format!("saved {}, for spherec train --config", path.display()));
    }
    Ok(())
}

/// Sorts by mean NDCG, which early stopping uses too. Combinations that failed come last.
fn best_first(report: &mut ResultTable) {
    let ndcg =
        |row: &spherec::experiment::Summary| row.spreads[1].map_or(f64::NEG_INFINITY, |spread| spread.mean);
    report.rows.sort_by(|a, b| b.folds_done.cmp(&a.folds_done).then(ndcg(b).total_cmp(&ndcg(a))));
}

impl Args {
    fn protocol(&self) -> Protocol {
        Protocol::Folds { count: self.folds, fold: 0, valid_fraction: self.valid_fraction }
    }

    /// The distinct combinations. A setting that the sampler does not use makes no difference.
    fn cells(&self) -> Result<Vec<Cell>> {
        let mut cells: Vec<Cell> = Vec::new();
        // The flags of the last combination: which flags are given is the same in all.
        let mut any = (self.samples.clone(), self.model.clone());
        for point in self.grid.points() {
            let (mut samples, mut model, mut run) =
                (self.samples.clone(), self.model.clone(), self.run.clone());
            for ((name, _), value) in self.grid.settings.iter().zip(&point) {
                set(&mut samples, &mut model, &mut run, name, value)?;
            }
            let config = model.config(Recipe::default(), &samples, &run, self.protocol())?;
            any = (samples, model);
            if cells.iter().any(|cell| cell.config == config) {
                continue;
            }
            let named = self.grid.settings.iter().zip(&point);
            let label = |name: &str, value: &str| match unused_because(name, &config) {
                None => value.to_owned(),
                Some(_) => "-".to_owned(),
            };
            let labels = named.map(|((name, _), value)| label(name, value)).collect();
            cells.push(Cell { labels, config });
        }
        let configs: Vec<_> = cells.iter().map(|cell| cell.config.clone()).collect();
        any.1.check_used(&any.0, &configs)?;
        let Some(count) = self.random else { return Ok(cells) };
        if count == 0 || count > cells.len() {
            let message =
                format!("must be 1 to {}, the number of combinations in --grid, but is {count}", cells.len());
            return Err(Error::setting("--random", message));
        }
        Ok(choose(cells, count, self.run.seed()))
    }

    /// A config file with the best settings.
    fn best(&self, config: &TrainConfig) -> String {
        let (test_fraction, valid_fraction) = (self.test_fraction, self.valid_fraction);
        let protocol = match test_fraction {
            0.0 => Protocol::Files { valid_fraction },
            _ => Protocol::Holdout { test_fraction, valid_fraction },
        };
        let config = TrainConfig { protocol, ..config.clone() };
        let mut options = self.experiment.load.record();
        if let Some(options) = options.as_object_mut() {
            options.retain(|_, value| !value.is_null());
        }
        format!("# The best settings that `spherec tune` found.\n{}", flags_toml::flags(&config, &options))
    }
}
