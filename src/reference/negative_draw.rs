//! Twin of `shaders/negative_draw.wgsl`.

use crate::random::pcg4d;
use crate::step::layout::{Block, NONE, Settings};
use crate::step::{Plan, StepShape};

const NEVER: f32 = -1e30;
const NEGATIVE_SIDE: f32 = -64.0;

fn gumbel(bits: u32) -> f32 {
    let v = ((bits >> 9) as f32 + 0.5) * 1.192_092_9e-7;
    let series = v * (1.0 + v * (0.5 + v * (0.333_333_34 + v * 0.25)));
    let exponential = if v < 0.02 { series } else { -(1.0 - v).ln() };
    -exponential.ln()
}

/// The key of a candidate of similarity `s`: its log weight plus Gumbel noise.
pub fn draw_key(settings: &Settings, s: f32, bits: u32) -> f32 {
    if s >= 0.0 {
        return gumbel(bits) - settings.hardness * ((1.0 - s) * (1.0 + s)).max(1e-12).ln();
    }
    if s > -1.5 {
        return gumbel(bits) + NEGATIVE_SIDE;
    }
    NEVER
}

/// The random word of a candidate slot's key for a pair.
pub fn draw_bits(plan: &Plan, pair: usize, slot: usize) -> u32 {
    let header = &plan.header;
    pcg4d([header.draw_key_0, header.draw_key_1, pair as u32, (slot / 4) as u32])[slot % 4]
}

/// For each pair of a block the N candidates with the largest keys, none of them the user's.
pub fn negative_draw(
    plan: &Plan,
    settings: &Settings,
    block: &Block,
    candidate_scores: &mut [f32],
    picks: &mut [u32],
    picked: &mut [u32],
    shape: &StepShape,
) {
    let (candidate_count, negative_count) = (plan.header.candidate_count as usize, shape.plan.negative_count);
    for local_pair in 0..block.pair_count as usize {
        let pair = block.first_pair as usize + local_pair;
        if pair >= plan.header.pair_count as usize {
            break;
        }
        let similarities = &mut candidate_scores[(block.first_row as usize + local_pair) * candidate_count..]
            [..candidate_count];
        for &slot in plan.excluded(plan.own_users()[pair]) {
            similarities[slot as usize] = -2.0;
        }
        let mut keys: Vec<(f32, u32)> = (0..candidate_count)
            .map(|slot| (draw_key(settings, similarities[slot], draw_bits(plan, pair, slot)), slot as u32))
            .collect();
        if negative_count > 1 {
            keys.iter().for_each(|&(key, slot)| similarities[slot as usize] = key);
        }
        keys.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        // The picks are in the order of their slots.
        let best = keys.iter().take(negative_count).filter(|(key, _)| *key > NEVER);
        let mut best: Vec<u32> = best.map(|&(_, slot)| slot).collect();
        best.sort_unstable();
        best.resize(negative_count, NONE);
        for (k, best) in best.into_iter().enumerate() {
            picks[pair * negative_count + k] = best;
            if best != NONE {
                picked[best as usize * shape.plan.pair_words() + pair / 32] |= 1 << (pair % 32);
            }
        }
    }
}
