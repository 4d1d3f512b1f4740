//! What the flags of a training can be called: the values of --recipe, --loss, --sampler and the like.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use spherec::sampling::Negatives;
use spherec::step::FeatureRole;
use spherec::train::RunRecipe;
use std::str::FromStr;
use std::sync::LazyLock;

/// A recipe's name, with what it is for --help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecipeName(pub(crate) RunRecipe);

impl ValueEnum for RecipeName {
    fn value_variants<'a>() -> &'a [RecipeName] {
        static ALL: LazyLock<Vec<RecipeName>> =
            LazyLock::new(|| RunRecipe::all().into_iter().map(RecipeName).collect());
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()).help(self.0.about()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SamplerName {
    Uniform,
    Popularity,
    TwoStage,
    Shared,
}

impl SamplerName {
    /// The name on the command line.
    pub(crate) fn shown(self) -> &'static str {
        self.negatives(0, 0.0, 0, 0.0).sampler()
    }

    /// N negatives by this sampler, with those settings that it has.
    pub(crate) fn negatives(self, count: usize, beta: f64, candidates: usize, hardness: f64) -> Negatives {
        match self {
            SamplerName::Uniform => Negatives::Uniform { count },
            SamplerName::Popularity => Negatives::Popularity { count, beta },
            SamplerName::TwoStage => Negatives::TwoStage { count, beta, candidates, hardness },
            SamplerName::Shared => Negatives::Shared { beta, candidates },
        }
    }

    pub(crate) fn of(negatives: &Negatives) -> SamplerName {
        match negatives {
            Negatives::Uniform { .. } => SamplerName::Uniform,
            Negatives::Popularity { .. } => SamplerName::Popularity,
            Negatives::TwoStage { .. } => SamplerName::TwoStage,
            Negatives::Shared { .. } => SamplerName::Shared,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LossName {
    /// A hinge on the nearest negative
    Triplet,
    /// A hinge on every negative
    HingeSum,
    /// The positive toward score 1, negatives below a margin (SimpleX)
    Contrastive,
    /// Cross entropy over the positive and its negatives
    Softmax,
    /// Each negative below the positive, by the logistic loss
    Bpr,
    /// A rank-weighted hinge on the first negative that violates the margin
    Warp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GeometryName {
    /// Points of norm 1, scored by the cosine: a metric
    Sphere,
    /// Points of norm 1 at most, scored by -D^2/2: a metric (Hsieh et al. 2017)
    Ball,
    /// Points as they are, scored by the inner product: no metric
    Dot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleName {
    /// A place that points are drawn to (Hsieh et al. 2017)
    Near,
    /// A part of the points, which are its sum with a vector of their own; for inner products
    Added,
}

impl RoleName {
    pub(crate) fn of(role: FeatureRole) -> RoleName {
        match role {
            FeatureRole::Near { .. } => RoleName::Near,
            FeatureRole::Added => RoleName::Added,
        }
    }

    /// The name on the command line.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            RoleName::Near => "near",
            RoleName::Added => "added",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OptimizerName {
    /// Equal to dense Adam, though a step touches few rows
    Adam,
    /// Steps shrink with the sum of squared gradients; for the ball, too
    Adagrad,
    /// Plain gradient descent; for the ball, too
    Sgd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScheduleName {
    Constant,
    Linear,
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
pub(crate) struct Betas(pub(crate) f64, pub(crate) f64);

impl FromStr for Betas {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Betas, String> {
        let numbers = text
            .split_once(',')
            .and_then(|(first, second)| Some(Betas(first.trim().parse().ok()?, second.trim().parse().ok()?)));
        numbers.ok_or_else(|| "two numbers with a comma between them, such as 0.9,0.999".to_owned())
    }
}
