//! The sizes of a run's steps: what they need of the device, and how the working set is laid out.

use super::device::Gpu;
use super::kernel::{Named, fold};
use super::layout::{Block, RowState};
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
    /// How the work is cut.
    pub grain: Grain,
}

/// How a step's work is cut into workgroups and threads. Sums within a row depend on it, so it follows from
/// the kind of adapter alone: chosen by a measurement, it would make runs of the same seed differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grain {
    /// Threads of a workgroup that owns a quad of rows or a pair, at most.
    pub row_lanes: usize,
    /// Positives that one thread of `candidate_score` scores in each of its two windows, at most: a power
    /// of two.
    pub score_pairs: usize,
    /// Quads of candidates that it scores them with.
    pub score_quads: usize,
    /// Pairs that one workgroup of `triplet_loss` sums.
    pub loss_pairs: usize,
    /// Row slots that one workgroup of `row_gradient` or an optimizer looks after, 32 at most.
    pub row_slots: usize,
    /// Threads of a workgroup of `negative_draw`.
    pub draw_lanes: usize,
    /// Whether a thread's vec4 of a table's row are neighbours, or as far apart as the workgroup is wide: where every
    /// thread waits for memory by itself. `row_adam` then also asks for a row's first numbers ahead.
    pub neighbouring_chunks: bool,
    /// Threads of a subgroup, where kernels have them tell one another their values: workgroups of as many
    /// threads go without workgroup memory, and `candidate_score_subgroup` scores. 0: not at all.
    pub subgroup_lanes: usize,
}

impl Grain {
    /// For a driver that runs threads as lanes of a CPU's vectors: workgroups of one vector, and much work
    /// for each value that is read, since reading costs it more than arithmetic.
    pub const VECTOR: Grain = Grain {
        row_lanes: 8,
        score_pairs: 16,
        score_quads: 2,
        loss_pairs: 16,
        row_slots: 32,
        draw_lanes: 8,
        neighbouring_chunks: true,
        subgroup_lanes: 0,
    };
    /// The same for a driver whose threads can tell one another their values.
    pub const SUBGROUP: Grain = Grain { score_pairs: 1, score_quads: 1, subgroup_lanes: 8, ..Grain::VECTOR };
    /// For a GPU: workgroups of a warp or wave, and many of them.
    pub const WARP: Grain = Grain {
        row_lanes: 32,
        score_pairs: 8,
        score_quads: 1,
        loss_pairs: 1,
        row_slots: 1,
        draw_lanes: 32,
        neighbouring_chunks: false,
        subgroup_lanes: 0,
    };

    /// The one for an adapter.
    pub fn of(gpu: &Gpu) -> Grain {
        match gpu.adapter().kind {
            "cpu" if Grain::SUBGROUP.suits(gpu) => Grain::SUBGROUP,
            "cpu" => Grain::VECTOR,
            _ => Grain::WARP,
        }
    }

    /// Whether the adapter has the subgroups that it counts on.
    pub fn suits(&self, gpu: &Gpu) -> bool {
        self.subgroup_lanes == 0 || gpu.subgroup_lanes() == Some(self.subgroup_lanes)
    }
}

/// Steps that one submission may have: the length of the log.
pub(super) const MAX_STEPS: usize = 512;
/// Bytes for the plans of one submission.
pub(super) const PLAN_BYTES: u64 = 16 << 20;
/// Bytes that the scores of one block of pairs may take.
const SCORE_BYTES: usize = 64 << 20;

/// Threads of a workgroup of `candidate_score`.
const SCORE_LANES: usize = 32;
/// Vec4 of a row that a thread of `candidate_score_subgroup` holds of each candidate.
const HELD_CHUNKS: usize = 32;
/// Vec4 that a uniform binding holds (64 KiB, WebGPU's default limit).
const WINDOW_CHUNKS: usize = 4096;
/// Alignment of a part of the working set, in vec4: 256 bytes, WebGPU's default limit.
const PART_ALIGNMENT: usize = 16;

impl StepShape {
    /// D / 4, padded.
    pub fn chunk_count(&self) -> usize {
        self.dim.div_ceil(4)
    }

    /// Threads of a workgroup that owns a quad of rows: each has at most four vec4 of each, or as many of one.
    pub fn lane_count(&self) -> usize {
        let chunks = self.chunk_count();
        self.grain.row_lanes.max(chunks.div_ceil(4)).min(chunks).next_multiple_of(8)
    }

