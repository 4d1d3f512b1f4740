//! Training steps on the device: the working set of a step, and the encoding of many steps into one
//! submission. Nothing is read back within a step.

use super::device::Gpu;
use super::kernel::{Bindings, Kernel, Named, fold};
use super::layout::{Block, PairLoss, Settings, Shard, StepSums};
use super::tables::{TableShard, Tables};
use crate::optimizer::Optimizer;
use crate::sampling::{Plan, PlanShape};
use crate::{Error, Result};
use std::collections::VecDeque;
use std::sync::Arc;

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
const MAX_STEPS: usize = 512;
/// Bytes for the plans of one submission.
const PLAN_BYTES: u64 = 16 << 20;
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
/// Submissions in flight.
const IN_FLIGHT: usize = 2;

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

    fn row_bytes(&self) -> u64 {
        (self.plan.row_capacity() * (self.chunk_count() + 1) * 16) as u64
    }

    fn working_bytes(&self) -> u64 {
        self.working_count() as u64 * 16
    }

    fn picked_bytes(&self) -> u64 {
        (self.plan.candidate_slot_capacity() * self.plan.pair_words() * 4) as u64
    }

    fn score_bytes(&self) -> u64 {
        (self.pair_capacity() * self.plan.candidate_slot_capacity() * 4) as u64
    }
}

/// The stages of a step, in order; "row_step" stands for the optimizer's kernel.
const STAGES: [&str; 6] =
    ["row_load", "candidate_score", "negative_draw", "triplet_loss", "row_gradient", "row_step"];

/// A kernel with its buffers, once for each shard or block.
#[derive(Debug)]
struct Stage {
    kernel: Kernel,
    bindings: Vec<Bindings>,
}

impl Stage {
    fn run(&self, pass: &mut wgpu::ComputePass<'_>, index: usize, plan_offset: u32, groups: (u32, u32)) {
        self.kernel.dispatch(pass, &self.bindings[index], plan_offset, groups);
    }
}

/// Runs steps on the tables.
#[derive(Debug)]
pub struct Stepper {
    gpu: Arc<Gpu>,
    tables: Tables,
    shape: StepShape,
    row_load: Stage,
    candidate_score: Stage,
    negative_draw: Stage,
    triplet_loss: Stage,
    row_gradient: Stage,
    row_step: Stage,
    row_catch_up: Option<Stage>,
    buffers: Buffers,
    plan_alignment: u64,
    staging: Vec<wgpu::Buffer>,
    in_flight: VecDeque<InFlight>,
    last_step: u32,
}

#[derive(Debug)]
struct InFlight {
    submission: wgpu::SubmissionIndex,
    staging: wgpu::Buffer,
    step_count: usize,
}

impl Stepper {
    /// Compiles the kernels and takes the memory for steps of `shape` on `tables`.
    ///
    /// # Errors
    /// [`Error::Gpu`] where memory is short or the adapter's bindings are too small for the shape.
    pub fn new(
        gpu: Arc<Gpu>,
        tables: Tables,
        shape: StepShape,
        settings: Settings,
        catch_up: &[[f32; 2]],
        optimizer: Optimizer,
    ) -> Result<Stepper> {
        Stepper::check(&gpu, &shape)?;
        let buffers = Buffers::new(&gpu, &shape, settings, catch_up)?;
        let mut constants = shape.constants(optimizer);
        constants.push(("lane_count", shape.lane_count() as f64));
        let window = shape.plan.plan_capacity_bytes();
        let per_shard = |name: &str| -> Result<Stage> {
            let kernel = Kernel::new(&gpu, name, &constants)?;
            let bind = |shard: &TableShard| kernel.bind(&gpu, window, &buffers.with_shard(&shape, shard));
            Ok(Stage { bindings: tables.shards.iter().map(bind).collect::<Result<_>>()?, kernel })
        };
        let whole = |name: &str| -> Result<Stage> {
            let kernel = Kernel::new(&gpu, name, &constants)?;
            Ok(Stage { bindings: vec![kernel.bind(&gpu, window, &buffers.list(&shape, 0))?], kernel })
        };
        let per_block = |name: &str, pair_count: usize, lane_count: usize| -> Result<Stage> {
            let mut constants = shape.constants(optimizer);
            constants.push(("lane_count", lane_count as f64));
            let kernel = Kernel::new(&gpu, name, &constants)?;
            let bind = |block: &Block| {
                let uniform = gpu.upload("block", &[*block])?;
                let mut list = buffers.list(&shape, block.first_pair as usize);
                list.push(("block", uniform.as_entire_buffer_binding()));
                kernel.bind(&gpu, window, &list)
            };
            let blocks = if shape.plan.candidate_count == 0 { Vec::new() } else { shape.blocks(pair_count) };
            Ok(Stage { bindings: blocks.iter().map(bind).collect::<Result<_>>()?, kernel })
        };
        let staging = (0..IN_FLIGHT)
            .map(|_| {
                gpu.device.create_buffer(&wgpu::BufferDescriptor {
                    label: Some("step_log staging"),
                    size: (MAX_STEPS * size_of::<StepSums>()) as u64,
                    usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                    mapped_at_creation: false,
                })
            })
            .collect();
        Ok(Stepper {
            row_load: per_shard("row_load")?,
            candidate_score: per_block("candidate_score", shape.window_pairs(), SCORE_LANES)?,
            negative_draw: per_block("negative_draw", shape.pair_capacity(), DRAW_LANES)?,
            triplet_loss: whole("triplet_loss")?,
            row_gradient: whole("row_gradient")?,
            row_step: per_shard(match optimizer {
                Optimizer::Adam => "row_adam",
                Optimizer::Sgd => "row_sgd",
            })?,
            row_catch_up: match optimizer {
                Optimizer::Adam => Some(per_shard("row_catch_up")?),
                Optimizer::Sgd => None,
            },
            plan_alignment: u64::from(gpu.device.limits().min_storage_buffer_offset_alignment),
            buffers,
            staging,
            in_flight: VecDeque::new(),
            last_step: 0,
            gpu,
            tables,
            shape,
        })
    }

