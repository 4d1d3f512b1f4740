//! A run, whatever trains: its config, what it can start from, and the call that trains it. A further trainer is a
//! variant of [`RunConfig`] and of [`RunRecipe`].

use super::config::{FeatureNetwork, Stopping, TrainConfig};
use super::engine::{Trained, check_data, check_not_empty, train_from};
use super::event::Event;
use super::popularity::{self, PopularityConfig};
use super::recipe::Recipe;
use super::state::{Keep, Restart};
use super::steps::TrainingData;
use crate::als::{self, WrmfConfig};
use crate::data::{Interactions, Protocol};
use crate::gpu::Gpu;
use crate::sampling::Negatives;
use crate::step::Geometry;
use crate::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// All settings of a run, and what it trains with. It is saved whole with the model and with an experiment's results.
///
/// In JSON its field `trainer` says which one it is of: `wrmf` or `popularity`; without that field it is of the step
/// engine.
#[derive(Debug, Clone, PartialEq)]
pub enum RunConfig {
    /// Steps on the GPU.
    Step(TrainConfig),
    /// Alternating least squares on the CPU: WRMF, or CDL.
    Wrmf(WrmfConfig),
    /// Counts.
    Popularity(PopularityConfig),
}

impl From<TrainConfig> for RunConfig {
    fn from(config: TrainConfig) -> RunConfig {
        RunConfig::Step(config)
    }
}

impl From<WrmfConfig> for RunConfig {
    fn from(config: WrmfConfig) -> RunConfig {
        RunConfig::Wrmf(config)
    }
}

impl RunConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the flag, the rule and the value.
    pub fn check(&self) -> Result<()> {
        match self {
            RunConfig::Step(config) => config.check(),
            RunConfig::Wrmf(config) => config.check(),
            RunConfig::Popularity(config) => config.stopping().check(),
        }?;
        self.protocol().check()
    }

    /// Checks that `train` is enough for it: what a training would refuse.
    ///
    /// # Errors
    /// [`Error::Data`] and [`Error::Setting`], as [`run_from`].
    pub fn check_data(&self, train: &Arc<Interactions>) -> Result<()> {
        match self {
            RunConfig::Step(config) => check_data(train, config),
            _ => check_not_empty(train),
        }
    }

    /// Whether it trains on a GPU.
    pub fn needs_gpu(&self) -> bool {
        matches!(self, RunConfig::Step(_))
    }

    /// D.
    pub fn dim(&self) -> usize {
        match self {
            RunConfig::Step(config) => config.dim,
            RunConfig::Wrmf(config) => config.dim,
            RunConfig::Popularity(_) => 1,
        }
    }

    /// What its points are.
    pub fn geometry(&self) -> Geometry {
        match self {
            RunConfig::Step(config) => config.geometry,
            RunConfig::Wrmf(_) | RunConfig::Popularity(_) => Geometry::Dot,
        }
    }

    /// Whether its model has an item bias.
    pub fn has_bias(&self) -> bool {
        matches!(self, RunConfig::Step(TrainConfig { item_bias: Some(_), .. }))
    }

    /// How it uses the features of items and users, if it does.
    pub fn features(&self) -> Option<FeatureNetwork> {
        match self {
            RunConfig::Step(config) => config.features,
            RunConfig::Wrmf(config) => config.features,
            RunConfig::Popularity(_) => None,
        }
    }

    /// Whether it draws its negatives uniformly.
    pub fn has_uniform_negatives(&self) -> bool {
        matches!(self, RunConfig::Step(TrainConfig { negatives: Negatives::Uniform { .. }, .. }))
    }

    /// How long it trains, and how it is measured.
    pub fn stopping(&self) -> Stopping {
        match self {
            RunConfig::Step(config) => config.stopping,
            RunConfig::Wrmf(config) => config.stopping,
            RunConfig::Popularity(config) => config.stopping(),
        }
    }

    /// Seed of all randomness.
    pub fn seed(&self) -> u64 {
        match self {
            RunConfig::Step(config) => config.seed,
            RunConfig::Wrmf(config) => config.seed,
            RunConfig::Popularity(config) => config.seed,
        }
    }

    /// How the interactions are split.
    pub fn protocol(&self) -> Protocol {
        match self {
            RunConfig::Step(config) => config.protocol,
            RunConfig::Wrmf(config) => config.protocol,
            RunConfig::Popularity(config) => config.protocol,
        }
    }

    /// Users with fewer interactions keep all of them to train on.
    pub fn hold_out_from(&self) -> usize {
        match self {
            RunConfig::Step(config) => config.hold_out_from,
            RunConfig::Wrmf(config) => config.hold_out_from,
            RunConfig::Popularity(config) => config.hold_out_from,
        }
    }

    /// Moments that a training keeps for each number of its tables.
    pub(crate) fn moment_count(&self) -> usize {
        match self {
            RunConfig::Step(config) => config.optimizer.moments().len(),
            // Of the network alone.
            RunConfig::Wrmf(config) if config.features.is_some() => 2,
            RunConfig::Wrmf(_) | RunConfig::Popularity(_) => 0,
        }
    }

    /// The same with another split, that holds out of users with at least `hold_out_from` interactions.
    pub fn with_split(self, protocol: Protocol, hold_out_from: usize) -> RunConfig {
        let mut config = self.with_protocol(protocol);
        match &mut config {
            RunConfig::Step(config) => config.hold_out_from = hold_out_from,
            RunConfig::Wrmf(config) => config.hold_out_from = hold_out_from,
            RunConfig::Popularity(config) => config.hold_out_from = hold_out_from,
        }
        config
    }

    /// The same with another split.
    pub fn with_protocol(mut self, protocol: Protocol) -> RunConfig {
        match &mut self {
            RunConfig::Step(config) => config.protocol = protocol,
            RunConfig::Wrmf(config) => config.protocol = protocol,
            RunConfig::Popularity(config) => config.protocol = protocol,
        }
        self
    }

    /// The same with another seed.
    pub fn with_seed(mut self, seed: u64) -> RunConfig {
        match &mut self {
            RunConfig::Step(config) => config.seed = seed,
            RunConfig::Wrmf(config) => config.seed = seed,
            RunConfig::Popularity(config) => config.seed = seed,
        }
        self
    }

    /// Makes it longer or shorter.
    pub fn set_epochs(&mut self, epochs: usize) {
        match self {
            RunConfig::Step(config) => config.stopping.epochs = epochs,
            RunConfig::Wrmf(config) => config.stopping.epochs = epochs,
            RunConfig::Popularity(_) => {}
        }
    }
}

