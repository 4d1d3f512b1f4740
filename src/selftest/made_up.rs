//! The sizes of made-up steps, and the data and tables that go with them.

use crate::data::{Features, Interactions, Side};
use crate::random::{Purpose, Stream};
use crate::reference::{State, row_state};

use crate::step::{BLOCK_BYTES, FeatureRole, Geometry, Grain, Layer, Loss, Of, Optimizer, StepShape};
use rand::RngExt;
use std::sync::Arc;

/// The sizes of a made-up step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MadeUp {
    /// What it is there for; tests of defects name it.
    pub name: &'static str,
    /// D.
    pub dim: usize,
    /// B.
    pub batch_size: usize,
    /// N; 0: the candidates are shared.
    pub negative_count: usize,
    /// C; 0: negatives from the CPU.
    pub candidate_count: usize,
    /// U.
    pub user_count: usize,
    /// I.
    pub item_count: usize,
    /// Rows of a table shard.
    pub rows_per_shard: usize,
    /// Shards that a dispatch covers, if the adapter binds so many.
    pub shards_per_dispatch: usize,
    /// Bytes of candidate scores in one block.
    pub block_bytes: usize,
    /// Which point a row stands for.
    pub geometry: Geometry,
    /// What turns scores into slopes.
    pub loss: Loss,
    /// What turns gradients into steps.
    pub optimizer: Optimizer,
    /// Exponent of stage 2.
    pub hardness: f64,
    /// Weight of L_GOR.
    pub gor_weight: f64,
    /// Weight of L_cov.
    pub covariance_weight: f64,
    /// Share of the learning rate at which item biases move; 0: there are none.
    pub item_bias_rate: f64,
    /// How much users' histories count, of how many items at most, and whether users have rows of their own.
    pub history: Option<(f64, usize, bool)>,
    /// Networks for items and users with features: hidden units (0: linear), and rows that they project at most.
    pub net: Option<(usize, usize)>,
    /// What they are to the rows; if they are a part of the points, all rows are projected.
    pub role: FeatureRole,
    /// The step, from 1.
    pub step: u64,
    /// How the work is cut.
    pub grain: Grain,
}

/// The steps of every loss but the first, by the order of [`Loss::ALL`]: with negatives of each pair's own, with shared
/// candidates, and on subgroups.
const OF_LOSSES: [[&str; 3]; Loss::ALL.len() - 1] = [
    ["rank-weighted triplet", "shared rank-weighted triplet", "subgroups, rank-weighted triplet"],
    ["hinge_sum_loss", "shared hinge_sum_loss", "subgroups, hinge_sum_loss"],
    ["contrastive_loss", "shared contrastive_loss", "subgroups, contrastive_loss"],
    ["softmax_loss", "shared softmax_loss", "subgroups, softmax_loss"],
    ["bpr_loss", "shared bpr_loss", "subgroups, bpr_loss"],
    ["warp_loss", "shared warp_loss", "subgroups, warp_loss"],
];

/// With an epsilon that counts: a usual one would be lost in the tolerance.
const ADAM: Optimizer = Optimizer::Adam { betas: (0.9, 0.999), epsilon: 0.01 };

/// Likewise.
const ADAGRAD: Optimizer = Optimizer::Adagrad { epsilon: 0.01 };

/// As subgroups are used, but with half as much held by a thread: a driver takes seconds to compile the whole, so only
/// one step of shared candidates has that.
const SMALL: Grain = Grain { held_chunks: Grain::CPU.held_chunks / 2, ..Grain::CPU };

/// With a quarter, where each of many defects is compiled.
const SMALLER: Grain = Grain { held_chunks: Grain::CPU.held_chunks / 4, ..Grain::CPU };

/// As many rows as any step here has.
const ALL_ROWS: usize = 1_000;

