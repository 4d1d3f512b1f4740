//! The structs that Rust and WGSL share. A test compares each with the offsets that naga computes.

use super::Plan;
use bytemuck::{Pod, Zeroable};

/// Mirror of `Settings` in `shaders/include/settings.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct Settings {
    /// Weight of L_GOR.
    pub gor_weight: f32,
    /// 1 / D, D before padding.
    pub inverse_dim: f32,
    /// Exponent of stage 2.
    pub hardness: f32,
    /// Decay of the first moment.
    pub beta_1: f32,
    /// Decay of the second moment.
    pub beta_2: f32,
    /// Added to the root of the corrected second moment.
    pub epsilon: f32,
    /// ln beta_1.
    pub log_beta_1: f32,
    /// ln beta_2.
    pub log_beta_2: f32,
    /// ln( beta_1 / sqrt(beta_2) ).
    pub log_ratio: f32,
    /// Entries of the catch-up table.
    pub catch_up_count: u32,
    /// An item bias moves at this share of the learning rate; 0: there are none.
    pub item_bias_rate: f32,
    /// Weight of L_cov.
    pub covariance_weight: f32,
}

/// Mirror of `Shards` in `shaders/include/shards.wgsl`: the row shards that one dispatch covers.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct Shards {
    /// Position in the table's list of the first.
    pub first: u32,
    /// Position of the first after these.
    pub end: u32,
    /// Table row of their first row.
    pub first_row: u32,
    /// Rows of all of them.
    pub row_count: u32,
    /// Rows of every shard but the table's last.
    pub rows_per_shard: u32,
    /// `row_catch_up`: the step up to which rows are brought.
    pub step: u32,
}

impl Shards {
    /// The dispatches that cover a table of `row_count` rows, `shards_per_dispatch` shards at a time.
    pub fn of_table(row_count: usize, rows_per_shard: usize, shards_per_dispatch: usize) -> Vec<Shards> {
        let dispatch_rows = rows_per_shard * shards_per_dispatch;
        let dispatches = (0..row_count).step_by(dispatch_rows).enumerate();
        let shards = dispatches.map(|(index, first_row)| {
            let row_count = dispatch_rows.min(row_count - first_row);
            let first = index * shards_per_dispatch;
            Shards {
                first: first as u32,
                end: (first + row_count.div_ceil(rows_per_shard)) as u32,
                first_row: first_row as u32,
                row_count: row_count as u32,
                rows_per_shard: rows_per_shard as u32,
                step: 0,
            }
        });
        shards.collect()
    }

    /// Their rows.
    pub fn rows(&self) -> std::ops::Range<usize> {
        self.first_row as usize..(self.first_row + self.row_count) as usize
    }

    /// Their positions in the table's list.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.first as usize..self.end as usize
    }
}

/// Mirror of `RowState` in `shaders/include/row_states.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Default, Pod, Zeroable)]
pub struct RowState {
    /// |x|^2.
    pub squares: f32,
    /// x . drift.
    pub along: f32,
    /// |drift|^2.
    pub drift_squares: f32,
    /// The item bias o_j; 0 for users.
    pub bias: f32,
    /// Its first moment, as the tables hold drifts.
    pub bias_drift: f32,
    /// Its second moment.
    pub bias_variance: f32,
    /// To 32 bytes.
    pub unused_0: f32,
    /// The step that last touched the row; 0: none yet.
    pub last_step: u32,
}

impl RowState {
    /// The state of a row with the item bias `bias` that no step has touched.
    pub fn at_rest(row: &[f32], bias: f32) -> RowState {
        RowState { squares: row.iter().map(|x| x * x).sum(), bias, ..RowState::default() }
    }
}

/// Mirror of `Block` in `shaders/include/block.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
pub struct Block {
    /// The first pair of the dispatch in the batch.
    pub first_pair: u32,
    /// Its row in the candidate scores.
    pub first_row: u32,
    /// Pairs of the dispatch at most.
    pub pair_count: u32,
    /// To 16 bytes.
    pub unused_0: u32,
}

impl Block {
    /// How many of its pairs the batch of `plan` has.
    pub fn pairs_of(&self, plan: &Plan) -> usize {
        self.pair_count.min(plan.header.pair_count.saturating_sub(self.first_pair)) as usize
    }
}

/// Mirror of the fixed part of `Plan` in `shaders/include/plan.wgsl`, where each field is explained.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Default, Pod, Zeroable)]
#[allow(missing_docs, reason = "each field is explained in plan.wgsl")]
pub struct PlanHeader {
    pub step: u32,
    pub log_slot: u32,
    pub pair_count: u32,
    pub candidate_count: u32,
    pub item_slot_count: u32,
    pub row_count: u32,
    pub draw_key_0: u32,
    pub draw_key_1: u32,
    pub step_size: f32,
    pub root_bias_2: f32,
    pub drift_epsilon: f32,
    pub rows_at: u32,
    pub users_at: u32,
    pub positives_at: u32,
    pub negatives_at: u32,
    pub uses_at: u32,
    pub excluded_at: u32,
    pub quads_at: u32,
    pub shards_at: u32,
    pub offsets_at: u32,
    pub projected_count: u32,
    pub projected_weight: f32,
    pub bias_slot: u32,
    pub projected_at: u32,
    pub entries_at: u32,
    pub own_users_at: u32,
    pub pair_slots_at: u32,
    pub histories_at: u32,
    pub history_pairs_at: u32,
    pub takers_at: u32,
    pub history_sizes_at: u32,
}

/// Mirror of `PairSums` in `shaders/include/scores.wgsl`: what a pair adds to the step's sums.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Default, Pod, Zeroable)]
pub struct PairSums {
    /// The pair's loss.
    pub loss: f32,
    /// 1 if any of the pair's slopes is not zero.
    pub is_active: f32,
    /// Sum over k of the spread scores v_p . v_k (GOR).
    pub spread_1: f32,
    /// Sum of their squares.
    pub spread_2: f32,
    /// Sum of all slopes of the pair.
    pub slopes: f32,
}

/// Mirror of `StepSums` in `shaders/include/step_log.wgsl`: what a step reports.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Default, Pod, Zeroable)]
pub struct StepSums {
    /// Sum of the pairs' losses, without regularisers.
    pub loss: f32,
    /// Pairs that any slope moves.
    pub active_count: f32,
    /// M1 of Tran et al. 2019, eq. 3; 0 without GOR.
    pub moment_1: f32,
    /// M2.
    pub moment_2: f32,
    /// L_f of the rows that the step projects (Hsieh et al. 2017, 3.3); 0 without features.
    pub feature_loss: f32,
    /// L_cov of Hsieh et al. 2017, 3.4; 0 without it.
    pub covariance: f32,
    /// 1: the step loaded or left a row that is not finite, or whose |x|^2 or moments are not.
    pub bad_rows: u32,
}

impl StepSums {
    /// Whether all is finite that the step made: its sums, and the rows that it loaded and left.
    pub fn is_sound(&self) -> bool {
        let sums = [self.loss, self.moment_1, self.moment_2, self.feature_loss, self.covariance];
        self.bad_rows == 0 && sums.iter().all(|x| x.is_finite())
    }
}

/// The score of what is no negative: `far` in the shaders.
pub const FAR: f32 = -1e30;

/// No row, no slot, no pick: `none` in the shaders.
pub const NONE: u32 = u32::MAX;
