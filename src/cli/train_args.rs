//! The flags of `spherec train`, and the checked config that they make.

use super::feature_args::FeatureArgs;
use super::load_args::{LoadArgs, shown_path};
use super::model_args::{ModelArgs, RunArgs, SampleArgs, adapter_choice, check_adapter};
use serde_json::{Value, json};
use spherec::Result;
use spherec::checkpoint::Pace;
use spherec::data::Protocol;
use spherec::gpu::AdapterChoice;
use spherec::train::{Recipe, RunConfig, RunRecipe, defaults};
use std::path::{Path, PathBuf};

/// Train a model on a file of interactions; the defaults give a good one
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    /// File of interactions, one per row or one user per line; `-` is standard input
    #[arg(value_name = "DATA", required_unless_present = "resume")]
    data: Option<PathBuf>,
    /// Folder for the model. Until it is complete, the log and checkpoints are in MODEL.training
    #[arg(short, long, value_name = "MODEL", required_unless_present = "resume")]
    output: Option<PathBuf>,
    /// TOML file of flags, named without the dashes, such as `learning-rate = 1e-4`. The command line
    /// overrides it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    #[command(flatten)]
    pub(crate) protocol: ProtocolArgs,
    #[command(flatten)]
    pub(crate) features: FeatureArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    samples: SampleArgs,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    pub(crate) checkpoints: CheckpointArgs,
    /// Adapter to use: its number in `spherec doctor`, or a part of its name [default: the best]
    #[arg(long, value_name = "ADAPTER", help_heading = "Running")]
    adapter: Option<String>,
    /// Print only errors
    #[arg(short, long, help_heading = "Running")]
    pub(crate) quiet: bool,
}

const EXAMPLES: &str =
    "\"Tran\" is Tran et al., \"Improving Collaborative Metric Learning with Efficient Negative \
Sampling\", SIGIR 2019.

Examples:
  spherec train ratings.csv -o model
  spherec train ratings.csv -o model --min-rating 4 --item-column title
  spherec train users.dat -o model --folds 4 --fold 0 --recipe two-stage-2019 --sampler uniform
  spherec train BX-Book-Ratings.csv.gz -o model --preset book-crossing
  spherec train parts/train.csv --valid parts/valid.csv --test parts/test.csv -o model
  zcat plays.tsv.gz | spherec train - -o model --temperature 0.08
  spherec train users.dat -o model --item-features tag-item.dat.gz --features-by feature --min-feature-count 5
  spherec train ratings.csv -o model --recipe wrmf
  spherec train ratings.csv -o model --recipe cdl --item-features genres.csv
  spherec train --resume model";

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Keeping and going on")]
pub(crate) struct CheckpointArgs {
    /// Go on with the interrupted training of MODEL, to the same bits as if it had never stopped. Data and settings are
    /// those of MODEL.training; only --epochs may change
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["data", "output", "config", "force", "evaluate_every",
        "patience", "k", "seed", "LoadArgs", "FeatureArgs", "FilterArgs", "ProtocolArgs", "ModelArgs", "SampleArgs"])]
    pub(crate) resume: Option<PathBuf>,
    /// With --resume: take no further step, and save the best so far
    #[arg(long, requires = "resume", conflicts_with = "epochs")]
    pub(crate) finish: bool,
    /// Replace the model, or the unfinished training, that is there. The model stays until the new one is complete
    #[arg(long)]
    pub(crate) force: bool,
    /// Keep a checkpoint every N epochs [default: as often as costs under 2 % of the time]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    checkpoint_every: Option<u32>,
    /// Keep MODEL.training with the last checkpoint, so that --resume MODEL --epochs N can train longer
    #[arg(long)]
    pub(crate) keep_checkpoint: bool,
}

