//! The flags that describe a training, shared by the commands that train; and the checked config that they make. A flag
//! that is not given has the value of the recipe, if the recipe has one.

use super::model_names::{
    Betas, GeometryName, Hardness, LossName, OptimizerName, RecipeName, RoleName, SamplerName, ScheduleName,
};
use clap::{ArgMatches, Command, FromArgMatches};
use spherec::als;
use spherec::als::WrmfConfig;
use spherec::data::Protocol;
use spherec::gpu::AdapterChoice;
use spherec::printable::excerpt;
use spherec::sampling::Negatives;
use spherec::step::{FeatureRole, Geometry, Loss, Optimizer, Schedule};
use spherec::train::{
    FeatureNetwork, History, ItemBias, PopularityConfig, Recipe, Regularisers, RunConfig, RunRecipe,
    Stopping, TrainConfig, defaults,
};
use spherec::{Error, Result};

/// The flags that `compare` takes lists for.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Model and loss")]
pub(crate) struct SampleArgs {
    #[arg(long, value_name = "SAMPLER", value_enum, help = format!(
        "How negatives are found: by chance; by popularity; by popularity first and then by similarity to the positive \
         (Tran 3); or all candidates of a step for all of its pairs {}", usual(|config| config.negatives.sampler())))]
    pub(crate) sampler: Option<SamplerName>,
    #[arg(long, value_name = "B", help = format!("Pairs of a step {}", usual(|config| config.batch_size)))]
    pub(crate) batch_size: Option<usize>,
    #[arg(long, value_name = "N", help = format!(
        "Negatives of a pair, 1 to 1000, if they are not shared; the draws of warp [default: {}; Tran 4.1.3: 1, 2 or 5; \
         recipe cml-2017: {}; recipe bpr: {}; recipe vbpr: {}; recipes warp and fm: {}]",
        defaults::two_stage_2019::NEGATIVES, defaults::cml_2017::NEGATIVES, defaults::baselines::BPR_NEGATIVES,
        defaults::baselines::VBPR_NEGATIVES,
        defaults::baselines::WARP_NEGATIVES))]
    pub(crate) negatives: Option<usize>,
}

