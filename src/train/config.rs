//! What a run is made of. The defaults are in one place, each with its source.

use crate::data::Protocol;
use crate::sampling::Negatives;
use crate::step::{FeatureRole, Geometry, Loss, Optimizer, Rates, Schedule};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The defaults. "Tran" is Tran et al., SIGIR 2019; "measured" stands for the README's results.
pub mod defaults {
    /// D (Tran 4.1.3).
    pub const DIM: usize = 128;
    /// B, pairs of a batch (measured).
    pub const BATCH_SIZE: usize = 512;
    /// Exponent of popularity in the draw of shared candidates (measured).
    pub const SHARED_BETA: f64 = 0.0;
    /// C, shared candidates of a batch (measured).
    pub const SHARED_CANDIDATES: usize = 500;
    /// Temperature of the softmax (measured).
    pub const TEMPERATURE: f64 = 0.15;
    /// Norm of a starting row (measured).
    pub const START_NORM: f64 = 0.1;
    /// Share of the learning rate at which item biases move (measured).
    pub const ITEM_BIAS_RATE: f64 = 0.2;
    /// Share of t ln(count + 1) at which item biases start (measured).
    pub const ITEM_BIAS_START: f64 = 1.0;
    /// Step size of Adam in the first step (measured).
    pub const LEARNING_RATE: f64 = 2e-3;
    /// Adam's decay rates (Kingma and Ba 2015).
    pub const BETAS: (f64, f64) = (0.9, 0.999);
    /// Adam's epsilon (Kingma and Ba 2015).
    pub const EPSILON: f64 = 1e-8;
    /// AdaGrad's epsilon (as PyTorch has it).
    pub const ADAGRAD_EPSILON: f64 = 1e-10;
    /// Epochs (measured).
    pub const EPOCHS: usize = 20;
    /// Epochs between evaluations on the validation part.
    pub const EVALUATE_EVERY: usize = 5;
    /// How much of the item bias counts where no validation part chooses it (measured).
    pub const POPULARITY: f64 = 0.75;
    /// Length of a recommendation list (Tran 4.1.2).
    pub const K: usize = 50;
    /// Share of a user's interactions held out for `evaluate`.
    pub const TEST_FRACTION: f64 = 0.2;
    /// Share of a user's interactions that early stopping looks at.
    pub const VALID_FRACTION: f64 = 0.1;

    /// Margin of the triplet, hinge-sum and WARP losses (Tran 4.1.3).
    pub const MARGIN: f64 = 1.0;
    /// Margin of the contrastive loss (not tuned).
    pub const CONTRASTIVE_MARGIN: f64 = 0.9;
    /// H, hidden units of the network that projects features (Hsieh 4.3).
    pub const HIDDEN: usize = 256;
    /// The share of hidden units that a step leaves out (Hsieh 4.3).
    pub const DROPOUT: f64 = 0.5;
    /// Weight of L_f (Hsieh 4.3).
    pub const FEATURE_WEIGHT: f64 = 1.0;

    /// g, where histories are asked for without a weight (0.5 measured as well).
    pub const HISTORY_WEIGHT: f64 = 1.0;
    /// Items of a user that a step takes into the user's point, at most (measured).
    pub const HISTORY_CAP: usize = 15;

    /// Weight of the contrastive loss (not tuned).
    pub const CONTRASTIVE_WEIGHT: f64 = 100.0;
    /// Exponent of popularity in the draw of other negatives (measured; Tran 4.1.3: 1).
    pub const BETA: f64 = 0.5;
    /// C, candidates of a batch for two-stage negatives (Tran 4.1.3).
    pub const CANDIDATES: usize = 2_000;
    /// Exponent of stage 2 (measured; Tran 3.2 implies (D-1)/2 - 1).
    pub const HARDNESS: f64 = 3.0;

