//! Twin of `shaders/history_user.wgsl`.

use super::{dot, item_weight, point};
use crate::step::layout::NONE;
use crate::step::{Plan, StepShape};

/// The user of each pair: h = e_u + (g / n) (S - the pair's positive), and its point.
pub fn history_user(plan: &Plan, histories: &[f32], working: &mut [f32], shape: &StepShape) {
    let dim = shape.padded_dim();
    for pair in 0..plan.header.pair_count as usize {
        let own = plan.own_users()[pair];
        let mut h = match plan.rows()[own as usize] {
            NONE => vec![0.0; dim],
            _ => point(working, shape, own).to_vec(),
        };
        let weight = item_weight(plan, shape, pair);
        if weight != 0.0 {
            let sum = &histories[(own - plan.header.item_slot_count) as usize * dim..][..dim];
            let takes_out = plan.history_size(pair).1;
            for d in 0..dim {
                let taken = if takes_out { point(working, shape, plan.positives()[pair])[d] } else { 0.0 };
                h[d] += weight * (sum[d] - taken);
            }
        }
        let squares = dot(&h, &h);
        let scale = shape.geometry.sum_scale(squares);
        h.iter_mut().for_each(|x| *x *= scale);
        let at = plan.users()[pair] as usize * shape.slot_numbers();
        working[at..at + dim].copy_from_slice(&h);
        let height = shape.geometry.point_height(squares * scale * scale);
        working[at + dim..][..4].copy_from_slice(&[scale, 0.0, 0.0, height]);
        if shape.plan.shares_candidates() && shape.has_left_rows() {
            working[shape.left_rows_at() * 4 + pair * dim..][..dim].copy_from_slice(&h);
        }
    }
}