#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Model and loss")]
pub(crate) struct ModelArgs {
    /// Settings to start from, which all other flags change [default: softmax; compare: two-stage-2019]
    #[arg(long, value_name = "NAME")]
    recipe: Option<RecipeName>,
    #[arg(long, value_name = "D", help = format!("Embedding dimension {}", usual(|config| config.dim)))]
    dim: Option<usize>,
    /// Where points lie, and what they are scored by [default: sphere; recipe cml-2017: ball; dot for bpr, warp, vbpr and fm]
    #[arg(long, value_name = "NAME", value_enum)]
    geometry: Option<GeometryName>,
    #[arg(long, value_name = "NAME", value_enum, help = format!(
        "What a pair's scores should be like {}", usual(|config| config.loss.name())))]
    loss: Option<LossName>,
    #[arg(long, value_name = "T", help = format!(
        "Softmax: what scores are divided by; lower looks more at the nearest negatives [default: {}]",
        defaults::TEMPERATURE))]
    temperature: Option<f64>,
    #[arg(long, value_name = "M", allow_hyphen_values = true, help = format!(
        "Margin of triplet, hinge-sum and warp, in squared distances [default: {}; Tran 4.1.3; recipe cml-2017: {}]; of \
         contrastive, a score [default: {}]",
        defaults::MARGIN, defaults::cml_2017::MARGIN, defaults::CONTRASTIVE_MARGIN))]
    margin: Option<f64>,
    /// Triplet: a pair weighs more the lower its positive seems to rank among the items, judged by how many of its
    /// negatives are nearer than the margin allows (Hsieh et al. 2017, 3.2) [default: false; recipe cml-2017: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    rank_weight: Option<bool>,
    #[arg(long, value_name = "W", help = format!(
        "Contrastive: weight of the negatives' mean [default: {}]", defaults::CONTRASTIVE_WEIGHT))]
    contrastive_weight: Option<f64>,
    #[arg(long, value_name = "X", help = format!(
        "Popularity, two-stage and shared: items are drawn by count^X [default: {}; shared {}]",
        defaults::BETA, defaults::SHARED_BETA))]
    beta: Option<f64>,
    #[arg(long, value_name = "C", help = format!(
        "Two-stage and shared: candidates of a step [default: {}; Tran 4.1.3; shared {}]",
        defaults::CANDIDATES, defaults::SHARED_CANDIDATES))]
    candidates: Option<usize>,
    #[arg(long, value_name = "X", help = format!(
        "Two-stage: how strongly similar candidates are preferred; a number, or `paper` for (D-1)/2 - 1 \
         [default: {}, measured; Tran 3.2: paper]", defaults::HARDNESS))]
    hardness: Option<Hardness>,
    /// Weight of the spread-out regulariser [default: 0; recipe two-stage-2019 with two-stage 0.01, with 3 or more
    /// negatives 0.001 (Tran 4.1.3)]
    #[arg(long, value_name = "W")]
    gor_weight: Option<f64>,
    #[arg(long, value_name = "W", help = format!(
        "Weight of the covariance regulariser: it makes the dimensions of a step's points independent of one another, so \
         that all of them are used (Hsieh et al. 2017, 3.4) {}", usual(|config| config.regularisers.covariance_weight)))]
    covariance_weight: Option<f64>,
    /// A learned number of each item, added to its scores: what is liked by many is recommended more. `recommend
    /// --popularity` turns it down without training again [default: true; recipes other than softmax: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    item_bias: Option<bool>,
    #[arg(long, value_name = "X", help = format!(
        "Item biases move at this share of the learning rate [default: {}]", defaults::ITEM_BIAS_RATE))]
    item_bias_rate: Option<f64>,
    #[arg(long, value_name = "X", help = format!(
        "Softmax: item biases start at this share of T ln(count + 1) [default: {}; other losses: 0]",
        defaults::ITEM_BIAS_START))]
    item_bias_start: Option<f64>,
    /// Users by what they did: how much the mean of a user's items counts beside the user's own point; 0: not at all. A
    /// user's point then follows from the items, so that new people are placed as training does it [default: 0]
    #[arg(long, value_name = "G", allow_hyphen_values = true)]
    history: Option<f64>,
    #[arg(long, value_name = "N", help = format!(
        "With --history: items of a user that a step takes at most, a sample if there are more [default: {}, measured]",
        defaults::HISTORY_CAP))]
    history_cap: Option<usize>,
    /// With --history: users have no points of their own, only their items. Needs less memory, and places new people just
    /// as known ones [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    no_user_points: Option<bool>,
    /// With features: what the place that they project to is to the points [default: near; added for vbpr and fm]
    #[arg(long, value_name = "ROLE", value_enum)]
    features_as: Option<RoleName>,
    #[arg(long, value_name = "H", help = format!(
        "With features: hidden units of the network that projects them into the space; 0, for those that are added: each \
         feature has a vector, and these are summed [default: {}; Hsieh et al. 2017; recipe fm: 0]", defaults::HIDDEN))]
    hidden: Option<usize>,
    #[arg(long, value_name = "SHARE", help = format!(
        "With features: share of the hidden units that a step leaves out [default: {}; Hsieh et al. 2017]",
        defaults::DROPOUT))]
    dropout: Option<f64>,
    #[arg(long, value_name = "W", help = format!(
        "With features: how strongly points are drawn to where their features project them [default: {}; Hsieh et al. \
         2017]", defaults::FEATURE_WEIGHT))]
    feature_weight: Option<f64>,
    #[arg(long, value_name = "X", help = format!(
        "Norm that points start with; short ones turn faster at first {}", usual(|config| config.start_norm)))]
    start_norm: Option<f64>,
    /// What turns gradients into steps [default: adam; recipe cml-2017: adagrad]
    #[arg(long, value_name = "NAME", value_enum)]
    optimizer: Option<OptimizerName>,
    #[arg(long, value_name = "X", help = format!(
        "Step size, of the first step if it changes {}", usual(|config| rate_of(&config.schedule))))]
    learning_rate: Option<f64>,
    #[arg(long, value_name = "NAME", value_enum, help = format!(
        "The step size over the run: constant; or linear, down to zero after the last step {}",
        usual(|config| schedule_name(&config.schedule))))]
    schedule: Option<ScheduleName>,
    #[arg(long, value_name = "B1,B2", help = format!(
        "Adam: decay rates [default: {},{}; Kingma and Ba 2015]", defaults::BETAS.0, defaults::BETAS.1))]
    betas: Option<Betas>,
    #[arg(long, value_name = "X", help = format!(
        "Adam: added to the root of the second moment [default: {:e}; Kingma and Ba 2015]; AdaGrad: to the root of the sum \
         of squares [default: {:e}]", defaults::EPSILON, defaults::ADAGRAD_EPSILON))]
    epsilon: Option<f64>,
    #[arg(long, value_name = "W", help = format!(
        "Wrmf and cdl: weight of every pair's squared score, against 1 for an observed pair's error; alpha of Hu et al. 2008 is \
         1 / W [default: {}, measured]", als::defaults::UNOBSERVED_WEIGHT))]
    unobserved_weight: Option<f64>,
    #[arg(long, value_name = "W", help = format!(
        "Wrmf and cdl: weight of the vectors' squared lengths [default: {}, cdl {}, measured]", als::defaults::REGULARISATION,
        als::defaults::cdl::REGULARISATION))]
    regularisation: Option<f64>,
    #[arg(long, value_name = "X", help = format!(
        "Wrmf and cdl: how much more rows with more interactions are regularised, 0 to 2 [default: {}; Rendle et al. 2021: 1]",
        als::defaults::REGULARISATION_EXPONENT))]
    regularisation_exponent: Option<f64>,
}