    fn check(gpu: &Gpu, shape: &StepShape) -> Result<()> {
        let limit = gpu.max_binding_bytes();
        let needs = [
            ("the working set (--batch-size, --candidates, --dim)", shape.working_bytes()),
            ("the picks (--candidates, --batch-size)", shape.picked_bytes()),
            ("the scores (--candidates)", shape.score_bytes()),
            ("a step's plan (--batch-size, --negatives)", shape.plan.plan_capacity_bytes()),
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

    /// The tables that the steps work on.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Most steps of one submission.
    pub fn max_steps(&self) -> usize {
        let plan_bytes = self.shape.plan.plan_capacity_bytes().next_multiple_of(self.plan_alignment);
        MAX_STEPS.min((PLAN_BYTES / plan_bytes.min(PLAN_BYTES)) as usize).max(1)
    }

    /// Whether a further submission would wait for an earlier one.
    pub fn is_full(&self) -> bool {
        self.in_flight.len() == IN_FLIGHT
    }

    /// Encodes and submits `plans` (at most [`Stepper::max_steps`]). Where [`Stepper::is_full`], collect first.
    ///
    /// # Errors
    /// [`Error::Gpu`] where the device failed, or where there are too many plans.
    pub fn submit(&mut self, plans: &mut [Plan]) -> Result<()> {
        if plans.is_empty() || plans.len() > self.max_steps() || self.is_full() {
            return Err(Error::Gpu(format!("{} plans cannot be submitted now", plans.len())));
        }
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        let mut offsets = Vec::with_capacity(plans.len());
        let mut bytes: Vec<u8> = Vec::new();
        for (slot, plan) in plans.iter_mut().enumerate() {
            plan.header.log_slot = slot as u32;
            offsets.push(bytes.len() as u32);
            bytes.extend_from_slice(bytemuck::bytes_of(&plan.header));
            bytes.extend_from_slice(bytemuck::cast_slice(&plan.words));
            bytes.resize(bytes.len().next_multiple_of(self.plan_alignment as usize), 0);
        }
        self.gpu.queue.write_buffer(&self.buffers.plans, 0, &bytes);
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for (plan, &offset) in plans.iter().zip(&offsets) {
                self.encode(&mut pass, plan, offset);
            }
        }
        let staging = self.staging.pop().ok_or_else(|| Error::Gpu("no staging buffer is free".to_owned()))?;
        let log_bytes = (plans.len() * size_of::<StepSums>()) as u64;
        encoder.copy_buffer_to_buffer(&self.buffers.step_log, 0, &staging, 0, log_bytes);
        let submission = self.gpu.queue.submit([encoder.finish()]);
        self.last_step = plans[plans.len() - 1].header.step;
        self.in_flight.push_back(InFlight { submission, staging, step_count: plans.len() });
        self.gpu.check()
    }

    fn encode(&self, pass: &mut wgpu::ComputePass<'_>, plan: &Plan, offset: u32) {
        self.encode_shards(pass, &self.row_load, plan, offset);
        let windows = self.shape.pair_capacity() / self.shape.window_pairs();
        for block in 0..self.block_count(plan, self.shape.pair_capacity()) {
            for window in block * windows..(block + 1) * windows {
                self.encode_score(pass, window, plan, offset);
            }
            self.encode_draw(pass, block, plan, offset);
        }
        self.triplet_loss.run(pass, 0, offset, fold(plan.header.pair_count));
        self.row_gradient.run(pass, 0, offset, fold(plan.header.row_count / 4));
        self.encode_shards(pass, &self.row_step, plan, offset);
    }

    fn encode_shards(&self, pass: &mut wgpu::ComputePass<'_>, stage: &Stage, plan: &Plan, offset: u32) {
        for index in 0..self.tables.shards.len() {
            stage.run(pass, index, offset, fold(plan.shard_quads(index).len() as u32));
        }
    }

    /// Dispatches of at most `pair_count` pairs that the plan's stage 2 takes.
    fn block_count(&self, plan: &Plan, pair_count: usize) -> usize {
        if plan.header.candidate_count == 0 {
            return 0;
        }
        (plan.header.pair_count as usize).div_ceil(pair_count)
    }

    fn encode_score(&self, pass: &mut wgpu::ComputePass<'_>, window: usize, plan: &Plan, offset: u32) {
        let first = window * self.shape.window_pairs();
        let left = (plan.header.pair_count as usize).saturating_sub(first);
        let pairs = self.shape.window_pairs().min(left) as u32;
        if pairs > 0 {
            self.candidate_score.run(pass, window, offset, score_groups(plan.header.candidate_count, pairs));
        }
    }

    fn encode_draw(&self, pass: &mut wgpu::ComputePass<'_>, block: usize, plan: &Plan, offset: u32) {
        let capacity = self.shape.pair_capacity();
        let pairs = capacity.min(plan.header.pair_count as usize - block * capacity) as u32;
        self.negative_draw.run(pass, block, offset, fold(pairs));
    }

    fn encode_stage(&self, pass: &mut wgpu::ComputePass<'_>, name: &str, plan: &Plan) {
        match name {
            "row_load" => self.encode_shards(pass, &self.row_load, plan, 0),
            "row_step" => self.encode_shards(pass, &self.row_step, plan, 0),
            "triplet_loss" => self.triplet_loss.run(pass, 0, 0, fold(plan.header.pair_count)),
            "row_gradient" => self.row_gradient.run(pass, 0, 0, fold(plan.header.row_count / 4)),
            "candidate_score" => (0..self.block_count(plan, self.shape.window_pairs()))
                .for_each(|window| self.encode_score(pass, window, plan, 0)),
            _ => (0..self.block_count(plan, self.shape.pair_capacity()))
                .for_each(|block| self.encode_draw(pass, block, plan, 0)),
        }
    }

    /// The seconds that each stage of the step `plan` takes, over `repeat_count` dispatches of it alone. The
    /// tables move: for measurements only.
    ///
    /// # Errors
    /// [`Error::Gpu`] where the device failed.
    pub fn time_stages(&mut self, plan: &Plan, repeat_count: usize) -> Result<Vec<(&'static str, f64)>> {
        self.submit(&mut [plan.clone()])?;
        self.collect()?;
        let mut times = Vec::new();
        for stage in STAGES {
            let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
            {
                let mut pass = encoder.begin_compute_pass(&Default::default());
                for _ in 0..repeat_count {
                    self.encode_stage(&mut pass, stage, plan);
                }
            }
            let start = std::time::Instant::now();
            let submission = self.gpu.queue.submit([encoder.finish()]);
            self.gpu.wait(submission)?;
            times.push((stage, start.elapsed().as_secs_f64() / repeat_count as f64));
        }
        Ok(times)
    }

    /// Waits for the oldest submission and returns the sums of its steps; `None` where none is in flight.
    ///
    /// # Errors
    /// [`Error::Gpu`] where the device failed.
    pub fn collect(&mut self) -> Result<Option<Vec<StepSums>>> {
        let Some(oldest) = self.in_flight.pop_front() else { return Ok(None) };
        let mut sums = vec![StepSums::default(); oldest.step_count];
        self.gpu.map_into(&oldest.staging, oldest.submission, bytemuck::cast_slice_mut(&mut sums))?;
        self.staging.push(oldest.staging);
        Ok(Some(sums))
    }

    /// What the last step left in the working set: each pair's loss, and dL/dx by row slot, (R, D padded + 4),
    /// as `row_gradient` writes it.
    ///
    /// # Errors
    /// [`Error::Gpu`] where reading back fails.
    pub fn inspect(&self) -> Result<(Vec<PairLoss>, Vec<f32>)> {
        let row_numbers = (self.shape.chunk_count() + 1) * 4;
        let pairs = self.gpu.read(&self.buffers.pairs, self.shape.plan.batch_size)?;
        let gradients =
            self.gpu.read(&self.buffers.gradients, self.shape.plan.row_capacity() * row_numbers)?;
        Ok((pairs, gradients))
    }

    /// Brings all rows up to the last submitted step, as evaluation and saving need.
    ///
    /// # Errors
    /// [`Error::Gpu`] where the device failed.
    pub fn catch_up(&mut self) -> Result<()> {
        let Some(stage) = &self.row_catch_up else { return Ok(()) };
        for (index, shard) in self.tables.shards.iter().enumerate() {
            let uniform = Shard {
                index: index as u32,
                first_row: shard.first_row as u32,
                row_count: shard.row_count as u32,
                step: self.last_step,
            };
            self.gpu.write(&shard.uniform, 0, bytemuck::bytes_of(&uniform));
        }
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for (index, shard) in self.tables.shards.iter().enumerate() {
                let groups = fold(shard.row_count as u32);
                stage.kernel.dispatch(&mut pass, &stage.bindings[index], 0, groups);
            }
        }
        let submission = self.gpu.queue.submit([encoder.finish()]);
        self.gpu.wait(submission)
    }
}

