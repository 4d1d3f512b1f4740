//! `spherec tune`: a search for good settings by cross-validation on the training part.

use super::experiment::{
    self, ExperimentArgs, MOST_CELLS, Tables, publish, read, report, run as run_experiment, settings,
};
use super::model_args::{ModelArgs, RunArgs, SampleArgs, Searched, set, unused_because};
use super::{CommandResult, console, flags_toml};
use clap::ArgMatches;
use serde_json::json;
use spherec::data::{Protocol, split_from};
use spherec::experiment::{Cell, Depths, Experiment, Grid, Repeats, ResultTable, shuffled};
use spherec::train::{Recipe, RunConfig, defaults};
use spherec::{Error, Result};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

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
    let (dataset, features) = read(&args.experiment)?;
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
        repeats: Repeats::Folds { count: args.folds, valid_fraction: args.valid_fraction },
        split_seed: seed ^ FOLD_SEED,
        settings: settings("tune", &dataset, &features, &more),
        cells,
    };
    // That of the recipe, as in all cells.
    let hold_out_from = experiment.cells.first().map_or(2, |cell| cell.config.hold_out_from());
    let train = split_from(&dataset.interactions, &outer, seed, hold_out_from)?.train;
    let (results, ended) =
        run_experiment(&args.experiment, &experiment, &train, &features, &Depths::default())?;
    let how = format!(
        "test part of {} by user, never seen; {} folds by user of the rest, validation {}, seed {seed}",
        args.test_fraction, args.folds, args.valid_fraction
    );
    let mut report = report(&args.experiment, &experiment, &results, how);
    best_first(&mut report);
    let published = publish(&args.experiment, Tables::of(&report)?);
    ended.and(published)?;
    let best = report.rows.first().filter(|row| row.failure.is_none() && row.spreads[NDCG].is_some());
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

/// The place of the NDCG in `MEASURES`.
const NDCG: usize = 1;

/// Sorts by mean NDCG, which early stopping uses too. Combinations that failed come last.
fn best_first(report: &mut ResultTable) {
    let ndcg = |row: &spherec::experiment::Summary| {
        row.spreads[NDCG].map_or(f64::NEG_INFINITY, |spread| spread.mean)
    };
    report.rows.sort_by(|a, b| b.folds_done.cmp(&a.folds_done).then(ndcg(b).total_cmp(&ndcg(a))));
}

impl Args {
    fn protocol(&self) -> Protocol {
        Protocol::Folds { count: self.folds, fold: 0, valid_fraction: self.valid_fraction }
    }

    /// The distinct combinations, all or --random of them. A setting that the sampler does not use makes no difference.
    fn cells(&self) -> Result<Vec<Cell>> {
        let count = self.grid.count();
        let most = count.min(MOST_CELLS);
        let (wanted, order) = match self.random {
            None if count > MOST_CELLS => {
                let message = format!(
                    "has {count} combinations, but at most {MOST_CELLS} can be tried: choose some with --random"
                );
                return Err(Error::setting("--grid", message));
            }
            None => (count, (0..count).collect()),
            Some(wanted) if (1..=most).contains(&wanted) => (wanted, shuffled(count, self.run.seed())),
            Some(wanted) => return Err(too_many(most, wanted)),
        };
        let mut points = Points::new(self)?;
        let (mut cells, mut seen) = (Vec::new(), HashSet::new());
        for number in order {
            if cells.len() == wanted {
                break;
            }
            let config = points.config(number)?;
            let key = serde_json::to_string(&config).map_err(|error| Error::Data(error.to_string()))?;
            if seen.insert(key) {
                cells.push((number, Cell { labels: self.labels(number, &config), config }));
            }
        }
        if self.random.is_some() && cells.len() < wanted {
            return Err(too_many(cells.len(), wanted));
        }
        cells.sort_by_key(|(number, _)| *number);
        let cells: Vec<Cell> = cells.into_iter().map(|(_, cell)| cell).collect();
        let mut configs: Vec<_> = cells.iter().map(|cell| cell.config.clone()).collect();
        // A flag that no chosen combination uses may be one that another uses.
        if self.random.is_some() {
            configs.extend(points.kinds());
        }
        points.flags.1.check_used(&points.flags.0, &points.flags.2, &configs)?;
        Ok(cells)
    }

