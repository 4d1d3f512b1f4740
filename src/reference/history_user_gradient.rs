//! Twin of `shaders/history_user_gradient.wgsl`.

use super::item_weight;
use crate::step::{Plan, StepShape};

/// Of each user of the batch dL/de_u, and in the place of S what every item of the history gets of it.
pub fn history_user_gradient(plan: &Plan, gradients: &mut [f32], histories: &mut [f32], shape: &StepShape) {
    let (dim, stride) = (shape.padded_dim(), shape.slot_numbers());
    for slot in plan.header.item_slot_count..plan.header.pair_slots_at {
        let (mut of_user, mut of_items) = (vec![0.0f32; dim], vec![0.0f32; dim]);
        let pairs = plan.history_pairs(slot);
        for &pair in pairs {
            let weight = item_weight(plan, shape, pair as usize);
            let g = &gradients[plan.users()[pair as usize] as usize * stride..][..dim];
            for d in 0..dim {
                of_user[d] += g[d];
                of_items[d] += weight * g[d];
            }
        }
        let at = slot as usize * stride;
        gradients[at..at + dim].copy_from_slice(&of_user);
        gradients[at + dim..][..4].copy_from_slice(&[pairs.len() as f32, 0.0, 0.0, 0.0]);
        let user = (slot - plan.header.item_slot_count) as usize;
        histories[user * dim..][..dim].copy_from_slice(&of_items);
    }
}
