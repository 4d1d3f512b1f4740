//! The flags that describe a training, shared by the commands that train, each with its default and its source; and
//! the checked config that they make.

use clap::ValueEnum;
use spherec::data::Protocol;
use spherec::gpu::AdapterChoice;
use spherec::sampling::Negatives;
use spherec::step::{Geometry, Loss, Optimizer, Schedule};
use spherec::train::{Regularisers, Stopping, TrainConfig, defaults};
use spherec::{Error, Result};
use std::str::FromStr;

/// The flags that `compare` takes lists for.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Model and loss")]
pub(crate) struct SampleArgs {
    /// How negatives are found: by chance; by popularity; or by popularity first and then by similarity to the
    /// positive (Tran 3)
    #[arg(long, value_name = "SAMPLER", value_enum, default_value_t = SamplerName::TwoStage)]
    pub(crate) sampler: SamplerName,
    /// Pairs of a step (Tran 4.1.3)
    #[arg(long, value_name = "B", default_value_t = defaults::BATCH_SIZE)]
    pub(crate) batch_size: usize,
    /// Negatives of a pair; the nearest one counts (Tran 4.1.3: 1, 2 or 5)
    #[arg(long, value_name = "N", default_value_t = defaults::NEGATIVES)]
    pub(crate) negatives: usize,
}

#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Model and loss")]
pub(crate) struct ModelArgs {
    /// Embedding dimension (Tran 4.1.3)
    #[arg(long, value_name = "D", default_value_t = defaults::DIM)]
    pub(crate) dim: usize,
    /// Margin of the hinge (Tran 4.1.3)
    #[arg(long, value_name = "M", default_value_t = defaults::MARGIN)]
    pub(crate) margin: f64,
    #[arg(long, value_name = "X", help = format!(
        "Popularity and two-stage: items are drawn by count^X [default: {}, measured; Tran 4.1.3: 1]", defaults::BETA))]
    pub(crate) beta: Option<f64>,
    #[arg(long, value_name = "C", help = format!(
        "Two-stage: candidates of a step [default: {}; Tran 4.1.3]", defaults::CANDIDATES))]
    pub(crate) candidates: Option<usize>,
    #[arg(long, value_name = "X", help = format!(
        "Two-stage: how strongly similar candidates are preferred; a number, or `paper` for (D-1)/2 - 1 \
         [default: {}, measured; Tran 3.2: paper]", defaults::HARDNESS))]
    pub(crate) hardness: Option<Hardness>,
    #[arg(long, value_name = "W", help = format!(
        "Weight of the spread-out regulariser [default: two-stage {}, with 3 or more negatives {} (Tran 4.1.3); \
         other samplers 0]", two_stage_gor_weight(1), two_stage_gor_weight(3)))]
    pub(crate) gor_weight: Option<f64>,
    /// What turns gradients into steps (Tran 4.1.3: adam)
    #[arg(long, value_name = "NAME", value_enum, default_value_t = OptimizerName::Adam)]
    pub(crate) optimizer: OptimizerName,
    /// Step size (measured; Tran 4.1.3: 0.0001)
    #[arg(long, value_name = "X", default_value_t = defaults::LEARNING_RATE)]
    pub(crate) learning_rate: f64,
    #[arg(long, value_name = "B1,B2", help = format!(
        "Adam: decay rates [default: {},{}; Kingma and Ba 2015]", defaults::BETAS.0, defaults::BETAS.1))]
    pub(crate) betas: Option<Betas>,
    #[arg(long, value_name = "X", help = format!(
        "Adam: added to the root of the second moment [default: {:e}; Kingma and Ba 2015]", defaults::EPSILON))]
    pub(crate) epsilon: Option<f64>,
}

/// The default weight of GOR with `count` two-stage negatives.
fn two_stage_gor_weight(count: usize) -> f64 {
    defaults::gor_weight(&Negatives::TwoStage { count, beta: 0.0, candidates: count, hardness: 0.0 })
}

#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct RunArgs {
    /// Epochs at most (Tran 4.1.3)
    #[arg(long, value_name = "N", default_value_t = defaults::EPOCHS)]
    pub(crate) epochs: usize,
    /// Epochs between evaluations on the validation part
    #[arg(long, value_name = "N", default_value_t = defaults::EVALUATE_EVERY)]
    pub(crate) evaluate_every: usize,
    /// Evaluations without a better NDCG before training stops; 0: never stop early
    #[arg(long, value_name = "N", default_value_t = defaults::PATIENCE)]
    pub(crate) patience: usize,
    /// Length of the lists that are measured (Tran 4.1.2)
    #[arg(short, value_name = "K", default_value_t = defaults::K)]
    pub(crate) k: usize,
    /// Seed of all randomness: the same seed, data and adapter give the same model
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SamplerName {
    Uniform,
    Popularity,
    TwoStage,
}