    /// What the recipe `cml-2017` has otherwise.
    pub mod cml_2017 {
        /// D (Hsieh et al. 2017, 4.2).
        pub const DIM: usize = 100;
        /// Margin in squared distances (Hsieh et al. 2017, 4.2).
        pub const MARGIN: f64 = 0.5;
        /// N, uniform negatives of a pair (Hsieh et al. 2017, 3.2: 10 to 20).
        pub const NEGATIVES: usize = 20;
        /// Weight of L_cov (Hsieh et al. 2017, 4.2).
        pub const COVARIANCE_WEIGHT: f64 = 10.0;
        /// Share of a user's interactions for the test, and for validation (Hsieh et al. 2017, 4.2).
        pub const HELD_OUT_FRACTION: f64 = 0.2;
        /// Users with fewer interactions are trained on only (Hsieh et al. 2017, 4.2).
        pub const HOLD_OUT_FROM: usize = 5;
        /// Step size of AdaGrad (measured; the paper does not say it).
        pub const LEARNING_RATE: f64 = 0.01;
        /// Norm of a starting row (measured).
        pub const START_NORM: f64 = 0.1;
        /// B, pairs of a batch (measured).
        pub const BATCH_SIZE: usize = 4_096;
        /// Epochs at most (measured).
        pub const EPOCHS: usize = 50;
        /// Epochs at most with features (measured).
        pub const EPOCHS_WITH_FEATURES: usize = 100;
    }

    /// What the recipes `bpr`, `warp`, `vbpr` and `fm` have otherwise (measured).
    pub mod baselines {
        /// N of BPR, negatives of a pair.
        pub const BPR_NEGATIVES: usize = 5;
        /// N of WARP, and of FM, draws of a pair.
        pub const WARP_NEGATIVES: usize = 10;
        /// Step size of Adam.
        pub const LEARNING_RATE: f64 = 1e-3;
        /// Epochs of BPR.
        pub const BPR_EPOCHS: usize = 40;
        /// Epochs of WARP, and of FM.
        pub const WARP_EPOCHS: usize = 20;
        /// N of VBPR, negatives of a pair: each is projected by the network.
        pub const VBPR_NEGATIVES: usize = 2;
        /// Epochs of VBPR.
        pub const VBPR_EPOCHS: usize = 20;
    }

    /// What the recipe `two-stage-2019` has otherwise.
    pub mod two_stage_2019 {
        use crate::sampling::Negatives;

        /// N, negatives of a pair (Tran 4.1.3: 1, 2 or 5).
        pub const NEGATIVES: usize = 1;
        /// B, pairs of a batch (Tran 4.1.3).
        pub const BATCH_SIZE: usize = 256;
        /// Step size of Adam (measured; Tran 4.1.3: 1e-4).
        pub const LEARNING_RATE: f64 = 1e-3;
        /// Epochs at most (Tran 4.1.3).
        pub const EPOCHS: usize = 50;
        /// Evaluations without improvement before training stops.
        pub const PATIENCE: usize = 5;

        /// Weight of L_GOR (Tran 4.1.3): 0.01 for 1 or 2 negatives, 0.001 for more. The paper adds GOR to its
        /// two-stage sampling; the uniform and popularity baselines have none.
        pub fn gor_weight(negatives: &Negatives) -> f64 {
            match negatives {
                Negatives::TwoStage { count: ..=2, .. } => 0.01,
                Negatives::TwoStage { .. } => 0.001,
                _ => 0.0,
            }
        }
    }

    /// The fewest interactions of a user of which some are held out: one must be left to train on.
    pub fn hold_out_from() -> usize {
        2
    }

    /// The exponent that the law printed in Tran 3.2 has at dimension `dim`: (D-1)/2 - 1.
    pub fn paper_hardness(dim: usize) -> f64 {
        ((dim as f64 - 1.0) / 2.0 - 1.0).max(0.0)
    }
}

/// The terms that are added to the loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regularisers {
    /// Weight of L_GOR (Tran et al. 2019, eq. 3); 0: off.
    pub gor_weight: f64,
    /// Weight of L_cov (Hsieh et al. 2017, 3.4); 0: off.
    #[serde(default)]
    pub covariance_weight: f64,
}

/// One learned number of each item, added to its scores.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemBias {
    /// It moves at this share of the learning rate.
    pub rate: f64,
    /// It starts at this share of t ln(count + 1), t the softmax's temperature and count the item's training count.
    pub start: f64,
}

