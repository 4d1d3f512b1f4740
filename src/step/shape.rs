//! The sizes of a run's steps: what they are made of, how the work is cut, and how large each buffer is.

use super::layout::{Block, PairSums, RowState, Shards, StepSums};
use super::{Geometry, Loss, NetShape, Of, Optimizer, PlanShape, TILE};
use crate::data::Side;
use crate::{Error, Result};

/// What all steps of a run have in common. All kernels' constants and all buffers' sizes follow from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepShape {
    /// The sizes that the planner knows.
    pub plan: PlanShape,
    /// D.
    pub dim: usize,
    /// Which point a row stands for.
    pub geometry: Geometry,
    /// What turns scores into slopes.
    pub loss: Loss,
    /// Weight of L_GOR; 0: off.
    pub gor_weight: f64,
    /// Weight of L_cov; 0: off.
    pub covariance_weight: f64,
    /// An item bias moves at this share of the learning rate; 0: there are none.
    pub item_bias_rate: f64,
    /// What turns gradients into steps.
    pub optimizer: Optimizer,
    /// Row shards that a dispatch over the tables covers, at most.
    pub shards_per_dispatch: usize,
    /// Bytes that the candidate scores of one block of pairs may take.
    pub block_bytes: usize,
    /// The networks that project features, by [`Side::index`].
    pub nets: [Option<NetShape>; 2],
    /// How the work is cut.
    pub grain: Grain,
}

/// How a step's work is cut into workgroups and threads. Sums within a row depend on it, so it follows from the kind
/// of adapter alone: if a measurement chose it, runs of the same seed would differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grain {
    /// Threads of a workgroup that owns rows or pairs, at most.
    pub row_lanes: usize,
    /// Pairs of a workgroup of `pair_score` or of a loss.
    pub pairs_per_group: usize,
    /// Row slots of a workgroup of `point_gradient` or of an optimizer, 32 at most.
    pub slots_per_group: usize,
    /// Threads of a workgroup of `negative_draw`.
    pub draw_lanes: usize,
    /// Threads of a workgroup of a loss.
    pub loss_lanes: usize,
    /// Threads of the one workgroup that sums a step.
    pub sum_lanes: usize,
    /// Threads of a subgroup, if the kernels are to use subgroups: workgroups of that size need no workgroup
    /// memory, and the products with the candidates are those called `..._subgroup`. Otherwise 0.
    pub subgroup_lanes: usize,
    /// Vec4 of a row that a thread of `candidate_score_subgroup` holds of each candidate, [`HELD_CHUNKS`] at most.
    /// Compiling takes longer the more it holds, so tests hold fewer.
    pub held_chunks: usize,
}

impl Grain {
    /// For a GPU: workgroups of a warp or wave, and many of them.
    pub const GPU: Grain = Grain {
        row_lanes: 32,
        pairs_per_group: 1,
        slots_per_group: 1,
        draw_lanes: 32,
        loss_lanes: 32,
        sum_lanes: 256,
        subgroup_lanes: 0,
        held_chunks: HELD_CHUNKS,
    };
    /// For a driver that runs the threads of a subgroup as the lanes of a CPU's vectors: workgroups of one vector,
    /// and much work for each value that is read, since reading costs it more than arithmetic.
    pub const CPU: Grain = Grain {
        row_lanes: 8,
        pairs_per_group: 16,
        slots_per_group: 32,
        draw_lanes: 8,
        loss_lanes: 8,
        sum_lanes: 8,
        subgroup_lanes: 8,
        held_chunks: HELD_CHUNKS,
    };
}

/// Steps that one submission may have: the length of the log.
pub const MAX_STEPS: usize = 512;
/// Bytes for the plans of one submission.
pub const PLAN_BYTES: u64 = 16 << 20;
/// Bytes of candidate scores in one block, unless a test asks for less.
pub const BLOCK_BYTES: usize = 64 << 20;

/// The most vec4 of a row that a thread of `candidate_score_subgroup` holds of each candidate.
pub const HELD_CHUNKS: usize = 32;
/// Vec4 that a uniform binding holds (64 KiB, WebGPU's default limit).
pub const WINDOW_CHUNKS: usize = 4096;
/// Alignment of a part of the working set, in vec4 (256 bytes, WebGPU's default limit), and so of a window, in pairs.
const ALIGNMENT: usize = 16;

/// A buffer that the steps of a run share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepBuffer {
    /// What the kernels call it.
    pub name: &'static str,
    /// Its size.
    pub bytes: usize,
    /// The flags that decide its size.
    pub flags: &'static str,
}

impl StepShape {
    /// D / 4, padded.
    pub fn chunk_count(&self) -> usize {
        self.dim.div_ceil(4)
    }

    /// D, padded to a multiple of 4.
    pub fn padded_dim(&self) -> usize {
        self.chunk_count() * 4
    }

    /// Numbers of a row slot: D padded, and one vec4 more.
    pub fn slot_numbers(&self) -> usize {
        self.padded_dim() + 4
    }