impl SamplerName {
    /// The name on the command line.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            SamplerName::Uniform => "uniform",
            SamplerName::Popularity => "popularity",
            SamplerName::TwoStage => "two-stage",
        }
    }

    /// N negatives by this sampler, with those settings that it has.
    pub(crate) fn negatives(self, count: usize, beta: f64, candidates: usize, hardness: f64) -> Negatives {
        match self {
            SamplerName::Uniform => Negatives::Uniform { count },
            SamplerName::Popularity => Negatives::Popularity { count, beta },
            SamplerName::TwoStage => Negatives::TwoStage { count, beta, candidates, hardness },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OptimizerName {
    Adam,
    Sgd,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Hardness {
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
pub(crate) struct Betas(f64, f64);

impl FromStr for Betas {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Betas, String> {
        let numbers = text
            .split_once(',')
            .and_then(|(first, second)| Some(Betas(first.trim().parse().ok()?, second.trim().parse().ok()?)));
        numbers.ok_or_else(|| "two numbers with a comma between them, such as 0.9,0.999".to_owned())
    }
}

/// The adapter that `--adapter` means.
pub(crate) fn adapter_choice(name: Option<&str>) -> AdapterChoice {
    name.map_or(AdapterChoice::Best, |name| AdapterChoice::Named(name.to_owned()))
}

impl ModelArgs {
    /// Refuses a flag that none of `samplers` uses, since it would change nothing. `flag` is the one that named them.
    pub(crate) fn check_used(&self, flag: &str, samplers: &[SamplerName]) -> Result<()> {
        let unused = [
            ("--beta", self.beta.is_some(), samplers.iter().all(|&name| name == SamplerName::Uniform)),
            ("--candidates", self.candidates.is_some(), !samplers.contains(&SamplerName::TwoStage)),
            ("--hardness", self.hardness.is_some(), !samplers.contains(&SamplerName::TwoStage)),
        ];
        match unused.into_iter().find(|&(_, is_given, is_unused)| is_given && is_unused) {
            None => Ok(()),
            Some((unused, ..)) => {
                let names: Vec<&str> = samplers.iter().map(|name| name.shown()).collect();
                Err(Error::setting(unused, format!("has no meaning with {flag} {}", names.join(","))))
            }
        }
    }

    /// The negatives of a sampler with its settings.
    fn negatives(&self, sampler: SamplerName, count: usize) -> Negatives {
        let beta = self.beta.unwrap_or(defaults::BETA);
        let hardness = match self.hardness {
            Some(Hardness::Number(number)) => number,
            Some(Hardness::Paper) => defaults::paper_hardness(self.dim),
            None => defaults::HARDNESS,
        };
        sampler.negatives(count, beta, self.candidates.unwrap_or(defaults::CANDIDATES), hardness)
    }

    /// The run that the flags describe, checked.
    pub(crate) fn config(
        &self,
        samples: &SampleArgs,
        run: &RunArgs,
        protocol: Protocol,
    ) -> Result<TrainConfig> {
        let ModelArgs { dim, margin, learning_rate, gor_weight, .. } = *self;
        let RunArgs { epochs, evaluate_every, patience, k, seed } = *run;
        let negatives = self.negatives(samples.sampler, samples.negatives);
        let config = TrainConfig {
            dim,
            geometry: Geometry::Sphere,
            loss: Loss::Triplet { margin },
            negatives,
            regularisers: Regularisers {
                gor_weight: gor_weight.unwrap_or_else(|| defaults::gor_weight(&negatives)),
            },
            optimizer: self.optimizer()?,
            schedule: Schedule::Constant { learning_rate },
            batch_size: samples.batch_size,
            stopping: Stopping { epochs, evaluate_every, patience, k },
            seed,
            protocol,
        };
        config.check()?;
        config.protocol.check()?;
        Ok(config)
    }

    /// The optimizer with its settings.
    fn optimizer(&self) -> Result<Optimizer> {
        let unused = [("--betas", self.betas.is_some()), ("--epsilon", self.epsilon.is_some())];
        if let (OptimizerName::Sgd, Some((flag, _))) =
            (self.optimizer, unused.into_iter().find(|&(_, given)| given))
        {
            return Err(Error::setting(flag, "has no meaning with --optimizer sgd"));
        }
        let betas = self.betas.map_or(defaults::BETAS, |Betas(first, second)| (first, second));
        Ok(match self.optimizer {
            OptimizerName::Adam => {
                Optimizer::Adam { betas, epsilon: self.epsilon.unwrap_or(defaults::EPSILON) }
            }
            OptimizerName::Sgd => Optimizer::Sgd,
        })
    }
}