/// The buffers of the working set, by the names that the kernels use.
#[derive(Debug)]
struct Buffers {
    plans: wgpu::Buffer,
    settings: wgpu::Buffer,
    catch_up: wgpu::Buffer,
    working: wgpu::Buffer,

    scores: wgpu::Buffer,
    picks: wgpu::Buffer,
    picked: wgpu::Buffer,
    similarities: wgpu::Buffer,
    pairs: wgpu::Buffer,
    gradients: wgpu::Buffer,
    step_log: wgpu::Buffer,
}

impl Buffers {
    fn new(gpu: &Gpu, shape: &StepShape, settings: Settings, catch_up: &[[f32; 2]]) -> Result<Buffers> {
        let buffer = |name: &str, bytes: u64| gpu.buffer(name, bytes, wgpu::BufferUsages::empty());
        let picks = (shape.plan.batch_size * shape.plan.negative_count * 4) as u64;
        Ok(Buffers {
            plans: buffer("plans", PLAN_BYTES + shape.plan.plan_capacity_bytes())?,
            settings: gpu.upload("settings", &[settings])?,
            catch_up: gpu.upload("catch_up", catch_up)?,
            working: gpu.buffer("working", shape.working_bytes(), wgpu::BufferUsages::UNIFORM)?,

            scores: buffer("scores", shape.score_bytes())?,
            picks: buffer("picks", picks)?,
            picked: buffer("picked", shape.picked_bytes())?,
            similarities: buffer("similarities", picks)?,
            pairs: buffer("pairs", (shape.plan.batch_size * 32) as u64)?,
            gradients: buffer("gradients", shape.row_bytes())?,
            step_log: buffer("step_log", (MAX_STEPS * size_of::<StepSums>()) as u64)?,
        })
    }