impl CheckpointArgs {
    /// How often checkpoints are kept.
    pub(crate) fn pace(&self) -> Pace {
        self.checkpoint_every.map_or(Pace::Cheap, |every| Pace::Epochs(every as usize))
    }
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Holding out")]
pub(crate) struct ProtocolArgs {
    /// File of test interactions, read with the same flags except the filters of users and items. Nothing
    /// else is held out
    #[arg(long, value_name = "FILE", conflicts_with_all = ["test_fraction", "folds"])]
    pub(crate) test: Option<PathBuf>,
    /// File of interactions that choose the best epoch and --popularity, read like --test
    #[arg(long, value_name = "FILE", conflicts_with_all = ["test_fraction", "valid_fraction", "folds"])]
    pub(crate) valid: Option<PathBuf>,
    #[arg(long, value_name = "SHARE", conflicts_with = "folds", help = format!(
        "Share of each user's interactions held out for the test [default: {}]", defaults::TEST_FRACTION))]
    test_fraction: Option<f64>,
    #[arg(long, value_name = "SHARE", help = format!(
        "Share of each user's interactions that choose the best epoch and --popularity [default: {}; recipe cml-2017: {}; \
         0 with --folds or --test]", defaults::VALID_FRACTION, defaults::cml_2017::HELD_OUT_FRACTION))]
    valid_fraction: Option<f64>,
    /// Split each user's interactions into N folds; one of them is the test part (Tran 4.1.1: 4)
    #[arg(long, value_name = "N", requires = "fold")]
    folds: Option<usize>,
    /// Number of the fold to hold out, from 0
    #[arg(long, value_name = "I", requires = "folds")]
    fold: Option<usize>,
    /// Users with fewer interactions are used for training only [default: 2; recipe cml-2017: 5 (Hsieh et al. 2017)]
    #[arg(long, value_name = "N")]
    hold_out_from: Option<usize>,
}

impl Args {
    /// The data's file. Clap sees to it that there is one, unless a training is resumed.
    pub(crate) fn data(&self) -> &Path {
        self.data.as_deref().unwrap_or(Path::new(""))
    }

    /// The model's folder.
    pub(crate) fn output(&self) -> &Path {
        self.checkpoints.resume.as_deref().or(self.output.as_deref()).unwrap_or(Path::new(""))
    }

    /// The epochs, if they are given.
    pub(crate) fn epochs(&self) -> Option<usize> {
        self.run.epochs()
    }

    /// The settings of the run, checked.
    pub(crate) fn config(&self) -> Result<RunConfig> {
        let start = self.recipe().config();
        let protocol = self.protocol.protocol(&start.protocol());
        let least = self.protocol.hold_out_from.unwrap_or(start.hold_out_from());
        let config = self.model.config(Recipe::default(), &self.samples, &self.run, protocol)?;
        let mut config = config.with_split(protocol, least);
        self.features.apply(&mut config, &self.model, self.recipe())?;
        self.model.check_used(&self.samples, &self.run, std::slice::from_ref(&config))?;
        check_adapter(self.adapter.as_deref(), std::slice::from_ref(&config))?;
        Ok(config)
    }

    /// The recipe.
    pub(crate) fn recipe(&self) -> RunRecipe {
        self.model.recipe(Recipe::default())
    }

    /// The adapter to use.
    pub(crate) fn adapter(&self) -> AdapterChoice {
        adapter_choice(self.adapter.as_deref())
    }

    /// The files the model is trained on and how they are read, for the model's record.
    pub(crate) fn data_record(&self) -> Value {
        let mut record = json!({"train": shown_path(self.data())});
        for (name, path) in [("valid", &self.protocol.valid), ("test", &self.protocol.test)] {
            if let Some(path) = path {
                record[name] = json!(shown_path(path));
            }
        }
        record["options"] = self.load.record();
        if let Some(features) = self.features.record() {
            record["features"] = features;
        }
        record
    }
}

impl ProtocolArgs {
    /// The protocol that the flags describe; shares that they do not give are those of the recipe's own, `usual`.
    fn protocol(&self, usual: &Protocol) -> Protocol {
        let (usual_test, usual_valid) = match *usual {
            Protocol::Holdout { test_fraction, valid_fraction } => (test_fraction, valid_fraction),
            _ => (defaults::TEST_FRACTION, defaults::VALID_FRACTION),
        };
        if self.test.is_some() || self.valid.is_some() {
            return Protocol::Files { valid_fraction: self.valid_fraction.unwrap_or(0.0) };
        }
        match (self.folds, self.fold) {
            (Some(count), Some(fold)) => {
                Protocol::Folds { count, fold, valid_fraction: self.valid_fraction.unwrap_or(0.0) }
            }
            _ => Protocol::Holdout {
                test_fraction: self.test_fraction.unwrap_or(usual_test),
                valid_fraction: self.valid_fraction.unwrap_or(usual_valid),
            },
        }
    }
}