#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct RunArgs {
    #[arg(long, value_name = "N", help = format!(
        "Epochs (wrmf and cdl: sweeps), or fewer if --patience ends the training {}", usual_length(|it| it.epochs)))]
    epochs: Option<usize>,
    #[arg(long, value_name = "N", help = format!(
        "Epochs between evaluations on the validation part {}", usual_length(|it| it.evaluate_every)))]
    evaluate_every: Option<usize>,
    #[arg(long, value_name = "N", help = format!(
        "Evaluations without a better NDCG before training stops; 0: never stop early {}",
        usual_length(|it| it.patience)))]
    patience: Option<usize>,
    #[arg(short, value_name = "K", help = format!(
        "Length of the lists that are measured (Tran 4.1.2) [default: {}]", defaults::K))]
    k: Option<usize>,
    /// Seed of all randomness: the same seed, data and adapter give the same model [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl RunArgs {
    /// The epochs, if they are given.
    pub(crate) fn epochs(&self) -> Option<usize> {
        self.epochs
    }
}

/// A setting's value in each recipe of the step engine, for --help.
fn usual<T: std::fmt::Display + PartialEq>(value: impl Fn(&TrainConfig) -> T) -> String {
    usual_in(&Recipe::ALL.map(|recipe| (recipe.name(), value(&recipe.config()))))
}

/// What a recipe that trains in epochs says of its length, for --help.
fn usual_length(value: impl Fn(&Stopping) -> usize) -> String {
    let mut recipes = RunRecipe::all();
    recipes.retain(|&recipe| recipe != RunRecipe::Popularity);
    let its = |recipe: RunRecipe| (recipe.name(), value(&recipe.config().stopping()));
    usual_in(&recipes.into_iter().map(its).collect::<Vec<_>>())
}

/// The value of the first recipe, which is the default, and those that others have instead.
fn usual_in<T: std::fmt::Display + PartialEq>(values: &[(&'static str, T)]) -> String {
    let Some(((_, default), others)) = values.split_first() else { return String::new() };
    let mut text = format!("[default: {default}");
    for (recipe, its) in others.iter().filter(|(_, its)| its != default) {
        text += &format!("; recipe {recipe}: {its}");
    }
    text + "]"
}

fn rate_of(schedule: &Schedule) -> f64 {
    let (Schedule::Constant { learning_rate } | Schedule::Linear { learning_rate }) = *schedule;
    learning_rate
}

fn schedule_name(schedule: &Schedule) -> &'static str {
    match schedule {
        Schedule::Constant { .. } => "constant",
        Schedule::Linear { .. } => "linear",
    }
}

impl RunArgs {
    /// The seed.
    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or(0)
    }

    /// How long to train, where the recipe says `start`.
    fn stopping(&self, start: Stopping) -> Stopping {
        Stopping {
            epochs: self.epochs.unwrap_or(start.epochs),
            evaluate_every: self.evaluate_every.unwrap_or(start.evaluate_every),
            patience: self.patience.unwrap_or(start.patience),
            k: self.k.unwrap_or(start.k),
        }
    }
}

/// Refuses `--adapter` where none of `configs` trains on a GPU: it would change nothing.
pub(crate) fn check_adapter(name: Option<&str>, configs: &[RunConfig]) -> Result<()> {
    if name.is_none() || configs.iter().any(RunConfig::needs_gpu) {
        return Ok(());
    }
    Err(Error::setting(
        "--adapter",
        "has no meaning with --recipe wrmf, cdl and popularity: they train on the CPU",
    ))
}

