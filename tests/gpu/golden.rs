//! The engine on the device against golden training steps.

use crate::golden_data::{Golden, Looks, Runner, Scores, Step, all, triplets};
use crate::support::{SMALL, gpu, has_subgroups};
use spherec::gpu::{Gpu, Stepper, Tables};
use spherec::step::{Grain, Plan, StepShape};
use std::sync::Arc;

struct Device {
    gpu: Arc<Gpu>,
    stepper: Stepper,
}

impl Device {
    fn new(golden: &Golden, mut shape: StepShape) -> Device {
        let gpu = gpu();
        shape.shards_per_dispatch = Tables::shards_per_dispatch(&gpu, shape.plan.shard_count());
        let constants = golden.constants(shape);
        let (points, dim) = (golden.starting_points(), shape.dim);
        let fill = |row: usize, point: &mut [f32]| {
            point.copy_from_slice(&points[row * dim..][..dim]);
            golden.starting_bias(row)
        };
        let tables = Tables::new(&gpu, &shape, fill).unwrap();
        let stepper = Stepper::new(Arc::clone(&gpu), tables, &constants).unwrap();
        Device { gpu, stepper }
    }
}

impl Runner for Device {
    fn step(&mut self, plan: &Plan) -> Step {
        self.stepper.submit(&mut [plan.clone()]).unwrap();
        let sums = self.stepper.collect().unwrap().unwrap();
        assert_eq!(sums.len(), 1);
        let found = self.stepper.inspect().unwrap();
        Step {
            sums: sums[0],
            pairs: found.pairs,
            scores: None,
            slopes: Scores { own: found.slopes, candidates: found.candidate_slopes },
            gradients: found.gradients,
            points: found.points,
        }
    }

    fn tables(&mut self) -> (Vec<f32>, Vec<f32>) {
        self.stepper.catch_up().unwrap();
        let (tables, item_count) = (self.stepper.tables(), self.stepper.shape().plan.item_count);
        let points = tables.rows(&self.gpu, 0..tables.row_count()).unwrap();
        (points, tables.item_biases(&self.gpu, item_count).unwrap())
    }
}

fn check(rows_per_shard: usize, grain: Grain, looks: Looks) {
    for golden in all() {
        let shape = golden.shape(rows_per_shard.min(golden.row_count()), grain);
        golden.check(&shape, looks, &mut Device::new(&golden, shape));
    }
}

#[test]
fn steps_give_the_golden_numbers() {
    check(usize::MAX, Grain::GPU, Looks::EveryStep);
}

#[test]
fn steps_on_shards_give_the_golden_numbers() {
    check(7, Grain::GPU, Looks::EveryStep);
}

#[test]
fn rows_caught_up_only_at_the_end_are_where_dense_adam_has_them() {
    check(usize::MAX, Grain::GPU, Looks::AtEnd);
}

#[test]
fn moments_are_the_golden_ones_without_a_weight_to_speak_of() {
    for golden in triplets().into_iter().map(Golden::with_spread_scores) {
        let shape = golden.shape(golden.row_count(), Grain::GPU);
        golden.check(&shape, Looks::AtEnd, &mut Device::new(&golden, shape));
    }
}

#[test]
fn steps_with_subgroups_give_the_golden_numbers() {
    if has_subgroups() {
        check(7, SMALL, Looks::EveryStep);
    }
}
