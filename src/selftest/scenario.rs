//! Made-up steps as a kernel meets them: tables in mid-training, a plan from the real planner, and the buffers before
//! and after each stage as the twins have them.

use super::compare::{Arrays, Values};
use super::made_up::{MadeUp, interactions, state_in_training};
use crate::reference::{self, Constants, Scratch, State};
use crate::sampling::{EpochOrder, ItemSampler, Planner};
use crate::step::layout::{Shards, StepSums};
use crate::step::{Extent, Plan, PlanShape, Rates, Schedule, Stage, StepShape};
use crate::{Error, Result};
use std::sync::Arc;

const POISON: f32 = -777.25;
/// Keys closer than this could be drawn in another order by another adapter's rounding.
const NEAR_TIE: f32 = 1e-4;

#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) constants: Constants,
    pub(super) plan: Plan,
    state: State,
}

impl Scenario {
    /// A step of `case` whose draw has no near ties; a dispatch covers at most `most_shards`.
    pub(super) fn new(case: &MadeUp, most_shards: usize) -> Result<Scenario> {
        for seed in 0..100 {
            let scenario = Scenario::seeded(case, most_shards, seed)?;
            if case.candidate_count == 0 || scenario.smallest_key_gap() > NEAR_TIE {
                return Ok(scenario);
            }
        }
        Err(Error::Gpu(format!("the step {:?} has no draw without near ties", case.name)))
    }

    /// The step of `case` and `seed`, near ties or not.
    pub(super) fn seeded(case: &MadeUp, most_shards: usize, seed: u64) -> Result<Scenario> {
        let train = Arc::new(interactions(case, seed));
        let plan_shape = PlanShape {
            batch_size: case.batch_size,
            negative_count: case.negative_count,
            candidate_count: case.candidate_count,
            item_count: case.item_count,
            user_count: case.user_count,
            rows_per_shard: case.rows_per_shard,
            excluded_capacity: train.len(),
        };
        let shape = StepShape {
            plan: plan_shape,
            dim: case.dim,
            geometry: case.geometry,
            loss: case.loss,
            has_spread: case.gor_weight > 0.0,
            optimizer: case.optimizer,
            shards_per_dispatch: case.shards_per_dispatch.min(most_shards),
            block_bytes: case.block_bytes,
            grain: case.grain,
        };
        let rates = Rates { optimizer: case.optimizer, schedule: Schedule::Constant { learning_rate: 0.05 } };
        let items = Arc::new(ItemSampler::new(&train.item_frequencies(), 0.0));
        let order = Arc::new(EpochOrder::new(train, seed));
        let plan = Planner::new(order, items, plan_shape, rates, seed).plan(case.step);
        let catch_up = rates.catch_up_table()?;
        let settings = rates.settings(case.dim, case.gor_weight, case.hardness, catch_up.len());
        let state = state_in_training(case, &shape, seed);
        Ok(Scenario { constants: Constants { shape, settings, catch_up }, plan, state })
    }

    pub(super) fn shape(&self) -> &StepShape {
        &self.constants.shape
    }

    /// The smallest gap between any two neighbours of the N + 1 largest keys of a pair, by the draw's own random
    /// words.
    pub(super) fn smallest_key_gap(&self) -> f32 {
        let shape = self.shape();
        let (candidate_count, negative_count) =
            (self.plan.header.candidate_count as usize, shape.plan.negative_count);
        let mut smallest = f32::INFINITY;
        for (pair, similarities) in self.similarities() {
            let mut keys: Vec<f32> = (0..candidate_count)
                .map(|slot| {
                    let bits = reference::draw_bits(&self.plan, pair, slot);
                    reference::draw_key(&self.constants.settings, similarities[slot], bits)
                })
                .collect();
            keys.sort_by(|a, b| b.total_cmp(a));
            let top = &keys[..(negative_count + 1).min(keys.len())];
            let gaps = top.windows(2).map(|pair| pair[0] - pair[1]);
            smallest = gaps.filter(|gap| *gap < 1e20).fold(smallest, f32::min);
        }
        smallest
    }

    /// What each draw weighs: the pair, and its similarities to the candidates, -2 for the user's own items.
    fn similarities(&self) -> Vec<(usize, Vec<f32>)> {
        let (plan, shape) = (&self.plan, self.shape());
        let (mut state, mut scratch) = (self.state.clone(), Scratch::new(shape, POISON));
        let count = plan.header.candidate_count as usize;
        let mut found = Vec::new();
        for stage in shape.stages() {
            for extent in self.extents(&stage) {
                if let ("negative_draw", Extent::Block(block)) = (stage.kernel, extent) {
                    let end = (block.first_pair + block.pair_count).min(plan.header.pair_count);
                    for (row, pair) in (block.first_pair..end).enumerate() {
                        let mut of_pair = scratch.similarities[row * count..][..count].to_vec();
                        for &slot in plan.excluded(plan.users()[pair as usize]) {
                            of_pair[slot as usize] = -2.0;
                        }
                        found.push((pair as usize, of_pair));
                    }
                }
                reference::run_stage(&stage, &extent, &self.constants, plan, &mut state, &mut scratch);
            }
            if stage.kernel == "negative_draw" {
                break;
            }
        }
        found
    }