/// The adapter that `--adapter` means.
pub(crate) fn adapter_choice(name: Option<&str>) -> AdapterChoice {
    name.map_or(AdapterChoice::Best, |name| AdapterChoice::Named(name.to_owned()))
}

impl ModelArgs {
    /// The recipe: as the flag says, else `base`.
    pub(crate) fn recipe(&self, base: Recipe) -> RunRecipe {
        self.recipe.map_or(base.into(), |name| name.0)
    }

    /// The same flags for another recipe.
    pub(crate) fn with_recipe(&self, recipe: RunRecipe) -> ModelArgs {
        ModelArgs { recipe: Some(RecipeName(recipe)), ..self.clone() }
    }

    /// The same flags with histories, of the usual weight unless they say another; or without.
    pub(crate) fn with_history(self, has_history: bool) -> ModelArgs {
        let history = has_history.then(|| self.history.unwrap_or(defaults::HISTORY_WEIGHT));
        ModelArgs { history, ..self }
    }

    /// Whether the weight of histories is given.
    pub(crate) fn has_history(&self) -> bool {
        self.history.is_some()
    }

    /// The run that the flags describe, checked; `base` is the recipe if they name none.
    pub(crate) fn config(
        &self,
        base: Recipe,
        samples: &SampleArgs,
        run: &RunArgs,
        protocol: Protocol,
    ) -> Result<RunConfig> {
        let config = match (self.recipe(base), self.recipe(base).config()) {
            (RunRecipe::Step(recipe), _) => self.step_config(recipe, samples, run, protocol).into(),
            (_, RunConfig::Wrmf(start)) => RunConfig::Wrmf(WrmfConfig {
                dim: self.dim.unwrap_or(start.dim),
                unobserved_weight: self.unobserved_weight.unwrap_or(start.unobserved_weight),
                regularisation: self.regularisation.unwrap_or(start.regularisation),
                regularisation_exponent: (self.regularisation_exponent)
                    .unwrap_or(start.regularisation_exponent),
                // They are a prior of the items, and nothing else.
                features: start.features.map(|network| {
                    ModelArgs { features_as: None, ..self.clone() }.feature_network(Some(network))
                }),
                stopping: run.stopping(start.stopping),
                seed: run.seed(),
                protocol,
                hold_out_from: start.hold_out_from,
            }),
            (_, RunConfig::Popularity(start)) => RunConfig::Popularity(PopularityConfig {
                k: run.k.unwrap_or(start.k),
                seed: run.seed(),
                protocol,
                hold_out_from: start.hold_out_from,
            }),
            (_, RunConfig::Step(start)) => start.into(),
        };
        config.check()?;
        Ok(config)
    }

    /// The steps that the flags describe.
    fn step_config(
        &self,
        recipe: Recipe,
        samples: &SampleArgs,
        run: &RunArgs,
        protocol: Protocol,
    ) -> TrainConfig {
        let start = recipe.config();
        let dim = self.dim.unwrap_or(start.dim);
        let negatives = self.negatives(&start, samples, dim);
        let loss = self.loss(&start);
        let geometry = match self.geometry {
            Some(GeometryName::Sphere) => Geometry::Sphere,
            Some(GeometryName::Ball) => Geometry::Ball,
            Some(GeometryName::Dot) => Geometry::Dot,
            // Baselines of inner products.
            None if matches!(loss, Loss::Bpr | Loss::Warp { .. }) => Geometry::Dot,
            None => start.geometry,
        };
        TrainConfig {
            dim,
            geometry,
            loss,
            negatives,
            regularisers: Regularisers {
                gor_weight: self.gor_weight.unwrap_or_else(|| recipe.gor_weight(&negatives)),
                covariance_weight: self.covariance_weight.unwrap_or(start.regularisers.covariance_weight),
            },
            start_norm: self.start_norm.unwrap_or(start.start_norm),
            item_bias: self.item_bias(&start, &loss),
            history: self.history(&start),
            features: start.features,
            optimizer: self.optimizer(&start),
            schedule: self.schedule(&start),
            batch_size: samples.batch_size.unwrap_or(start.batch_size),
            stopping: run.stopping(start.stopping),
            seed: run.seed(),
            protocol,
            hold_out_from: start.hold_out_from,
        }
    }

