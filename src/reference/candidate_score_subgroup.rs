//! Twin of `shaders/candidate_score_subgroup.wgsl`.

use super::candidate_score::similarities_of;
use super::{dot, point};
use crate::step::layout::Block;
use crate::step::{Plan, StepShape};

/// As `candidate_score`, with pair i's positive in row i of `positives`, (B, D).
pub fn candidate_score_subgroup(
    plan: &Plan,
    block: &Block,
    positives: &[f32],
    points: &[f32],
    similarities: &mut [f32],
    shape: &StepShape,
) {
    let dim = shape.padded_dim();
    similarities_of(plan, block, similarities, |pair, candidate| {
        dot(&positives[pair * dim..][..dim], point(points, shape, candidate))
    });
}
