//! One kernel on the device, from given buffers to what it leaves in them.

use super::compare::{Arrays, Values};
use super::scenario::{KernelRun, Scenario};
use crate::Result;
use crate::gpu::{Gpu, Kernel, Named, SHARD_NAMES, parts_of_working};
use crate::step::layout::{RowState, Shards};
use crate::step::{Extent, StepShape};
use std::ops::Range;

/// Words of a row's state.
const STATE_WORDS: usize = size_of::<RowState>() / 4;

impl Scenario {
    /// Runs `text` as the kernel on the device, each run from its own buffers; the buffers afterwards.
    pub(super) fn run_kernel(&self, gpu: &Gpu, text: &str, runs: &[KernelRun]) -> Result<Vec<Arrays>> {
        runs.iter().map(|run| self.run_once(gpu, text, run)).collect()
    }

    fn run_once(&self, gpu: &Gpu, text: &str, run: &KernelRun) -> Result<Arrays> {
        let stage = &run.stage;
        let shape = self.shape().part(stage.of);
        let kernel = Kernel::from_text(gpu, stage.kernel, text, &self.shape().build(stage))?;
        // row_catch_up reads no plan.
        let plan = self.plan.of(stage.of).unwrap_or(&self.plan);
        let mut plan_bytes: Vec<u8> = bytemuck::bytes_of(&plan.header).to_vec();
        plan_bytes.extend_from_slice(bytemuck::cast_slice(&plan.words));
        let plan = gpu.upload("plan", &plan_bytes)?;
        let settings = gpu.upload("settings", &[self.constants.settings])?;
        let catch_up = gpu.upload("catch_up", &self.constants.catch_up)?;
        let (mut after, extent) = (run.before.clone(), run.extent);
        // (Which array, what the kernel calls it, which words of the array it is.)
        let mut owned = Vec::new();
        for (index, (array, values)) in after.iter().enumerate() {
            let parts = owned_by(&shape, &extent, array, values.len());
            owned.extend(parts.into_iter().map(|(name, range)| (index, name, range)));
        }
        let upload = |(index, name, range): &(usize, &'static str, Range<usize>)| match &after[*index].1 {
            Values::Float(values) => Ok((*name, gpu.upload(name, &values[range.clone()])?)),
            Values::Word(values) | Values::Structs(values, _) => {
                Ok((*name, gpu.upload(name, &values[range.clone()])?))
            }
        };
        let buffers = owned.iter().map(upload).collect::<Result<Vec<_>>>()?;
        let mut list: Vec<Named<'_>> =
            buffers.iter().map(|(name, buffer)| (*name, buffer.as_entire_buffer_binding())).collect();
        if let Some((_, working)) = buffers.iter().find(|(name, _)| *name == "working") {
            list.extend(parts_of_working(&shape, working, &extent));
        }
        let uniform = match extent {
            Extent::Whole => None,
            Extent::Shards(shards) => Some(("shards", gpu.upload("shards", &[shards])?)),
            Extent::Block(block) => Some(("block", gpu.upload("block", &[block])?)),
        };
        let more = [("plan", &plan), ("settings", &settings), ("catch_up", &catch_up)];
        let more = more.into_iter().chain(uniform.iter().map(|(name, buffer)| (*name, buffer)));
        list.extend(more.map(|(name, buffer)| (name, buffer.as_entire_buffer_binding())));
        let bindings = kernel.bind(gpu, plan.size(), &list)?;
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        let groups = self.shape().groups(stage, &extent, &self.plan);
        kernel.dispatch(&mut encoder.begin_compute_pass(&Default::default()), &bindings, 0, groups);
        gpu.wait(gpu.submit([encoder.finish()]))?;
        for ((index, _, range), (_, buffer)) in owned.into_iter().zip(&buffers) {
            match &mut after[index].1 {
                Values::Float(values) => {
                    values[range.clone()].copy_from_slice(&gpu.read(buffer, range.len())?)
                }
                Values::Word(values) | Values::Structs(values, _) => {
                    values[range.clone()].copy_from_slice(&gpu.read(buffer, range.len())?)
                }
            }
        }
        Ok(after)
    }
}

/// What a dispatch sees of an array of `length` words: of the tables its own rows, a buffer a shard; all of the
/// rest.
fn owned_by(
    shape: &StepShape,
    extent: &Extent,
    array: &'static str,
    length: usize,
) -> Vec<(&'static str, Range<usize>)> {
    let words = if array == "row_states" { STATE_WORDS } else { shape.padded_dim() };
    let table = ["rows", "drift", "variance", "row_states"].iter().position(|&table| table == array);
    let (Some(table), Extent::Shards(shards)) = (table, extent) else { return vec![(array, 0..length)] };
    let Shards { rows_per_shard, .. } = *shards;
    let rows = shards.rows();
    let begin = |shard: usize| words * (rows.start + shard * rows_per_shard as usize).min(rows.end);
    let names = SHARD_NAMES.iter().take(shape.shards_per_dispatch).enumerate();
    names.map(|(shard, names)| (names[table], begin(shard)..begin(shard + 1))).collect()
}
