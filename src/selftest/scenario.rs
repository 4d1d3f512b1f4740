//! Made-up steps as a kernel meets them: tables in mid-training, a plan from the real planner, and the buffers before
//! and after each stage as the twins have them.

use super::compare::{Arrays, Values};
use super::made_up::{MadeUp, features, interactions, state_in_training};
use crate::data::{Features, Side};
use crate::reference::{self, Scratch, State};
use crate::sampling::{EpochOrder, ItemSampler, Planner};
use crate::step::layout::{Shards, StepSums};
use crate::step::{
    Extent, HistoryShape, Layer, NetShape, Of, Plan, PlanShape, Rates, Schedule, Stage, StepConstants,
    StepShape,
};
use crate::{Error, Result};
use std::sync::Arc;

const POISON: f32 = -777.25;
/// Of keys closer than this another adapter's rounding could draw the other.
const NEAR_TIE: f32 = 1e-4;

/// One dispatch of a kernel: what it covers, and all buffers before and after it, as the twins have them.
#[derive(Debug)]
pub(super) struct KernelRun {
    pub(super) stage: Stage,
    pub(super) extent: Extent,
    pub(super) before: Arrays,
    pub(super) after: Arrays,
}

#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) constants: StepConstants,
    pub(super) plan: Plan,
    state: State,
}

impl Scenario {
    /// A step of `case` whose draw has no near ties; a dispatch covers at most `most_shards`.
    pub(super) fn new(case: &MadeUp, most_shards: usize) -> Result<Scenario> {
        for seed in 0..100 {
            let scenario = Scenario::seeded(case, most_shards, seed)?;
            if case.candidate_count == 0 || case.negative_count == 0 || scenario.smallest_key_gap() > NEAR_TIE
            {
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
            history: case.history.map(|(weight, cap, has_user_rows)| HistoryShape {
                weight,
                cap,
                has_user_rows,
                entry_capacity: train.len(),
            }),
        };
        let shape = StepShape {
            plan: plan_shape,
            dim: case.dim,
            geometry: case.geometry,
            loss: case.loss,
            gor_weight: case.gor_weight,
            covariance_weight: case.covariance_weight,
            item_bias_rate: case.item_bias_rate,
            optimizer: case.optimizer,
            shards_per_dispatch: case.shards_per_dispatch.min(most_shards),
            block_bytes: case.block_bytes,
            nets: [None; 2],
            grain: case.grain,
        };
        let features = features(case, seed);
        let net = |(side, rows): &(Side, Arc<Features>)| {
            let (hidden, projected) = case.net?;
            let net = NetShape {
                feature_count: rows.feature_count(),
                hidden,
                dropout: 0.3,
                role: case.role,
                projected,
                entry_capacity: rows.most_entries(projected),
                rows_per_shard: case.rows_per_shard.min(17),
                shards_per_dispatch: shape.shards_per_dispatch,
            };
            Some((*side, Arc::clone(rows), net))
        };
        let nets: Vec<_> = features.iter().filter_map(net).collect();
        let shape = StepShape { nets: [0, 1].map(|side| nets.get(side).map(|(.., net)| *net)), ..shape };
        let schedule = Schedule::Linear { learning_rate: 0.05 };
        let rates = Rates { optimizer: case.optimizer, schedule, last_step: 100 };
        // Shared candidates by popularity, so that their corrections differ.
        let beta = if case.negative_count == 0 { 0.5 } else { 0.0 };
        let items = Arc::new(ItemSampler::new(&train.item_frequencies(), beta));
        let order = Arc::new(EpochOrder::new(train, seed));
        let planner = Planner::new(order, items, plan_shape, rates, seed);
        let planner = planner.correcting(case.loss.correction());
        let plan = nets
            .into_iter()
            .fold(planner, |planner, (side, rows, net)| planner.projecting(side, rows, net))
            .plan(case.step);
        let state = state_in_training(case, &shape, seed);
        Ok(Scenario { constants: StepConstants::new(shape, rates, case.hardness)?, plan, state })
    }

    pub(super) fn shape(&self) -> &StepShape {
        &self.constants.shape
    }

    /// The smallest gap between the last key of a pair that is drawn and the next, by the draw's own random words.
    pub(super) fn smallest_key_gap(&self) -> f32 {
        let plan = &self.plan;
        let count = plan.header.candidate_count as usize;
        let mut smallest = f32::INFINITY;
        for KernelRun { extent, before, .. } in self.runs("negative_draw") {
            let Extent::Block(block) = extent else { continue };
            let scores = floats_of(&before, "candidate_scores");
            let end = (block.first_pair + block.pair_count).min(plan.header.pair_count);
            for (row, pair) in (block.first_pair as usize..end as usize).enumerate() {
                let mut of_pair = scores[(block.first_row as usize + row) * count..][..count].to_vec();
                for &slot in plan.excluded(plan.own_users()[pair]) {
                    of_pair[slot as usize] = -2.0;
                }
                let key = |slot: usize| {
                    let bits = reference::draw_bits(plan, pair, slot);
                    reference::draw_key(&self.constants.settings, of_pair[slot], bits)
                };
                smallest =
                    smallest.min(key_gap((0..count).map(key).collect(), self.shape().plan.negative_count));
            }
        }
        smallest
    }

    /// The stage that runs `kernel`, in a step or after it.
    pub(super) fn stage(&self, kernel: &str) -> Option<Stage> {
        let stages = self.shape().stages();
        stages.into_iter().chain(self.shape().catch_up_stages()).find(|stage| stage.kernel == kernel)
    }

    /// The dispatches of `kernel`, in the step's own order or after it; none if the step lacks the kernel.
    pub(super) fn runs(&self, kernel: &str) -> Vec<KernelRun> {
        let (shape, plan) = (self.shape(), &self.plan);
        let stages = shape.stages();
        let in_step = shape.dispatches(plan).into_iter().map(|dispatch| {
            let stage = stages[dispatch.stage];
            (stage, shape.extents(&stage)[dispatch.extent])
        });
        // row_catch_up goes some steps beyond the plan's.
        let step = plan.header.step + 5;
        let later = shape.catch_up_stages().into_iter().flat_map(|stage| {
            let shards = shape.part(stage.of).table_shards().into_iter();
            shards.map(move |shards| (stage, Extent::Shards(Shards { step, ..shards })))
        });
        let order: Vec<(Stage, Extent)> = in_step.chain(later).collect();
        let end = order.iter().rposition(|(stage, _)| stage.kernel == kernel).map_or(0, |last| last + 1);
        let (mut state, mut scratch) = (self.state.clone(), Scratch::new(shape, POISON));
        let mut runs = Vec::new();
        for (stage, extent) in &order[..end] {
            let before = (stage.kernel == kernel).then(|| arrays(stage, &mut state, &scratch));
            reference::run_stage(stage, extent, &self.constants, plan, &mut state, &mut scratch);
            if let Some(before) = before {
                let after = arrays(stage, &mut state, &scratch);
                runs.push(KernelRun { stage: *stage, extent: *extent, before, after });
            }
        }
        runs
    }
}

/// How far the last of the `drawn` largest keys is above the next; infinite if fewer can be drawn.
fn key_gap(mut keys: Vec<f32>, drawn: usize) -> f32 {
    keys.sort_by(|a, b| b.total_cmp(a));
    match (keys.get(drawn - 1), keys.get(drawn)) {
        (Some(&last), Some(&next)) if last > -1e20 => last - next,
        _ => f32::INFINITY,
    }
}

/// The numbers of the array `name`; empty if it has none.
fn floats_of<'a>(arrays: &'a Arrays, name: &str) -> &'a [f32] {
    match arrays.iter().find(|(array, _)| *array == name) {
        Some((_, Values::Float(values))) => values,
        _ => &[],
    }
}

