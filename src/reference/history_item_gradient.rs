//! Twin of `shaders/history_item_gradient.wgsl`.

use super::item_weight;
use crate::step::{Plan, StepShape};

/// Adds to dL/de of each item what it gets as a part of histories.
pub fn history_item_gradient(plan: &Plan, histories: &[f32], gradients: &mut [f32], shape: &StepShape) {
    let (dim, stride) = (shape.padded_dim(), shape.slot_numbers());
    for slot in 0..plan.header.item_slot_count {
        let takers = plan.takers(slot);
        if takers.is_empty() {
            continue;
        }
        let at = slot as usize * stride;
        let is_used = gradients[at + dim] != 0.0;
        let mut sum = if is_used { gradients[at..at + dim].to_vec() } else { vec![0.0; dim] };
        for &user in takers {
            for d in 0..dim {
                sum[d] += histories[user as usize * dim + d];
            }
        }
        for pair in plan.uses(slot).iter().filter(|&code| code % 2 == 0).map(|code| *code as usize / 2) {
            if plan.history_size(pair).1 {
                let weight = item_weight(plan, shape, pair);
                let g = &gradients[plan.users()[pair] as usize * stride..][..dim];
                for d in 0..dim {
                    sum[d] -= weight * g[d];
                }
            }
        }
        gradients[at..at + dim].copy_from_slice(&sum);
        gradients[at + dim + 3] = takers.len() as f32;
    }
}
