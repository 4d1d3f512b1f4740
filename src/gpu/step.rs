//! Training steps on the device: many steps encoded into one submission. Nothing is read back within a step.

use super::device::Gpu;
use super::kernel::{Bindings, Kernel, fold};
use super::layout::{Block, PairLoss, Settings, Shards, StepSums};
use super::shape::{MAX_STEPS, PLAN_BYTES, StepShape};
use super::tables::Tables;
use super::working::Buffers;
use crate::optimizer::Optimizer;
use crate::sampling::Plan;
use crate::{Error, Result};
use std::collections::VecDeque;
use std::sync::Arc;

/// Submissions in flight.
const IN_FLIGHT: usize = 2;

/// What is dispatched together: a stage of a step, or a block of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    RowLoad,
    CandidateScore { block: usize },
    NegativeDraw { block: usize },
    TripletLoss,
    RowGradient,
    RowStep,
}

impl Part {
    /// The stage's kernel; "row_step" stands for the optimizer's.
    pub(super) fn stage(self) -> &'static str {
        match self {
            Part::RowLoad => "row_load",
            Part::CandidateScore { .. } => "candidate_score",
            Part::NegativeDraw { .. } => "negative_draw",
            Part::TripletLoss => "triplet_loss",
            Part::RowGradient => "row_gradient",
            Part::RowStep => "row_step",
        }
    }
}