    /// The values of combination `number`; of one that `config` does not use, a dash.
    fn labels(&self, number: usize, config: &RunConfig) -> Vec<String> {
        let label =
            |((name, values), place): (&(String, Vec<String>), usize)| match unused_because(name, config) {
                None => values[place].clone(),
                Some(_) => "-".to_owned(),
            };
        self.grid.settings.iter().zip(self.grid.point(number)).map(label).collect()
    }

    /// A config file with the best settings.
    fn best(&self, config: &RunConfig) -> String {
        let (test_fraction, valid_fraction) = (self.test_fraction, self.valid_fraction);
        let protocol = match test_fraction {
            0.0 => Protocol::Files { valid_fraction },
            _ => Protocol::Holdout { test_fraction, valid_fraction },
        };
        let config = config.clone().with_protocol(protocol);
        let mut options = self.experiment.load.record();
        if let Some(options) = options.as_object_mut() {
            options.retain(|_, value| !value.is_null());
        }
        format!("# The best settings that `spherec tune` found.\n{}", flags_toml::flags(&config, &options))
    }
}

fn too_many(most: usize, wanted: usize) -> Error {
    let message = format!("must be 1 to {most}, the number of combinations in --grid, but is {wanted}");
    Error::setting("--random", message)
}

/// The configs of a grid's points. Each value is parsed when a point first needs it.
struct Points<'a> {
    args: &'a Args,
    searched: Searched,
    parsed: HashMap<(usize, usize), ArgMatches>,
    /// The flags of the last point: which flags are given is the same for all.
    flags: (SampleArgs, ModelArgs, RunArgs),
}

impl Points<'_> {
    fn new(args: &Args) -> Result<Points<'_>> {
        let searched = Searched::new();
        args.grid.settings.iter().try_for_each(|(name, _)| searched.check_name(name))?;
        let flags = (args.samples.clone(), args.model.clone(), args.run.clone());
        Ok(Points { args, searched, parsed: HashMap::new(), flags })
    }

    /// The config of point `number`, checked.
    fn config(&mut self, number: usize) -> Result<RunConfig> {
        self.config_of(&self.args.grid.point(number))
    }

    /// The config with the value at each of `places`, checked.
    fn config_of(&mut self, places: &[usize]) -> Result<RunConfig> {
        let Points { args, searched, parsed, .. } = self;
        let (mut samples, mut model, mut run) = (args.samples.clone(), args.model.clone(), args.run.clone());
        for (setting, ((name, values), &place)) in args.grid.settings.iter().zip(places).enumerate() {
            let matches = match parsed.entry((setting, place)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(searched.parse(name, &values[place])?),
            };
            set(&mut samples, &mut model, &mut run, matches)?;
        }
        let mut config = model.config(Recipe::default(), &samples, &run, args.protocol())?;
        args.experiment.features.apply(&mut config, &model, model.recipe(Recipe::default()))?;
        self.flags = (samples, model, run);
        Ok(config)
    }

    /// A config for each combination of the settings that decide which others have a meaning, where it is possible.
    fn kinds(&mut self) -> Vec<RunConfig> {
        const DECIDING: [&str; 4] = ["sampler", "loss", "item-bias", "optimizer"];
        let grid = &self.args.grid;
        let few = Grid {
            settings: (grid.settings.iter())
                .map(|(name, values)| match DECIDING.contains(&name.as_str()) {
                    true => (name.clone(), values.clone()),
                    false => (name.clone(), values[..1].to_vec()),
                })
                .collect(),
        };
        (0..few.count()).filter_map(|number| self.config_of(&few.point(number)).ok()).collect()
    }
}
