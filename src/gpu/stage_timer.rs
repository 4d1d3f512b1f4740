//! Clock readings of the device at the ends of a step's stages, where it has a clock for them.

use super::device::Gpu;
use crate::{Error, Result};

/// Room for the readings of one submission: two for each pass.
#[derive(Debug)]
pub(super) struct StageTimer {
    readings: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    pass_count: u32,
}

impl StageTimer {
    /// For `pass_count` passes; `None` where the adapter keeps no time of passes.
    pub(super) fn new(gpu: &Gpu, pass_count: u32) -> Result<Option<StageTimer>> {
        if !gpu.device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Ok(None);
        }
        let readings = gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("stage times"),
            ty: wgpu::QueryType::Timestamp,
            count: 2 * pass_count,
        });
        let resolved =
            gpu.buffer("stage times", u64::from(pass_count) * 16, wgpu::BufferUsages::QUERY_RESOLVE)?;
        Ok(Some(StageTimer { readings, resolved, pass_count }))
    }

    /// Has the pass `index` note when it begins and when it ends.
    pub(super) fn pass(&self, index: u32) -> wgpu::ComputePassDescriptor<'_> {
        wgpu::ComputePassDescriptor {
            label: None,
            timestamp_writes: Some(wgpu::ComputePassTimestampWrites {
                query_set: &self.readings,
                beginning_of_pass_write_index: Some(2 * index),
                end_of_pass_write_index: Some(2 * index + 1),
            }),
        }
    }

    /// To be encoded after the last pass.
    pub(super) fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.readings, 0..2 * self.pass_count, &self.resolved, 0);
    }

    /// The seconds that each pass took, once the submission is done.
    pub(super) fn seconds(&self, gpu: &Gpu) -> Result<Vec<f64>> {
        let readings: Vec<[u64; 2]> = gpu.read(&self.resolved, self.pass_count as usize)?;
        let period = f64::from(gpu.queue.get_timestamp_period()) * 1e-9;
        readings
            .iter()
            .map(|[begin, end]| match end.checked_sub(*begin) {
                Some(ticks) => Ok(ticks as f64 * period),
                None => Err(Error::Gpu(format!("the clock of {} went backwards", gpu.adapter().name))),
            })
            .collect()
    }
}