/// The steps that every kernel is checked on: ragged and even sizes, one shard and several, one block of pairs and
/// several, first steps and late ones.
pub fn made_up_steps() -> Vec<MadeUp> {
    let base = MadeUp {
        name: "two-stage",
        dim: 32,
        batch_size: 37,
        negative_count: 1,
        candidate_count: 50,
        user_count: 60,
        item_count: 150,
        rows_per_shard: 1000,
        shards_per_dispatch: 1,
        block_bytes: BLOCK_BYTES,
        geometry: Geometry::Sphere,
        loss: Loss::ALL[0],
        optimizer: ADAM,
        hardness: 3.0,
        gor_weight: 0.5,
        covariance_weight: 0.0,
        item_bias_rate: 0.3,
        history: None,
        net: None,
        role: FeatureRole::Near { weight: 0.4 },
        step: 57,
        grain: Grain::GPU,
    };
    let mut steps = vec![
        base,
        MadeUp { name: "three negatives, odd dimension", dim: 13, negative_count: 3, ..base },
        MadeUp {
            name: "shards",
            dim: 20,
            negative_count: 2,
            rows_per_shard: 23,
            shards_per_dispatch: 4,
            batch_size: 64,
            ..base
        },
        // 50 candidates have 56 slots of 4 bytes a pair: blocks of 64 pairs, and of 144 in windows of 64.
        MadeUp { name: "three blocks of pairs", dim: 256, batch_size: 150, block_bytes: 64 * 224, ..base },
        MadeUp {
            name: "subgroups, two blocks of pairs",
            dim: 256,
            batch_size: 200,
            block_bytes: 144 * 224,
            grain: SMALL,
            ..base
        },
        MadeUp {
            name: "subgroups, three negatives, shards",
            dim: 45,
            batch_size: 150,
            negative_count: 3,
            rows_per_shard: 47,
            shards_per_dispatch: 3,
            grain: SMALL,
            ..base
        },
        MadeUp {
            name: "subgroups, dimension 128, shards",
            dim: 128,
            batch_size: 64,
            candidate_count: 300,
            item_count: 400,
            rows_per_shard: 130,
            hardness: 62.5,
            grain: SMALL,
            ..base
        },
        // 34 chunks: more than a thread holds, and windows of 112 pairs.
        MadeUp {
            name: "subgroups, rows in segments",
            dim: 136,
            batch_size: 130,
            candidate_count: 40,
            grain: SMALL,
            ..base
        },
        MadeUp {
            name: "subgroups, plain gradient descent",
            optimizer: Optimizer::Sgd,
            dim: 12,
            rows_per_shard: 70,
            grain: SMALL,
            ..base
        },
        MadeUp { name: "all items are candidates", dim: 8, candidate_count: 150, hardness: 0.0, ..base },
        MadeUp {
            name: "uniform, without a regulariser",
            candidate_count: 0,
            negative_count: 2,
            dim: 24,
            gor_weight: 0.0,
            ..base
        },
        MadeUp { name: "first step", step: 1, candidate_count: 0, batch_size: 9, dim: 4, ..base },
        MadeUp {
            name: "plain gradient descent",
            optimizer: Optimizer::Sgd,
            dim: 44,
            rows_per_shard: 70,
            shards_per_dispatch: 2,
            ..base
        },
    ];
    // All candidates for every pair; 50 have 56 slots, so that blocks are of 64 pairs.
    let shared = MadeUp { name: "shared", negative_count: 0, gor_weight: 0.0, ..base };
    steps.extend([
        shared,
        // With 68 slots blocks are of 48 pairs.
        MadeUp {
            name: "shared, four blocks of pairs, shards",
            loss: Loss::Softmax { temperature: 0.3 },
            dim: 72,
            batch_size: 150,
            block_bytes: 64 * 224,
            rows_per_shard: 47,
            shards_per_dispatch: 3,
            ..shared
        },
        MadeUp {
            name: "shared, every item",
            loss: Loss::Softmax { temperature: 0.3 },
            geometry: Geometry::Dot,
            optimizer: Optimizer::Sgd,
            dim: 13,
            batch_size: 100,
            candidate_count: 150,
            ..shared
        },
        MadeUp {
            name: "subgroups, shared, two blocks of pairs",
            loss: Loss::Softmax { temperature: 0.3 },
            dim: 136,
            batch_size: 200,
            block_bytes: 144 * 224,
            grain: SMALL,
            ..shared
        },
        MadeUp {
            name: "subgroups, shared, several segments",
            loss: Loss::Softmax { temperature: 0.3 },
            dim: 45,
            batch_size: 100,
            candidate_count: 330,
            item_count: 400,
            rows_per_shard: 130,
            grain: SMALL,
            ..shared
        },
        // The last step of an epoch: a block has few pairs, others none.
        MadeUp {
            name: "shared, few pairs, no item biases",
            loss: Loss::Softmax { temperature: 0.3 },
            dim: 200,
            batch_size: 250,
            block_bytes: 64 * 224,
            item_bias_rate: 0.0,
            ..shared
        },
        MadeUp {
            name: "subgroups, shared, few pairs",
            loss: Loss::Bpr,
            dim: 13,
            batch_size: 250,
            block_bytes: 144 * 224,
            grain: SMALL,
            ..shared
        },
        MadeUp {
            name: "subgroups, shared, plain gradient descent",
            optimizer: Optimizer::Sgd,
            loss: Loss::Contrastive { margin: 0.1, weight: 3.0 },
            dim: 128,
            candidate_count: 130,
            rows_per_shard: 70,
            shards_per_dispatch: 3,
            grain: Grain::CPU,
            ..shared
        },
        MadeUp { name: "without item biases", negative_count: 2, item_bias_rate: 0.0, ..base },
        MadeUp { name: "fourteen negatives", negative_count: 14, ..base },
        MadeUp { name: "more negatives than there are", negative_count: 45, user_count: 12, ..base },
        MadeUp {
            name: "subgroups, as many negatives as candidates",
            negative_count: 50,
            batch_size: 33,
            grain: SMALL,
            ..base
        },
        MadeUp {
            name: "uniform, more negatives than there are",
            candidate_count: 0,
            negative_count: 20,
            dim: 8,
            batch_size: 150,
            ..base
        },
    ]);
    // Networks: all rows are projected, or some; tiles are ragged or whole; the first layer is in shards.
    let networks = MadeUp { name: "networks", net: Some((20, 200)), ..base };
    steps.extend([
        networks,
        MadeUp {
            name: "networks, some rows, shards",
            net: Some((256, 70)),
            dim: 100,
            candidate_count: 0,
            negative_count: 3,
            rows_per_shard: 47,
            shards_per_dispatch: 3,
            ..base
        },
        MadeUp {
            name: "networks, plain gradient descent",
            optimizer: Optimizer::Sgd,
            net: Some((64, 64)),
            dim: 64,
            candidate_count: 0,
            ..base
        },
        MadeUp { name: "subgroups, shared, networks", net: Some((36, 30)), grain: SMALL, ..shared },
    ]);
    // Histories: whole and sampled ones, beside users' own rows and without them, and of users who have one item.
    let histories = MadeUp { name: "histories", history: Some((0.8, 9, true)), ..shared };
    steps.extend([
        histories,
        MadeUp {
            name: "histories, no user rows, shards",
            history: Some((1.0, 40, false)),
            dim: 44,
            rows_per_shard: 47,
            shards_per_dispatch: 3,
            ..histories
        },
        MadeUp {
            name: "histories, two-stage, networks",
            negative_count: 3,
            net: Some((20, 60)),
            batch_size: 70,
            gor_weight: 0.5,
            ..histories
        },
        MadeUp {
            name: "histories, ball, covariance",
            history: Some((2.0, 5, true)),
            geometry: Geometry::Ball,
            optimizer: ADAGRAD,
            // Its slopes do not add up to nothing.
            loss: Loss::Contrastive { margin: -0.6, weight: 3.0 },
            covariance_weight: 0.7,
            candidate_count: 0,
            negative_count: 4,
            dim: 13,
            ..histories
        },
        MadeUp {
            name: "histories, inner products",
            // Of one item: nothing is left without the positive.
            history: Some((0.8, 1, true)),
            geometry: Geometry::Dot,
            loss: Loss::Bpr,
            candidate_count: 0,
            negative_count: 2,
            dim: 20,
            ..histories
        },
        MadeUp {
            name: "subgroups, histories",
            loss: Loss::Softmax { temperature: 0.3 },
            dim: 72,
            batch_size: 150,
            block_bytes: 64 * 224,
            grain: SMALL,
            ..histories
        },
    ]);
    // Networks that are a part of the points; the covariance is that of the sums.
    let added = MadeUp {
        name: "added networks",
        geometry: Geometry::Dot,
        loss: Loss::Bpr,
        candidate_count: 0,
        negative_count: 3,
        net: Some((20, ALL_ROWS)),
        role: FeatureRole::Added,
        ..base
    };
    steps.extend([
        added,
        MadeUp {
            name: "added, linear, shards",
            net: Some((0, ALL_ROWS)),
            dim: 13,
            rows_per_shard: 47,
            shards_per_dispatch: 3,
            covariance_weight: 100.0,
            ..added
        },
        MadeUp {
            name: "subgroups, added, linear",
            net: Some((0, ALL_ROWS)),
            optimizer: ADAGRAD,
            dim: 45,
            grain: SMALL,
            ..added
        },
    ]);
    // Every other loss and geometry, by the names of their kernels and includes.
    let planned = MadeUp { candidate_count: 0, negative_count: 4, dim: 28, batch_size: 70, ..base };
    // So low that e^(x / t) alone would leave the range of f32.
    let loss = Loss::Softmax { temperature: 0.01 };
    steps.push(MadeUp { name: "softmax at a low temperature", loss, negative_count: 1, ..planned });
    for (&loss, [own, shared_name, on_subgroups]) in Loss::ALL[1..].iter().zip(OF_LOSSES) {
        steps.push(MadeUp { name: own, loss, ..planned });
        if !loss.needs_order() {
            steps.push(MadeUp { name: shared_name, loss, ..shared });
        }
        let grain = SMALL;
        steps.push(MadeUp { name: on_subgroups, loss, negative_count: 11, dim: 20, grain, ..planned });
    }
    for &geometry in &Geometry::ALL[1..] {
        let optimizer = if geometry.has_heights() { ADAGRAD } else { ADAM };
        steps.push(MadeUp { name: geometry.include(), geometry, optimizer, ..planned });
    }
    let (geometry, optimizer) = (Geometry::Ball, ADAGRAD);
    // Every loss but this one has slopes that add up to nothing.
    let contrastive = Loss::Contrastive { margin: -0.6, weight: 3.0 };
    let in_shards = MadeUp { rows_per_shard: 70, shards_per_dispatch: 3, ..shared };
    steps.extend([
        MadeUp { name: "AdaGrad", optimizer, dim: 44, rows_per_shard: 70, shards_per_dispatch: 2, ..base },
        MadeUp { name: "first step of AdaGrad", optimizer, step: 1, dim: 12, ..planned },
        MadeUp {
            name: "ball, plain gradient descent",
            geometry,
            optimizer: Optimizer::Sgd,
            dim: 13,
            ..planned
        },
        MadeUp { name: "ball, contrastive", geometry, optimizer, loss: contrastive, ..planned },
        MadeUp { name: "ball, shared contrastive", geometry, optimizer, loss: contrastive, ..in_shards },
        MadeUp {
            name: "subgroups, ball, shared contrastive",
            geometry,
            optimizer,
            loss: contrastive,
            dim: 20,
            grain: SMALL,
            ..in_shards
        },
        MadeUp { name: "subgroups, ball", geometry, optimizer, dim: 45, grain: SMALL, ..planned },
    ]);
    // A weight that shows beside the losses' gradients.
    let covariance_weight = 2_000.0;
    let in_ball = MadeUp { geometry, optimizer, covariance_weight, gor_weight: 0.0, ..planned };
    steps.extend([
        MadeUp { name: "covariance", covariance_weight, dim: 13, negative_count: 3, ..base },
        MadeUp { name: "covariance in the ball", ..in_ball },
        // Five tiles of 64 numbers, and more rows than threads.
        MadeUp { name: "covariance, shared, tiles", covariance_weight, dim: 260, batch_size: 120, ..shared },
        MadeUp { name: "subgroups, covariance", dim: 28, rows_per_shard: 70, grain: SMALLER, ..in_ball },
        // Of D / 4 = 33 vec4 a thread holds 8 at a time, and of the slots 16.
        MadeUp {
            name: "subgroups, covariance, segments",
            covariance_weight,
            dim: 132,
            batch_size: 120,
            grain: SMALLER,
            ..shared
        },
    ]);
    steps
}

