//! The twins against golden training steps.

use crate::golden_data::{Golden, Looks, Runner, Scores, Step, all, losses, triplets};
use spherec::reference::{Scratch, State, run_stage};
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
        let mut state = State::new(points, &shape);
        state.row_states.iter_mut().enumerate().for_each(|(row, it)| it.bias = golden.starting_bias(row));
        Twins { constants: golden.constants(shape), state, last_step: 0 }
    }
}

impl Runner for Twins {
    fn step(&mut self, plan: &Plan) -> Step {
        let shape = &self.constants.shape;
        let mut scratch = Scratch::new(shape, f32::NAN);
        let mut scores = None;
        let stages = shape.stages();
        for dispatch in shape.dispatches(plan) {
            let stage = &stages[dispatch.stage];
            if stage.kernel == shape.loss.kernel() {
                let Scratch { scores: own, candidate_scores: candidates, .. } = scratch.clone();
                // One block of pairs: no loss replaces the scores of another.
                assert!(scores.replace(Scores { own, candidates }).is_none());
            }
            let extent = shape.extents(stage)[dispatch.extent];
            run_stage(stage, &extent, &self.constants, plan, &mut self.state, &mut scratch);
        }
        self.last_step = plan.header.step;
        let Scratch { pairs, scores: own, candidate_scores: candidates, gradients, working, .. } = scratch;
        let slopes = Scores { own, candidates };
        Step { sums: scratch.step_log[0], pairs, scores, slopes, gradients, points: working }
    }

    fn tables(&mut self) -> (Vec<f32>, Vec<f32>) {
        self.state.catch_up(&self.constants, self.last_step);
        let shape = &self.constants.shape;
        let rows = self.state.rows.chunks(shape.padded_dim());
        let biases = self.state.row_states[..shape.plan.item_count].iter().map(|it| it.bias);
        (rows.flat_map(|row| row[..shape.dim].to_vec()).collect(), biases.collect())
    }
}

fn check(looks: Looks, rows_per_shard: impl Fn(&Golden) -> usize) {
    let golden_runs = all();
    assert_eq!((triplets().len(), losses().len(), golden_runs.len()), (5, 13, 18));
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
    for golden in triplets().into_iter().map(Golden::with_spread_scores) {
        let shape = golden.shape(golden.row_count(), Grain::GPU);
        golden.check(&shape, Looks::AtEnd, &mut Twins::new(&golden, shape));
    }
}

/// Changes what a step reported or did (the tables).
type Change = fn(&mut Step, &mut State);

/// The comparison must be able to fail: a defect in one place each.
struct Defect(Twins, Change);

impl Runner for Defect {
    fn step(&mut self, plan: &Plan) -> Step {
        let mut step = self.0.step(plan);
        (self.1)(&mut step, &mut self.0.state);
        step
    }

    fn tables(&mut self) -> (Vec<f32>, Vec<f32>) {
        self.0.tables()
    }
}

/// Each defect must be told by its word.
fn assert_seen(golden: &Golden, shape: StepShape, defects: &[(&str, Change)]) {
    for &(word, defect) in defects {
        let run = || golden.check(&shape, Looks::EveryStep, &mut Defect(Twins::new(golden, shape), defect));
        let panic = std::panic::catch_unwind(run).expect_err(word);
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains(word), "{word}: {message}");
    }
}

#[test]
fn the_comparison_sees_defects() {
    let golden = &triplets()[1];
    let shape = golden.shape(golden.row_count(), Grain::GPU);
    let defects: [(&str, Change); 7] = [
        ("loss", |step, _| step.sums.loss *= 1.0001),
        ("moment1", |step, _| step.sums.moment_1 = f32::NAN),
        ("loss[3]", |step, _| step.pairs[3].loss += 1e-4),
        ("slope", |step, _| step.slopes.own.swap(1, 2)),
        ("gradient", |step, _| step.gradients.iter_mut().for_each(|g| *g *= 1.0001)),
        ("not touched", |step, _| step.gradients.fill(0.0)),
        ("point", |_, state| state.rows[17] += 2e-4),
    ];
    assert_seen(golden, shape, &defects);
}

#[test]
fn the_comparison_sees_defects_of_shared_candidates_and_item_biases() {
    let runs = losses();
    let golden = runs.iter().find(|golden| golden.name == "loss_softmax_shared_bias").unwrap();
    let shape = golden.shape(golden.row_count(), Grain::GPU);
    // In the shape of this run a gradient row has 8 numbers, then its note.
    assert_eq!((shape.dim, shape.slot_numbers()), (8, 12));
    let defects: [(&str, Change); 9] = [
        ("positive score[5]", |step, _| step.scores.as_mut().unwrap().own[5] += 3e-6),
        ("negative score", |step, _| {
            step.scores.as_mut().unwrap().candidates.iter_mut().for_each(|s| *s += 3e-6)
        }),
        ("positive slope[2]", |step, _| step.slopes.own[2] *= 1.0001),
        ("slope", |step, _| step.slopes.candidates.iter_mut().for_each(|g| *g *= 1.0001)),
        ("slope", |step, _| step.slopes.candidates.rotate_left(1)),
        ("loss[0]", |step, _| step.pairs[0].loss = f32::NAN),
        ("bias gradient", |step, _| step.gradients.chunks_mut(12).for_each(|row| row[9] *= 1.0001)),
        ("gradient of row", |step, _| step.gradients[1] = f32::NAN),
        ("item bias 3", |_, state| state.row_states[3].bias += 2e-4),
    ];
    assert_seen(golden, shape, &defects);
    let mut other = golden.constants(shape);
    other.shape.loss = spherec::step::Loss::Softmax { temperature: 0.2001 };
    let twins = Twins { constants: other, ..Twins::new(golden, shape) };
    let run = || golden.check(&shape, Looks::EveryStep, &mut Defect(twins, |_, _| ()));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err(), "another temperature");
}
