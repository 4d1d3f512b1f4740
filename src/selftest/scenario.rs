//! Made-up steps: tables in mid-training, a plan from the real planner, and the buffers before and after
//! each kernel as the twins have them.

use super::case::{Case, interactions, state_in_training};
use super::compare::{Arrays, Values};
use crate::gpu::StepShape;
use crate::gpu::layout::{Block, Settings, Shards, StepSums};
use crate::optimizer::{Constants, Optimizer, catch_up_table};
use crate::reference::{self, Scratch, Sizes, State};
use crate::sampling::{EpochOrder, ItemSampler, Plan, PlanShape, Planner, Sampler};
use crate::{Error, Result};
use std::sync::Arc;

const POISON: f32 = -777.25;

pub(super) struct Scenario {
    pub(super) shape: StepShape,
    pub(super) sizes: Sizes,
    pub(super) settings: Settings,
    pub(super) catch_up: Vec<[f32; 2]>,
    pub(super) optimizer: Optimizer,
    pub(super) plan: Plan,
    /// Of the case, or as many as the adapter binds.
    pub(super) shards_per_dispatch: usize,
    state: State,
}

impl Scenario {
    /// A step of `case`; a dispatch covers at most `most_shards`.
    pub(super) fn new(case: &Case, most_shards: usize) -> Result<Scenario> {
        // Keys closer than rounding can tell apart would make the draw's answer depend on the adapter.
        for seed in 0..100 {
            let scenario = Scenario::seeded(case, most_shards, seed)?;
            if case.candidate_count == 0 || scenario.smallest_key_gap() > 1e-4 {
                return Ok(scenario);
            }
        }
        Err(Error::Gpu(format!("the case {:?} has no draw without near ties", case.name)))
    }

    fn seeded(case: &Case, most_shards: usize, seed: u64) -> Result<Scenario> {
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
        let shape = StepShape { plan: plan_shape, dim: case.dim, grain: case.grain };
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
        let shards_per_dispatch = case.shards_per_dispatch.min(most_shards);
        let optimizer = case.optimizer;
        Ok(Scenario { shape, sizes, settings, catch_up, optimizer, plan, shards_per_dispatch, state })
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
            stages.extend([self.shape.score_kernel().0, "negative_draw"]);
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
    pub(super) fn blocks(&self, name: &str) -> Vec<Block> {
        let score = name != "negative_draw";
        let pairs = if score { self.shape.score_pairs() } else { self.shape.pair_capacity() };
        let mut blocks = self.shape.blocks(pairs);
        blocks.retain(|block| block.first_pair < self.plan.header.pair_count);
        blocks
    }

    pub(super) fn shards(&self) -> Vec<Shards> {
        // row_catch_up goes some steps beyond the plan's.
        let step = self.plan.header.step + 5;
        let shards = reference::shards(&self.shape, self.shards_per_dispatch);
        shards.into_iter().map(|shards| Shards { step, ..shards }).collect()
    }

    fn run_twin(&self, name: &str, state: &mut State, s: &mut Scratch) {
        let (plan, settings, sizes, catch_up) = (&self.plan, &self.settings, &self.sizes, &self.catch_up);
        match name {
            "candidate_score" | "candidate_score_subgroup" => {
                for block in &self.blocks(name) {
                    reference::score(plan, block, s, sizes);
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
                &s.picked,
                &mut s.gradients,
                &mut s.step_log,
                sizes,
            ),
            _ => {
                for shards in &self.shards() {
                    let rows = shards.rows();
                    let numbers = rows.start * sizes.dim()..rows.end * sizes.dim();
                    let x = &mut state.points[numbers.clone()];
                    let drift = &mut state.drift[numbers.clone()];
                    let v = &mut state.variance[numbers];
                    let states = &mut state.row_states[rows];
                    match name {
                        "row_load" => reference::row_load(
                            plan,
                            settings,
                            shards,
                            x,
                            drift,
                            states,
                            catch_up,
                            &mut s.working,
                            sizes,
                        ),
                        "row_adam" => reference::row_adam(
                            plan,
                            settings,
                            shards,
                            x,
                            drift,
                            v,
                            states,
                            catch_up,
                            &s.gradients,
                            sizes,
                        ),
                        "row_sgd" => {
                            reference::row_sgd(plan, settings, shards, x, states, &s.gradients, sizes)
                        }
                        _ => reference::row_catch_up(settings, shards, x, drift, v, states, catch_up, sizes),
                    }
                }
            }
        }
    }
}

fn arrays(state: &State, scratch: &Scratch) -> Arrays {
    let sums: &[f32] = bytemuck::cast_slice::<StepSums, f32>(&scratch.step_log);
    vec![
        ("points", Values::Float(state.points.clone())),
        ("drift", Values::Float(state.drift.clone())),
        ("variance", Values::Float(state.variance.clone())),
        ("row_states", Values::Structs(bytemuck::cast_slice(&state.row_states).to_vec(), (3, 1))),
        ("working", Values::Float(scratch.working.clone())),
        ("scores", Values::Float(scratch.scores.clone())),
        ("picks", Values::Word(scratch.picks.clone())),
        ("picked", Values::Word(scratch.picked.clone())),
        ("similarities", Values::Float(scratch.similarities.clone())),
        ("pairs", Values::Structs(bytemuck::cast_slice(&scratch.pairs).to_vec(), (6, 2))),
        ("gradients", Values::Float(scratch.gradients.clone())),
        ("step_log", Values::Float(sums.to_vec())),
    ]
}
