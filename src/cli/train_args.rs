//! The flags of `spherec train`, each with its default and the source of that, and the checked config
//! that they make.

use super::load_args::LoadArgs;
use clap::ValueEnum;
use spherec::data::Protocol;
use spherec::gpu::AdapterChoice;
use spherec::optimizer::{Optimizer, catch_up_table};
use spherec::sampling::Sampler;
use spherec::train::{TrainConfig, defaults};
use spherec::{Error, Result};
use std::path::PathBuf;
use std::str::FromStr;

/// Train a model on a file of interactions; no flag is needed for a good one
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    /// The interactions, one a row or one user a line; `-` is standard input
    #[arg(value_name = "DATA")]
    pub(crate) data: PathBuf,
    /// The model's folder; a model that is there is replaced once the new one is whole
    #[arg(short, long, value_name = "MODEL")]
    pub(crate) output: PathBuf,
    /// A TOML file of flags, by their names without the dashes, such as `learning-rate = 1e-4`; those of the
    /// command line win
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    #[command(flatten)]
    pub(crate) protocol: ProtocolArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    run: RunArgs,
    /// The adapter, by its number in `spherec doctor` or by a part of its name [default: the best]
    #[arg(long, value_name = "ADAPTER", help_heading = "Running")]
    adapter: Option<String>,
    /// Print nothing but errors
    #[arg(short, long, help_heading = "Running")]
    pub(crate) quiet: bool,
}

const EXAMPLES: &str =
    "\"Tran\" is Tran et al., \"Improving Collaborative Metric Learning with Efficient Negative \
Sampling\", SIGIR 2019.

Examples:
  spherec train ratings.csv -o model
  spherec train ratings.csv -o model --min-rating 4 --item-column title
  spherec train users.dat -o model --folds 4 --fold 0 --sampler uniform --epochs 40
  spherec train BX-Book-Ratings.csv.gz -o model --preset book-crossing
  spherec train parts/train.csv --valid parts/valid.csv --test parts/test.csv -o model
  zcat plays.tsv.gz | spherec train - -o model --negatives 5";

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Holding out")]
pub(crate) struct ProtocolArgs {
    /// A file of test interactions, read with the same flags, but for the filters of users and items;
    /// nothing else is held out
    #[arg(long, value_name = "FILE", conflicts_with_all = ["test_fraction", "folds"])]
    pub(crate) test: Option<PathBuf>,
    /// A file of interactions that early stopping looks at, read as --test is
    #[arg(long, value_name = "FILE", conflicts_with_all = ["test_fraction", "valid_fraction", "folds"])]
    pub(crate) valid: Option<PathBuf>,
    #[arg(long, value_name = "SHARE", conflicts_with = "folds", help = format!(
        "Share of each user's interactions held out for the test [default: {}]", defaults::TEST_FRACTION))]
    test_fraction: Option<f64>,
    #[arg(long, value_name = "SHARE", help = format!(
        "Share that early stopping looks at [default: {}; with --folds or --test 0]", defaults::VALID_FRACTION))]
    valid_fraction: Option<f64>,
    /// Deal each user's interactions into N folds, one of which is the test part (Tran 4.1.1: 4)
    #[arg(long, value_name = "N", requires = "fold")]
    folds: Option<usize>,
    /// The fold that is held out, from 0
    #[arg(long, value_name = "I", requires = "folds")]
    fold: Option<usize>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Model and loss")]
