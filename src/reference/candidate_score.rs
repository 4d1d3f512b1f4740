//! Twin of `shaders/candidate_score.wgsl`.

use super::{Sizes, vector};
use crate::gpu::layout::{Block, NONE};
use crate::sampling::Plan;

/// Similarities of each pair's positive to each candidate, for one block of pairs; holes score -2. Empties `picked`.
pub fn candidate_score(
    plan: &Plan,
    block: &Block,
    rows: &[f32],
    packed: &[f32],
    scores: &mut [f32],
    picked: &mut [u32],
    sizes: &Sizes,
) {
    let candidate_count = plan.header.candidate_count as usize;
    if block.first_pair == 0 {
        picked[..candidate_count * sizes.pair_words].fill(0);
    }
    for local_pair in 0..block.pair_capacity as usize {
        // The kernel works on whole groups of pairs; those beyond the batch repeat its last one.
        let pair = block.first_pair as usize + local_pair;
        let group = pair - local_pair % crate::gpu::POSITIVES_PER_THREAD;
        if group >= plan.header.pair_count as usize {
            break;
        }
        let positive = plan.positives()[pair.min(plan.header.pair_count as usize - 1)];
        let positive = vector(rows, sizes, positive);
        for candidate in 0..candidate_count {
            let mut score = 0.0f32;
            for d in 0..sizes.dim() {
                score += packed[d * candidate_count + candidate] * positive[d];
            }
            scores[local_pair * candidate_count + candidate] =
                if plan.rows()[candidate] == NONE { -2.0 } else { score };
        }
    }
}
