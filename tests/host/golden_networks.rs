//! The twins against golden steps with networks.

use crate::golden_network_data::{GoldenNetwork, Runner, all};
use spherec::reference::{Scratch, State, step};
use spherec::step::layout::StepSums;
use spherec::step::{FeatureRole, Grain, NetShape, Of, Plan, StepConstants, StepShape};

struct Twins {
    constants: StepConstants,
    state: State,
    last_step: u32,
}

impl Twins {
    fn new(golden: &GoldenNetwork, shape: StepShape) -> Twins {
        let tables = |of: Of| {
            let part = shape.part(of);
            let mut rows = Vec::new();
            for row in golden.start(of).chunks(part.dim) {
                rows.extend_from_slice(row);
                rows.resize(rows.len().next_multiple_of(part.padded_dim()), 0.0);
            }
            State::new(rows, &part)
        };
        let mut state = tables(Of::Points);
        state.layers = shape.tables().into_iter().skip(1).map(|of| (of, tables(of))).collect();
        Twins { constants: golden.constants(shape), state, last_step: 0 }
    }
}

impl Runner for Twins {
    fn step(&mut self, plan: &Plan) -> StepSums {
        self.last_step = plan.header.step;
        let mut scratch = Scratch::new(&self.constants.shape, f32::NAN);
        step(&self.constants, plan, &mut self.state, &mut scratch)
    }

    fn rows(&mut self, of: Of) -> Vec<f32> {
        self.state.catch_up(&self.constants, self.last_step);
        let part = self.constants.shape.part(of);
        let rows = self.state.tables(of).rows.chunks(part.padded_dim());
        rows.flat_map(|row| row[..part.dim].to_vec()).collect()
    }
}

#[test]
fn twins_equal_the_golden_networks() {
    for golden in all() {
        for (rows_per_shard, every_step) in [(100, true), (3, true), (100, false)] {
            let shape = golden.shape(rows_per_shard, Grain::GPU);
            golden.check(&shape, every_step, &mut Twins::new(&golden, shape));
        }
    }
}

#[test]
fn the_comparison_sees_defects() {
    let golden = &all()[0];
    let shape = golden.shape(100, Grain::GPU);
    let role = FeatureRole::Near { weight: 0.6 };
    let others = [
        StepShape { nets: shape.nets.map(|net| net.map(|net| NetShape { dropout: 0.4, ..net })), ..shape },
        StepShape { nets: shape.nets.map(|net| net.map(|net| NetShape { role, ..net })), ..shape },
        StepShape { nets: [shape.nets[0], None], ..shape },
    ];
    for other in others {
        let run = || golden.check(&other, true, &mut Twins::new(golden, other));
        assert!(std::panic::catch_unwind(run).is_err(), "{:?}", other.nets);
    }
}
