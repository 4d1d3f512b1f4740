//! How long each stage of a step takes: by the device's own clock, if it has one.

use super::device::Gpu;
use super::step::Stepper;
use crate::step::Plan;
use crate::{Error, Result};
use std::time::Instant;

/// Passes that one timing may have, so that two readings each fit a set of WebGPU's largest size.
const TIMED_PASSES: usize = 2048;

/// Room for the readings of one submission: two for each pass.
#[derive(Debug)]
struct StageTimer {
    readings: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    pass_count: u32,
}

impl StageTimer {
    /// Room for `pass_count` passes; `None` if the adapter does not time passes, or not so many.
    fn new(gpu: &Gpu, pass_count: u32) -> Result<Option<StageTimer>> {
        let has_clock = gpu.device.features().contains(wgpu::Features::TIMESTAMP_QUERY);
        if !has_clock || pass_count as usize > TIMED_PASSES {
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
    fn pass(&self, index: u32) -> wgpu::ComputePassDescriptor<'_> {
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
    fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.readings, 0..2 * self.pass_count, &self.resolved, 0);
    }

    /// The seconds that each pass took, once the submission is done.
    fn seconds(&self, gpu: &Gpu) -> Result<Vec<f64>> {
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

impl Stepper {
    /// The most steps like `plan` that [`Stepper::time_stages`] can take at once.
    pub fn most_timed(&self, plan: &Plan) -> usize {
        self.max_steps().min(TIMED_PASSES / self.dispatches(plan).len()).max(1)
    }

    /// Takes the steps `plans` (at most [`Stepper::most_timed`]) and returns the seconds that each stage of each
    /// of them took, by the device's own clock. An adapter without one gets a submission a dispatch, timed here.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device failed, steps are in flight, or there are too many plans.
    pub fn time_stages(&mut self, plans: &mut [Plan]) -> Result<Vec<(&'static str, Vec<f64>)>> {
        let most = plans.iter().map(|plan| self.most_timed(plan)).min().unwrap_or(0);
        if plans.is_empty() || plans.len() > most || self.is_busy() {
            return Err(Error::Gpu(format!("{} plans cannot be timed now", plans.len())));
        }
        let offsets = self.upload(plans);
        let mut order = Vec::new();
        for (index, plan) in plans.iter().enumerate() {
            order
                .extend(self.dispatches(plan).into_iter().map(|dispatch| (index, dispatch, &offsets[index])));
        }
        let seconds = match StageTimer::new(&self.gpu, order.len() as u32)? {
            Some(timer) => {
                let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
                for (reading, (_, dispatch, offset)) in order.iter().enumerate() {
                    let mut pass = encoder.begin_compute_pass(&timer.pass(reading as u32));
                    self.encode(&mut pass, dispatch, offset);
                }
                timer.resolve(&mut encoder);
                self.gpu.wait(self.gpu.submit([encoder.finish()]))?;
                timer.seconds(&self.gpu)?
            }
            None => order
                .iter()
                .map(|(_, dispatch, offset)| {
                    let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
                    self.encode(&mut encoder.begin_compute_pass(&Default::default()), dispatch, offset);
                    let start = Instant::now();
                    self.gpu.wait(self.gpu.submit([encoder.finish()]))?;
                    Ok(start.elapsed().as_secs_f64())
                })
                .collect::<Result<Vec<f64>>>()?,
        };
        self.last_step = plans[plans.len() - 1].header.step;
        let kernels = self.shape().stages().into_iter().map(|stage| stage.kernel);
        let mut stages: Vec<_> = kernels.map(|kernel| (kernel, vec![0.0; plans.len()])).collect();
        for ((index, dispatch, _), seconds) in order.iter().zip(seconds) {
            stages[dispatch.stage].1[*index] += seconds;
        }
        Ok(stages)
    }
}