/// The network that projects the features of items, or of users, into the space, and what that is for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureNetwork {
    /// H, hidden units; 0: each feature has a vector of its own, and their sum is what they project to.
    pub hidden: usize,
    /// The share of hidden units that a step leaves out.
    pub dropout: f64,
    /// What the projection is to the points.
    pub role: FeatureRole,
}

/// Users by what they did: the user of a pair is the point of e_u + weight * mean of the points of the user's items
/// without the pair's own, so that people who were not there in training are placed as training does it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// g: how much the items count beside the user's own point e_u.
    pub weight: f64,
    /// Items of a user that a step takes, at most: a sample of those of a user who has more.
    pub cap: usize,
    /// Whether users have points of their own; otherwise their items are all that they are made of.
    pub user_points: bool,
}

/// How long to train, and when to look at the validation part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stopping {
    /// Epochs at most.
    pub epochs: usize,
    /// Epochs between evaluations on the validation part.
    pub evaluate_every: usize,
    /// Evaluations without improvement before training stops; 0: never.
    pub patience: usize,
    /// Length of the list that validation measures.
    pub k: usize,
}

impl FeatureNetwork {
    /// The weight with which points are drawn to where features put them; 0 if that place is a part of them.
    pub(crate) fn near_weight(&self) -> f64 {
        match self.role {
            FeatureRole::Near { weight } => weight,
            FeatureRole::Added => 0.0,
        }
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the flag, the rule and the value.
    pub fn check(&self) -> Result<()> {
        let FeatureNetwork { hidden, dropout, role } = *self;
        if hidden == 0 && role != FeatureRole::Added {
            let message = "must be at least 4, but is 0: only with --features-as added may it be 0";
            return Err(Error::setting("--hidden", message));
        }
        if hidden > 0 || role != FeatureRole::Added {
            within("--hidden", hidden, 4, MAX_DIM)?;
        }
        if !hidden.is_multiple_of(4) {
            return Err(Error::setting("--hidden", format!("must be a multiple of 4, but is {hidden}")));
        }
        if !(0.0..=0.95).contains(&dropout) {
            return Err(Error::setting("--dropout", format!("must be from 0 to 0.95, but is {dropout}")));
        }
        if hidden == 0 && dropout > 0.0 {
            return Err(Error::setting("--dropout", format!("must be 0 with --hidden 0, but is {dropout}")));
        }
        match role {
            FeatureRole::Near { weight } if !(weight > 0.0 && (weight as f32).is_normal()) => {
                let message = format!("must be above 0 and a number of 32 bits, but is {weight}");
                Err(Error::setting("--feature-weight", message))
            }
            FeatureRole::Near { .. } | FeatureRole::Added => Ok(()),
        }
    }
}

impl Stopping {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the flag, the rule and the value.
    pub fn check(&self) -> Result<()> {
        within("--epochs", self.epochs, 1, 1_000_000)?;
        within("--evaluate-every", self.evaluate_every, 1, 1_000_000)?;
        within("-k", self.k, 1, usize::MAX)
    }
}

/// A complete run: the same config on the same data, adapter and version gives the same bits. It is saved whole with
/// the model and with an experiment's results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// D.
    pub dim: usize,
    /// Which point of space a row stands for.
    pub geometry: Geometry,
    /// What turns scores into slopes.
    pub loss: Loss,
    /// Where negatives come from, and how many.
    pub negatives: Negatives,
    /// What is added to the loss.
    pub regularisers: Regularisers,
    /// Norm that a row starts with, about.
    pub start_norm: f64,
    /// The number of each item that is added to its scores, if there is one.
    pub item_bias: Option<ItemBias>,
    /// How users are made of what they did; `None`: they are their own points alone.
    pub history: Option<History>,
    /// How the features of items and users are used, if there are any.
    pub features: Option<FeatureNetwork>,
    /// What turns a gradient into a step.
    pub optimizer: Optimizer,
    /// The learning rate of each step.
    pub schedule: Schedule,
    /// B, pairs of a step.
    pub batch_size: usize,
    /// How long to train.
    pub stopping: Stopping,
    /// Seed of all randomness.
    pub seed: u64,
    /// How the interactions were split.
    pub protocol: Protocol,
    /// Users with fewer interactions were trained on only.
    #[serde(default = "defaults::hold_out_from")]
    pub hold_out_from: usize,
}