struct ModelArgs {
    /// Embedding dimension (Tran 4.1.3)
    #[arg(long, value_name = "D", default_value_t = defaults::DIM)]
    dim: usize,
    /// Margin of the hinge (Tran 4.1.3)
    #[arg(long, value_name = "M", default_value_t = defaults::MARGIN)]
    margin: f64,
    /// Pairs of a step (Tran 4.1.3)
    #[arg(long, value_name = "B", default_value_t = defaults::BATCH_SIZE)]
    batch_size: usize,
    /// Negatives of a pair, of which the nearest counts (Tran 4.1.3: 1, 2 or 5)
    #[arg(long, value_name = "N", default_value_t = defaults::NEGATIVES)]
    negatives: usize,
    /// How negatives are found: by chance, by popularity, or by popularity and then by similarity to the
    /// positive (Tran 3)
    #[arg(long, value_name = "SAMPLER", value_enum, default_value_t = SamplerName::TwoStage)]
    sampler: SamplerName,
    #[arg(long, value_name = "X", help = format!(
        "Popularity and two-stage: items are drawn by count^X [default: {}, measured; Tran 4.1.3: 1]", defaults::BETA))]
    beta: Option<f64>,
    #[arg(long, value_name = "C", help = format!(
        "Two-stage: candidates of a step [default: {}; Tran 4.1.3]", defaults::CANDIDATES))]
    candidates: Option<usize>,
    #[arg(long, value_name = "X", help = format!(
        "Two-stage: how much similar candidates are preferred, a number or `paper`, which is (D-1)/2 - 1 \
         [default: {}, measured; Tran 3.2: paper]", defaults::HARDNESS))]
    hardness: Option<Hardness>,
    #[arg(long, value_name = "W", help = format!(
        "Weight of the spread-out regulariser [default: two-stage {}, with 3 or more negatives {} (Tran 4.1.3); \
         else 0]", defaults::gor_weight(true, 1), defaults::gor_weight(true, 3)))]
    gor_weight: Option<f64>,
    /// What turns gradients into steps (Tran 4.1.3: adam)
    #[arg(long, value_name = "NAME", value_enum, default_value_t = OptimizerName::Adam)]
    optimizer: OptimizerName,
    /// Step size (measured; Tran 4.1.3: 0.0001)
    #[arg(long, value_name = "X", default_value_t = defaults::LEARNING_RATE)]
    learning_rate: f64,
    #[arg(long, value_name = "B1,B2", help = format!(
        "Adam: decay rates [default: {},{}; Kingma and Ba 2015]", defaults::BETAS.0, defaults::BETAS.1))]
    betas: Option<Betas>,
    #[arg(long, value_name = "X", help = format!(
        "Adam: added to the root of the second moment [default: {:e}; Kingma and Ba 2015]", defaults::EPSILON))]
    epsilon: Option<f64>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Running")]