/// The buffers that a stage sees, by the names that its kernel has for them.
fn arrays(stage: &Stage, state: &mut State, scratch: &Scratch) -> Arrays {
    let of = stage.of;
    let net = scratch.nets.iter().find(|(side, _)| Some(*side) == of.side()).map(|(_, net)| net);
    let all = arrays_of(state.tables(of.tables()), scratch);
    let Some(net) = net else { return all };
    let floats = |numbers: &[f32]| Values::Float(numbers.to_vec());
    let named = match of {
        Of::Layer(_, Layer::Input) => {
            vec![("working", floats(&net.input_points)), ("gradients", floats(&net.input_gradients))]
        }
        Of::Layer(_, Layer::Output) => {
            vec![("working", floats(&net.output_points)), ("gradients", floats(&net.output_gradients))]
        }
        // Kernels find f of a linear network where others have their hidden layer.
        Of::Points | Of::Net(_) if net.hidden.is_empty() => {
            let called = match stage.kernel {
                "feature_hidden" => "hidden",
                "feature_gradient" => "hidden_gradients",
                _ => "projected",
            };
            vec![
                ("input_points", floats(&net.input_points)),
                ("input_gradients", floats(&net.input_gradients)),
                (called, floats(&net.projected)),
            ]
        }
        Of::Points | Of::Net(_) => vec![
            ("input_points", floats(&net.input_points)),
            ("input_gradients", floats(&net.input_gradients)),
            ("output_points", floats(&net.output_points)),
            ("output_gradients", floats(&net.output_gradients)),
            ("hidden", floats(&net.hidden)),
            ("hidden_gradients", floats(&net.hidden_gradients)),
            ("projected", floats(&net.projected)),
            ("feature_losses", floats(&net.feature_losses)),
        ],
    };
    let is_other = |(name, _): &(&str, Values)| named.iter().all(|(own, _)| own != name);
    all.into_iter().filter(is_other).chain(named.clone()).collect()
}

