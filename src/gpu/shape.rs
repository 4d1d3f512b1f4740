//! The sizes of a run's steps: what they need of the device, and how the working set is laid out.

use super::device::Gpu;
use super::kernel::Named;
use super::layout::Block;
use crate::optimizer::Optimizer;
use crate::sampling::PlanShape;
use crate::{Error, Result};

/// The sizes of a run's steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepShape {
    /// The sizes that the planner knows.
    pub plan: PlanShape,
    /// D.
    pub dim: usize,
    /// Threads of a workgroup that owns a quad of rows, at most: see [`StepShape::row_lanes`].
    pub row_lanes: usize,
}

/// Steps that one submission may have: the length of the log.
pub(super) const MAX_STEPS: usize = 512;
/// Bytes for the plans of one submission.
pub(super) const PLAN_BYTES: u64 = 16 << 20;
/// Bytes that the scores of one block of pairs may take.
const SCORE_BYTES: usize = 64 << 20;
/// Pairs that one thread of `candidate_score` scores; a window is a multiple of it.
const POSITIVES_PER_THREAD: usize = 16;
/// Quads of candidates that one thread of `candidate_score` scores.
const QUADS_PER_THREAD: u32 = 2;
/// Threads of a workgroup of `candidate_score`.
pub(crate) const SCORE_LANES: usize = 32;
/// Vec4 that a uniform binding holds (64 KiB, WebGPU's default limit).
const WINDOW_CHUNKS: usize = 4096;
/// Alignment of a part of the working set, in vec4: 256 bytes, WebGPU's default limit.
const PART_ALIGNMENT: usize = 16;
/// Threads of a workgroup of `negative_draw`.
pub(crate) const DRAW_LANES: usize = 32;

impl StepShape {
    /// Threads a quad of rows on this kind of adapter: one vector of a CPU, one warp or wave of a GPU.
    pub fn row_lanes(gpu: &Gpu) -> usize {
        if gpu.adapter().kind == "cpu" { 8 } else { 32 }
    }

    /// D / 4, padded.
    pub fn chunk_count(&self) -> usize {
        self.dim.div_ceil(4)
    }

    /// Threads of a workgroup that owns a quad of rows: each has at most four vec4 of a row.
    pub fn lane_count(&self) -> usize {
        let chunks = self.chunk_count();
        self.row_lanes.max(chunks.div_ceil(4)).min(chunks).next_multiple_of(8)
    }

    /// Pairs of one dispatch of `candidate_score`: those whose positives fit a uniform binding.
    pub fn window_pairs(&self) -> usize {
        let fitting = (WINDOW_CHUNKS / self.chunk_count()).min(self.score_rows());
        let whole = (fitting / POSITIVES_PER_THREAD).max(1) * POSITIVES_PER_THREAD;
        whole.min(self.plan.batch_size.next_multiple_of(POSITIVES_PER_THREAD))
    }

    /// Pairs whose scores fit one block, a multiple of [`StepShape::window_pairs`].
    pub fn pair_capacity(&self) -> usize {
        let window = self.window_pairs();
        let fitting = (self.score_rows() / window).max(1) * window;
        fitting.min(self.plan.batch_size.next_multiple_of(window))
    }

    fn score_rows(&self) -> usize {
        SCORE_BYTES / (self.plan.candidate_slot_capacity() * 4).max(1)
    }

    /// The dispatches of `candidate_score`, or of `negative_draw` with `window` the pair capacity.
    pub(crate) fn blocks(&self, window: usize) -> Vec<Block> {
        let block = |first: usize| Block {
            first_pair: first as u32,
            first_row: (first % self.pair_capacity()) as u32,
            pair_count: window as u32,
            unused_0: 0,
        };
        (0..self.plan.batch_size).step_by(window).map(block).collect()
    }

    /// Where the candidates begin in the working set, in vec4.
    pub fn packed_at(&self) -> usize {
        (self.plan.row_capacity() * (self.chunk_count() + 1)).next_multiple_of(PART_ALIGNMENT)
    }

    /// Where the positives begin in the working set, in vec4.
    pub fn positives_at(&self) -> usize {
        let packed = self.plan.candidate_slot_capacity() * self.chunk_count();
        (self.packed_at() + packed.max(1)).next_multiple_of(PART_ALIGNMENT)
    }