    /// Pairs of one window of `candidate_score`: their positives fit a uniform binding. A multiple of 16, so
    /// that the next window begins where a binding may.
    pub fn window_pairs(&self) -> usize {
        let half = self.plan.batch_size.div_ceil(2);
        let multiple = self.pairs_per_thread().max(PART_ALIGNMENT);
        let fitting = self.fitting_pairs() / multiple * multiple;
        fitting.max(multiple).min(half.next_multiple_of(multiple))
    }

    /// Positives of each window that one thread of `candidate_score` scores.
    pub fn pairs_per_thread(&self) -> usize {
        let half = self.plan.batch_size.div_ceil(2).next_power_of_two();
        let mut pairs = self.grain.score_pairs.min(half);
        while pairs > self.fitting_pairs().max(1) {
            pairs /= 2;
        }
        pairs
    }

    fn fitting_pairs(&self) -> usize {
        (WINDOW_CHUNKS / self.chunk_count()).min(self.score_rows() / 2)
    }

    /// Pairs of one dispatch of `candidate_score`: two windows.
    pub fn score_pairs(&self) -> usize {
        2 * self.window_pairs()
    }

    /// Pairs whose scores fit one block, a multiple of [`StepShape::score_pairs`].
    pub fn pair_capacity(&self) -> usize {
        let span = self.score_pairs();
        let fitting = (self.score_rows() / span).max(1) * span;
        fitting.min(self.plan.batch_size.next_multiple_of(span))
    }

    fn score_rows(&self) -> usize {
        SCORE_BYTES / (self.plan.candidate_slot_capacity() * 4).max(1)
    }

    /// The dispatches of `candidate_score`, or of `negative_draw` with `pair_count` the pair capacity.
    pub(crate) fn blocks(&self, pair_count: usize) -> Vec<Block> {
        let block = |first: usize| Block {
            first_pair: first as u32,
            first_row: (first % self.pair_capacity()) as u32,
            pair_count: pair_count as u32,
            unused_0: 0,
        };
        (0..self.plan.batch_size).step_by(pair_count).map(block).collect()
    }

    /// The kernel that scores the candidates, and the threads of its workgroups.
    pub(crate) fn score_kernel(&self) -> (&'static str, usize) {
        match self.grain.subgroup_lanes {
            0 => ("candidate_score", SCORE_LANES),
            lanes => ("candidate_score_subgroup", lanes),
        }
    }

    /// Workgroups of that kernel for `pair_count` pairs.
    pub(crate) fn score_groups(&self, candidate_count: u32, pair_count: u32) -> (u32, u32) {
        let quads = candidate_count / 4;
        let quads_per_group = (self.score_kernel().1 * self.grain.score_quads) as u32;
        if self.grain.subgroup_lanes > 0 {
            return fold(quads.div_ceil(quads_per_group));
        }
        let pairs = pair_count.min(self.window_pairs() as u32);
        (pairs.div_ceil(self.pairs_per_thread() as u32), quads.div_ceil(quads_per_group))
    }

    /// How `candidate_score_subgroup` takes a row: (parts, blocks of as many vec4 as there are lanes in each).
    fn row_parts(&self) -> (usize, usize) {
        let lanes = self.grain.subgroup_lanes.max(1);
        let blocks = self.chunk_count().div_ceil(lanes);
        let parts = (blocks * lanes).div_ceil(HELD_CHUNKS);
        (parts, blocks.div_ceil(parts))
    }

    /// Workgroups of `row_load` for `quad_count` quads of a dispatch: each positive is loaded once more for stage 2.
    pub(crate) fn load_groups(&self, quad_count: u32, pair_count: u32) -> (u32, u32) {
        let pair_count = if self.plan.candidate_count > 0 { pair_count } else { 0 };
        fold(quad_count + pair_count.div_ceil(4))
    }

    /// Workgroups of an optimizer for `quad_count` quads of a dispatch.
    pub(crate) fn step_groups(&self, quad_count: u32) -> (u32, u32) {
        fold((4 * quad_count).div_ceil(self.grain.row_slots as u32))
    }

    /// Workgroups of `triplet_loss` for `pair_count` pairs.
    pub(crate) fn loss_groups(&self, pair_count: u32) -> (u32, u32) {
        fold(pair_count.div_ceil(self.grain.loss_pairs as u32))
    }

    /// Workgroups of `row_gradient` for `slot_count` row slots.
    pub(crate) fn gradient_groups(&self, slot_count: u32) -> (u32, u32) {
        fold(slot_count.div_ceil(self.grain.row_slots as u32))
    }

    /// Where the candidates begin in the working set, in vec4.
    pub fn packed_at(&self) -> usize {
        (self.plan.row_capacity() * (self.chunk_count() + 1)).next_multiple_of(PART_ALIGNMENT)
    }

