//! Twin of `shaders/candidate_score.wgsl`.

use super::Sizes;
use crate::gpu::layout::{Block, NONE};
use crate::sampling::Plan;

/// Similarities of each pair's positive to each candidate, for the block's two windows of pairs; holes score
/// -2. Empties `picked`. `positives` begin with the block's first.
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
    let pair_count = plan.header.pair_count as usize;
    for local_pair in 0..2 * sizes.window_pairs {
        // A thread's pairs stand together in each window, and are scored where the first is in the batch.
        let first = local_pair % sizes.window_pairs / sizes.pairs_per_thread * sizes.pairs_per_thread;
        if block.first_pair as usize + first >= pair_count {
            continue;
        }
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
