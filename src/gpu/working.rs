//! The buffers that the steps of a run share: plans in, the working set, sums out.

use super::device::Gpu;
use super::kernel::Named;
use crate::Result;
use crate::data::Side;
use crate::step::layout::Block;
use crate::step::{Extent, NetShape, Of, PLAN_BYTES, StepBuffer, StepConstants, StepShape, other_names};

/// The buffers of the working set, by the names that the kernels use.
#[derive(Debug)]
pub(super) struct Buffers {
    all: Vec<(&'static str, wgpu::Buffer)>,
    /// Those of the networks.
    nets: Vec<(Side, Vec<(&'static str, wgpu::Buffer)>)>,
}

impl Buffers {
    pub(super) fn new(gpu: &Gpu, constants: &StepConstants) -> Result<Buffers> {
        let StepConstants { shape, settings, catch_up } = constants;
        let none = wgpu::BufferUsages::empty();
        let step_plan_bytes = shape.plan_bytes().iter().sum::<u64>();
        let mut all = vec![
            ("plan", gpu.buffer("plans", PLAN_BYTES + step_plan_bytes + shape.plan_window(), none)?),
            ("settings", gpu.upload("settings", &[*settings])?),
            ("catch_up", gpu.upload("catch_up", catch_up)?),
        ];
        for buffer in shape.buffers() {
            // The windows of left rows are uniforms.
            let usage = if buffer.name == "working" { wgpu::BufferUsages::UNIFORM } else { none };
            all.push((buffer.name, gpu.buffer(buffer.name, buffer.bytes as u64, usage)?));
        }
        let of_net = |(side, net): (Side, NetShape)| {
            let buffer = |it: StepBuffer| Ok((it.name, gpu.buffer(it.name, it.bytes as u64, none)?));
            Ok((side, net.buffers(shape).into_iter().map(buffer).collect::<Result<_>>()?))
        };
        let nets = shape.nets().map(of_net).collect::<Result<_>>()?;
        Ok(Buffers { all, nets })
    }

    /// The buffer that the kernels call `name`.
    ///
    /// # Panics
    /// If there is none: a defect of the caller.
    pub(super) fn get(&self, name: &str) -> &wgpu::Buffer {
        let found = self.all.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("there is no buffer {name:?}")).1
    }

    /// Everything but the tables, for a dispatch of stages of `of` that covers `extent`.
    pub(super) fn list(&self, shape: &StepShape, of: Of, extent: &Extent) -> Vec<Named<'_>> {
        let mut list: Vec<Named<'_>> = Vec::new();
        let of_net = self.nets.iter().find(|(side, _)| Some(*side) == of.side());
        let of_net = of_net.map_or(&[][..], |(_, buffers)| buffers);
        // The first of a name counts: a layer's own come before those of the points.
        list.extend(other_names(of, shape).iter().filter_map(|(called, name)| {
            let (_, buffer) = of_net.iter().find(|(known, _)| known == name)?;
            Some((*called, buffer.as_entire_buffer_binding()))
        }));
        list.extend(of_net.iter().map(|it| (it.0, it.1.as_entire_buffer_binding())));
        list.extend(self.all.iter().map(|it| (it.0, it.1.as_entire_buffer_binding())));
        list.extend(parts_of_working(shape, self.get("working"), extent));
        list
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
