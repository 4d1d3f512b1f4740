//! The sizes of made-up steps, and the data and tables that go with them.

use crate::data::Interactions;
use crate::gpu::Grain;
use crate::optimizer::Optimizer;
use crate::random::{Purpose, Stream};
use crate::reference::{Sizes, State, row_state};
use rand::RngExt;

/// The sizes of a made-up step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Case {
    /// What it is there for.
    pub name: &'static str,
    /// D.
    pub dim: usize,
    /// B.
    pub batch_size: usize,
    /// N.
    pub negative_count: usize,
    /// C; 0: negatives from the CPU.
    pub candidate_count: usize,
    /// U.
    pub user_count: usize,
    /// I.
    pub item_count: usize,
    /// Rows of a table shard.
    pub rows_per_shard: usize,
    /// Shards that a dispatch covers, where the adapter binds as many.
    pub shards_per_dispatch: usize,
    /// Adam or plain gradient descent.
    pub optimizer: Optimizer,
    /// Exponent of stage 2.
    pub hardness: f64,
    /// Weight of L_GOR.
    pub gor_weight: f64,
    /// The step, from 1.
    pub step: u64,
    /// How the work is cut.
    pub grain: Grain,
}

/// The cases that every kernel is checked on: ragged and even sizes, one shard and several, first steps
/// and late ones.
pub fn cases() -> Vec<Case> {
    let base = Case {
        name: "two-stage",
        dim: 32,
        batch_size: 37,
        negative_count: 1,
        candidate_count: 50,
        user_count: 60,
        item_count: 150,
        rows_per_shard: 1000,
        shards_per_dispatch: 1,
        optimizer: Optimizer::Adam,
        hardness: 3.0,
        gor_weight: 0.5,
        step: 57,
        grain: Grain::WARP,
    };
    vec![
        base,
        Case {
            name: "three negatives, odd dimension",
            dim: 13,
            negative_count: 3,
            grain: Grain::VECTOR,
            ..base
        },
        Case {
            name: "shards",
            dim: 20,
            negative_count: 2,
            rows_per_shard: 23,
            shards_per_dispatch: 4,
            batch_size: 64,
            ..base
        },
        Case {
            name: "dimension 128",
            dim: 128,
            batch_size: 64,
            candidate_count: 300,
            item_count: 400,
            hardness: 62.5,
            grain: Grain::VECTOR,
            ..base
        },
        Case {
            name: "subgroups, three negatives",
            dim: 45,
            batch_size: 150,
            negative_count: 3,
            rows_per_shard: 47,
            shards_per_dispatch: 3,
            grain: Grain::SUBGROUP,
            ..base
        },
        Case {
            name: "subgroups, dimension 128, shards",
            dim: 128,
            batch_size: 64,
            candidate_count: 300,
            item_count: 400,
            rows_per_shard: 130,
            hardness: 62.5,
            grain: Grain::SUBGROUP,
            ..base
        },
        Case {
            name: "subgroups, rows in parts",
            dim: 136,
            candidate_count: 40,
            grain: Grain::SUBGROUP,
            ..base
        },
        Case {
            name: "subgroups, plain gradient descent",
            optimizer: Optimizer::Sgd,
            dim: 12,
            rows_per_shard: 70,
            grain: Grain::SUBGROUP,
            ..base
        },
        Case { name: "several windows", dim: 256, batch_size: 150, candidate_count: 40, ..base },
        Case { name: "all items are candidates", dim: 8, candidate_count: 150, hardness: 0.0, ..base },
        Case { name: "uniform", candidate_count: 0, negative_count: 2, dim: 24, ..base },
        Case { name: "first step", step: 1, candidate_count: 0, batch_size: 9, dim: 4, ..base },
        Case {
            name: "plain gradient descent",
            optimizer: Optimizer::Sgd,
            dim: 44,
            rows_per_shard: 70,
            shards_per_dispatch: 2,
            grain: Grain::VECTOR,
            ..base
        },
    ]
}

/// Random interactions; user 0 has all items but a few.
pub(super) fn interactions(case: &Case, seed: u64) -> Interactions {
    let mut stream = Stream::new(seed, Purpose::Generate, 1);
    let mut pairs = Vec::new();
    for user in 0..case.user_count as u32 {
        for item in 0..case.item_count as u32 {
            let popular = 1.0 / (1.0 + f64::from(item) / 10.0);
            let chance = if user == 0 { 0.9 } else { 0.3 * popular };
            if stream.random::<f64>() < chance {
                pairs.push((user, item));
            }
        }
    }
    Interactions::from_pairs(case.user_count, case.item_count, &pairs)
}

/// Rows as they are in mid-training: norms around one, moments, last steps from never to just now. Close
/// points occur, so that similarities reach both ends, and drifts that take a row nearly to nothing.
pub(super) fn state_in_training(case: &Case, sizes: &Sizes, seed: u64) -> State {
    let mut stream = Stream::new(seed, Purpose::Init, 1);
    let row_count = case.item_count + case.user_count;
    let mut points = vec![0.0f32; row_count * sizes.dim()];
    for row in points.chunks_mut(sizes.dim()) {
        let scale = stream.random_range(0.5..2.0f32) * 1.7 / (case.dim as f32).sqrt();
        row[..case.dim].iter_mut().for_each(|x| *x = scale * stream.random_range(-1.0..1.0f32));
        row[0] += 0.3;
    }
    let mut state = State::new(points, sizes);
    if case.optimizer == Optimizer::Sgd || case.step == 1 {
        return state;
    }
    for row in 0..row_count {
        let last = stream.below(case.step as u32);
        if last > 0 {
            for index in row * sizes.dim()..row * sizes.dim() + case.dim {
                let along = if row % 5 == 0 { 10.0 * state.points[index] } else { 0.0 };
                state.drift[index] = along + stream.random_range(-1.0..1.0f32);
                state.variance[index] = 1e-3 * stream.random_range(0.05..1.0f32);
            }
        }
        let numbers = row * sizes.dim()..(row + 1) * sizes.dim();
        state.row_states[row] = row_state(&state.points[numbers.clone()], &state.drift[numbers], last);
    }
    state
}