    /// How users are made of what they did.
    fn history(&self, start: &TrainConfig) -> Option<History> {
        let usual = History { weight: 0.0, cap: defaults::HISTORY_CAP, user_points: true };
        let usual = start.history.unwrap_or(usual);
        let history = History {
            weight: self.history.unwrap_or(usual.weight),
            cap: self.history_cap.unwrap_or(usual.cap),
            user_points: self.no_user_points.map_or(usual.user_points, |is_on| !is_on),
        };
        (history.weight != 0.0).then_some(history)
    }

    /// The network for features that the flags describe, where the recipe says `start`.
    pub(crate) fn feature_network(&self, start: Option<FeatureNetwork>) -> FeatureNetwork {
        let usual = FeatureNetwork {
            hidden: defaults::HIDDEN,
            dropout: defaults::DROPOUT,
            role: FeatureRole::Near { weight: defaults::FEATURE_WEIGHT },
        };
        let start = start.unwrap_or(usual);
        let hidden = self.hidden.unwrap_or(start.hidden);
        let dropout = match (hidden, start.hidden) {
            // Nothing is left out where nothing is hidden.
            (0, _) => 0.0,
            (_, 0) => self.dropout.unwrap_or(usual.dropout),
            _ => self.dropout.unwrap_or(start.dropout),
        };
        let usual_weight = match start.role {
            FeatureRole::Near { weight } => weight,
            FeatureRole::Added => defaults::FEATURE_WEIGHT,
        };
        let role = match self.features_as.unwrap_or(RoleName::of(start.role)) {
            RoleName::Near => FeatureRole::Near { weight: self.feature_weight.unwrap_or(usual_weight) },
            RoleName::Added => FeatureRole::Added,
        };
        FeatureNetwork { hidden, dropout, role }
    }

    /// The loss with its settings: the recipe's, if it has the same loss.
    fn loss(&self, start: &TrainConfig) -> Loss {
        let name = self.loss.unwrap_or(match start.loss {
            Loss::Triplet { .. } => LossName::Triplet,
            Loss::HingeSum { .. } => LossName::HingeSum,
            Loss::Contrastive { .. } => LossName::Contrastive,
            Loss::Softmax { .. } => LossName::Softmax,
            Loss::Bpr => LossName::Bpr,
            Loss::Warp { .. } => LossName::Warp,
        });
        let (usual_margin, usual_weight) = match start.loss {
            Loss::Triplet { margin, rank_weight } => (margin, rank_weight),
            _ => (defaults::MARGIN, false),
        };
        let margin = self.margin.unwrap_or(usual_margin);
        match name {
            LossName::Triplet => {
                Loss::Triplet { margin, rank_weight: self.rank_weight.unwrap_or(usual_weight) }
            }
            LossName::HingeSum => Loss::HingeSum { margin },
            LossName::Contrastive => Loss::Contrastive {
                margin: self.margin.unwrap_or(defaults::CONTRASTIVE_MARGIN),
                weight: self.contrastive_weight.unwrap_or(defaults::CONTRASTIVE_WEIGHT),
            },
            LossName::Softmax => {
                Loss::Softmax { temperature: self.temperature.unwrap_or(defaults::TEMPERATURE) }
            }
            LossName::Bpr => Loss::Bpr,
            LossName::Warp => Loss::Warp { margin },
        }
    }

    /// The negatives of the sampler with its settings.
    fn negatives(&self, start: &TrainConfig, samples: &SampleArgs, dim: usize) -> Negatives {
        let sampler = samples.sampler.unwrap_or_else(|| SamplerName::of(&start.negatives));
        let is_shared = sampler == SamplerName::Shared;
        let usual_count = match start.negatives.count() {
            0 => defaults::two_stage_2019::NEGATIVES,
            count => count,
        };
        let count = samples.negatives.unwrap_or(usual_count);
        let beta = if is_shared { defaults::SHARED_BETA } else { defaults::BETA };
        let candidates = if is_shared { defaults::SHARED_CANDIDATES } else { defaults::CANDIDATES };
        let hardness = match self.hardness {
            Some(Hardness::Number(number)) => number,
            Some(Hardness::Paper) => defaults::paper_hardness(dim),
            None => defaults::HARDNESS,
        };
        sampler.negatives(count, self.beta.unwrap_or(beta), self.candidates.unwrap_or(candidates), hardness)
    }

