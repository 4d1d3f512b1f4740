//! Twin of `shaders/triplet_loss.wgsl`.

use super::{Sizes, dot, negative_slot, vector};
use crate::gpu::layout::{NONE, PairLoss, Settings};
use crate::sampling::Plan;

/// Each pair's nearest negative and hinge, and the sums of each group of pairs.
pub fn triplet_loss(
    plan: &Plan,
    settings: &Settings,
    rows: &[f32],
    picks: &[u32],
    similarities: &mut [f32],
    pairs: &mut [PairLoss],
    sizes: &Sizes,
) {
    let squared_distance =
        |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f32>();
    for pair in 0..plan.header.pair_count as usize {
        let user = vector(rows, sizes, plan.users()[pair]);
        let positive = vector(rows, sizes, plan.positives()[pair]);
        let mut loss = PairLoss { nearest: NONE, ..PairLoss::default() };
        let mut sums = [0.0f32; 4];
        let mut nearest_distance = 1e30;
        for k in 0..sizes.negative_count {
            let pick = pair * sizes.negative_count + k;
            let slot = negative_slot(plan, sizes, picks, pick);
            let negative = vector(rows, sizes, slot);
            let similarity = dot(&positive, &negative);
            similarities[pick] = similarity;
            if slot == NONE {
                continue;
            }
            sums[2] += similarity;
            sums[3] += similarity * similarity;
            let distance = squared_distance(&user, &negative);
            if distance < nearest_distance {
                nearest_distance = distance;
                loss.nearest = k as u32;
            }
        }
        if loss.nearest != NONE {
            loss.weight = 1.0;
            loss.hinge = (squared_distance(&user, &positive) - nearest_distance + settings.margin).max(0.0);
            sums[0] = loss.weight * loss.hinge;
            sums[1] = if loss.hinge > 0.0 { 1.0 } else { 0.0 };
        }
        pairs[pair] = loss;
        let first = pair / sizes.pairs_per_group * sizes.pairs_per_group;
        pairs[first].sums.iter_mut().zip(sums).for_each(|(sum, share)| *sum += share);
    }
}