    /// Whether the working set has the candidates transposed too.
    pub fn has_packed(&self) -> bool {
        self.grain.subgroup_lanes == 0
    }

    /// Where the positives begin in the working set, in vec4.
    pub fn positives_at(&self) -> usize {
        let packed =
            if self.has_packed() { self.plan.candidate_slot_capacity() * self.chunk_count() } else { 0 };
        (self.packed_at() + packed.max(1)).next_multiple_of(PART_ALIGNMENT)
    }

    /// Vec4 of the working set. The last two windows of positives are whole ones.
    pub fn working_count(&self) -> usize {
        if self.plan.candidate_count == 0 {
            return self.positives_at() + PART_ALIGNMENT;
        }
        self.positives_at() + self.plan.batch_size * self.chunk_count() + 2 * WINDOW_CHUNKS
    }

    /// The parts of the working set by name, for a dispatch whose first pair is `first_pair`.
    pub(crate) fn parts<'a>(&self, working: &'a wgpu::Buffer, first_pair: usize) -> Vec<Named<'a>> {
        let part = |from: usize, to: usize| wgpu::BufferBinding {
            buffer: working,
            offset: from as u64 * 16,
            size: wgpu::BufferSize::new((to - from) as u64 * 16),
        };
        let window = |index: usize| {
            let first = first_pair + index * self.window_pairs();
            let from = self.positives_at() + first * self.chunk_count();
            part(from.min(self.working_count()), (from + WINDOW_CHUNKS).min(self.working_count()))
        };
        vec![
            ("working", working.as_entire_buffer_binding()),
            ("rows", part(0, self.packed_at())),
            ("packed", part(self.packed_at(), self.positives_at())),
            ("positives_a", window(0)),
            ("positives_b", window(1)),
        ]
    }

    /// The values of the kernels' `override` constants, but for `lane_count`.
    pub fn constants(&self, optimizer: Optimizer) -> Vec<(&'static str, f64)> {
        let (part_count, blocks_per_part) = self.row_parts();
        let lanes = self.lane_count();
        let chunks_per_lane = self.chunk_count().div_ceil(lanes);
        let (lane_stride, chunk_stride) =
            if self.grain.neighbouring_chunks { (chunks_per_lane, 1) } else { (1, lanes) };
        vec![
            ("chunk_count", self.chunk_count() as f64),
            ("subgroup_lanes", self.grain.subgroup_lanes as f64),
            ("part_count", part_count as f64),
            ("blocks_per_part", blocks_per_part as f64),
            ("chunks_per_lane", chunks_per_lane as f64),
            ("lane_stride", lane_stride as f64),
            ("chunk_stride", chunk_stride as f64),
            ("reads_ahead", f64::from(u8::from(self.grain.neighbouring_chunks))),
            ("has_packed", f64::from(u8::from(self.has_packed()))),
            ("negative_count", self.plan.negative_count as f64),
            ("pair_words", self.plan.pair_words() as f64),
            ("packed_at", self.packed_at() as f64),
            ("positives_at", self.positives_at() as f64),
            ("window_pairs", self.window_pairs() as f64),
            ("pairs_per_thread", self.pairs_per_thread() as f64),
            ("quads_per_thread", self.grain.score_quads as f64),
            ("pairs_per_group", self.grain.loss_pairs as f64),
            ("slots_per_group", self.grain.row_slots as f64),
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
            ("row states", rows * size_of::<RowState>() as u64),
            ("working set", self.working_bytes() + self.row_bytes() + self.picked_bytes()),
            ("scores", self.score_bytes()),
            ("plans", PLAN_BYTES + self.plan.plan_capacity_bytes()),
        ]
    }

    /// Whether the memory of this machine holds everything, where the adapter is one that takes it from there:
    /// drivers of that kind give more than there is, and the system then ends the process. Other adapters are
    /// asked for the memory itself.
    ///
    /// # Errors
    /// [`Error::Gpu`] with both sizes.
    pub fn check_memory(&self, gpu: &Gpu, optimizer: Optimizer) -> Result<()> {
        let needed: u64 = self.memory(optimizer).iter().map(|(_, bytes)| bytes).sum();
        let mut system = sysinfo::System::new();
        system.refresh_memory();
        let limit = system.cgroup_limits().map_or(u64::MAX, |limits| limits.free_memory);
        let free = system.available_memory().min(limit);
        // Where the system does not say how much is free, it is let try.
        if gpu.adapter().kind == "cpu" && free > 0 && needed > free {
            return Err(Error::Gpu(format!(
                "{} users and {} items at --dim {} need {needed} bytes on the device, but this machine has {free} free",
                self.plan.user_count, self.plan.item_count, self.dim
            )));
        }
        Ok(())
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
