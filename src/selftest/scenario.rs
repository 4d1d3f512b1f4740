//! Made-up steps: tables in mid-training, a plan from the real planner, and the buffers before and after
//! each kernel as the twins have them.

use super::compare::{Arrays, Values};
use crate::data::Interactions;
use crate::gpu::layout::{Block, Settings, Shard, StepSums};
use crate::gpu::{DRAW_LANES, Gpu, Kernel, Named, SCORE_LANES, StepShape, fold, score_groups};
use crate::optimizer::{Constants, Optimizer, catch_up_table};
use crate::random::{Purpose, Stream};
use crate::reference::{self, Scratch, Sizes, State};
use crate::sampling::{EpochOrder, ItemSampler, Plan, PlanShape, Planner, Sampler};
use crate::{Error, Result};
use rand::RngExt;
use std::sync::Arc;

/// The sizes of a made-up step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Case {
    /// What it is there for.
    pub name: &'static str,
    /// D.
    pub dim: usize,
    /// B.
    pub batch_size: usize,
    /// N.
    pub negative_count: usize,
    /// C; 0: negatives from the CPU.
    pub candidate_count: usize,
    /// U.
    pub user_count: usize,
    /// I.
    pub item_count: usize,
    /// Rows of a table shard.
    pub rows_per_shard: usize,
    /// Adam or plain gradient descent.
    pub optimizer: Optimizer,
    /// Exponent of stage 2.
    pub hardness: f64,
    /// Weight of L_GOR.
    pub gor_weight: f64,
    /// The step, from 1.
    pub step: u64,
    /// Threads of a workgroup that owns a quad of rows, at most.
    pub row_lanes: usize,
}

/// The cases that every kernel is checked on: ragged and even sizes, one shard and several, first steps
/// and late ones.
pub fn cases() -> Vec<Case> {
    let base = Case {
        name: "two-stage",
        dim: 32,
        batch_size: 37,
        negative_count: 1,
        candidate_count: 50,
        user_count: 60,
        item_count: 150,
        rows_per_shard: 1000,
        optimizer: Optimizer::Adam,
        hardness: 3.0,
        gor_weight: 0.5,
        step: 57,
        row_lanes: 32,
    };
    vec![
        base,
        Case { name: "three negatives, odd dimension", dim: 13, negative_count: 3, row_lanes: 8, ..base },
        Case { name: "shards", dim: 20, negative_count: 2, rows_per_shard: 23, batch_size: 64, ..base },
        Case {
            name: "dimension 128",
            dim: 128,
            batch_size: 64,
            candidate_count: 128,
            hardness: 62.5,
            row_lanes: 8,
            ..base
        },
        Case { name: "several windows", dim: 256, batch_size: 70, candidate_count: 40, ..base },
        Case { name: "all items are candidates", dim: 8, candidate_count: 150, hardness: 0.0, ..base },
        Case { name: "uniform", candidate_count: 0, negative_count: 2, dim: 24, ..base },
        Case { name: "first step", step: 1, candidate_count: 0, batch_size: 9, dim: 4, ..base },
        Case {
            name: "plain gradient descent",
            optimizer: Optimizer::Sgd,
            dim: 12,
            rows_per_shard: 70,
            ..base
        },
    ]
}

const POISON: f32 = -777.25;

pub(super) struct Scenario {
    shape: StepShape,
    sizes: Sizes,
    settings: Settings,
    catch_up: Vec<[f32; 2]>,
    optimizer: Optimizer,
    plan: Plan,
    state: State,
}

impl Scenario {
    pub(super) fn new(case: &Case) -> Result<Scenario> {
        // Keys closer than rounding can tell apart would make the draw's answer depend on the adapter.
        for seed in 0..100 {
            let scenario = Scenario::seeded(case, seed)?;
            if case.candidate_count == 0 || scenario.smallest_key_gap() > 1e-4 {
                return Ok(scenario);
            }
        }
        Err(Error::Gpu(format!("the case {:?} has no draw without near ties", case.name)))
    }

