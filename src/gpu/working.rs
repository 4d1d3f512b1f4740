//! The buffers that the steps of a run share: plans in, the working set, sums out.

use super::device::Gpu;
use super::kernel::Named;
use super::layout::{Settings, StepSums};
use super::shape::{MAX_STEPS, PLAN_BYTES, StepShape};
use crate::Result;

/// The buffers of the working set, by the names that the kernels use.
#[derive(Debug)]
pub(super) struct Buffers {
    pub(super) plans: wgpu::Buffer,
    pub(super) settings: wgpu::Buffer,
    pub(super) catch_up: wgpu::Buffer,
    pub(super) working: wgpu::Buffer,
    pub(super) scores: wgpu::Buffer,
    pub(super) picks: wgpu::Buffer,
    pub(super) picked: wgpu::Buffer,
    pub(super) similarities: wgpu::Buffer,
    pub(super) pairs: wgpu::Buffer,
    pub(super) gradients: wgpu::Buffer,
    pub(super) step_log: wgpu::Buffer,
}

impl Buffers {
    pub(super) fn new(
        gpu: &Gpu,
        shape: &StepShape,
        settings: Settings,
        catch_up: &[[f32; 2]],
    ) -> Result<Buffers> {
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
    pub(super) fn list(&self, shape: &StepShape, first_pair: usize) -> Vec<Named<'_>> {
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
}