/// Largest D: a workgroup owns a row with a lane for each four numbers.
pub(crate) const MAX_DIM: usize = 1_024;
/// Largest B: counts of a step stay well within 32 bits.
const MAX_BATCH_SIZE: usize = 65_536;

impl TrainConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the flag, the rule and the value.
    pub fn check(&self) -> Result<()> {
        self.check_range()?;
        within("--dim", self.dim, 1, MAX_DIM)?;
        within("--batch-size", self.batch_size, 1, MAX_BATCH_SIZE)?;
        self.stopping.check()?;
        self.negatives.check()?;
        self.loss.check()?;
        self.check_together()?;
        self.optimizer.check()?;
        self.schedule.check()?;
        self.check_history()?;
        self.check_features()?;
        let Regularisers { gor_weight, covariance_weight } = self.regularisers;
        for (flag, weight) in [("--gor-weight", gor_weight), ("--covariance-weight", covariance_weight)] {
            if !(weight >= 0.0 && weight.is_finite()) {
                return Err(Error::setting(flag, format!("must be at least 0, but is {weight}")));
            }
        }
        Ok(())
    }

    /// The optimizer under its schedule, in a run of `last_step` steps.
    pub fn rates(&self, last_step: u64) -> Rates {
        Rates { optimizer: self.optimizer, schedule: self.schedule, last_step }
    }
}

/// Most items of a user that a step may take: B of them stay well within 32 bits.
const MAX_HISTORY: usize = 10_000;

/// Settings as the device has them.
impl TrainConfig {
    fn check_history(&self) -> Result<()> {
        let Some(History { weight, cap, .. }) = self.history else { return Ok(()) };
        if !(1e-6..=1000.0).contains(&weight) {
            let message = format!("must be 0, or 0.000001 to 1000, but is {weight}");
            return Err(Error::setting("--history", message));
        }
        within("--history-cap", cap, 1, MAX_HISTORY)
    }

    fn check_features(&self) -> Result<()> {
        let Some(network) = self.features else { return Ok(()) };
        network.check()?;
        match network.role {
            FeatureRole::Near { .. } => Ok(()),
            FeatureRole::Added => self.check_sums(),
        }
    }

    /// Checks that points can be sums of a row and of what its features project to.
    fn check_sums(&self) -> Result<()> {
        if self.geometry != Geometry::Dot {
            let message = format!(
                "must not be added with --geometry {}: there the sum of two points is not a point; take --geometry dot, as \
                 --recipe vbpr and fm do",
                self.geometry.name()
            );
            return Err(Error::setting("--features-as", message));
        }
        match self.negatives.candidate_count() {
            0 => Ok(()),
            _ => {
                let message = format!(
                    "must not be {} with --features-as added: a step would project all of its candidates; take uniform \
                     or popularity",
                    self.negatives.sampler()
                );
                Err(Error::setting("--sampler", message))
            }
        }
    }

    /// Refuses numbers that are infinite or zero as 32-bit numbers.
    fn check_range(&self) -> Result<()> {
        let (Schedule::Constant { learning_rate } | Schedule::Linear { learning_rate }) = self.schedule;
        let mut numbers = vec![
            ("--learning-rate", learning_rate),
            ("--gor-weight", self.regularisers.gor_weight),
            ("--covariance-weight", self.regularisers.covariance_weight),
            ("--hardness", self.negatives.hardness()),
        ];
        numbers.push(("--epsilon", self.optimizer.epsilon()));
        match self.loss {
            Loss::Triplet { margin, .. } | Loss::HingeSum { margin } | Loss::Warp { margin } => {
                numbers.push(("--margin", margin));
            }
            Loss::Contrastive { margin, weight } => {
                numbers.extend([("--margin", margin), ("--contrastive-weight", weight)]);
            }
            Loss::Softmax { .. } | Loss::Bpr => {}
        }
        let is_lost = |value: f64| value.is_finite() && value != 0.0 && !(value as f32).is_normal();
        match numbers.into_iter().find(|(_, value)| is_lost(*value)) {
            None => Ok(()),
            Some((flag, value)) => {
                let (least, most) = (f32::MIN_POSITIVE, f32::MAX);
                let message = format!("must be {least:.1e} to {most:.1e} in size, but is {value:e}");
                Err(Error::setting(flag, message))
            }
        }
    }
}