    fn seeded(case: &Case, seed: u64) -> Result<Scenario> {
        let betas = (0.9, 0.999);
        let train = Arc::new(interactions(case, seed));
        let two_stage = case.candidate_count > 0;
        let plan_shape = PlanShape {
            batch_size: case.batch_size,
            negative_count: case.negative_count,
            candidate_count: case.candidate_count,
            item_count: case.item_count,
            user_count: case.user_count,
            rows_per_shard: case.rows_per_shard,
            excluded_capacity: train.len(),
        };
        let shape = StepShape { plan: plan_shape, dim: case.dim, row_lanes: case.row_lanes };
        let sampler = if two_stage {
            Sampler::TwoStage { beta: 0.5, candidate_count: case.candidate_count, hardness: case.hardness }
        } else {
            Sampler::Uniform
        };
        let items = Arc::new(ItemSampler::new(&train.item_frequencies(), 0.0));
        let order = Arc::new(EpochOrder::new(train, seed));
        let plan = Planner::new(order, items, sampler, plan_shape, betas, seed).plan(case.step);
        let sizes = Sizes::new(&shape, case.optimizer);
        let catch_up = catch_up_table(betas)?;
        let constants = Constants {
            dim: case.dim,
            margin: 0.7,
            gor_weight: case.gor_weight,
            hardness: case.hardness,
            learning_rate: 0.05,
            betas,
            epsilon: 1e-8,
        };
        let settings = constants.settings(catch_up.len());
        let state = state_in_training(case, &sizes, seed);
        Ok(Scenario { shape, sizes, settings, catch_up, optimizer: case.optimizer, plan, state })
    }

    /// The smallest gap between any of the N + 1 largest keys of a pair.
    fn smallest_key_gap(&self) -> f32 {
        let (_, _, scratch) = self.walk("triplet_loss");
        let mut smallest = f32::INFINITY;
        let candidate_count = self.plan.header.candidate_count as usize;
        for pair in 0..self.plan.header.pair_count as usize {
            let scores = &scratch.scores[pair * candidate_count..][..candidate_count];
            let bits = |slot: usize| {
                let quarter = candidate_count / 4;
                let key = [self.plan.header.draw_key_0, self.plan.header.draw_key_1];
                crate::random::pcg4d([key[0], key[1], pair as u32, (slot % quarter) as u32])[slot / quarter]
            };
            let mut keys: Vec<f32> = (0..candidate_count)
                .map(|slot| match self.sizes.negative_count {
                    1 => reference::draw_key(&self.settings, scores[slot], bits(slot)),
                    _ => scores[slot],
                })
                .collect();
            keys.sort_by(|a, b| b.total_cmp(a));
            let top = &keys[..(self.sizes.negative_count + 1).min(keys.len())];
            let gaps = top.windows(2).map(|pair| pair[0] - pair[1]);
            smallest = gaps.filter(|gap| *gap < 1e20).fold(smallest, f32::min);
        }
        smallest
    }

    /// The twins up to, but without, kernel `name`; whether the step has that kernel.
    fn walk(&self, name: &str) -> (bool, State, Scratch) {
        let mut state = self.state.clone();
        let mut scratch = Scratch::new(&self.shape, &self.sizes, POISON);
        for stage in self.stages() {
            if stage == name {
                return (true, state, scratch);
            }
            self.run_twin(stage, &mut state, &mut scratch);
        }
        (false, state, scratch)
    }

