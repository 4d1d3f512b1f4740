//! The twins against golden training steps.

use crate::golden_data::{Golden, Looks, Runner, Step, all};
use spherec::reference::{Scratch, State, step};
use spherec::step::{Grain, Plan, StepConstants, StepShape};

struct Twins {
    constants: StepConstants,
    state: State,
    last_step: u32,
}

impl Twins {
    fn new(golden: &Golden, shape: StepShape) -> Twins {
        let mut points = Vec::new();
        for row in golden.starting_points().chunks(shape.dim) {
            points.extend_from_slice(row);
            points.resize(points.len().next_multiple_of(shape.padded_dim()), 0.0);
        }
        Twins { constants: golden.constants(shape), state: State::new(points, &shape), last_step: 0 }
    }
}

impl Runner for Twins {
    fn step(&mut self, plan: &Plan) -> Step {
        let mut scratch = Scratch::new(&self.constants.shape, f32::NAN);
        let sums = step(&self.constants, plan, &mut self.state, &mut scratch);
        self.last_step = plan.header.step;
        let Scratch { pairs, scores, gradients, working, .. } = scratch;
        Step { sums, pairs, slopes: scores, gradients, points: working }
    }

    fn points(&mut self) -> Vec<f32> {
        self.state.catch_up(&self.constants, self.last_step);
        let shape = &self.constants.shape;
        let rows = self.state.rows.chunks(shape.padded_dim());
        rows.flat_map(|row| row[..shape.dim].to_vec()).collect()
    }
}

fn check(looks: Looks, rows_per_shard: impl Fn(&Golden) -> usize) {
    let golden_runs = all();
    assert_eq!(golden_runs.len(), 4);
    for golden in &golden_runs {
        let shape = golden.shape(rows_per_shard(golden), Grain::GPU);
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

#[test]
fn moments_are_the_golden_ones_without_a_weight_to_speak_of() {
    for golden in all().into_iter().map(Golden::with_spread_scores) {
        let shape = golden.shape(golden.row_count(), Grain::GPU);
        golden.check(&shape, Looks::AtEnd, &mut Twins::new(&golden, shape));
    }
}

/// Changes what a step reported or did (points).
type Change = fn(&mut Step, &mut [f32]);

/// The comparison must be able to fail: a defect in one place each.
struct Defect(Twins, Change);

impl Runner for Defect {
    fn step(&mut self, plan: &Plan) -> Step {
        let mut step = self.0.step(plan);
        (self.1)(&mut step, &mut self.0.state.rows);
        step
    }

    fn points(&mut self) -> Vec<f32> {
        self.0.points()
    }
}

#[test]
fn the_comparison_sees_defects() {
    let golden = &all()[1];
    let shape = golden.shape(golden.row_count(), Grain::GPU);
    let defects: [(&str, Change); 7] = [
        ("loss", |step, _| step.sums.loss *= 1.0001),
        ("moment1", |step, _| step.sums.moment_1 = f32::NAN),
        ("loss[3]", |step, _| step.pairs[3].loss += 1e-4),
        ("slope", |step, _| step.slopes.swap(1, 2)),
        ("gradient", |step, _| step.gradients.iter_mut().for_each(|g| *g *= 1.0001)),
        ("not touched", |step, _| step.gradients.fill(0.0)),
        ("point", |_, points| points[17] += 2e-4),
    ];
    for (word, defect) in defects {
        let run = || golden.check(&shape, Looks::EveryStep, &mut Defect(Twins::new(golden, shape), defect));
        let panic = std::panic::catch_unwind(run).expect_err(word);
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains(word), "{word}: {message}");
    }
}