    /// Everything but the tables, for a dispatch whose first pair is `first_pair`.
    fn list(&self, shape: &StepShape, first_pair: usize) -> Vec<Named<'_>> {
        let mut list = shape.parts(&self.working, first_pair);
        let whole = [
            ("plan", &self.plans),
            ("settings", &self.settings),
            ("catch_up", &self.catch_up),
            ("scores", &self.scores),
            ("picks", &self.picks),
            ("picked", &self.picked),
            ("similarities", &self.similarities),
            ("pairs", &self.pairs),
            ("gradients", &self.gradients),
            ("step_log", &self.step_log),
        ];
        list.extend(whole.map(|(name, buffer)| (name, buffer.as_entire_buffer_binding())));
        list
    }

    fn with_shard<'a>(&'a self, shape: &StepShape, shard: &'a TableShard) -> Vec<Named<'a>> {
        let mut list = self.list(shape, 0);
        let whole = [
            ("shard", &shard.uniform),
            ("points", &shard.points),
            ("momentum", &shard.momentum),
            ("variance", &shard.variance),
            ("last_steps", &shard.last_steps),
        ];
        list.extend(whole.map(|(name, buffer)| (name, buffer.as_entire_buffer_binding())));
        list
    }
}

/// Workgroups of `candidate_score` for a number of pairs.
pub(crate) fn score_groups(candidate_count: u32, pair_count: u32) -> (u32, u32) {
    let quads_per_group = SCORE_LANES as u32 * QUADS_PER_THREAD;
    (pair_count.div_ceil(POSITIVES_PER_THREAD as u32), (candidate_count / 4).div_ceil(quads_per_group))
}
