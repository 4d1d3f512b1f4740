//! The flags that describe a training, shared by the commands that train, each with its default and the
//! source of that, and the checked config that they make.

use clap::ValueEnum;
use spherec::data::Protocol;
use spherec::gpu::AdapterChoice;
use spherec::optimizer::{Optimizer, catch_up_table};
use spherec::sampling::Sampler;
use spherec::train::{TrainConfig, defaults};
use spherec::{Error, Result};
use std::str::FromStr;

/// The flags that `compare` has lists of.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Model and loss")]
pub(crate) struct SampleArgs {
    /// How negatives are found: by chance, by popularity, or by popularity and then by similarity to the
    /// positive (Tran 3)
    #[arg(long, value_name = "SAMPLER", value_enum, default_value_t = SamplerName::TwoStage)]
    pub(crate) sampler: SamplerName,
    /// Pairs of a step (Tran 4.1.3)
    #[arg(long, value_name = "B", default_value_t = defaults::BATCH_SIZE)]
    pub(crate) batch_size: usize,
    /// Negatives of a pair, of which the nearest counts (Tran 4.1.3: 1, 2 or 5)
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
        "Two-stage: how much similar candidates are preferred, a number or `paper`, which is (D-1)/2 - 1 \
         [default: {}, measured; Tran 3.2: paper]", defaults::HARDNESS))]
    pub(crate) hardness: Option<Hardness>,
    #[arg(long, value_name = "W", help = format!(
        "Weight of the spread-out regulariser [default: two-stage {}, with 3 or more negatives {} (Tran 4.1.3); \
         else 0]", defaults::gor_weight(true, 1), defaults::gor_weight(true, 3)))]
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

#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct RunArgs {
    /// Epochs at most (Tran 4.1.3)
    #[arg(long, value_name = "N", default_value_t = defaults::EPOCHS)]
    pub(crate) epochs: usize,
    /// Epochs between two looks at the validation part
    #[arg(long, value_name = "N", default_value_t = defaults::EVALUATE_EVERY)]
    pub(crate) evaluate_every: usize,
    /// Looks without a better NDCG before training stops; 0: never
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
    /// A flag that none of `samplers` uses is an error, since it would change nothing; `flag` named them.
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

    /// The sampler `name` with its settings.
    fn sampler(&self, name: SamplerName) -> Sampler {
        let beta = self.beta.unwrap_or(defaults::BETA);
        let hardness = match self.hardness {
            Some(Hardness::Number(number)) => number,
            Some(Hardness::Paper) => defaults::paper_hardness(self.dim),
            None => defaults::HARDNESS,
        };
        name.sampler(beta, self.candidates.unwrap_or(defaults::CANDIDATES), hardness)
    }

    /// --hardness as it was given.
    pub(crate) fn shown_hardness(&self) -> Option<String> {
        self.hardness.map(|hardness| match hardness {
            Hardness::Number(number) => number.to_string(),
            Hardness::Paper => "paper".to_owned(),
        })
    }

    /// The run that the flags describe, checked.
    pub(crate) fn config(
        &self,
        samples: &SampleArgs,
        run: &RunArgs,
        protocol: Protocol,
    ) -> Result<TrainConfig> {
        let ModelArgs { dim, margin, learning_rate, gor_weight, .. } = *self;
        let SampleArgs { sampler, batch_size, negatives } = *samples;
        let RunArgs { epochs, evaluate_every, patience, k, seed } = *run;
        let sampler = self.sampler(sampler);
        let is_two_stage = matches!(sampler, Sampler::TwoStage { .. });
        let (optimizer, betas, epsilon) = self.optimizer()?;
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
            protocol,
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
