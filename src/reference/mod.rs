//! A plain CPU twin of every kernel: same names, same order, loops. Compared by eye and by test.
#![allow(clippy::needless_range_loop, reason = "twins index as their kernels do, to be compared by eye")]

mod candidate_score;
mod candidate_score_subgroup;
mod catch_up;
mod negative_draw;
mod row_adam;
mod row_catch_up;
mod row_gradient;
mod row_load;
mod row_sgd;
mod stepper;
mod triplet_loss;

pub use candidate_score::candidate_score;
pub use candidate_score_subgroup::candidate_score_subgroup;
pub use negative_draw::{draw_key, negative_draw};
pub use row_adam::row_adam;
pub use row_catch_up::row_catch_up;
pub use row_gradient::row_gradient;
pub use row_load::row_load;
pub use row_sgd::row_sgd;
pub use stepper::{Scratch, State, step};
pub(crate) use stepper::{score, shards};
pub use triplet_loss::triplet_loss;

use crate::gpu::StepShape;
use crate::gpu::layout::{NONE, RowState};
use crate::optimizer::Optimizer;
use crate::sampling::Plan;

/// The kernels' `override` constants, but for workgroup sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// D / 4, padded.
    pub chunk_count: usize,
    /// N.
    pub negative_count: usize,
    /// B / 32, rounded up.
    pub pair_words: usize,
    /// Where the candidates begin in the working set, in vec4.
    pub packed_at: usize,
    /// Where the positives begin in the working set, in vec4.
    pub positives_at: usize,
    /// Pairs of one window of positives.
    pub window_pairs: usize,
    /// Positives of each window that one thread of `candidate_score` scores.
    pub pairs_per_thread: usize,
    /// Pairs that one workgroup of `triplet_loss` sums.
    pub pairs_per_group: usize,
    /// Whether untouched rows move: Adam.
    pub has_momentum: bool,
    /// Whether the working set has the candidates transposed, for `candidate_score`.
    pub has_packed: bool,
}

impl Sizes {
    /// The sizes of `shape`.
    pub fn new(shape: &StepShape, optimizer: Optimizer) -> Sizes {
        Sizes {
            chunk_count: shape.chunk_count(),
            negative_count: shape.plan.negative_count,
            pair_words: shape.plan.pair_words(),
            packed_at: shape.packed_at(),
            positives_at: shape.positives_at(),
            window_pairs: shape.window_pairs(),
            pairs_per_thread: shape.pairs_per_thread(),
            pairs_per_group: shape.grain.loss_pairs,
            has_momentum: optimizer == Optimizer::Adam,
            has_packed: shape.has_packed(),
        }
    }

    /// D, padded.
    pub fn dim(&self) -> usize {
        self.chunk_count * 4
    }

    /// Numbers of a working row: D and one vec4 more.
    pub fn stride(&self) -> usize {
        self.chunk_count * 4 + 4
    }
}

/// Row slot of negative `pick`: drawn where there are candidates, else planned.
fn negative_slot(plan: &Plan, sizes: &Sizes, picks: &[u32], pick: usize) -> u32 {
    if plan.header.candidate_count == 0 { plan.negatives(sizes.negative_count)[pick] } else { picks[pick] }
}

/// The unit vector in slot `slot`, zero where there is none, (D).
fn vector(rows: &[f32], sizes: &Sizes, slot: u32) -> Vec<f32> {
    if slot == NONE {
        return vec![0.0; sizes.dim()];
    }
    rows[slot as usize * sizes.stride()..][..sizes.dim()].to_vec()
}

/// What is kept of a row last touched at `last_step`.
pub(crate) fn row_state(point: &[f32], drift: &[f32], last_step: u32) -> RowState {
    let (along, drift_squares) = (dot(point, drift), dot(drift, drift));
    RowState { squares: dot(point, point), along, drift_squares, last_step }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