    /// Vec4 of the working set. The last window of positives is a whole one.
    pub fn working_count(&self) -> usize {
        if self.plan.candidate_count == 0 {
            return self.positives_at() + PART_ALIGNMENT;
        }
        self.positives_at() + self.plan.batch_size * self.chunk_count() + WINDOW_CHUNKS
    }

    /// The parts of the working set by name, for a dispatch whose first pair is `first_pair`.
    pub(crate) fn parts<'a>(&self, working: &'a wgpu::Buffer, first_pair: usize) -> Vec<Named<'a>> {
        let part = |from: usize, to: usize| wgpu::BufferBinding {
            buffer: working,
            offset: from as u64 * 16,
            size: wgpu::BufferSize::new((to - from) as u64 * 16),
        };
        let positives = self.positives_at() + first_pair * self.chunk_count();
        vec![
            ("working", working.as_entire_buffer_binding()),
            ("rows", part(0, self.packed_at())),
            ("packed", part(self.packed_at(), self.positives_at())),
            ("positives", part(positives, (positives + WINDOW_CHUNKS).min(self.working_count()))),
        ]
    }

    /// The values of the kernels' `override` constants, but for `lane_count`.
    pub fn constants(&self, optimizer: Optimizer) -> Vec<(&'static str, f64)> {
        vec![
            ("chunk_count", self.chunk_count() as f64),
            ("negative_count", self.plan.negative_count as f64),
            ("pair_words", self.plan.pair_words() as f64),
            ("packed_at", self.packed_at() as f64),
            ("positives_at", self.positives_at() as f64),
            ("has_momentum", f64::from(u8::from(optimizer == Optimizer::Adam))),
        ]
    }

    /// Bytes on the device for tables and working set, by what they are for.
    pub fn memory(&self, optimizer: Optimizer) -> Vec<(&'static str, u64)> {
        let rows = (self.plan.item_count + self.plan.user_count) as u64;
        let row_bytes = self.chunk_count() as u64 * 16;
        let moments = if optimizer == Optimizer::Adam { 2 } else { 0 };
        vec![
            ("points", rows * row_bytes),
            ("moments", moments * rows * row_bytes),
            ("last steps", rows * 4),
            ("working set", self.working_bytes() + self.row_bytes() + self.picked_bytes()),
            ("scores", self.score_bytes()),
            ("plans", PLAN_BYTES + self.plan.plan_capacity_bytes()),
        ]
    }

    /// Whether everything fits the adapter's bindings.
    ///
    /// # Errors
    /// [`Error::Gpu`] naming what does not, and the flags that decide its size.
    pub fn check(&self, gpu: &Gpu) -> Result<()> {
        let limit = gpu.max_binding_bytes();
        let needs = [
            ("the working set (--batch-size, --candidates, --dim)", self.working_bytes()),
            ("the picks (--candidates, --batch-size)", self.picked_bytes()),
            ("the scores (--candidates)", self.score_bytes()),
            ("a step's plan (--batch-size, --negatives)", self.plan.plan_capacity_bytes()),
        ];
        for (what, bytes) in needs {
            if bytes > limit {
                return Err(Error::Gpu(format!(
                    "{what} would need {bytes} bytes in one binding; {} ends at {limit}",
                    gpu.adapter().name
                )));
            }
        }
        Ok(())
    }

    pub(super) fn row_bytes(&self) -> u64 {
        (self.plan.row_capacity() * (self.chunk_count() + 1) * 16) as u64
    }

    pub(super) fn working_bytes(&self) -> u64 {
        self.working_count() as u64 * 16
    }

    pub(super) fn picked_bytes(&self) -> u64 {
        (self.plan.candidate_slot_capacity() * self.plan.pair_words() * 4) as u64
    }

    pub(super) fn score_bytes(&self) -> u64 {
        (self.pair_capacity() * self.plan.candidate_slot_capacity() * 4) as u64
    }
}

/// Workgroups of `candidate_score` for a number of pairs.
pub(crate) fn score_groups(candidate_count: u32, pair_count: u32) -> (u32, u32) {
    let quads_per_group = SCORE_LANES as u32 * QUADS_PER_THREAD;
    (pair_count.div_ceil(POSITIVES_PER_THREAD as u32), (candidate_count / 4).div_ceil(quads_per_group))
}
