//! Twin of `shaders/candidate_score_subgroup.wgsl`.

use super::candidate_score::fill_scores;
use crate::step::layout::Block;
use crate::step::{Plan, StepShape};

/// As `candidate_score`, with pair i's left row in row i of `left_rows`, (B, D).
pub fn candidate_score_subgroup(
    plan: &Plan,
    block: &Block,
    left_rows: &[f32],
    points: &[f32],
    candidate_scores: &mut [f32],
    shape: &StepShape,
) {
    let dim = shape.padded_dim();
    fill_scores(plan, block, points, candidate_scores, shape, |pair| &left_rows[pair * dim..][..dim]);
}