/// The name in JSON of each trainer but the step engine.
const TRAINER: &str = "trainer";
const WRMF: &str = "wrmf";
const CDL: &str = "cdl";
const POPULARITY: &str = "popularity";

impl Serialize for RunConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Tagged<'a, T> {
            trainer: &'a str,
            #[serde(flatten)]
            config: &'a T,
        }
        match self {
            RunConfig::Step(config) => config.serialize(serializer),
            RunConfig::Wrmf(config) => Tagged { trainer: WRMF, config }.serialize(serializer),
            RunConfig::Popularity(config) => Tagged { trainer: POPULARITY, config }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for RunConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<RunConfig, D::Error> {
        use serde::de::Error as _;
        let mut fields = Map::deserialize(deserializer)?;
        let trainer = fields.remove(TRAINER);
        let fields = Value::Object(fields);
        let config = match trainer.as_ref().map(|name| name.as_str().unwrap_or_default()) {
            None => serde_json::from_value(fields).map(RunConfig::Step),
            Some(WRMF) => serde_json::from_value(fields).map(RunConfig::Wrmf),
            Some(POPULARITY) => serde_json::from_value(fields).map(RunConfig::Popularity),
            Some(other) => return Err(D::Error::custom(format!("unknown trainer `{other}`"))),
        };
        config.map_err(D::Error::custom)
    }
}

/// What a run can start from: a recipe of the step engine, or another trainer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunRecipe {
    /// A recipe of the step engine.
    Step(Recipe),
    /// Implicit ALS.
    Wrmf,
    /// The same with the features of items.
    Cdl,
    /// The most popular items.
    Popularity,
}

impl From<Recipe> for RunRecipe {
    fn from(recipe: Recipe) -> RunRecipe {
        RunRecipe::Step(recipe)
    }
}

impl Default for RunRecipe {
    fn default() -> RunRecipe {
        RunRecipe::Step(Recipe::default())
    }
}

impl RunRecipe {
    /// Every recipe of every trainer.
    pub fn all() -> Vec<RunRecipe> {
        let others = [RunRecipe::Wrmf, RunRecipe::Cdl, RunRecipe::Popularity];
        Recipe::ALL.into_iter().map(RunRecipe::Step).chain(others).collect()
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            RunRecipe::Step(recipe) => recipe.name(),
            RunRecipe::Wrmf => WRMF,
            RunRecipe::Cdl => CDL,
            RunRecipe::Popularity => POPULARITY,
        }
    }

    /// What it is, in one line.
    pub fn about(self) -> &'static str {
        match self {
            RunRecipe::Step(recipe) => recipe.about(),
            RunRecipe::Wrmf => {
                "matrix factorisation by alternating least squares (Hu et al. 2008, Rendle et al. 2021); on the CPU, \
                 needs no GPU"
            }
            RunRecipe::Cdl => {
                "wrmf with --item-features: a network that projects them is the items' prior (collaborative deep \
                 learning, Wang et al. 2015, with the network of cml-f-2017); on the CPU, needs no GPU"
            }
            RunRecipe::Popularity => "everyone gets the items that most users have: the floor; needs no GPU",
        }
    }

    /// Its settings.
    pub fn config(self) -> RunConfig {
        match self {
            RunRecipe::Step(recipe) => RunConfig::Step(recipe.config()),
            RunRecipe::Wrmf => RunConfig::Wrmf(WrmfConfig::default()),
            RunRecipe::Cdl => RunConfig::Wrmf(WrmfConfig::cdl()),
            RunRecipe::Popularity => RunConfig::Popularity(PopularityConfig::default()),
        }
    }
}

/// Trains `config` on `data`, as [`train_from`]: the one call that knows every trainer. `gpu` is needed only where
/// [`RunConfig::needs_gpu`].
///
/// # Errors
/// Those of the trainer; [`Error::Adapter`] if it needs a GPU and there is none.
pub fn run_from(
    gpu: Option<&Arc<Gpu>>,
    data: TrainingData,
    config: &RunConfig,
    restart: Option<Restart>,
    keeper: &mut dyn Keep,
    interrupt: &AtomicBool,
    observe: &mut dyn FnMut(&Event),
) -> Result<Trained> {
    match config {
        RunConfig::Step(config) => {
            let Some(gpu) = gpu else {
                return Err(Error::Adapter("this training needs a GPU, but none was opened".to_owned()));
            };
            train_from(Arc::clone(gpu), data, config, restart, keeper, interrupt, observe)
        }
        RunConfig::Wrmf(config) => als::train_from(data, config, restart, keeper, interrupt, observe),
        RunConfig::Popularity(config) => popularity::count(data.split, config, observe),
    }
}