    /// The networks that project features.
    pub fn nets(&self) -> impl Iterator<Item = (Side, NetShape)> {
        Side::ALL.into_iter().filter_map(move |side| Some((side, self.nets[side.index()]?)))
    }

    /// What stages of `of` work on, as the shape of steps on its tables.
    pub fn part(&self, of: Of) -> StepShape {
        match (of, of.side().and_then(|side| self.nets[side.index()])) {
            (Of::Layer(_, layer), Some(net)) => net.layer(layer, self),
            _ => *self,
        }
    }

    /// All tables of a step: those of the points, then those of each network's layers.
    pub fn tables(&self) -> Vec<Of> {
        let layers =
            self.nets().flat_map(|(side, net)| net.layers().iter().map(move |&layer| Of::Layer(side, layer)));
        std::iter::once(Of::Points).chain(layers).collect()
    }

    /// The most bytes of each plan of a step, in the order of [`StepShape::tables`].
    pub fn plan_bytes(&self) -> Vec<u64> {
        let bytes = |of: Of| match (of, of.side().and_then(|side| self.nets[side.index()])) {
            (Of::Layer(_, layer), Some(net)) => net.plan_capacity_bytes(layer, self),
            _ => self.plan.plan_capacity_bytes(),
        };
        self.tables().into_iter().map(bytes).collect()
    }

    /// Bytes through which a dispatch reads its plan.
    pub fn plan_window(&self) -> u64 {
        self.plan_bytes().into_iter().max().unwrap_or(0)
    }

    /// Rows of the tables: items, then users, if these have rows.
    pub fn table_rows(&self) -> usize {
        self.plan.table_rows()
    }

    /// Whether GOR is on: positives are scored against their negatives too.
    pub fn has_spread(&self) -> bool {
        self.gor_weight > 0.0
    }

    /// Whether the covariance of the points is in the loss.
    pub fn has_covariance(&self) -> bool {
        self.covariance_weight > 0.0
    }

    /// The parts of the row slots over which the sums for the covariance are made: as many as make 256 workgroups with the
    /// tiles of the matrix, but of 64 slots at least.
    pub fn covariance_parts(&self) -> usize {
        let tiles = self.padded_dim().div_ceil(TILE as usize);
        (256 / (tiles * tiles)).min(self.plan.row_capacity().div_ceil(TILE as usize)).max(1)
    }

    /// Threads of a workgroup that owns rows or pairs: each has at most four vec4 of a row.
    pub fn lane_count(&self) -> usize {
        let chunks = self.chunk_count();
        self.grain.row_lanes.max(chunks.div_ceil(4)).min(chunks).next_multiple_of(8)
    }

    /// Whether `row_load` copies the pairs' left rows for `candidate_score_subgroup`: their users if candidates are
    /// shared, else their positives.
    pub fn has_left_rows(&self) -> bool {
        self.grain.subgroup_lanes > 0 && self.plan.candidate_count > 0
    }

    /// Where the left rows begin in the working set, in vec4.
    pub fn left_rows_at(&self) -> usize {
        (self.plan.row_capacity() * (self.chunk_count() + 1)).next_multiple_of(ALIGNMENT)
    }

    /// Vec4 of the working set. Every window of left rows is a whole one.
    pub fn working_chunks(&self) -> usize {
        let left_rows =
            if self.has_left_rows() { self.plan.batch_size * self.chunk_count() + WINDOW_CHUNKS } else { 0 };
        self.left_rows_at() + left_rows
    }

    /// The window of left rows from pair `first_pair` on, in vec4 of the working set.
    pub fn window(&self, first_pair: usize) -> std::ops::Range<usize> {
        let first = self.left_rows_at() + first_pair * self.chunk_count();
        first..first + WINDOW_CHUNKS
    }

    /// Pairs of a block: their scores of all candidates fit `block_bytes`.
    pub fn block_pairs(&self) -> usize {
        let fitting = self.block_bytes / (self.plan.candidate_slot_capacity() * 4).max(1);
        (fitting / ALIGNMENT)
            .max(1)
            .saturating_mul(ALIGNMENT)
            .min(self.plan.batch_size.next_multiple_of(ALIGNMENT))
    }

    /// Pairs of a window of `candidate_score_subgroup`: their left rows fit a uniform binding.
    pub fn window_pairs(&self) -> usize {
        (WINDOW_CHUNKS / self.chunk_count() / ALIGNMENT * ALIGNMENT).min(self.block_pairs())
    }

    /// The blocks of a full batch.
    pub fn blocks(&self) -> Vec<Block> {
        let (batch_size, pair_count) = (self.plan.batch_size, self.block_pairs());
        let block = |first_pair: usize| Block {
            first_pair: first_pair as u32,
            first_row: 0,
            pair_count: pair_count.min(batch_size - first_pair) as u32,
            unused_0: 0,
        };
        (0..batch_size).step_by(pair_count).map(block).collect()
    }

    /// The windows of one block.
    pub fn windows(&self, block: &Block) -> Vec<Block> {
        let window = self.window_pairs();
        let block_window = |first_row: usize| Block {
            first_pair: block.first_pair + first_row as u32,
            first_row: first_row as u32,
            pair_count: window.min(block.pair_count as usize - first_row) as u32,
            unused_0: 0,
        };
        (0..block.pair_count as usize).step_by(window).map(block_window).collect()
    }

