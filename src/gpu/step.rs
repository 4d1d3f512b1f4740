//! Training steps on the device: many steps encoded into one submission. Nothing is read back within a step.

use super::device::Gpu;
use super::kernel::{Bindings, Kernel};
use super::tables::{TableKey, Tables};
use super::working::Buffers;
use crate::step::layout::{PairSums, Shards, StepSums};
use crate::step::{Dispatch, Extent, MAX_STEPS, Of, PLAN_BYTES, Plan, Stage, StepConstants, StepShape, fold};
use crate::{Error, Result};
use std::collections::VecDeque;
use std::sync::Arc;

/// Submissions in flight.
const IN_FLIGHT: usize = 2;

/// A stage's kernel with its buffers, once for each extent that a dispatch may cover.
#[derive(Debug)]
struct BoundStage {
    of: Of,
    kernel: Kernel,
    bindings: Vec<Bindings>,
}

/// Runs steps on the tables.
#[derive(Debug)]
pub struct Stepper {
    pub(super) gpu: Arc<Gpu>,
    tables: Vec<(Of, Tables)>,
    shape: StepShape,
    stages: Vec<BoundStage>,
    catch_up: Vec<BoundStage>,
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

/// What [`Stepper::inspect`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// (B) each pair's loss.
    pub pairs: Vec<PairSums>,
    /// (B, 1 + N) dL/d(score) of each pair's positive and of its own negatives.
    pub slopes: Vec<f32>,
    /// (pairs of a block, C) dL/d(score) of shared candidates.
    pub candidate_slopes: Vec<f32>,
    /// (R, D padded + 4) dL/de by row slot, as `point_gradient` writes it.
    pub gradients: Vec<f32>,
    /// (R, D padded + 4) the points, as `row_load` writes them.
    pub points: Vec<f32>,
}

impl Stepper {
    /// Compiles the kernels and takes the memory for a run's steps on `tables`, the points.
    ///
    /// # Errors
    /// [`Error::Gpu`] if memory is short or the adapter's bindings are too small for the shape.
    pub fn new(gpu: Arc<Gpu>, tables: Tables, constants: &StepConstants) -> Result<Stepper> {
        Stepper::on_tables(gpu, vec![(Of::Points, tables)], constants)
    }

