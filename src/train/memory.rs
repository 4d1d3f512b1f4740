//! How much memory of the machine a training takes, beside that of the device.

use super::config::TrainConfig;
use super::steps::{PLANS_AHEAD, planning_threads};
use crate::data::{Interactions, Split};
use crate::evaluate::{DIALS, working_bytes};
use crate::step::layout::RowState;
use crate::step::{PLAN_BYTES, StepShape};

/// The part of [`host_memory`] that is taken before a training begins.
pub(super) const HELD: &str = "interactions";

/// Bytes of the machine's memory at the peak of a training, by purpose. `train` are the pairs that it takes from `split`.
pub(super) fn host_memory(
    shape: &StepShape,
    split: &Split,
    train: &Interactions,
    config: &TrainConfig,
) -> Vec<(&'static str, u64)> {
    let (users, items) = (train.user_count() as u64, train.item_count() as u64);
    let pairs = train.len() as u64;
    let held = [&*split.train, &split.valid, &split.test].map(Interactions::byte_count).iter().sum();
    let is_validated = !split.valid.is_empty();
    // The best embeddings stay beside those that are ranked.
    let copies = if is_validated { 2 } else { 1 };
    // Of the points, and of the networks' layers.
    let parts = shape.tables().into_iter().map(|of| shape.part(of));
    let table = parts.map(|part| part.table_rows() as u64 * part.dim as u64 * 4).sum::<u64>();
    // Those of users that have no rows are made of their items.
    let made = if shape.table_rows() == shape.plan.item_count { users * shape.dim as u64 * 4 } else { 0 };
    let table = table + made;
    let has_bias = config.item_bias.is_some();
    let states = if has_bias { shape.table_rows() as u64 * size_of::<RowState>() as u64 } else { 0 };
    let dials = if has_bias { DIALS.len() } else { 1 };
    let ranking =
        if is_validated { working_bytes(users, items, shape.dim, config.stopping.k, dials) } else { 0 };
    // The users of the pairs, and the orders of two epochs; a third while it is made.
    let order = pairs * 4 * 4;
    let plans = (planning_threads() * (PLANS_AHEAD + 2)) as u64 * shape.plan_bytes().iter().sum::<u64>()
        + 2 * PLAN_BYTES;
    vec![
        (HELD, held),
        ("epoch order", order),
        ("plans", plans),
        ("embeddings", copies * table + states),
        ("ranking", ranking),
    ]
}
