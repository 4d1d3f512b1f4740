//! Golden steps with networks that project features, made by PyTorch in float64 (`tests/outside/networks.py`), and how
//! they are run on whatever runs steps: the twins in `tests/host`, a device in `tests/gpu`.

use serde::Deserialize;
use spherec::data::{Features, Interactions};
use spherec::sampling::{EpochOrder, ItemSampler, Planner};
use spherec::step::layout::StepSums;
use spherec::step::{
    BLOCK_BYTES, FeatureRole, Geometry, Grain, Layer, Loss, NetShape, Of, Optimizer, Plan, PlanShape, Rates,
    Schedule, StepConstants, StepShape,
};
use std::sync::Arc;

type Table = Vec<Vec<f64>>;

/// A run of steps, and all tables after each of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GoldenNetwork {
    geometry: String,
    margin: f64,
    feature_weight: f64,
    /// Whether f is a part of the points, and the loss that of BPR.
    #[serde(default)]
    added: bool,
    dropout: f64,
    optimizer: OptimizerConfig,
    own_items: Vec<(u32, u32)>,
    item_features: Vec<Vec<(u32, f32)>>,
    user_features: Vec<Vec<(u32, f32)>>,
    feature_counts: [usize; 2],
    items: Table,
    users: Table,
    /// By side: (F + 1, H) and (H + 1, D); (F + 1, D) and nothing if f is linear.
    layers: [[Table; 2]; 2],
    steps: Vec<GoldenStep>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OptimizerConfig {
    kind: String,
    lr: f64,
    betas: (f64, f64),
    eps: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GoldenStep {
    pairs: Vec<(u32, u32)>,
    negatives: Vec<[u32; 2]>,
    loss: f64,
    feature_loss: f64,
    items: Table,
    users: Table,
    layers: [[Table; 2]; 2],
}

/// Runs steps on tables that start as [`GoldenNetwork::start`] says.
pub(crate) trait Runner {
    /// One step.
    fn step(&mut self, plan: &Plan) -> StepSums;
    /// The rows of the tables of `of`, brought up to the last step, (rows, D) unpadded.
    fn rows(&mut self, of: Of) -> Vec<f32>;
}

pub(crate) fn all() -> Vec<GoldenNetwork> {
    let texts = [
        include_str!("../golden/network_sphere_adam.json"),
        include_str!("../golden/network_ball_adagrad.json"),
        include_str!("../golden/network_added_adam.json"),
        include_str!("../golden/network_added_linear_adagrad.json"),
    ];
    texts.map(|text| serde_json::from_str(text).unwrap()).into()
}

impl GoldenNetwork {
    fn features(&self) -> [Arc<Features>; 2] {
        let [items, users] = self.feature_counts;
        let of = |count, rows: &[Vec<(u32, f32)>]| Arc::new(Features::of_rows(count, rows.iter().cloned()));
        [of(items, &self.item_features), of(users, &self.user_features)]
    }

    /// The steps' sizes, with the first layers in shards of `rows_per_shard` rows.
    pub(crate) fn shape(&self, rows_per_shard: usize, grain: Grain) -> StepShape {
        let geometry = Geometry::ALL.into_iter().find(|it| it.name() == self.geometry).unwrap();
        let role = match self.added {
            true => FeatureRole::Added,
            false => FeatureRole::Near { weight: self.feature_weight },
        };
        let net = |features: &Arc<Features>| {
            let row_count = features.row_count();
            Some(NetShape {
                feature_count: features.feature_count(),
                hidden: self.layers[0][1].len().saturating_sub(1),
                dropout: self.dropout,
                role,
                projected: row_count,
                entry_capacity: features.most_entries(row_count),
                rows_per_shard: rows_per_shard.min(features.feature_count() + 1),
                shards_per_dispatch: 1,
            })
        };
        let [items, users] = self.features();
        let (item_count, user_count) = (self.items.len(), self.users.len());
        StepShape {
            plan: PlanShape {
                batch_size: self.steps[0].pairs.len(),
                negative_count: 2,
                candidate_count: 0,
                item_count,
                user_count,
                rows_per_shard: item_count + user_count,
                excluded_capacity: self.own_items.len(),
                history: None,
            },
            dim: self.items[0].len(),
            geometry,
            loss: match self.added {
                true => Loss::Bpr,
                false => Loss::Triplet { margin: self.margin, rank_weight: false },
            },
            gor_weight: 0.0,
            covariance_weight: 0.0,
            item_bias_rate: 0.0,
            optimizer: self.rates().optimizer,
            shards_per_dispatch: 1,
            block_bytes: BLOCK_BYTES,
            nets: [net(&items), net(&users)],
            grain,
        }
    }

    fn rates(&self) -> Rates {
        let OptimizerConfig { kind, lr, betas, eps } = &self.optimizer;
        let optimizer = match kind.as_str() {
            "adam" => Optimizer::Adam { betas: *betas, epsilon: *eps },
            _ => Optimizer::Adagrad { epsilon: *eps },
        };
        let last_step = self.steps.len() as u64;
        Rates { optimizer, schedule: Schedule::Constant { learning_rate: *lr }, last_step }
    }

    pub(crate) fn constants(&self, shape: StepShape) -> StepConstants {
        StepConstants::new(shape, self.rates(), 0.0).unwrap()
    }

    /// The tables of `of` before the first step, (rows, D).
    pub(crate) fn start(&self, of: Of) -> Vec<f32> {
        table(of, [&self.items, &self.users], &self.layers).into_iter().map(|x| x as f32).collect()
    }

    /// Runs all steps on `runner` and panics at the first number that is not the golden one. The tables are looked at after
    /// every step, or only at the end.
    pub(crate) fn check(&self, shape: &StepShape, every_step: bool, runner: &mut impl Runner) {
        let train = Arc::new(Interactions::from_pairs(self.users.len(), self.items.len(), &self.own_items));
        // A row without interactions would not be projected.
        assert!(train.item_frequencies().iter().all(|&count| count > 0));
        let items = Arc::new(ItemSampler::new(&train.item_frequencies(), 0.0));
        let order = Arc::new(EpochOrder::new(train, 0));
        let mut planner = Planner::new(order, items, shape.plan, self.rates(), 0);
        for (side, net) in shape.nets() {
            planner = planner.projecting(side, Arc::clone(&self.features()[side.index()]), net);
        }
        for (step, golden) in (1..).zip(&self.steps) {
            let plan = planner.plan_given(step, &golden.pairs, golden.negatives.as_flattened());
            let sums = runner.step(&plan);
            let place = format!("{}, step {step}", self.geometry);
            near(&format!("{place}, loss"), sums.loss, golden.loss);
            near(&format!("{place}, L_f"), sums.feature_loss, golden.feature_loss);
            assert!(self.added || golden.feature_loss > 0.1, "{place}: nothing to see");
            if every_step || step as usize == self.steps.len() {
                for of in shape.tables() {
                    let seen = runner.rows(of);
                    let expected = table(of, [&golden.items, &golden.users], &golden.layers);
                    assert_eq!(seen.len(), expected.len());
                    for (index, (seen, expected)) in seen.into_iter().zip(expected).enumerate() {
                        near(&format!("{place}, {} number {index}", of.name()), seen, expected);
                    }
                }
            }
        }
    }
}

fn table(of: Of, [items, users]: [&Table; 2], layers: &[[Table; 2]; 2]) -> Vec<f64> {
    match of {
        Of::Points | Of::Net(_) => items.iter().chain(users).flatten().copied().collect(),
        Of::Layer(side, layer) => {
            let layer = usize::from(layer == Layer::Output);
            layers[side.index()][layer].iter().flatten().copied().collect()
        }
    }
}

fn near(what: &str, seen: f32, expected: f64) {
    let difference = (f64::from(seen) - expected).abs();
    assert!(difference <= 2e-5 * expected.abs().max(1.0), "{what}: {seen} is not {expected}");
}