    /// As [`Stepper::new`], on all tables that the shape lists ([`StepShape::tables`]), in that order.
    ///
    /// # Errors
    /// [`Error::Gpu`] if memory is short, the adapter's bindings are too small for the shape, or a table is missing.
    pub fn on_tables(gpu: Arc<Gpu>, tables: Vec<(Of, Tables)>, constants: &StepConstants) -> Result<Stepper> {
        if !tables.iter().map(|(of, _)| *of).eq(constants.shape.tables()) {
            return Err(Error::Gpu("the tables are not those of the steps".to_owned()));
        }
        let shape = constants.shape;
        shape.check_bindings(gpu.max_binding_bytes(), &gpu.adapter().name)?;
        let buffers = Buffers::new(&gpu, constants)?;
        let bound = |stage: &Stage| bound_stage(&gpu, &shape, &buffers, &tables, stage);
        let staging = (0..IN_FLIGHT)
            .map(|_| gpu.read_back_buffer("step_log staging", (MAX_STEPS * size_of::<StepSums>()) as u64))
            .collect::<Result<_>>()?;
        Ok(Stepper {
            stages: shape.stages().iter().map(bound).collect::<Result<_>>()?,
            catch_up: shape.catch_up_stages().iter().map(bound).collect::<Result<_>>()?,
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

    /// The tables of the points.
    pub fn tables(&self) -> &Tables {
        &self.tables[0].1
    }

    /// The tables of the points, then those of each network's layers.
    pub fn all_tables(&self) -> &[(Of, Tables)] {
        &self.tables
    }

    /// What all steps have in common.
    pub fn shape(&self) -> &StepShape {
        &self.shape
    }

    /// The most steps of one submission.
    pub fn max_steps(&self) -> usize {
        let bytes = self.shape.plan_bytes().into_iter();
        let plan_bytes = bytes.map(|bytes| bytes.next_multiple_of(self.plan_alignment)).sum::<u64>();
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

    /// Encodes and submits `plans` (at most [`Stepper::max_steps`]). If [`Stepper::is_full`], collect first.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device failed or there are too many plans.
    pub fn submit(&mut self, plans: &mut [Plan]) -> Result<()> {
        if plans.is_empty() || plans.len() > self.max_steps() || self.is_full() {
            return Err(Error::Gpu(format!("{} plans cannot be submitted now", plans.len())));
        }
        let offsets = self.upload(plans);
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.clear_buffer(self.buffers.get("step_log"), 0, None);
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for (plan, offsets) in plans.iter().zip(&offsets) {
                self.dispatches(plan).iter().for_each(|dispatch| self.encode(&mut pass, dispatch, offsets));
            }
        }
        let staging = self.staging.pop().ok_or_else(|| Error::Gpu("no staging buffer is free".to_owned()))?;
        let log_bytes = (plans.len() * size_of::<StepSums>()) as u64;
        encoder.copy_buffer_to_buffer(self.buffers.get("step_log"), 0, &staging, 0, log_bytes);
        let submission = self.gpu.submit([encoder.finish()]);
        self.last_step = plans[plans.len() - 1].header.step;
        self.in_flight.push_back(InFlight { submission, staging, step_count: plans.len() });
        self.gpu.check()
    }

    /// Sends the plans of the next submission; returns where the plan of each step begins for each of its tables.
    pub(super) fn upload(&self, plans: &mut [Plan]) -> Vec<Vec<(Of, u32)>> {
        let mut offsets = Vec::with_capacity(plans.len());
        let mut bytes: Vec<u8> = Vec::new();
        for (slot, plan) in plans.iter_mut().enumerate() {
            plan.set_log_slot(slot as u32);
            let mut of_step = Vec::with_capacity(self.tables.len());
            for (of, _) in &self.tables {
                // A step without rows to project has no dispatch that reads the plan.
                let Some(plan) = plan.of(*of) else { continue };
                of_step.push((*of, bytes.len() as u32));
                bytes.extend_from_slice(bytemuck::bytes_of(&plan.header));
                bytes.extend_from_slice(bytemuck::cast_slice(&plan.words));
                bytes.resize(bytes.len().next_multiple_of(self.plan_alignment as usize), 0);
            }
            offsets.push(of_step);
        }
        self.gpu.queue.write_buffer(self.buffers.get("plan"), 0, &bytes);
        offsets
    }

    /// The dispatches that [`Stepper::submit`] makes of `plan`.
    pub fn dispatches(&self, plan: &Plan) -> Vec<Dispatch> {
        self.shape.dispatches(plan)
    }

    pub(super) fn encode(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        dispatch: &Dispatch,
        offsets: &[(Of, u32)],
    ) {
        let stage = &self.stages[dispatch.stage];
        let of = stage.of.of_plan();
        if let Some((_, offset)) = offsets.iter().find(|(it, _)| *it == of) {
            stage.kernel.dispatch(pass, &stage.bindings[dispatch.extent], *offset, dispatch.groups);
        }
    }

    /// Waits for the oldest submission and returns the sums of its steps; `None` if none is in flight.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device failed.
    pub fn collect(&mut self) -> Result<Option<Vec<StepSums>>> {
        let Some(oldest) = self.in_flight.pop_front() else { return Ok(None) };
        let mut sums = vec![StepSums::default(); oldest.step_count];
        self.gpu.map_into(&oldest.staging, oldest.submission, bytemuck::cast_slice_mut(&mut sums))?;
        self.staging.push(oldest.staging);
        Ok(Some(sums))
    }

    /// What the last step left in the working set.
    ///
    /// # Errors
    /// [`Error::Gpu`] if reading back fails.
    pub fn inspect(&self) -> Result<Inspection> {
        let slot_numbers = self.shape.plan.row_capacity() * self.shape.slot_numbers();
        let batch_size = self.shape.plan.batch_size;
        let score_count = batch_size * (1 + self.shape.plan.negative_count);
        let candidate_count = self.shape.block_pairs() * self.shape.plan.candidate_slot_capacity();
        Ok(Inspection {
            pairs: self.gpu.read(self.buffers.get("pairs"), batch_size)?,
            slopes: self.gpu.read(self.buffers.get("scores"), score_count)?,
            candidate_slopes: self.gpu.read(self.buffers.get("candidate_scores"), candidate_count)?,
            gradients: self.gpu.read(self.buffers.get("gradients"), slot_numbers)?,
            points: self.gpu.read(self.buffers.get("working"), slot_numbers)?,
        })
    }

    /// Puts the tables back as they lay after `step`. `read` gives each part that they have.
    ///
    /// # Errors
    /// Those of `read`; [`Error::Data`] if a part does not fit; [`Error::Gpu`] if the device failed.
    pub fn restore(&mut self, step: u32, read: &dyn Fn(TableKey) -> Result<Vec<u32>>) -> Result<()> {
        for (of, tables) in &self.tables {
            for &part in tables.parts() {
                tables.restore(&self.gpu, part, &read((*of, part))?)?;
            }
        }
        self.last_step = step;
        Ok(())
    }

    /// Brings all rows up to the last submitted step, as evaluation and saving need.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device failed.
    pub fn catch_up(&mut self) -> Result<()> {
        if self.catch_up.is_empty() {
            return Ok(());
        }
        for dispatch in self.tables.iter().flat_map(|(_, tables)| tables.dispatches()) {
            let shards = Shards { step: self.last_step, ..dispatch.shards };
            self.gpu.write(&dispatch.uniform, 0, bytemuck::bytes_of(&shards));
        }
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for (stage, (_, tables)) in self.catch_up.iter().zip(&self.tables) {
                for (bindings, dispatch) in stage.bindings.iter().zip(tables.dispatches()) {
                    stage.kernel.dispatch(&mut pass, bindings, 0, fold(dispatch.shards.row_count));
                }
            }
        }
        let submission = self.gpu.submit([encoder.finish()]);
        self.gpu.wait(submission)
    }
}

/// Compiles a stage's kernel and binds its buffers for each of its extents.
fn bound_stage(
    gpu: &Gpu,
    shape: &StepShape,
    buffers: &Buffers,
    tables: &[(Of, Tables)],
    stage: &Stage,
) -> Result<BoundStage> {
    let kernel = Kernel::new(gpu, stage.kernel, &shape.build(stage))?;
    let bind = |(index, extent): (usize, &Extent)| {
        let mut list = buffers.list(shape, stage.of, extent);
        let uniform;
        match extent {
            Extent::Whole => {}
            Extent::Shards(_) => {
                let of_stage = tables.iter().filter(|(of, _)| *of == stage.of);
                list.extend(of_stage.flat_map(|(_, tables)| tables.bindings(index)));
            }
            Extent::Block(block) => {
                uniform = gpu.upload("block", &[*block])?;
                list.push(("block", uniform.as_entire_buffer_binding()));
            }
        }
        kernel.bind(gpu, shape.plan_window(), &list)
    };
    let bindings = shape.extents(stage).iter().enumerate().map(bind).collect::<Result<_>>()?;
    Ok(BoundStage { of: stage.of, kernel, bindings })
}