/// Settings that must fit one another.
impl TrainConfig {
    fn check_together(&self) -> Result<()> {
        let is_shared = matches!(self.negatives, Negatives::Shared { .. });
        let is_two_stage = matches!(self.negatives, Negatives::TwoStage { .. });
        if self.loss.needs_order() && (is_shared || is_two_stage) {
            let message = format!(
                "must not be {} with --loss {}: it counts a pair's own draws, one after another; take uniform or \
                 popularity",
                self.negatives.sampler(),
                self.loss.name()
            );
            return Err(Error::setting("--sampler", message));
        }
        let is_sphere = self.geometry == Geometry::Sphere;
        if !is_sphere && is_two_stage {
            let message = format!(
                "must not be two-stage with --geometry {}: its law is one of cosines; take uniform, popularity or shared",
                self.geometry.name()
            );
            return Err(Error::setting("--sampler", message));
        }
        if self.geometry == Geometry::Ball && self.optimizer.moves_untouched_rows() {
            let message = format!(
                "must not be {} with --geometry ball: rows that a step does not touch would drift out of the ball; take \
                 adagrad or sgd",
                self.optimizer.name()
            );
            return Err(Error::setting("--optimizer", message));
        }
        let gor_weight = self.regularisers.gor_weight;
        if is_shared && gor_weight > 0.0 {
            let others = if is_sphere { "uniform, popularity or two-stage" } else { "uniform or popularity" };
            let message = format!(
                "must be 0 with --sampler shared, but is {gor_weight}: the regulariser needs a pair's own negatives; \
                 take {others}"
            );
            return Err(Error::setting("--gor-weight", message));
        }
        if !(self.start_norm > 0.0 && (1e-6..=1e6).contains(&self.start_norm)) {
            let message = format!("must be 0.000001 to 1000000, but is {}", self.start_norm);
            return Err(Error::setting("--start-norm", message));
        }
        let Some(ItemBias { rate, start }) = self.item_bias else { return Ok(()) };
        if !(rate > 0.0 && rate <= 1000.0) {
            let message = format!("must be above 0 and at most 1000, but is {rate}");
            return Err(Error::setting("--item-bias-rate", message));
        }
        if !(0.0..=10.0).contains(&start) {
            return Err(Error::setting("--item-bias-start", format!("must be 0 to 10, but is {start}")));
        }
        if start > 0.0 && !matches!(self.loss, Loss::Softmax { .. }) {
            let message = format!(
                "must be 0 with --loss {}, but is {start}: it counts in the temperature of --loss softmax",
                self.loss.name()
            );
            return Err(Error::setting("--item-bias-start", message));
        }
        Ok(())
    }

    /// What the item bias of an item with the training count `count` starts at.
    pub(crate) fn starting_bias(&self, count: u32) -> f32 {
        match (self.item_bias, self.loss) {
            (Some(ItemBias { start, .. }), Loss::Softmax { temperature }) => {
                (start * temperature * f64::from(count).ln_1p()) as f32
            }
            _ => 0.0,
        }
    }
}

/// Checks that a setting is from `least` to `most`.
pub(crate) fn within(flag: &'static str, value: usize, least: usize, most: usize) -> Result<()> {
    if value < least {
        return Err(Error::setting(flag, format!("must be at least {least}, but is {value}")));
    }
    if value > most {
        return Err(Error::setting(flag, format!("must be at most {most}, but is {value}")));
    }
    Ok(())
}