/// Random interactions; user 0 has all items but a few.
pub(super) fn interactions(case: &MadeUp, seed: u64) -> Interactions {
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

/// Random features of the items and the users; some have none.
pub(super) fn features(case: &MadeUp, seed: u64) -> Vec<(Side, Arc<Features>)> {
    let mut stream = Stream::new(seed, Purpose::Generate, 2);
    let mut rows = |count: usize, feature_count: u32| {
        let row = |stream: &mut Stream| {
            let mut features: Vec<u32> = (0..stream.below(6)).map(|_| stream.below(feature_count)).collect();
            features.sort_unstable();
            features.dedup();
            features
                .into_iter()
                .map(|feature| (feature, stream.random_range(0.5..1.5f32)))
                .collect::<Vec<_>>()
        };
        let rows: Vec<_> = (0..count).map(|_| row(&mut stream)).collect();
        Arc::new(Features::of_rows(feature_count as usize, rows))
    };
    vec![(Side::Items, rows(case.item_count, 40)), (Side::Users, rows(case.user_count, 25))]
}

/// Rows as they are in mid-training: norms around one, moments, last steps from never to just now. Close
/// points occur, so that similarities reach both ends, and drifts that take a row nearly to nothing.
pub(super) fn state_in_training(case: &MadeUp, shape: &StepShape, seed: u64) -> State {
    let padded = shape.padded_dim();
    let mut stream = Stream::new(seed, Purpose::Init, 1);
    let row_count = case.item_count + case.user_count;
    let mut rows = vec![0.0f32; row_count * padded];
    for row in rows.chunks_mut(padded) {
        let scale = stream.random_range(0.5..2.0f32) * 1.7 / (case.dim as f32).sqrt();
        row[..case.dim].iter_mut().for_each(|x| *x = scale * stream.random_range(-1.0..1.0f32));
        row[0] += 0.3;
    }
    let mut state = State::new(rows, shape);
    for state in &mut state.row_states[..case.item_count] {
        state.bias = if case.item_bias_rate > 0.0 { stream.random_range(-0.5..0.5f32) } else { 0.0 };
    }
    for of in shape.tables().into_iter().filter(|of| *of != Of::Points) {
        let part = shape.part(of);
        let layer = MadeUp {
            dim: part.dim,
            item_count: part.table_rows(),
            user_count: 0,
            item_bias_rate: 0.0,
            net: None,
            ..*case
        };
        let mut table = state_in_training(&layer, &part, seed + 1);
        // Every hidden unit was in every step.
        if matches!(of, Of::Layer(_, Layer::Output)) && case.step > 1 && case.optimizer.moves_untouched_rows()
        {
            table.row_states.iter_mut().for_each(|state| state.last_step = case.step as u32 - 1);
        }
        state.layers.push((of, table));
    }
    // What is kept within a ball.
    for (row, it) in state.rows.chunks_mut(padded).zip(&mut state.row_states) {
        let scale = case.geometry.settled_scale(it.squares);
        row.iter_mut().for_each(|x| *x *= scale);
        it.squares *= scale * scale;
    }
    if case.step == 1 || case.optimizer.moments().is_empty() {
        return state;
    }
    if !case.optimizer.moves_untouched_rows() {
        for (row, it) in state.row_states.iter_mut().enumerate() {
            let numbers = row * padded..row * padded + case.dim;
            state.variance[numbers].iter_mut().for_each(|x| *x = stream.random_range(0.0..1.0f32));
            if row < case.item_count && case.item_bias_rate > 0.0 {
                it.bias_variance = stream.random_range(0.0..1.0f32);
            }
        }
        return state;
    }
    for row in 0..row_count {
        let last = stream.below(case.step as u32);
        if last > 0 {
            for index in row * padded..row * padded + case.dim {
                let along = if row % 5 == 0 { 10.0 * state.rows[index] } else { 0.0 };
                state.drift[index] = along + stream.random_range(-1.0..1.0f32);
                state.variance[index] = 1e-3 * stream.random_range(0.05..1.0f32);
            }
        }
        let numbers = row * padded..(row + 1) * padded;
        let mut bias = [state.row_states[row].bias, 0.0, 0.0];
        if last > 0 && row < case.item_count && case.item_bias_rate > 0.0 {
            bias[1..].copy_from_slice(&[
                stream.random_range(-1.0..1.0f32),
                1e-3 * stream.random_range(0.05..1.0f32),
            ]);
        }
        state.row_states[row] = row_state(&state.rows[numbers.clone()], &state.drift[numbers], bias, last);
    }
    state
}