/// A kernel with its buffers, once for each dispatch that covers the tables, or for each block.
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
    pub(super) gpu: Arc<Gpu>,
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
    pub(super) last_step: u32,
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
        shape.check(&gpu)?;
        let buffers = Buffers::new(&gpu, &shape, settings, catch_up)?;
        let mut constants = shape.constants(optimizer);
        constants.push(("lane_count", shape.lane_count() as f64));
        constants.push(("shards_per_dispatch", tables.shards_per_dispatch() as f64));
        let window = shape.plan.plan_capacity_bytes();
        let on_tables = |name: &str| -> Result<Stage> {
            let kernel = Kernel::new(&gpu, name, &constants)?;
            let bind = |index| {
                let mut list = buffers.list(&shape, 0);
                list.extend(tables.bindings(index));
                kernel.bind(&gpu, window, &list)
            };
            Ok(Stage { bindings: (0..tables.dispatches().len()).map(bind).collect::<Result<_>>()?, kernel })
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
        let (score_kernel, score_lanes) = shape.score_kernel();
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
            row_load: on_tables("row_load")?,
            candidate_score: per_block(score_kernel, shape.score_pairs(), score_lanes)?,
            negative_draw: per_block("negative_draw", shape.pair_capacity(), shape.grain.draw_lanes)?,
            triplet_loss: whole("triplet_loss")?,
            row_gradient: whole("row_gradient")?,
            row_step: on_tables(match optimizer {
                Optimizer::Adam => "row_adam",
                Optimizer::Sgd => "row_sgd",
            })?,
            row_catch_up: match optimizer {
                Optimizer::Adam => Some(on_tables("row_catch_up")?),
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

    /// Whether any submission is in flight.
    pub(super) fn is_busy(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// Encodes and submits `plans` (at most [`Stepper::max_steps`]). Where [`Stepper::is_full`], collect first.
    ///
    /// # Errors
    /// [`Error::Gpu`] where the device failed, or where there are too many plans.
    pub fn submit(&mut self, plans: &mut [Plan]) -> Result<()> {
        if plans.is_empty() || plans.len() > self.max_steps() || self.is_full() {
            return Err(Error::Gpu(format!("{} plans cannot be submitted now", plans.len())));
        }
        let offsets = self.upload(plans);
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for (plan, &offset) in plans.iter().zip(&offsets) {
                self.parts(plan).iter().for_each(|&part| self.encode(&mut pass, part, plan, offset));
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

    /// Sends the plans of the next submission; returns where each begins.
    pub(super) fn upload(&self, plans: &mut [Plan]) -> Vec<u32> {
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
        offsets
    }

    /// The parts of a step in order. Blocks share the scores: each is drawn from before the next is scored.
    pub(super) fn parts(&self, plan: &Plan) -> Vec<Part> {
        let mut parts = vec![Part::RowLoad];
        for block in 0..self.block_count(plan, self.shape.pair_capacity()) {
            parts.extend([Part::CandidateScore { block }, Part::NegativeDraw { block }]);
        }
        parts.extend([Part::TripletLoss, Part::RowGradient, Part::RowStep]);
        parts
    }

    pub(super) fn encode(&self, pass: &mut wgpu::ComputePass<'_>, part: Part, plan: &Plan, offset: u32) {
        match part {
            Part::RowLoad => self.encode_on_tables(pass, &self.row_load, plan, offset, |quads| {
                self.shape.load_groups(quads, plan.header.pair_count)
            }),
            Part::CandidateScore { block } => {
                let spans = self.shape.pair_capacity() / self.shape.score_pairs();
                (block * spans..(block + 1) * spans)
                    .for_each(|span| self.encode_score(pass, span, plan, offset));
            }
            Part::NegativeDraw { block } => self.encode_draw(pass, block, plan, offset),
            Part::TripletLoss => {
                let groups = self.shape.loss_groups(plan.header.pair_count);
                self.triplet_loss.run(pass, 0, offset, groups);
            }
            Part::RowGradient => {
                let groups = self.shape.gradient_groups(plan.header.row_count);
                self.row_gradient.run(pass, 0, offset, groups);
            }
            Part::RowStep => self
                .encode_on_tables(pass, &self.row_step, plan, offset, |quads| self.shape.step_groups(quads)),
        }
    }

    /// The dispatches that cover the plan's rows, each of as many workgroups as `groups` says for its quads.
    fn encode_on_tables(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        stage: &Stage,
        plan: &Plan,
        offset: u32,
        groups: impl Fn(u32) -> (u32, u32),
    ) {
        for (index, dispatch) in self.tables.dispatches().iter().enumerate() {
            let quads = plan.shard_quads(dispatch.shards.range()).len() as u32;
            if quads > 0 {
                stage.run(pass, index, offset, groups(quads));
            }
        }
    }

    /// Dispatches of at most `pair_count` pairs that the plan's stage 2 takes.
    fn block_count(&self, plan: &Plan, pair_count: usize) -> usize {
        if plan.header.candidate_count == 0 {
            return 0;
        }
        (plan.header.pair_count as usize).div_ceil(pair_count)
    }

    fn encode_score(&self, pass: &mut wgpu::ComputePass<'_>, span: usize, plan: &Plan, offset: u32) {
        let first = span * self.shape.score_pairs();
        let left = (plan.header.pair_count as usize).saturating_sub(first);
        let pairs = self.shape.score_pairs().min(left) as u32;
        if pairs > 0 {
            let groups = self.shape.score_groups(plan.header.candidate_count, pairs);
            self.candidate_score.run(pass, span, offset, groups);
        }
    }

    fn encode_draw(&self, pass: &mut wgpu::ComputePass<'_>, block: usize, plan: &Plan, offset: u32) {
        let capacity = self.shape.pair_capacity();
        let pairs = capacity.min(plan.header.pair_count as usize - block * capacity) as u32;
        self.negative_draw.run(pass, block, offset, fold(pairs));
    }

    /// Dispatches that [`Stepper::submit`] makes of `plan`.
    pub fn dispatch_count(&self, plan: &Plan) -> usize {
        let has_rows = |shards: &Shards| !plan.shard_quads(shards.range()).is_empty();
        let on_tables = self.tables.dispatches().iter().filter(|dispatch| has_rows(&dispatch.shards)).count();
        let spans = self.block_count(plan, self.shape.score_pairs());
        2 * on_tables + spans + self.block_count(plan, self.shape.pair_capacity()) + 2
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
        for dispatch in self.tables.dispatches() {
            let shards = Shards { step: self.last_step, ..dispatch.shards };
            self.gpu.write(&dispatch.uniform, 0, bytemuck::bytes_of(&shards));
        }
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for (index, dispatch) in self.tables.dispatches().iter().enumerate() {
                let groups = fold(dispatch.shards.row_count);
                stage.kernel.dispatch(&mut pass, &stage.bindings[index], 0, groups);
            }
        }
        let submission = self.gpu.queue.submit([encoder.finish()]);
        self.gpu.wait(submission)
    }
}
