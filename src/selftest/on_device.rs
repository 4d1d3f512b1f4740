//! One kernel on the device, from given buffers to what it leaves in them.

use super::compare::{Arrays, Values};
use super::scenario::Scenario;
use crate::Result;
use crate::gpu::layout::{Block, RowState, Shards};
use crate::gpu::{Gpu, Kernel, Named, SHARD_NAMES, fold};
use std::ops::Range;

/// Words of a row's state.
const STATE_WORDS: usize = size_of::<RowState>() / 4;

impl Scenario {
    /// Runs `text` as kernel `name` on the device, from the buffers `before`; the buffers afterwards.
    pub(super) fn run_kernel(&self, gpu: &Gpu, name: &str, text: &str, before: &Arrays) -> Result<Arrays> {
        let mut constants = self.shape.constants(self.optimizer);
        let lane_count = match name {
            "candidate_score" | "candidate_score_subgroup" => self.shape.score_kernel().1,
            "negative_draw" => self.shape.grain.draw_lanes,
            _ => self.shape.lane_count(),
        };
        constants.push(("lane_count", lane_count as f64));
        constants.push(("shards_per_dispatch", self.shards_per_dispatch as f64));
        let kernel = Kernel::from_text(gpu, name, text, &constants)?;
        let mut plan_bytes: Vec<u8> = bytemuck::bytes_of(&self.plan.header).to_vec();
        plan_bytes.extend_from_slice(bytemuck::cast_slice(&self.plan.words));
        let plan = gpu.upload("plan", &plan_bytes)?;
        let settings = gpu.upload("settings", &[self.settings])?;
        let catch_up = gpu.upload("catch_up", &self.catch_up)?;
        let mut after = before.clone();
        // Each dispatch is a run of its own: (its uniform, the rows it owns, the workgroups).
        for part in self.parts(gpu, name)? {
            // (Which array, what the kernel calls it, what of the array it is.)
            let mut owned = Vec::new();
            for (index, (array, values)) in after.iter().enumerate() {
                owned.extend(
                    self.owned(&part, array, values).into_iter().map(|(name, range)| (index, name, range)),
                );
            }
            let buffers = owned
                .iter()
                .map(|(index, name, range)| match &after[*index].1 {
                    Values::Float(values) => Ok((*name, gpu.upload(name, &values[range.clone()])?)),
                    Values::Word(values) | Values::Structs(values, _) => {
                        Ok((*name, gpu.upload(name, &values[range.clone()])?))
                    }
                })
                .collect::<Result<Vec<_>>>()?;
            let mut list: Vec<Named<'_>> =
                buffers.iter().map(|(name, buffer)| (*name, buffer.as_entire_buffer_binding())).collect();
            if let Some((_, working)) = buffers.iter().find(|(name, _)| *name == "working") {
                list.extend(self.shape.parts(working, part.first_pair));
            }
            let more = [
                ("plan", &plan),
                ("settings", &settings),
                ("catch_up", &catch_up),
                ("shards", &part.uniform),
                ("block", &part.uniform),
            ];
            list.extend(more.map(|(name, buffer)| (name, buffer.as_entire_buffer_binding())));
            let bindings = kernel.bind(gpu, plan.size(), &list)?;
            let mut encoder = gpu.device.create_command_encoder(&Default::default());
            kernel.dispatch(&mut encoder.begin_compute_pass(&Default::default()), &bindings, 0, part.groups);
            let submission = gpu.queue.submit([encoder.finish()]);
            gpu.wait(submission)?;
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
        }
        Ok(after)
    }

    fn parts(&self, gpu: &Gpu, name: &str) -> Result<Vec<Part>> {
        let header = &self.plan.header;
        let row_count = self.shape.plan.item_count + self.shape.plan.user_count;
        let everything = 0..row_count;
        match name {
            "candidate_score" | "candidate_score_subgroup" | "negative_draw" => {
                let part = |block: &Block| {
                    let pairs = block.pair_count.min(header.pair_count - block.first_pair);
                    let groups = match name {
                        "negative_draw" => fold(pairs),
                        _ => self.shape.score_groups(header.candidate_count, pairs),
                    };
                    let uniform = gpu.upload("block", &[*block])?;
                    let first_pair = block.first_pair as usize;
                    Ok(Part { uniform, rows: everything.clone(), groups, first_pair })
                };
                self.blocks(name).iter().map(part).collect()
            }
            "triplet_loss" | "row_gradient" => {
                let groups = match name {
                    "triplet_loss" => self.shape.loss_groups(header.pair_count),
                    _ => self.shape.gradient_groups(header.row_count),
                };
                let uniform = gpu.upload("unused", &[0u32; 4])?;
                Ok(vec![Part { uniform, rows: everything, groups, first_pair: 0 }])
            }
            _ => {
                let part = |shards: &Shards| {
                    let quads = self.plan.shard_quads(shards.range()).len() as u32;
                    let groups = match name {
                        "row_catch_up" => fold(shards.row_count),
                        "row_load" => self.shape.load_groups(quads, header.pair_count),
                        _ => self.shape.step_groups(quads),
                    };
                    let uniform = gpu.upload("shards", &[*shards])?;
                    Ok(Part { uniform, rows: shards.rows(), groups, first_pair: 0 })
                };
                self.shards().iter().map(part).collect()
            }
        }
    }

    /// What a part sees of an array: of the tables its own rows, a buffer a shard; all of the rest.
    fn owned(&self, part: &Part, array: &'static str, values: &Values) -> Vec<(&'static str, Range<usize>)> {
        let words = if array == "row_states" { STATE_WORDS } else { self.sizes.dim() };
        let Some(table) = ["points", "drift", "variance", "row_states"].iter().position(|&t| t == array)
        else {
            let length = match values {
                Values::Float(values) => values.len(),
                Values::Word(values) | Values::Structs(values, _) => values.len(),
            };
            return vec![(array, 0..length)];
        };
        let shards = SHARD_NAMES.iter().take(self.shards_per_dispatch).enumerate();
        let begin = |shard: usize| {
            words * (part.rows.start + shard * self.shape.plan.rows_per_shard).min(part.rows.end)
        };
        shards.map(|(shard, names)| (names[table], begin(shard)..begin(shard + 1))).collect()
    }
}

struct Part {
    uniform: wgpu::Buffer,
    rows: Range<usize>,
    groups: (u32, u32),
    first_pair: usize,
}
