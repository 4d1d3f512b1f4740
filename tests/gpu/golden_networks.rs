//! The engine on the device against golden steps with networks.

use crate::golden_network_data::{GoldenNetwork, Runner, all};
use crate::support::{SMALL, gpu, has_subgroups};
use spherec::gpu::{Gpu, Stepper, Tables};
use spherec::step::layout::StepSums;
use spherec::step::{Grain, Of, Plan, StepShape};
use std::sync::Arc;

struct Device {
    gpu: Arc<Gpu>,
    stepper: Stepper,
}

impl Device {
    fn new(golden: &GoldenNetwork, shape: StepShape) -> Device {
        let gpu = gpu();
        let mut tables = Vec::new();
        for of in shape.tables() {
            let (rows, part) = (golden.start(of), shape.part(of));
            let fill = |row: usize, numbers: &mut [f32]| {
                numbers.copy_from_slice(&rows[row * part.dim..][..part.dim]);
                0.0
            };
            tables.push((of, Tables::new(&gpu, &part, fill).unwrap()));
        }
        let stepper = Stepper::on_tables(Arc::clone(&gpu), tables, &golden.constants(shape)).unwrap();
        Device { gpu, stepper }
    }
}

impl Runner for Device {
    fn step(&mut self, plan: &Plan) -> StepSums {
        self.stepper.submit(&mut [plan.clone()]).unwrap();
        self.stepper.collect().unwrap().unwrap()[0]
    }

    fn rows(&mut self, of: Of) -> Vec<f32> {
        self.stepper.catch_up().unwrap();
        let (_, tables) = self.stepper.all_tables().iter().find(|(it, _)| *it == of).unwrap();
        tables.rows(&self.gpu, 0..tables.row_count()).unwrap()
    }
}

#[test]
fn networks_give_the_golden_numbers() {
    let grains = if has_subgroups() { vec![Grain::GPU, SMALL] } else { vec![Grain::GPU] };
    for golden in all() {
        for &grain in &grains {
            for (rows_per_shard, every_step) in [(100, true), (3, false)] {
                let shape = golden.shape(rows_per_shard, grain);
                golden.check(&shape, every_step, &mut Device::new(&golden, shape));
            }
        }
    }
}
