//! The two kinds of golden files, read into one form: `sphere_*.json` and `ball_*.json` hold hinges, `loss_*.json` scores and slopes.

use super::{Golden, GoldenStep, Moments, OptimizerConfig};
use serde::Deserialize;
use spherec::step::{Geometry, Loss};

type Table = Vec<Vec<f64>>;

#[derive(Deserialize)]
struct TripletFile {
    name: String,
    users: usize,
    items: usize,
    dim: usize,
    negatives: usize,
    config: TripletConfig,
    optimizer: OptimizerConfig,
    user_table: Table,
    item_table: Table,
    steps: Vec<TripletStep>,
}

#[derive(Deserialize)]
struct TripletConfig {
    geometry: Geometry,
    margin: f64,
    rank_weight: bool,
    gor_weight: f64,
    covariance_weight: f64,
    item_count: usize,
}

#[derive(Deserialize)]
struct TripletStep {
    users_in_batch: Vec<u32>,
    positives: Vec<u32>,
    negatives: Vec<Vec<u32>>,
    hinge: Vec<f64>,
    weight: Vec<f64>,
    nearest: Vec<usize>,
    triplet: f64,
    moment1: f64,
    moment2: f64,
    gor: f64,
    covariance: f64,
    total: f64,
    user_grad: Table,
    item_grad: Table,
    user_table_after: Table,
    item_table_after: Table,
}

#[derive(Deserialize)]
struct LossFile {
    name: String,
    loss: String,
    geometry: Geometry,
    users: usize,
    items: usize,
    dim: usize,
    negatives: usize,
    shared: bool,
    history_weight: f64,
    config: LossConfig,
    optimizer: OptimizerConfig,
    items_of_user: Vec<Vec<u32>>,
    draw_probability: Vec<f64>,
    user_table: Table,
    item_table: Table,
    #[serde(default)]
    item_bias: Vec<f64>,
    steps: Vec<LossStep>,
}