    fn item_bias(&self, start: &TrainConfig, loss: &Loss) -> Option<ItemBias> {
        if !self.item_bias.unwrap_or(start.item_bias.is_some()) {
            return None;
        }
        let usual_start = match loss {
            Loss::Softmax { .. } => defaults::ITEM_BIAS_START,
            _ => 0.0,
        };
        Some(ItemBias {
            rate: self.item_bias_rate.unwrap_or(defaults::ITEM_BIAS_RATE),
            start: self.item_bias_start.unwrap_or(usual_start),
        })
    }

    fn schedule(&self, start: &TrainConfig) -> Schedule {
        let (usual, usual_rate) = match start.schedule {
            Schedule::Constant { learning_rate } => (ScheduleName::Constant, learning_rate),
            Schedule::Linear { learning_rate } => (ScheduleName::Linear, learning_rate),
        };
        let learning_rate = self.learning_rate.unwrap_or(usual_rate);
        match self.schedule.unwrap_or(usual) {
            ScheduleName::Constant => Schedule::Constant { learning_rate },
            ScheduleName::Linear => Schedule::Linear { learning_rate },
        }
    }

    fn optimizer(&self, start: &TrainConfig) -> Optimizer {
        let usual = match start.optimizer {
            Optimizer::Adam { .. } => OptimizerName::Adam,
            Optimizer::Adagrad { .. } => OptimizerName::Adagrad,
            Optimizer::Sgd => OptimizerName::Sgd,
        };
        let betas = self.betas.map_or(defaults::BETAS, |Betas(first, second)| (first, second));
        match self.optimizer.unwrap_or(usual) {
            OptimizerName::Adam => {
                Optimizer::Adam { betas, epsilon: self.epsilon.unwrap_or(defaults::EPSILON) }
            }
            OptimizerName::Adagrad => {
                Optimizer::Adagrad { epsilon: self.epsilon.unwrap_or(defaults::ADAGRAD_EPSILON) }
            }
            OptimizerName::Sgd => Optimizer::Sgd,
        }
    }

    /// The flags that are given and that only some configs use.
    fn given(&self, samples: &SampleArgs, run: &RunArgs) -> Vec<&'static str> {
        let all = [
            ("--sampler", samples.sampler.is_some()),
            ("--batch-size", samples.batch_size.is_some()),
            ("--negatives", samples.negatives.is_some()),
            ("--dim", self.dim.is_some()),
            ("--geometry", self.geometry.is_some()),
            ("--loss", self.loss.is_some()),
            ("--temperature", self.temperature.is_some()),
            ("--margin", self.margin.is_some()),
            ("--rank-weight", self.rank_weight.is_some()),
            ("--contrastive-weight", self.contrastive_weight.is_some()),
            ("--beta", self.beta.is_some()),
            ("--candidates", self.candidates.is_some()),
            ("--hardness", self.hardness.is_some()),
            ("--gor-weight", self.gor_weight.is_some()),
            ("--covariance-weight", self.covariance_weight.is_some()),
            ("--item-bias", self.item_bias.is_some()),
            ("--item-bias-rate", self.item_bias_rate.is_some()),
            ("--item-bias-start", self.item_bias_start.is_some()),
            ("--history", self.history.is_some()),
            ("--history-cap", self.history_cap.is_some()),
            ("--no-user-points", self.no_user_points.is_some()),
            ("--features-as", self.features_as.is_some()),
            ("--hidden", self.hidden.is_some()),
            ("--dropout", self.dropout.is_some()),
            ("--feature-weight", self.feature_weight.is_some()),
            ("--start-norm", self.start_norm.is_some()),
            ("--optimizer", self.optimizer.is_some()),
            ("--learning-rate", self.learning_rate.is_some()),
            ("--schedule", self.schedule.is_some()),
            ("--betas", self.betas.is_some()),
            ("--epsilon", self.epsilon.is_some()),
            ("--unobserved-weight", self.unobserved_weight.is_some()),
            ("--regularisation", self.regularisation.is_some()),
            ("--regularisation-exponent", self.regularisation_exponent.is_some()),
            ("--epochs", run.epochs.is_some()),
            ("--evaluate-every", run.evaluate_every.is_some()),
            ("--patience", run.patience.is_some()),
        ];
        all.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect()
    }

    /// Refuses a flag that none of `configs` uses, since it would change nothing.
    pub(crate) fn check_used(
        &self,
        samples: &SampleArgs,
        run: &RunArgs,
        configs: &[RunConfig],
    ) -> Result<()> {
        for name in self.given(samples, run) {
            let mut reasons: Vec<String> =
                configs.iter().map_while(|config| unused_because(&name[2..], config)).collect();
            if reasons.len() == configs.len() && !configs.is_empty() {
                reasons.sort_unstable();
                reasons.dedup();
                return Err(Error::setting(name, format!("has no meaning with {}", reasons.join(" or "))));
            }
        }
        Ok(())
    }
}

