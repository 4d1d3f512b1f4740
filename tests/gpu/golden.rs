//! The engine on the device against golden training steps.

use crate::golden_data::{Golden, Looks, Runner, all};
use crate::support::{gpu, has_subgroups};
use spherec::gpu::layout::{PairLoss, StepSums};
use spherec::gpu::{Gpu, Grain, StepShape, Stepper, Tables};
use spherec::optimizer::{Optimizer, catch_up_table};
use spherec::sampling::Plan;
use std::sync::Arc;

struct Device {
    gpu: Arc<Gpu>,
    stepper: Stepper,
}

impl Device {
    fn new(golden: &Golden, shape: StepShape) -> Device {
        let gpu = gpu();
        let (constants, optimizer) = (golden.constants(), golden.optimizer());
        let catch_up = catch_up_table(constants.betas).unwrap();
        let (points, dim) = (golden.starting_points(), constants.dim);
        let fill = |row: usize, point: &mut [f32]| point.copy_from_slice(&points[row * dim..][..dim]);
        let with_moments = optimizer == Optimizer::Adam;
        let per_shard = shape.plan.rows_per_shard;
        let tables = Tables::new(&gpu, golden.row_count(), dim, per_shard, with_moments, fill).unwrap();
        let settings = constants.settings(catch_up.len());
        let stepper = Stepper::new(Arc::clone(&gpu), tables, shape, settings, &catch_up, optimizer).unwrap();
        Device { gpu, stepper }
    }
}

impl Runner for Device {
    fn step(&mut self, plan: &Plan) -> (StepSums, Vec<PairLoss>, Vec<f32>) {
        self.stepper.submit(&mut [plan.clone()]).unwrap();
        let sums = self.stepper.collect().unwrap().unwrap();
        assert_eq!(sums.len(), 1);
        let (pairs, gradients) = self.stepper.inspect().unwrap();
        (sums[0], pairs, gradients)
    }

    fn points(&mut self) -> Vec<f32> {
        self.stepper.catch_up().unwrap();
        let tables = self.stepper.tables();
        tables.points(&self.gpu, 0..tables.row_count()).unwrap()
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
    check(usize::MAX, Grain::WARP, Looks::EveryStep);
}

#[test]
fn steps_on_shards_give_the_golden_numbers() {
    check(7, Grain::VECTOR, Looks::EveryStep);
}

#[test]
fn rows_caught_up_only_at_the_end_are_where_dense_adam_has_them() {
    check(usize::MAX, Grain::VECTOR, Looks::AtEnd);
}

#[test]
fn steps_with_subgroups_give_the_golden_numbers() {
    if has_subgroups() {
        check(7, Grain::SUBGROUP, Looks::EveryStep);
    }
}
