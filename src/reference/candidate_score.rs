//! Twin of `shaders/candidate_score.wgsl`.

use super::Sizes;
use crate::gpu::layout::{Block, NONE};
use crate::sampling::Plan;

/// Pairs that the kernel works on together: those beyond the batch are scored too.
const GROUP: usize = 16;

/// Similarities of each pair's positive to each candidate, for one block of pairs; holes score -2. Empties
/// `picked`. `positives` begin with the block's first.
pub fn candidate_score(
    plan: &Plan,
    block: &Block,
    positives: &[f32],
    packed: &[f32],
    scores: &mut [f32],
    picked: &mut [u32],
    sizes: &Sizes,
) {
    let candidate_count = plan.header.candidate_count as usize;
    if block.first_pair == 0 {
        picked[..candidate_count * sizes.pair_words].fill(0);
    }
    let left = (plan.header.pair_count.saturating_sub(block.first_pair) as usize).next_multiple_of(GROUP);
    for local_pair in 0..left.min(block.pair_count as usize) {
        let positive = &positives[local_pair * sizes.dim()..][..sizes.dim()];
        for candidate in 0..candidate_count {
            let mut score = if plan.rows()[candidate] == NONE { -2.0 } else { 0.0f32 };
            for d in 0..sizes.dim() {
                score += packed[d * candidate_count + candidate] * positive[d];
            }
            scores[(block.first_row as usize + local_pair) * candidate_count + candidate] = score;
        }
    }
}
