//! Twin of `shaders/candidate_score_subgroup.wgsl`.

use super::{Sizes, vector};
use crate::gpu::layout::{Block, NONE};
use crate::sampling::Plan;

/// Similarities of each pair's positive to each candidate, for the block's pairs; holes score -2. Empties
/// `picked`. `positives` begin with the block's first.
pub fn candidate_score_subgroup(
    plan: &Plan,
    block: &Block,
    positives: &[f32],
    rows: &[f32],
    scores: &mut [f32],
    picked: &mut [u32],
    sizes: &Sizes,
) {
    let candidate_count = plan.header.candidate_count as usize;
    if block.first_pair == 0 {
        picked[..candidate_count * sizes.pair_words].fill(0);
    }
    let pair_count = (plan.header.pair_count - block.first_pair).min(block.pair_count) as usize;
    for candidate in 0..candidate_count {
        let is_hole = plan.rows()[candidate] == NONE;
        let unit = vector(rows, sizes, candidate as u32);
        for local_pair in 0..pair_count {
            let mut score = if is_hole { -2.0 } else { 0.0f32 };
            for d in 0..sizes.dim() {
                score += unit[d] * positives[local_pair * sizes.dim() + d];
            }
            scores[(block.first_row as usize + local_pair) * candidate_count + candidate] = score;
        }
    }
}