/// The settings of WRMF and CDL alone.
const OF_WRMF: [&str; 3] = ["unobserved-weight", "regularisation", "regularisation-exponent"];
/// The settings of the network for features.
const OF_FEATURES: [&str; 4] = ["features-as", "hidden", "dropout", "feature-weight"];
/// The settings of all trainers that take more than one epoch.
const OF_EPOCHS: [&str; 4] = ["dim", "epochs", "evaluate-every", "patience"];

/// The flag, with its value, because of which `config` does not use the setting `name`; none if it does.
pub(crate) fn unused_because(name: &str, config: &RunConfig) -> Option<String> {
    let (is_used, because) = match config {
        RunConfig::Step(config) if !OF_WRMF.contains(&name) => return unused_in_steps(name, config),
        RunConfig::Step(_) => (false, "a recipe other than wrmf and cdl"),
        RunConfig::Wrmf(config) => {
            let (is_cdl, is_of) = (config.features.is_some(), |names: &[&str]| names.contains(&name));
            let is_of_prior = is_cdl && is_of(&OF_FEATURES[1..]);
            let is_used = is_of(&OF_WRMF) || is_of(&OF_EPOCHS) || is_of_prior;
            (is_used, if is_cdl { "--recipe cdl" } else { "--recipe wrmf" })
        }
        RunConfig::Popularity(_) => (false, "--recipe popularity"),
    };
    (!is_used && name != "k").then(|| because.to_owned())
}

/// As [`unused_because`], for a run of steps.
fn unused_in_steps(name: &str, config: &TrainConfig) -> Option<String> {
    let (sampler, loss) = (SamplerName::of(&config.negatives), config.loss);
    let has_bias = config.item_bias.is_some();
    let has_candidates = matches!(sampler, SamplerName::TwoStage | SamplerName::Shared);
    let has_margin = !matches!(loss, Loss::Softmax { .. } | Loss::Bpr);
    let (is_used, because) = match name {
        "negatives" => (sampler != SamplerName::Shared, "sampler"),
        "beta" => (sampler != SamplerName::Uniform, "sampler"),
        "candidates" => (has_candidates, "sampler"),
        "hardness" => (sampler == SamplerName::TwoStage, "sampler"),
        "temperature" => (matches!(loss, Loss::Softmax { .. }), "loss"),
        "margin" => (has_margin, "loss"),
        "rank-weight" => (matches!(loss, Loss::Triplet { .. }), "loss"),
        "contrastive-weight" => (matches!(loss, Loss::Contrastive { .. }), "loss"),
        "item-bias-rate" | "item-bias-start" => (has_bias, "item-bias"),
        name if OF_FEATURES.contains(&name) && config.features.is_none() => {
            return Some("neither --item-features nor --user-features".to_owned());
        }
        "history-cap" | "no-user-points" if config.history.is_none() => {
            return Some("--history 0".to_owned());
        }
        "dropout" => (config.features.is_none_or(|network| network.hidden > 0), "hidden"),
        "feature-weight" => {
            (config.features.is_none_or(|network| network.role != FeatureRole::Added), "features-as")
        }
        "betas" => (matches!(config.optimizer, Optimizer::Adam { .. }), "optimizer"),
        "epsilon" => (config.optimizer.epsilon() > 0.0, "optimizer"),
        _ => (true, ""),
    };
    let value = match because {
        "sampler" => config.negatives.sampler(),
        "loss" => config.loss.name(),
        "optimizer" => config.optimizer.name(),
        "features-as" => RoleName::Added.shown(),
        "hidden" => "0",
        _ => "false",
    };
    let sign = if because == "item-bias" { "=" } else { " " };
    (!is_used).then(|| format!("--{because}{sign}{value}"))
}

/// Settings that a search does not go through.
const NOT_SEARCHED: [&str; 2] = ["recipe", "seed"];

/// Parses the values of the settings that a search goes through, as on the command line.
pub(crate) struct Searched(Command);

impl Searched {
    /// All settings that can be searched.
    pub(crate) fn new() -> Searched {
        use clap::Args;
        let command = Command::new("grid").no_binary_name(true).disable_help_flag(true);
        Searched(RunArgs::augment_args(ModelArgs::augment_args(SampleArgs::augment_args(command))))
    }

