//! A plain CPU twin of every kernel: same names, same order, loops. Compared by eye and by test.
#![allow(clippy::needless_range_loop, reason = "twins index as their kernels do, to be compared by eye")]

mod bpr_loss;
mod candidate_gradient;
mod candidate_score;
mod candidate_score_subgroup;
mod catch_up;
mod contrastive_loss;
mod covariance_gradient;
mod covariance_matrix;
mod covariance_sum;
mod feature_add;
mod feature_gradient;
mod feature_hidden;
mod feature_output;
mod feature_slope;
mod feature_sum;
mod feature_take;
mod hidden_gradient;
mod hinge_sum_loss;
mod history_item_gradient;
mod history_slope;
mod history_sum;
mod history_user;
mod history_user_gradient;
mod negative_draw;
mod output_gradient;
mod pair_score;
mod pair_scores;
mod point_gradient;
mod point_gradient_shared;
mod row_adagrad;
mod row_adam;
mod row_catch_up;
mod row_load;
mod row_sgd;
mod softmax_loss;
mod step_sum;
mod stepper;
mod triplet_loss;
mod user_gradient;
mod warp_loss;

pub use bpr_loss::bpr_loss;
pub use candidate_gradient::candidate_gradient;
pub use candidate_score::candidate_score;
pub use candidate_score_subgroup::candidate_score_subgroup;
pub use contrastive_loss::contrastive_loss;
pub use covariance_gradient::covariance_gradient;
pub use covariance_matrix::covariance_matrix;
pub use covariance_sum::covariance_sum;
pub use feature_add::feature_add;
pub use feature_gradient::feature_gradient;
pub use feature_hidden::feature_hidden;
pub use feature_output::feature_output;
pub use feature_slope::feature_slope;
pub use feature_sum::feature_sum;
pub use feature_take::feature_take;
pub use hidden_gradient::hidden_gradient;
pub use hinge_sum_loss::hinge_sum_loss;
pub use history_item_gradient::history_item_gradient;
pub use history_slope::history_slope;
pub use history_sum::history_sum;
pub use history_user::history_user;
pub use history_user_gradient::history_user_gradient;
pub use negative_draw::{draw_bits, draw_key, negative_draw};
pub use output_gradient::output_gradient;
pub use pair_score::pair_score;
pub use pair_scores::PairLoss;
pub use point_gradient::point_gradient;
pub use point_gradient_shared::point_gradient_shared;
pub use row_adagrad::row_adagrad;
pub use row_adam::row_adam;
pub use row_catch_up::row_catch_up;
pub use row_load::row_load;
pub use row_sgd::row_sgd;
pub use softmax_loss::softmax_loss;
pub use step_sum::step_sum;
pub use stepper::{NetScratch, Scratch, State, run_stage, step};
pub use triplet_loss::triplet_loss;
pub use user_gradient::user_gradient;
pub use warp_loss::warp_loss;

use crate::step::layout::{Block, NONE, PairSums, RowState, Shards};
use crate::step::{Loss, Plan, StepShape};

/// The twin of the loss's kernel.
fn loss(
    plan: &Plan,
    block: &Block,
    scores: &mut [f32],
    candidate_scores: &mut [f32],
    pairs: &mut [PairSums],
    shape: &StepShape,
) {
    pair_scores::each_pair(plan, block, scores, candidate_scores, pairs, shape, |positive, negatives| {
        pair_loss(&shape.loss, shape.plan.item_count, positive, negatives)
    });
}

/// A loss of one pair: the negatives' scores become slopes.
pub fn pair_loss(loss: &Loss, item_count: usize, positive: f32, negatives: &mut [f32]) -> PairLoss {
    match *loss {
        Loss::Triplet { margin, rank_weight } => {
            triplet_loss(positive, negatives, margin as f32, rank_weight, item_count)
        }
        Loss::HingeSum { margin } => hinge_sum_loss(positive, negatives, margin as f32),
        Loss::Contrastive { margin, weight } => {
            contrastive_loss(positive, negatives, margin as f32, weight as f32)
        }
        Loss::Softmax { temperature } => softmax_loss(positive, negatives, temperature as f32),
        Loss::Bpr => bpr_loss(positive, negatives),
        Loss::Warp { margin } => warp_loss(positive, negatives, margin as f32, item_count),
    }
}