fn arrays_of(state: &State, scratch: &Scratch) -> Arrays {
    let words = |words: &[u32]| Values::Word(words.to_vec());
    let floats = |numbers: &[f32]| Values::Float(numbers.to_vec());
    vec![
        ("rows", floats(&state.rows)),
        ("drift", floats(&state.drift)),
        ("variance", floats(&state.variance)),
        ("row_states", Values::Structs(bytemuck::cast_slice(&state.row_states).to_vec(), (7, 1))),
        ("working", floats(&scratch.working)),
        ("candidate_scores", floats(&scratch.candidate_scores)),
        ("picks", words(&scratch.picks)),
        ("picked", words(&scratch.picked)),
        ("scores", floats(&scratch.scores)),
        ("spread", floats(&scratch.spread)),
        ("pairs", floats(bytemuck::cast_slice(&scratch.pairs))),
        ("spread_line", floats(&scratch.spread_line)),
        ("user_gradients", floats(&scratch.user_gradients)),
        ("gradients", floats(&scratch.gradients)),
        ("histories", floats(&scratch.histories)),
        ("covariance_parts", floats(&scratch.covariance_parts)),
        ("covariance", floats(&scratch.covariance)),
        (
            "step_log",
            Values::Structs(bytemuck::cast_slice::<StepSums, u32>(&scratch.step_log).to_vec(), (6, 1)),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selftest::made_up_steps;

    fn step(name: &str) -> MadeUp {
        made_up_steps().into_iter().find(|case| case.name == name).unwrap()
    }

    /// The keys that the guard looks at must be those that the twin's draw leaves.
    #[test]
    fn the_guard_against_near_ties_sees_the_keys_of_the_draw() {
        let scenario = Scenario::seeded(&step("three negatives, odd dimension"), 1, 3).unwrap();
        let runs = scenario.runs("negative_draw");
        assert_eq!(runs.len(), 1);
        // With several negatives the draw leaves its keys in place of the similarities.
        let keys = floats_of(&runs[0].after, "candidate_scores");
        let count = scenario.plan.header.candidate_count as usize;
        let pairs = keys.chunks(count).take(scenario.plan.header.pair_count as usize);
        let smallest = pairs.map(|keys| key_gap(keys.to_vec(), 3)).fold(f32::INFINITY, f32::min);
        assert!(smallest.is_finite());
        assert_eq!(scenario.smallest_key_gap(), smallest);
    }

    #[test]
    fn a_gap_is_that_of_the_last_drawn_key() {
        assert_eq!(key_gap(vec![1.0, 5.0, 2.0, 4.5], 2), 2.5);
        assert_eq!(key_gap(vec![1.0, 2.0], 2), f32::INFINITY);
        assert_eq!(key_gap(vec![-1e30, 2.0, -1e30], 2), f32::INFINITY);
    }

    #[test]
    fn made_up_steps_have_the_blocks_that_they_are_called_after() {
        let (draw, gradient) = ("negative_draw", "candidate_gradient");
        let (on_subgroups, softmax) = ("candidate_gradient_subgroup", "softmax_loss");
        // A step's blocks of pairs, their windows, and the dispatches of a kernel that runs over blocks.
        for (name, blocks, windows, kernel, dispatches) in [
            ("three blocks of pairs", 3, 3, draw, 3),
            ("subgroups, two blocks of pairs", 2, 4, draw, 2),
            ("two-stage", 1, 1, draw, 1),
            ("shared, four blocks of pairs, shards", 4, 4, softmax, 4),
            ("subgroups, shared, two blocks of pairs", 2, 3, on_subgroups, 2),
            ("shared, few pairs, no item biases", 4, 4, gradient, 2),
            ("subgroups, shared, few pairs", 2, 2, on_subgroups, 1),
        ] {
            let scenario = Scenario::seeded(&step(name), 1, 0).unwrap();
            let shape = scenario.shape();
            assert_eq!(shape.blocks().len(), blocks, "{name}");
            let all = shape.blocks().iter().map(|block| shape.windows(block).len()).sum::<usize>();
            assert_eq!(all, windows, "{name}");
            assert_eq!(scenario.runs(kernel).len(), dispatches, "{name}");
            // A block, though not the first, that has a part of its pairs.
            let pair_count = scenario.plan.header.pair_count as usize;
            let is_partial = !pair_count.is_multiple_of(shape.block_pairs());
            assert!(is_partial, "{name}: {pair_count} pairs");
        }
    }
}