#[derive(Deserialize)]
struct LossConfig {
    temperature: Option<f64>,
    margin: Option<f64>,
    weight: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Negatives {
    OfBatch(Vec<u32>),
    OfPairs(Vec<Vec<u32>>),
}

#[derive(Deserialize)]
struct LossStep {
    users_in_batch: Vec<u32>,
    positives: Vec<u32>,
    negatives: Negatives,
    positive_score: Vec<f64>,
    negative_score: Table,
    is_negative: Vec<Vec<bool>>,
    loss: Vec<f64>,
    total: f64,
    positive_slope: Vec<f64>,
    negative_slope: Table,
    user_grad: Table,
    item_grad: Table,
    #[serde(default)]
    item_bias_grad: Vec<f64>,
    user_table_after: Table,
    item_table_after: Table,
    #[serde(default)]
    item_bias_after: Vec<f64>,
}

/// The numbers of two tables' rows, items first.
fn joined(items: Table, users: Table) -> Table {
    items.into_iter().chain(users).collect()
}

/// The golden run in the text of a `sphere_*.json` or `ball_*.json`.
pub(super) fn triplet(text: &str) -> Golden {
    let file: TripletFile = serde_json::from_str(text).unwrap();
    let config = &file.config;
    assert_eq!(config.item_count, file.items, "{}", file.name);
    let steps: Vec<GoldenStep> = file.steps.into_iter().map(GoldenStep::from).collect();
    Golden {
        name: file.name,
        users: file.users,
        items: file.items,
        dim: file.dim,
        batch: steps[0].users_in_batch.len(),
        negatives: file.negatives,
        candidates: 0,
        geometry: config.geometry,
        loss: Loss::Triplet { margin: config.margin, rank_weight: config.rank_weight },
        gor_weight: config.gor_weight,
        covariance_weight: config.covariance_weight,
        optimizer: file.optimizer,
        history_weight: 0.0,
        own_items: steps.iter().flat_map(GoldenStep::pairs).collect(),
        draw_probability: Vec::new(),
        table: joined(file.item_table, file.user_table),
        item_bias: Vec::new(),
        steps,
    }
}

impl From<TripletStep> for GoldenStep {
    fn from(step: TripletStep) -> GoldenStep {
        let pulls: Vec<f64> = (step.hinge.iter().zip(&step.weight))
            .map(|(&hinge, &weight)| if hinge > 0.0 { 2.0 * weight } else { 0.0 })
            .collect();
        let slopes =
            step.negatives.iter().zip(&step.nearest).zip(&pulls).map(|((negatives, &nearest), &pull)| {
                (0..negatives.len()).map(|k| if k == nearest { pull } else { 0.0 }).collect()
            });
        GoldenStep {
            negative_slope: slopes.collect(),
            positive_slope: pulls.iter().map(|pull| -pull).collect(),
            losses: step.hinge.iter().zip(&step.weight).map(|(hinge, weight)| hinge * weight).collect(),
            loss: step.triplet,
            is_negative: step.negatives.iter().map(|negatives| vec![true; negatives.len()]).collect(),
            negatives: step.negatives.into_iter().flatten().collect(),
            users_in_batch: step.users_in_batch,
            positives: step.positives,
            scores: None,
            moments: Some(Moments {
                first: step.moment1,
                second: step.moment2,
                gor: step.gor,
                covariance: step.covariance,
                total: step.total,
            }),
            gradient: joined(step.item_grad, step.user_grad),
            item_bias_gradient: Vec::new(),
            table_after: joined(step.item_table_after, step.user_table_after),
            item_bias_after: Vec::new(),
        }
    }
}

/// The golden run in the text of a `loss_*.json`.
pub(super) fn loss(text: &str) -> Golden {
    let file: LossFile = serde_json::from_str(text).unwrap();
    let LossConfig { temperature, margin, weight } = file.config;
    let loss = match file.loss.as_str() {
        "softmax" => Loss::Softmax { temperature: temperature.unwrap() },
        "bpr" => Loss::Bpr,
        "contrastive" => Loss::Contrastive { margin: margin.unwrap(), weight: weight.unwrap() },
        "hinge_sum" => Loss::HingeSum { margin: margin.unwrap() },
        other => panic!("{}: no loss is called {other}", file.name),
    };
    Golden {
        name: file.name,
        users: file.users,
        items: file.items,
        dim: file.dim,
        batch: file.steps[0].users_in_batch.len(),
        negatives: if file.shared { 0 } else { file.negatives },
        candidates: if file.shared { file.negatives } else { 0 },
        geometry: file.geometry,
        loss,
        gor_weight: 0.0,
        covariance_weight: 0.0,
        optimizer: file.optimizer,
        history_weight: file.history_weight,
        own_items: (file.items_of_user.iter().zip(0..))
            .flat_map(|(items, user)| items.iter().map(move |&item| (user, item)))
            .collect(),
        draw_probability: file.draw_probability,
        table: joined(file.item_table, file.user_table),
        item_bias: file.item_bias,
        steps: file.steps.into_iter().map(GoldenStep::from).collect(),
    }
}

impl From<LossStep> for GoldenStep {
    fn from(step: LossStep) -> GoldenStep {
        GoldenStep {
            users_in_batch: step.users_in_batch,
            positives: step.positives,
            negatives: match step.negatives {
                Negatives::OfBatch(candidates) => candidates,
                Negatives::OfPairs(negatives) => negatives.into_iter().flatten().collect(),
            },
            scores: Some((step.positive_score, step.negative_score)),
            is_negative: step.is_negative,
            losses: step.loss,
            loss: step.total,
            positive_slope: step.positive_slope,
            negative_slope: step.negative_slope,
            moments: None,
            gradient: joined(step.item_grad, step.user_grad),
            item_bias_gradient: step.item_bias_grad,
            table_after: joined(step.item_table_after, step.user_table_after),
            item_bias_after: step.item_bias_after,
        }
    }
}
