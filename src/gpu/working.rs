//! The buffers that the steps of a run share: plans in, the working set, sums out.

use super::device::Gpu;
use super::kernel::Named;
use crate::Result;
use crate::step::layout::Block;
use crate::step::{Extent, PLAN_BYTES, StepConstants, StepShape};

/// The buffers of the working set, by the names that the kernels use.
#[derive(Debug)]
pub(super) struct Buffers {
    all: Vec<(&'static str, wgpu::Buffer)>,
}

impl Buffers {
    pub(super) fn new(gpu: &Gpu, constants: &StepConstants) -> Result<Buffers> {
        let StepConstants { shape, settings, catch_up } = constants;
        let none = wgpu::BufferUsages::empty();
        let mut all = vec![
            ("plan", gpu.buffer("plans", PLAN_BYTES + shape.plan.plan_capacity_bytes(), none)?),
            ("settings", gpu.upload("settings", &[*settings])?),
            ("catch_up", gpu.upload("catch_up", catch_up)?),
        ];
        for buffer in shape.buffers() {
            // The windows of left rows are uniforms.
            let usage = if buffer.name == "working" { wgpu::BufferUsages::UNIFORM } else { none };
            all.push((buffer.name, gpu.buffer(buffer.name, buffer.bytes as u64, usage)?));
        }
        Ok(Buffers { all })
    }

    /// The buffer that the kernels call `name`.
    ///
    /// # Panics
    /// If there is none: a defect of the caller.
    pub(super) fn get(&self, name: &str) -> &wgpu::Buffer {
        let found = self.all.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("there is no buffer {name:?}")).1
    }

    /// Everything but the tables, for a dispatch that covers `extent`.
    pub(super) fn list(&self, shape: &StepShape, extent: &Extent) -> Vec<Named<'_>> {
        let whole = self.all.iter().map(|(name, buffer)| (*name, buffer.as_entire_buffer_binding()));
        whole.chain(parts_of_working(shape, self.get("working"), extent)).collect()
    }
}

/// The parts of the working set by name, for a dispatch that covers `extent`.
pub(crate) fn parts_of_working<'a>(
    shape: &StepShape,
    working: &'a wgpu::Buffer,
    extent: &Extent,
) -> Vec<Named<'a>> {
    let part = |chunks: std::ops::Range<usize>| wgpu::BufferBinding {
        buffer: working,
        offset: chunks.start as u64 * 16,
        size: wgpu::BufferSize::new(chunks.len() as u64 * 16),
    };
    let mut parts = vec![("points", part(0..shape.left_rows_at()))];
    if let (Extent::Block(Block { first_pair, .. }), true) = (extent, shape.has_left_rows()) {
        parts.push(("left_rows", part(shape.window(*first_pair as usize))));
    }
    parts
}
