//! Twin of `shaders/history_sum.wgsl`.

use super::point;
use crate::step::{Plan, StepShape};

/// S of each user of the batch: the sum of the points of their history.
pub fn history_sum(plan: &Plan, points: &[f32], histories: &mut [f32], shape: &StepShape) {
    let dim = shape.padded_dim();
    for slot in plan.header.item_slot_count..plan.header.pair_slots_at {
        let user = (slot - plan.header.item_slot_count) as usize;
        let sum = &mut histories[user * dim..][..dim];
        sum.fill(0.0);
        for &item in plan.history(slot) {
            for d in 0..dim {
                sum[d] += point(points, shape, item)[d];
            }
        }
    }
}
