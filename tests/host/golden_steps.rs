//! The twins against golden training steps.

use crate::golden_data::{Golden, Looks, Runner, all};
use spherec::gpu::layout::{PairLoss, Settings, StepSums};
use spherec::gpu::{Grain, StepShape};
use spherec::optimizer::{Optimizer, catch_up_table};
use spherec::reference::{Scratch, Sizes, State, step};
use spherec::sampling::Plan;

struct Twins {
    shape: StepShape,
    sizes: Sizes,
    settings: Settings,
    catch_up: Vec<[f32; 2]>,
    optimizer: Optimizer,
    state: State,
    last_step: u32,
}

impl Twins {
    fn new(golden: &Golden, shape: StepShape) -> Twins {
        let constants = golden.constants();
        let catch_up = catch_up_table(constants.betas).unwrap();
        let sizes = Sizes::new(&shape, golden.optimizer());
        let mut points = Vec::new();
        for row in golden.starting_points().chunks(shape.dim) {
            points.extend_from_slice(row);
            points.resize(points.len().next_multiple_of(sizes.dim()), 0.0);
        }
        Twins {
            settings: constants.settings(catch_up.len()),
            state: State::new(points, &sizes),
            optimizer: golden.optimizer(),
            last_step: 0,
            shape,
            sizes,
            catch_up,
        }
    }
}

impl Runner for Twins {
    fn step(&mut self, plan: &Plan) -> (StepSums, Vec<PairLoss>, Vec<f32>) {
        let mut scratch = Scratch::new(&self.shape, &self.sizes, f32::NAN);
        let Twins { settings, catch_up, state, shape, sizes, optimizer, .. } = self;
        let sums = step(plan, settings, catch_up, state, &mut scratch, shape, sizes, *optimizer);
        self.last_step = plan.header.step;
        (sums, scratch.pairs, scratch.gradients)
    }

    fn points(&mut self) -> Vec<f32> {
        if self.optimizer == Optimizer::Adam {
            self.state.catch_up(&self.settings, &self.catch_up, self.last_step, &self.sizes);
        }
        let rows = self.state.points.chunks(self.sizes.dim());
        rows.flat_map(|row| row[..self.shape.dim].to_vec()).collect()
    }
}

fn check(looks: Looks, rows_per_shard: impl Fn(&Golden) -> usize) {
    let golden_runs = all();
    assert_eq!(golden_runs.len(), 4);
    for golden in &golden_runs {
        let shape = golden.shape(rows_per_shard(golden), Grain::WARP);
        golden.check(&shape, looks, &mut Twins::new(golden, shape));
    }
}

#[test]
fn twins_equal_the_golden_steps() {
    check(Looks::EveryStep, Golden::row_count);
}

#[test]
fn twins_equal_the_golden_steps_when_caught_up_only_at_the_end() {
    check(Looks::AtEnd, Golden::row_count);
}

#[test]
fn twins_equal_the_golden_steps_over_many_shards() {
    check(Looks::EveryStep, |_| 5);
}

/// Changes what a step reported (sums, losses, gradients) or did (points).
type Change = fn(&mut StepSums, &mut [PairLoss], &mut [f32], &mut [f32]);

/// The comparison must be able to fail: a defect in one place each.
struct Defect(Twins, Change);

impl Runner for Defect {
    fn step(&mut self, plan: &Plan) -> (StepSums, Vec<PairLoss>, Vec<f32>) {
        let (mut sums, mut pairs, mut gradients) = self.0.step(plan);
        (self.1)(&mut sums, &mut pairs, &mut gradients, &mut self.0.state.points);
        (sums, pairs, gradients)
    }

    fn points(&mut self) -> Vec<f32> {
        self.0.points()
    }
}

#[test]
fn the_comparison_sees_defects() {
    let golden = &all()[1];
    let shape = golden.shape(golden.row_count(), Grain::WARP);
    let defects: [(&str, Change); 7] = [
        ("triplet", |sums, _, _, _| sums.triplet *= 1.0001),
        ("moment1", |sums, _, _, _| sums.moment_1 = f32::NAN),
        ("hinge", |_, pairs, _, _| pairs[3].hinge += 1e-4),
        ("nearest", |_, pairs, _, _| pairs[0].nearest ^= 1),
        ("gradient", |_, _, gradients, _| gradients.iter_mut().for_each(|g| *g *= 1.0001)),
        ("not touched", |_, _, gradients, _| gradients.fill(0.0)),
        ("point", |_, _, _, points| points[17] += 2e-4),
    ];
    for (word, defect) in defects {
        let run = || golden.check(&shape, Looks::EveryStep, &mut Defect(Twins::new(golden, shape), defect));
        let panic = std::panic::catch_unwind(run).expect_err(word);
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains(word), "{word}: {message}");
    }
}