struct RunArgs {
    /// Epochs at most (Tran 4.1.3)
    #[arg(long, value_name = "N", default_value_t = defaults::EPOCHS)]
    epochs: usize,
    /// Epochs between two looks at the validation part
    #[arg(long, value_name = "N", default_value_t = defaults::EVALUATE_EVERY)]
    evaluate_every: usize,
    /// Looks without a better NDCG before training stops; 0: never
    #[arg(long, value_name = "N", default_value_t = defaults::PATIENCE)]
    patience: usize,
    /// Length of the lists that are measured (Tran 4.1.2)
    #[arg(short, value_name = "K", default_value_t = defaults::K)]
    k: usize,
    /// Seed of all randomness: the same seed, data and adapter give the same model
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SamplerName {
    Uniform,
    Popularity,
    TwoStage,
}

impl SamplerName {
    /// The sampler with what it needs of its settings.
    pub(crate) fn sampler(self, beta: f64, candidate_count: usize, hardness: f64) -> Sampler {
        match self {
            SamplerName::Uniform => Sampler::Uniform,
            SamplerName::Popularity => Sampler::Popularity { beta },
            SamplerName::TwoStage => Sampler::TwoStage { beta, candidate_count, hardness },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OptimizerName {
    Adam,
    Sgd,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Hardness {
    Number(f64),
    Paper,
}

impl FromStr for Hardness {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Hardness, String> {
        match text {
            "paper" => Ok(Hardness::Paper),
            _ => {
                text.parse().map(Hardness::Number).map_err(|_| "a hardness is a number or `paper`".to_owned())
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Betas(f64, f64);

impl FromStr for Betas {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Betas, String> {
        let numbers = text
            .split_once(',')
            .and_then(|(first, second)| Some(Betas(first.trim().parse().ok()?, second.trim().parse().ok()?)));
        numbers.ok_or_else(|| "two numbers with a comma between them, such as 0.9,0.999".to_owned())
    }
}

impl Args {
    /// The run that the flags describe, checked.
    pub(crate) fn config(&self) -> Result<TrainConfig> {
        let ModelArgs { dim, margin, batch_size, negatives, learning_rate, .. } = self.model;
        let RunArgs { epochs, evaluate_every, patience, k, seed } = self.run;
        let sampler = self.model.sampler()?;
        let is_two_stage = matches!(sampler, Sampler::TwoStage { .. });
        let (optimizer, betas, epsilon) = self.model.optimizer()?;
        let gor_weight = self.model.gor_weight;
        let config = TrainConfig {
            dim,
            margin,
            batch_size,
            negative_count: negatives,
            sampler,
            gor_weight: gor_weight.unwrap_or_else(|| defaults::gor_weight(is_two_stage, negatives)),
            optimizer,
            learning_rate,
            betas,
            epsilon,
            epochs,
            evaluate_every,
            patience,
            k,
            seed,
            protocol: self.protocol.protocol(),
        };
        config.check()?;
        config.protocol.check()?;
        if let Sampler::TwoStage { candidate_count, .. } = sampler
            && candidate_count < negatives
        {
            let message = format!("must be at least --negatives {negatives}, but is {candidate_count}");
            return Err(Error::setting("--candidates", message));
        }
        catch_up_table(config.betas)?;
        Ok(config)
    }

    /// The adapter that was asked for.
    pub(crate) fn adapter(&self) -> AdapterChoice {
        adapter_choice(self.adapter.as_deref())
    }
}

/// The adapter that `--adapter` means.
pub(crate) fn adapter_choice(name: Option<&str>) -> AdapterChoice {
    name.map_or(AdapterChoice::Best, |name| AdapterChoice::Named(name.to_owned()))
}

impl ProtocolArgs {
    fn protocol(&self) -> Protocol {
        if self.test.is_some() || self.valid.is_some() {
            return Protocol::Files { valid_fraction: self.valid_fraction.unwrap_or(0.0) };
        }
        match (self.folds, self.fold) {
            (Some(count), Some(fold)) => {
                Protocol::Folds { count, fold, valid_fraction: self.valid_fraction.unwrap_or(0.0) }
            }
            _ => Protocol::Holdout {
                test_fraction: self.test_fraction.unwrap_or(defaults::TEST_FRACTION),
                valid_fraction: self.valid_fraction.unwrap_or(defaults::VALID_FRACTION),
            },
        }
    }
}

impl ModelArgs {
    /// The sampler; a flag that it does not use is an error, since it would change nothing.
    fn sampler(&self) -> Result<Sampler> {
        let name = self.sampler;
        let shown = name.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let unused = [
            ("--beta", self.beta.is_some() && name == SamplerName::Uniform),
            ("--candidates", self.candidates.is_some() && name != SamplerName::TwoStage),
            ("--hardness", self.hardness.is_some() && name != SamplerName::TwoStage),
        ];
        if let Some((flag, _)) = unused.into_iter().find(|&(_, is_unused)| is_unused) {
            return Err(Error::setting(flag, format!("has no meaning with --sampler {shown}")));
        }
        let beta = self.beta.unwrap_or(defaults::BETA);
        let hardness = match self.hardness {
            Some(Hardness::Number(number)) => number,
            Some(Hardness::Paper) => defaults::paper_hardness(self.dim),
            None => defaults::HARDNESS,
        };
        Ok(name.sampler(beta, self.candidates.unwrap_or(defaults::CANDIDATES), hardness))
    }

    /// The optimizer with its decay rates and epsilon.
    fn optimizer(&self) -> Result<(Optimizer, (f64, f64), f64)> {
        let unused = [("--betas", self.betas.is_some()), ("--epsilon", self.epsilon.is_some())];
        if let (OptimizerName::Sgd, Some((flag, _))) =
            (self.optimizer, unused.into_iter().find(|&(_, given)| given))
        {
            return Err(Error::setting(flag, "has no meaning with --optimizer sgd"));
        }
        let betas = self.betas.map_or(defaults::BETAS, |Betas(first, second)| (first, second));
        let optimizer = match self.optimizer {
            OptimizerName::Adam => Optimizer::Adam,
            OptimizerName::Sgd => Optimizer::Sgd,
        };
        Ok((optimizer, betas, self.epsilon.unwrap_or(defaults::EPSILON)))
    }
}