    fn stages(&self) -> Vec<&'static str> {
        let mut stages = vec!["row_load"];
        if self.plan.header.candidate_count > 0 {
            stages.extend(["candidate_score", "negative_draw"]);
        }
        stages.extend(["triplet_loss", "row_gradient"]);
        match self.optimizer {
            Optimizer::Adam => stages.extend(["row_adam", "row_catch_up"]),
            Optimizer::Sgd => stages.push("row_sgd"),
        }
        stages
    }

    /// All buffers before and after kernel `name`, as the twins have them.
    pub(super) fn around(&self, name: &str) -> Option<(Arrays, Arrays)> {
        let (found, mut state, mut scratch) = self.walk(name);
        if !found {
            return None;
        }
        let before = arrays(&state, &scratch);
        self.run_twin(name, &mut state, &mut scratch);
        Some((before, arrays(&state, &scratch)))
    }

    /// The dispatches of a kernel of stage 2 that have work.
    fn blocks(&self, name: &str) -> Vec<Block> {
        let score = name == "candidate_score";
        let pairs = if score { self.shape.window_pairs() } else { self.shape.pair_capacity() };
        let mut blocks = self.shape.blocks(pairs);
        blocks.retain(|block| block.first_pair < self.plan.header.pair_count);
        blocks
    }

    fn shards(&self) -> Vec<Shard> {
        // row_catch_up goes some steps beyond the plan's.
        reference::shards(&self.shape, self.plan.header.step + 5)
    }

    fn run_twin(&self, name: &str, state: &mut State, s: &mut Scratch) {
        let (plan, settings, sizes, catch_up) = (&self.plan, &self.settings, &self.sizes, &self.catch_up);
        match name {
            "candidate_score" => {
                for block in &self.blocks(name) {
                    let (positives, packed) = Scratch::scored(&s.working, block.first_pair as usize, sizes);
                    reference::candidate_score(
                        plan,
                        block,
                        positives,
                        packed,
                        &mut s.scores,
                        &mut s.picked,
                        sizes,
                    );
                }
            }
            "negative_draw" => {
                for block in &self.blocks(name) {
                    reference::negative_draw(
                        plan,
                        settings,
                        block,
                        &mut s.scores,
                        &mut s.picks,
                        &mut s.picked,
                        sizes,
                    );
                }
            }
            "triplet_loss" => {
                reference::triplet_loss(
                    plan,
                    settings,
                    &s.working,
                    &s.picks,
                    &mut s.similarities,
                    &mut s.pairs,
                    sizes,
                );
            }
            "row_gradient" => reference::row_gradient(
                plan,
                settings,
                &s.working,
                &s.picks,
                &s.similarities,
                &s.pairs,
                &mut s.picked,
                &mut s.gradients,
                &mut s.step_log,
                sizes,
            ),
            _ => {
                for shard in &self.shards() {
                    let rows = shard.first_row as usize..(shard.first_row + shard.row_count) as usize;
                    let numbers = rows.start * sizes.dim()..rows.end * sizes.dim();
                    let x = &mut state.points[numbers.clone()];
                    let m = &mut state.momentum[numbers.clone()];
                    let v = &mut state.variance[numbers];
                    let last = &mut state.last_steps[rows];
                    match name {
                        "row_load" => reference::row_load(
                            plan,
                            settings,
                            shard,
                            x,
                            m,
                            v,
                            last,
                            catch_up,
                            &mut s.working,
                            sizes,
                        ),
                        "row_adam" => reference::row_adam(
                            plan,
                            settings,
                            shard,
                            x,
                            m,
                            v,
                            last,
                            catch_up,
                            &s.gradients,
                            sizes,
                        ),
                        "row_sgd" => reference::row_sgd(plan, settings, shard, x, &s.gradients, sizes),
                        _ => reference::row_catch_up(settings, shard, x, m, v, last, catch_up, sizes),
                    }
                }
            }
        }
    }

    /// Runs `text` as kernel `name` on the device, from the buffers `before`; the buffers afterwards.
    pub(super) fn run_kernel(&self, gpu: &Gpu, name: &str, text: &str, before: &Arrays) -> Result<Arrays> {
        let mut constants = self.shape.constants(self.optimizer);
        let lane_count = match name {
            "candidate_score" => SCORE_LANES,
            "negative_draw" => DRAW_LANES,
            _ => self.shape.lane_count(),
        };
        constants.push(("lane_count", lane_count as f64));
        let kernel = Kernel::from_text(gpu, name, text, &constants)?;
        let mut plan_bytes: Vec<u8> = bytemuck::bytes_of(&self.plan.header).to_vec();
        plan_bytes.extend_from_slice(bytemuck::cast_slice(&self.plan.words));
        let plan = gpu.upload("plan", &plan_bytes)?;
        let settings = gpu.upload("settings", &[self.settings])?;
        let catch_up = gpu.upload("catch_up", &self.catch_up)?;
        let mut after = before.clone();
        // Each shard or block is a run of its own: (its uniform, the rows it owns, the workgroups).
        for part in self.parts(gpu, name)? {
            let mut owned = Vec::new();
            for (array, values) in &after {
                owned.push((*array, self.part_of(&part, array, values), values));
            }
            let buffers = owned
                .iter()
                .map(|(array, range, values)| match values {
                    Values::Float(values) => Ok((*array, gpu.upload(array, &values[range.clone()])?)),
                    Values::Word(values) | Values::Pair(values) => {
                        Ok((*array, gpu.upload(array, &values[range.clone()])?))
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
                ("shard", &part.uniform),
                ("block", &part.uniform),
            ];
            list.extend(more.map(|(name, buffer)| (name, buffer.as_entire_buffer_binding())));
            let bindings = kernel.bind(gpu, plan.size(), &list)?;
            let mut encoder = gpu.device.create_command_encoder(&Default::default());
            kernel.dispatch(&mut encoder.begin_compute_pass(&Default::default()), &bindings, 0, part.groups);
            let submission = gpu.queue.submit([encoder.finish()]);
            gpu.wait(submission)?;
            let ranges: Vec<_> = owned.into_iter().map(|(_, range, _)| range).collect();
            for (((_, values), range), (_, buffer)) in after.iter_mut().zip(ranges).zip(&buffers) {
                match values {
                    Values::Float(values) => {
                        values[range.clone()].copy_from_slice(&gpu.read(buffer, range.len())?)
                    }
                    Values::Word(values) | Values::Pair(values) => {
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
            "candidate_score" | "negative_draw" => {
                let part = |block: &Block| {
                    let pairs = block.pair_count.min(header.pair_count - block.first_pair);
                    let groups = match name {
                        "candidate_score" => score_groups(header.candidate_count, pairs),
                        _ => fold(pairs),
                    };
                    let uniform = gpu.upload("block", &[*block])?;
                    let first_pair = block.first_pair as usize;
                    Ok(Part { uniform, rows: everything.clone(), groups, first_pair })
                };
                self.blocks(name).iter().map(part).collect()
            }
            "triplet_loss" | "row_gradient" => {
                let count = if name == "triplet_loss" { header.pair_count } else { header.row_count / 4 };
                let uniform = gpu.upload("unused", &[0u32; 4])?;
                Ok(vec![Part { uniform, rows: everything, groups: fold(count), first_pair: 0 }])
            }
            _ => {
                let part = |shard: &Shard| {
                    let quads = self.plan.shard_quads(shard.index as usize).len() as u32;
                    let groups = fold(if name == "row_catch_up" { shard.row_count } else { quads });
                    let rows = shard.first_row as usize..(shard.first_row + shard.row_count) as usize;
                    Ok(Part { uniform: gpu.upload("shard", &[*shard])?, rows, groups, first_pair: 0 })
                };
                self.shards().iter().map(part).collect()
            }
        }
    }

    /// What of a buffer a part sees: its own rows of the tables, all of the rest.
    fn part_of(&self, part: &Part, array: &str, values: &Values) -> std::ops::Range<usize> {
        let dim = self.sizes.dim();
        match (array, values) {
            ("points" | "momentum" | "variance", _) => part.rows.start * dim..part.rows.end * dim,
            ("last_steps", _) => part.rows.clone(),
            (_, Values::Float(values)) => 0..values.len(),
            (_, Values::Word(values) | Values::Pair(values)) => 0..values.len(),
        }
    }
}

struct Part {
    uniform: wgpu::Buffer,
    rows: std::ops::Range<usize>,
    groups: (u32, u32),
    first_pair: usize,
}

fn arrays(state: &State, scratch: &Scratch) -> Arrays {
    let sums: &[f32] = bytemuck::cast_slice::<StepSums, f32>(&scratch.step_log);
    vec![
        ("points", Values::Float(state.points.clone())),
        ("momentum", Values::Float(state.momentum.clone())),
        ("variance", Values::Float(state.variance.clone())),
        ("last_steps", Values::Word(state.last_steps.clone())),
        ("working", Values::Float(scratch.working.clone())),
        ("scores", Values::Float(scratch.scores.clone())),
        ("picks", Values::Word(scratch.picks.clone())),
        ("picked", Values::Word(scratch.picked.clone())),
        ("similarities", Values::Float(scratch.similarities.clone())),
        ("pairs", Values::Pair(bytemuck::cast_slice(&scratch.pairs).to_vec())),
        ("gradients", Values::Float(scratch.gradients.clone())),
        ("step_log", Values::Float(sums.to_vec())),
    ]
}

/// Random interactions; user 0 has all items but a few.
fn interactions(case: &Case, seed: u64) -> Interactions {
    let mut stream = Stream::new(seed, Purpose::Generate, 1);
    let mut pairs = Vec::new();
    for user in 0..case.user_count as u32 {
        for item in 0..case.item_count as u32 {
            let popular = 1.0 / (1.0 + f64::from(item) / 10.0);
            let chance = if user == 0 { 0.9 } else { 0.3 * popular };
            if stream.random::<f64>() < chance {
                pairs.push((user, item));
            }
        }
    }
    Interactions::from_pairs(case.user_count, case.item_count, &pairs)
}

/// Rows as they are in mid-training: norms around one, moments, last steps from never to just now. Close
/// points occur, so that similarities reach both ends.
fn state_in_training(case: &Case, sizes: &Sizes, seed: u64) -> State {
    let mut stream = Stream::new(seed, Purpose::Init, 1);
    let row_count = case.item_count + case.user_count;
    let mut points = vec![0.0f32; row_count * sizes.dim()];
    for row in points.chunks_mut(sizes.dim()) {
        let scale = stream.random_range(0.5..2.0f32) * 1.7 / (case.dim as f32).sqrt();
        row[..case.dim].iter_mut().for_each(|x| *x = scale * stream.random_range(-1.0..1.0f32));
        row[0] += 0.3;
    }
    let mut state = State::new(points, sizes);
    if case.optimizer == Optimizer::Sgd || case.step == 1 {
        return state;
    }
    for row in 0..row_count {
        let last = stream.below(case.step as u32);
        state.last_steps[row] = last;
        if last > 0 {
            for index in row * sizes.dim()..row * sizes.dim() + case.dim {
                state.momentum[index] = 0.02 * stream.random_range(-1.0..1.0f32);
                state.variance[index] = 1e-3 * stream.random_range(0.05..1.0f32);
            }
        }
    }
    state
}