    /// Checks that the setting `name` can be searched.
    pub(crate) fn check_name(&self, name: &str) -> Result<()> {
        let names = self.0.get_arguments().filter_map(clap::Arg::get_long);
        let names: Vec<&str> = names.filter(|name| !NOT_SEARCHED.contains(name)).collect();
        if names.contains(&name) {
            return Ok(());
        }
        let message = format!("`{}` cannot be searched; these can: {}", excerpt(name), names.join(", "));
        Err(Error::setting("--grid", message))
    }

    /// The setting `name` with the value `value`.
    pub(crate) fn parse(&mut self, name: &str, value: &str) -> Result<ArgMatches> {
        self.0.try_get_matches_from_mut([format!("--{name}={value}")]).map_err(|error| {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            let reason = line.split_once("': ").map_or("see --help", |(_, reason)| reason);
            let value = excerpt(value);
            Error::setting("--grid", format!("`{name}` cannot be {value}: {}", excerpt(reason)))
        })
    }
}

/// Changes the one flag that `matches` has.
pub(crate) fn set(
    samples: &mut SampleArgs,
    model: &mut ModelArgs,
    run: &mut RunArgs,
    matches: &ArgMatches,
) -> Result<()> {
    let fail = |error: clap::Error| Error::setting("--grid", error.to_string());
    samples.update_from_arg_matches(matches).map_err(fail)?;
    model.update_from_arg_matches(matches).map_err(fail)?;
    run.update_from_arg_matches(matches).map_err(fail)
}

/// A recipe's settings, with another loss if one is named.
pub(crate) fn recipe_config(recipe: Recipe, loss: Option<LossName>) -> TrainConfig {
    let (start, model) = (recipe.config(), ModelArgs { loss, ..ModelArgs::default() });
    let loss = model.loss(&start);
    TrainConfig { item_bias: model.item_bias(&start, &loss), loss, ..start }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The flags with `name` at some value that it can have, and not the usual one.
    fn with(searched: &mut Searched, recipe: RunRecipe, name: &str) -> (SampleArgs, ModelArgs, RunArgs) {
        let argument = searched.0.get_arguments().find(|argument| argument.get_long() == Some(name)).unwrap();
        let named = argument.get_possible_values();
        let mut values: Vec<String> = named.iter().rev().map(|value| value.get_name().to_owned()).collect();
        values.extend(["0.7", "4", "0.8,0.99", "true"].map(str::to_owned));
        let matches = values.iter().find_map(|value| searched.parse(name, value).ok()).unwrap();
        let (mut samples, mut run) = (SampleArgs::default(), RunArgs::default());
        let mut model = ModelArgs { recipe: Some(RecipeName(recipe)), ..ModelArgs::default() };
        set(&mut samples, &mut model, &mut run, &matches).unwrap();
        (samples, model, run)
    }

    #[test]
    fn a_flag_changes_a_run_or_is_refused() {
        let mut searched = Searched::new();
        let names: Vec<String> =
            searched.0.get_arguments().filter_map(clap::Arg::get_long).map(str::to_owned).collect();
        let protocol = RunRecipe::default().config().protocol();
        for (recipe, expected) in [(RunRecipe::Wrmf, 7), (RunRecipe::Cdl, 10), (RunRecipe::Popularity, 0)] {
            let mut used = 0;
            for name in names.iter().filter(|name| !NOT_SEARCHED.contains(&name.as_str())) {
                let (samples, model, run) = with(&mut searched, recipe, name);
                let config = model.config(Recipe::default(), &samples, &run, protocol).unwrap();
                let is_changed = config != recipe.config();
                used += usize::from(is_changed);
                match model.check_used(&samples, &run, &[config]) {
                    Ok(()) => assert!(is_changed, "--{name} is ignored by {}", recipe.name()),
                    Err(error) => {
                        let expected = format!("--{name} has no meaning with --recipe {}", recipe.name());
                        assert!(!is_changed && error.to_string() == expected, "{error}");
                    }
                }
            }
            assert_eq!(used, expected, "{}", recipe.name());
        }
        for name in OF_WRMF {
            let (samples, model, run) = with(&mut searched, RunRecipe::default(), name);
            let config = model.config(Recipe::default(), &samples, &run, protocol).unwrap();
            let error = model.check_used(&samples, &run, &[config]).unwrap_err().to_string();
            assert_eq!(error, format!("--{name} has no meaning with a recipe other than wrmf and cdl"));
        }
    }
}