    /// The parts of the tables that dispatches cover.
    pub fn table_shards(&self) -> Vec<Shards> {
        Shards::of_table(self.table_rows(), self.plan.rows_per_shard, self.shards_per_dispatch)
    }

    /// How `candidate_score_subgroup` takes a row: (segments, blocks of as many vec4 as there are lanes in each).
    pub(super) fn row_segments(&self) -> (usize, usize) {
        let lanes = self.grain.subgroup_lanes.max(1);
        let blocks = self.chunk_count().div_ceil(lanes);
        let segments = (blocks * lanes).div_ceil(self.grain.held_chunks);
        (segments, blocks.div_ceil(segments))
    }

    /// The buffers that the kernels share, but for the tables and what the CPU writes.
    pub fn buffers(&self) -> Vec<StepBuffer> {
        let (pairs, picks) = (self.plan.batch_size, self.plan.batch_size * self.plan.negative_count);
        let (candidates, is_shared) = (self.plan.candidate_slot_capacity(), self.plan.shares_candidates());
        let user_gradients = if is_shared { pairs * self.padded_dim() } else { 0 };
        let covariance = match self.has_covariance() {
            true => (self.padded_dim() + 1) * self.slot_numbers(),
            false => 0,
        };
        let histories = match self.plan.history {
            Some(_) => self.plan.user_slot_capacity() * self.padded_dim(),
            None => 0,
        };
        let buffer = |name, words: usize, flags| StepBuffer { name, bytes: words * 4, flags };
        vec![
            buffer("working", self.working_chunks() * 4, "--batch-size, --candidates, --negatives, --dim"),
            buffer("candidate_scores", self.block_pairs() * candidates, "--candidates"),
            buffer("picks", picks, "--batch-size, --negatives"),
            buffer(
                "picked",
                if is_shared { 0 } else { candidates * self.plan.pair_words() },
                "--candidates, --batch-size",
            ),
            buffer("scores", pairs + picks, "--batch-size, --negatives"),
            buffer("spread", if self.has_spread() { picks } else { 0 }, "--batch-size, --negatives"),
            buffer("pairs", pairs * size_of::<PairSums>() / 4, "--batch-size"),
            buffer("spread_line", 2, ""),
            buffer("user_gradients", user_gradients, "--batch-size, --dim"),
            buffer(
                "gradients",
                self.plan.row_capacity() * self.slot_numbers(),
                "--batch-size, --candidates, --negatives, --dim",
            ),
            buffer("histories", histories, "--batch-size, --dim"),
            buffer("covariance_parts", self.covariance_parts() * covariance, "--dim"),
            buffer("covariance", covariance, "--dim"),
            buffer("step_log", MAX_STEPS * size_of::<StepSums>() / 4, ""),
        ]
    }

    /// Bytes on the device for the tables and the rest, by purpose.
    pub fn memory(&self) -> Vec<(&'static str, u64)> {
        let parts: Vec<StepShape> = self.tables().into_iter().map(|of| self.part(of)).collect();
        let rows = parts.iter().map(|part| part.table_rows() as u64).sum::<u64>();
        let numbers = parts.iter().map(|part| part.table_rows() as u64 * part.chunk_count() as u64 * 16);
        let numbers = numbers.sum::<u64>();
        let moments = self.optimizer.moments().len() as u64;
        let of_nets = self.nets().flat_map(|(_, net)| net.buffers(self));
        let buffers: u64 = self.buffers().into_iter().chain(of_nets).map(|buffer| buffer.bytes as u64).sum();
        vec![
            ("rows", numbers),
            ("moments", moments * numbers),
            ("row states", rows * size_of::<RowState>() as u64),
            ("working set", buffers),
            ("plans", PLAN_BYTES + self.plan_bytes().iter().sum::<u64>()),
        ]
    }

    /// Checks that everything fits the bindings of the adapter `adapter`, which end at `limit` bytes.
    ///
    /// # Errors
    /// [`Error::Gpu`] naming the buffer that does not fit, and the flags that decide its size.
    pub fn check_bindings(&self, limit: u64, adapter: &str) -> Result<()> {
        let plan = StepBuffer {
            name: "plan",
            bytes: self.plan_window() as usize,
            flags: "--batch-size, --negatives",
        };
        let of_nets = self.nets().flat_map(|(_, net)| net.buffers(self));
        match self
            .buffers()
            .into_iter()
            .chain(of_nets)
            .chain([plan])
            .find(|buffer| buffer.bytes as u64 > limit)
        {
            None => Ok(()),
            Some(StepBuffer { name, bytes, flags }) => {
                let is_longer =
                    self.plan.history.is_some() && ["working", "gradients", "plan"].contains(&name);
                let more = if is_longer { ", --history-cap" } else { "" };
                Err(Error::Gpu(format!(
                    "a step's {name} would need {bytes} bytes in one binding, but those of {adapter} end at {limit}; \
                     lower one of {flags}{more}"
                )))
            }
        }
    }
}