    /// The stage that runs `kernel`, in a step or after it.
    pub(super) fn stage(&self, kernel: &str) -> Option<Stage> {
        let stages = self.shape().stages();
        stages.into_iter().chain(self.shape().catch_up_stage()).find(|stage| stage.kernel == kernel)
    }

    /// What the dispatches of a stage cover that have work in this step.
    pub(super) fn extents(&self, stage: &Stage) -> Vec<Extent> {
        // row_catch_up goes some steps beyond the plan's.
        let later = |extent| match extent {
            Extent::Shards(shards) => Extent::Shards(Shards { step: self.plan.header.step + 5, ..shards }),
            other => other,
        };
        let shape = self.shape();
        let all = shape.extents(stage).into_iter().map(later);
        all.filter(|extent| shape.groups(stage, extent, &self.plan).0 > 0).collect()
    }

    /// All buffers before and after the stage of `kernel`, as the twins have them; `None` if the step lacks it. Each
    /// stage runs over all of its extents before the next stage does, several blocks of pairs or one.
    pub(super) fn around(&self, kernel: &str) -> Option<(Arrays, Arrays)> {
        self.stage(kernel)?;
        let (mut state, mut scratch) = (self.state.clone(), Scratch::new(self.shape(), POISON));
        for stage in self.shape().stages().iter().chain(&self.shape().catch_up_stage()) {
            let before = (stage.kernel == kernel).then(|| arrays(&state, &scratch));
            for extent in self.extents(stage) {
                reference::run_stage(stage, &extent, &self.constants, &self.plan, &mut state, &mut scratch);
            }
            if let Some(before) = before {
                return Some((before, arrays(&state, &scratch)));
            }
        }
        None
    }
}

fn arrays(state: &State, scratch: &Scratch) -> Arrays {
    let words = |words: &[u32]| Values::Word(words.to_vec());
    let floats = |numbers: &[f32]| Values::Float(numbers.to_vec());
    vec![
        ("points", floats(&state.points)),
        ("drift", floats(&state.drift)),
        ("variance", floats(&state.variance)),
        ("row_states", Values::Structs(bytemuck::cast_slice(&state.row_states).to_vec(), (3, 1))),
        ("working", floats(&scratch.working)),
        ("similarities", floats(&scratch.similarities)),
        ("picks", words(&scratch.picks)),
        ("picked", words(&scratch.picked)),
        ("scores", floats(&scratch.scores)),
        ("spread", floats(&scratch.spread)),
        ("pairs", floats(bytemuck::cast_slice(&scratch.pairs))),
        ("spread_line", floats(&scratch.spread_line)),
        ("gradients", floats(&scratch.gradients)),
        ("step_log", floats(bytemuck::cast_slice::<StepSums, f32>(&scratch.step_log))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selftest::made_up_steps;

    /// The keys that the guard looks at must be those that the twin's draw leaves.
    #[test]
    fn the_guard_against_near_ties_sees_the_keys_of_the_draw() {
        let case = made_up_steps().into_iter().find(|case| case.negative_count == 3).unwrap();
        let scenario = Scenario::seeded(&case, 1, 3).unwrap();
        let (_, after) = scenario.around("negative_draw").unwrap();
        let keys_of = |name: &str| match &after.iter().find(|(array, _)| *array == name).unwrap().1 {
            Values::Float(values) => values.clone(),
            _ => panic!("{name} is no numbers"),
        };
        // With several negatives the draw leaves its keys in place of the similarities.
        let (keys, count) = (keys_of("similarities"), scenario.plan.header.candidate_count as usize);
        let mut smallest = f32::INFINITY;
        for pair in keys.chunks(count).take(scenario.plan.header.pair_count as usize) {
            let mut keys = pair.to_vec();
            keys.sort_by(|a, b| b.total_cmp(a));
            let gaps = keys[..4].windows(2).map(|pair| pair[0] - pair[1]);
            smallest = gaps.filter(|gap| *gap < 1e20).fold(smallest, f32::min);
        }
        assert!(smallest.is_finite());
        assert_eq!(scenario.smallest_key_gap(), smallest);
    }
}