/// Row slot of negative `pick`: drawn if there are candidates, else planned.
fn negative_slot(plan: &Plan, shape: &StepShape, picks: &[u32], pick: usize) -> u32 {
    if plan.header.candidate_count == 0 {
        plan.negatives(shape.plan.negative_count)[pick]
    } else {
        picks[pick]
    }
}

/// The point in a row slot, (D padded).
fn point<'a>(points: &'a [f32], shape: &StepShape, slot: u32) -> &'a [f32] {
    &points[slot as usize * shape.slot_numbers()..][..shape.padded_dim()]
}

/// Where a number of a covariance, or of the sums that it is made of, is: `shaders/include/covariance.wgsl`.
fn covariance_at(shape: &StepShape, row: usize, d: usize) -> usize {
    row * shape.slot_numbers() + d
}

/// What is added to the scores of the point in a row slot: its item bias and height.
fn added(points: &[f32], shape: &StepShape, slot: u32) -> f32 {
    points[slot as usize * shape.slot_numbers() + shape.padded_dim() + 3]
}

/// What is kept of a row last touched at `last_step`. The item bias is `bias`: (o, drift, variance).
pub(crate) fn row_state(row: &[f32], drift: &[f32], bias: [f32; 3], last_step: u32) -> RowState {
    let (along, drift_squares) = (dot(row, drift), dot(drift, drift));
    let [bias, bias_drift, bias_variance] = bias;
    let squares = dot(row, row);
    RowState { squares, along, drift_squares, bias, bias_drift, bias_variance, unused_0: 0.0, last_step }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// g / n of a pair; 0 if no item is left: `item_weight` in `shaders/include/history.wgsl`.
fn item_weight(plan: &Plan, shape: &StepShape, pair: usize) -> f32 {
    match (plan.history_size(pair).0, shape.plan.history) {
        (0, _) | (_, None) => 0.0,
        (count, Some(history)) => history.weight as f32 / count as f32,
    }
}

/// A row on its way through an optimizer: `Stepped` in `shaders/include/stepped_slots.wgsl`.
struct Stepped<'a> {
    /// Counted from the first of its shards.
    row: usize,
    point: &'a [f32],
    /// dL/dx.
    gradient: Vec<f32>,
    scale: f32,
    skipped: f32,
    epsilon: f32,
    /// What its scores get beside products: o, if points have no height.
    added: f32,
    /// dL/do.
    bias_gradient: f32,
}

/// Puts a row after its step where the geometry wants it; returns |x|^2 before that, and as it is left.
fn settle(row: &mut [f32], shape: &StepShape) -> (f32, f32) {
    let squares = dot(row, row);
    let scale = shape.geometry.settled_scale(squares);
    row.iter_mut().for_each(|x| *x *= scale);
    (squares, squares * scale * scale)
}

/// The rows of some shards that the step uses.
fn stepped_rows<'a>(
    plan: &Plan,
    shards: &Shards,
    points: &'a [f32],
    gradients: &[f32],
    shape: &StepShape,
) -> Vec<Stepped<'a>> {
    let (dim, stride) = (shape.padded_dim(), shape.slot_numbers());
    let mut stepped = Vec::new();
    for &quad in plan.shard_quads(shards.range()) {
        for slot in (quad * 4) as usize..(quad * 4 + 4) as usize {
            let row = plan.rows()[slot];
            let uses = &gradients[slot * stride + dim..][..4];
            if row == NONE || (uses[0] == 0.0 && uses[3] == 0.0) {
                continue;
            }
            let point = point(points, shape, slot as u32);
            let note = &points[slot * stride + dim..][..4];
            let g = &gradients[slot * stride..][..dim];
            let along = dot(g, point);
            let slopes = gradients[slot * stride + dim + 2];
            let gradient = (0..dim)
                .map(|d| shape.geometry.row_gradient(g[d], point[d], along, note[0], slopes))
                .collect();
            let row = (row - shards.first_row) as usize;
            stepped.push(Stepped {
                row,
                point,
                gradient,
                scale: note[0],
                skipped: note[1],
                epsilon: note[2],
                added: note[3],
                bias_gradient: gradients[slot * stride + dim + 1],
            });
        }
    }
    stepped
}
