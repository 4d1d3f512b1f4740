//! Whole runs of steps on the device against the twins.

use crate::support::{SMALL, gpu, plain_gpu};
use spherec::data::{Features, Interactions, Side};
use spherec::gpu::{Gpu, Stepper, Tables};
use spherec::random::{Purpose, Stream};
use spherec::reference::{self, Scratch, State};
use spherec::sampling::{EpochOrder, ItemSampler, Negatives, Planner};
use spherec::step::layout::RowState;
use spherec::step::{
    BLOCK_BYTES, FeatureRole, Geometry, Grain, HistoryShape, Loss, Moment, NetShape, Of, Optimizer,
    PlanShape, Rates, Schedule, StepConstants, StepShape,
};
use std::sync::Arc;

const ADAM: Optimizer = Optimizer::Adam { betas: (0.9, 0.999), epsilon: 1e-8 };
const ADAGRAD: Optimizer = Optimizer::Adagrad { epsilon: 1e-10 };
const STEPS: u64 = 20;

fn random_interactions(user_count: usize, item_count: usize, share: f64) -> Interactions {
    use rand::RngExt;
    let mut stream = Stream::new(3, Purpose::Generate, 0);
    let mut pairs = Vec::new();
    for user in 0..user_count as u32 {
        for item in 0..item_count as u32 {
            if stream.random::<f64>() < share {
                pairs.push((user, item));
            }
        }
    }
    Interactions::from_pairs(user_count, item_count, &pairs)
}

/// What the device is compared with the twins on.
#[derive(Clone, Copy)]
struct Parity {
    negatives: Negatives,
    loss: Loss,
    dim: usize,
    most_rows: Option<usize>,
    geometry: Geometry,
    optimizer: Optimizer,
    block_bytes: usize,
    gor_weight: f64,
    covariance_weight: f64,
    item_bias_rate: f64,
    /// Items of a history at most, and whether users have rows; `None`: no histories.
    history: Option<(usize, bool)>,
    /// Networks that project the features of items and users: hidden units, and what f is to the points.
    networks: Option<(usize, FeatureRole)>,
    /// As the adapter says, if none is given.
    grain: Option<Grain>,
}

/// What a comparison with the twins leaves.
struct Compared {
    /// Dispatches of a step.
    dispatches: usize,
    /// Of all rows and item biases.
    bits: Vec<u32>,
}

const TWO_STAGE: Parity = Parity {
    negatives: Negatives::TwoStage { count: 1, beta: 0.5, candidates: 60, hardness: 3.0 },
    loss: Loss::Triplet { margin: 0.5, rank_weight: false },
    dim: 32,
    most_rows: None,
    geometry: Geometry::Sphere,
    optimizer: ADAM,
    block_bytes: BLOCK_BYTES,
    gor_weight: 0.1,
    covariance_weight: 0.0,
    item_bias_rate: 0.0,
    history: None,
    networks: None,
    grain: None,
};

const SHARED: Parity = Parity {
    negatives: Negatives::Shared { beta: 0.5, candidates: 60 },
    loss: Loss::Softmax { temperature: 0.2 },
    gor_weight: 0.0,
    item_bias_rate: 0.3,
    ..TWO_STAGE
};

/// `STEPS` steps on the device and on the twins, with a group of steps in each submission; the last of them with
/// their stages timed.
fn parity(gpu: &Arc<Gpu>, parity: Parity) -> Compared {
    use rand::RngExt;
    let Parity { negatives, loss, dim, most_rows, geometry, optimizer, item_bias_rate, .. } = parity;
    let train = Arc::new(random_interactions(70, 160, 0.08));
    let row_count = if matches!(parity.history, Some((_, false))) { 160 } else { 160 + 70 };
    let plan = PlanShape {
        batch_size: 48,
        negative_count: negatives.count(),
        candidate_count: negatives.candidate_count(),
        item_count: 160,
        user_count: 70,
        rows_per_shard: Tables::rows_per_shard(gpu, row_count, dim, most_rows),
        excluded_capacity: train.len(),
        history: parity.history.map(|(cap, has_user_rows)| HistoryShape {
            weight: 0.8,
            cap,
            has_user_rows,
            entry_capacity: train.len(),
        }),
    };
    let features = [(Side::Items, 160, 30), (Side::Users, 70, 12)]
        .map(|(side, rows, count)| (side, Arc::new(random_features(rows, count))));
    let shape = StepShape {
        plan,
        dim,
        geometry,
        loss,
        gor_weight: parity.gor_weight,
        covariance_weight: parity.covariance_weight,
        item_bias_rate,
        optimizer,
        shards_per_dispatch: Tables::shards_per_dispatch(gpu, plan.shard_count()),
        block_bytes: parity.block_bytes,
        nets: [&features[0], &features[1]].map(|(_, rows)| Some(net_shape(rows, parity.networks?))),
        grain: parity.grain.unwrap_or(gpu.grain()),
    };
    let learning_rate = if optimizer.moments().is_empty() { 0.1 } else { 0.01 };
    let rates = Rates { optimizer, schedule: Schedule::Linear { learning_rate }, last_step: STEPS };
    let constants = StepConstants::new(shape, rates, negatives.hardness()).unwrap();
    let mut stream = Stream::new(5, Purpose::Init, 0);
    let points: Vec<f32> =
        (0..row_count * dim).map(|_| stream.random_range(-1.0..1.0f32) / (dim as f32).sqrt()).collect();
    let biases: Vec<f32> = (0..row_count)
        .map(|row| if item_bias_rate > 0.0 && row < 160 { stream.random_range(-0.5..0.5f32) } else { 0.0 })
        .collect();
    let fill = |row: usize, point: &mut [f32]| {
        point.copy_from_slice(&points[row * dim..(row + 1) * dim]);
        biases[row]
    };
    let mut tables = vec![(Of::Points, Tables::new(gpu, &shape, fill).unwrap())];
    let mut layers = Vec::new();
    for of in shape.tables().into_iter().skip(1) {
        let part = shape.part(of);
        let mut state = State::new(vec![0.0; part.table_rows() * part.padded_dim()], &part);
        let fill = |row: usize, numbers: &mut [f32]| {
            numbers.iter_mut().for_each(|x| *x = stream.random_range(-0.4..0.4f32));
            state.rows[row * part.padded_dim()..][..part.dim].copy_from_slice(numbers);
            0.0
        };
        tables.push((of, Tables::new(gpu, &part, fill).unwrap()));
        layers.push((of, State::new(state.rows, &part)));
    }
    let mut stepper = Stepper::on_tables(Arc::clone(gpu), tables, &constants).unwrap();
    // As few dispatches cover the tables as the adapter allows.
    let (shards, most) = (plan.shard_count(), gpu.most_shards_per_dispatch());
    assert_eq!(shape.table_shards().len(), shards.div_ceil(most));

    let items = Arc::new(ItemSampler::new(&train.item_frequencies(), negatives.beta()));
    let order = Arc::new(EpochOrder::new(train, 1));
    let mut planner = Planner::new(order, items, plan, rates, 1).correcting(loss.correction());
    for (side, net) in shape.nets() {
        planner = planner.projecting(side, Arc::clone(&features[side.index()].1), net);
    }
    let padded_dim = shape.padded_dim();
    let mut padded = vec![0.0; row_count * padded_dim];
    for (row, point) in points.chunks(dim).enumerate() {
        padded[row * padded_dim..][..dim].copy_from_slice(point);
    }
    let mut state = State::new(padded, &shape);
    state.row_states.iter_mut().zip(&biases).for_each(|(state, &bias)| state.bias = bias);
    state.layers = layers.clone();
    let mut scratch = Scratch::new(&shape, f32::NAN);
    let mut expected_sums = Vec::new();
    let mut plans: Vec<_> = (1..=STEPS).map(|step| planner.plan(step)).collect();
    for plan in &plans {
        expected_sums.push(reference::step(&constants, plan, &mut state, &mut scratch));
    }
    let dispatch_count = stepper.dispatches(&plans[0]).len();
    let mut seen_sums = Vec::new();
    let (submitted, timed) = plans.split_at_mut(STEPS as usize - 6);
    for group in submitted.chunks_mut(5) {
        stepper.submit(group).unwrap();
        seen_sums.extend(stepper.collect().unwrap().unwrap());
    }
    let stages = stepper.time_stages(timed).unwrap();
    let names: Vec<&str> = stages.iter().map(|(name, _)| *name).collect();
    assert!(names.iter().eq(shape.stages().iter().map(|stage| &stage.kernel)), "{names:?}");
    assert!(
        stages.iter().all(|(_, seconds)| seconds.len() == 6 && seconds.iter().all(|&s| s > 0.0 && s < 600.0))
    );
    assert_eq!(seen_sums.len(), expected_sums.len() - 6);
    for (step, (seen, expected)) in seen_sums.iter().zip(&expected_sums).enumerate() {
        assert!(
            (seen.loss - expected.loss).abs() <= 1e-4 * expected.loss.abs().max(1.0),
            "step {step}: {seen:?}, twin {expected:?}"
        );
        assert!(
            (seen.moment_2 - expected.moment_2).abs() <= 1e-5,
            "step {step}: {seen:?}, twin {expected:?}"
        );
        assert!(
            (seen.covariance - expected.covariance).abs() <= 1e-4 * expected.covariance,
            "step {step}: {seen:?}, twin {expected:?}"
        );
        assert_eq!(seen.covariance > 0.0, parity.covariance_weight > 0.0);
        assert_eq!(seen.active_count, expected.active_count, "step {step}");
        let (seen, expected) = (seen.feature_loss, expected.feature_loss);
        let is_near = parity.networks.is_some_and(|(_, role)| role != FeatureRole::Added);
        assert_eq!(expected > 0.0, is_near);
        assert!((seen - expected).abs() <= 1e-4 * expected, "step {step}: L_f {seen}, twin {expected}");
    }
    stepper.catch_up().unwrap();
    let row_states = stepper.tables().row_states(gpu).unwrap();
    if optimizer.moves_untouched_rows() {
        state.catch_up(&constants, STEPS as u32);
        let last_steps = |states: &[RowState]| states.iter().map(|state| state.last_step).collect::<Vec<_>>();
        assert_eq!(last_steps(&row_states), last_steps(&state.row_states));
    }
    for &moment in optimizer.moments() {
        let seen = stepper.tables().moment(gpu, moment).unwrap();
        match moment {
            Moment::Drift => compare("drift", &seen, &state.drift, dim, 1e-4),
            Moment::Variance => compare(
                "variance",
                &seen,
                &state.variance,
                dim,
                if parity.networks.is_some() { 2e-5 } else { 1e-5 },
            ),
        }
    }
    let seen = stepper.tables().rows(gpu, 0..stepper.tables().row_count()).unwrap();
    compare("points", &seen, &state.rows, dim, 2e-3);
    let moved = seen.iter().zip(&points).filter(|(seen, start)| (*seen - *start).abs() > 1e-3).count();
    assert!(moved > points.len() / 2, "only {moved} of {} numbers moved", points.len());
    let bias = |states: &[RowState]| states.iter().map(|state| state.bias).collect::<Vec<f32>>();
    compare("item bias", &bias(&row_states), &bias(&state.row_states), 1, 2e-3);
    let moved =
        bias(&row_states).iter().zip(&biases).filter(|(seen, start)| (*seen - *start).abs() > 1e-3).count();
    assert!(
        if item_bias_rate > 0.0 { (80..=160).contains(&moved) } else { moved == 0 },
        "{moved} biases moved"
    );
    for ((of, tables), (_, start)) in stepper.all_tables()[1..].iter().zip(&layers) {
        let seen = tables.rows(gpu, 0..tables.row_count()).unwrap();
        let part = shape.part(*of);
        let start: Vec<f32> =
            start.rows.chunks(part.padded_dim()).flat_map(|row| row[..part.dim].to_vec()).collect();
        compare(of.name(), &seen, &state.tables(*of).rows, part.dim, 2e-3);
        let moved = seen.iter().zip(&start).filter(|(seen, start)| (*seen - *start).abs() > 1e-3).count();
        assert!(moved > seen.len() / 2, "{}: only {moved} of {} numbers moved", of.name(), seen.len());
    }
    let bits = seen.iter().chain(&bias(&row_states)).map(|x| x.to_bits()).collect();
    Compared { dispatches: dispatch_count, bits }
}

/// Each row has a few of the features.
fn random_features(rows: usize, feature_count: u32) -> Features {
    let mut stream = Stream::new(3, Purpose::Generate, rows as u64);
    let row = |_| {
        let features: std::collections::BTreeSet<u32> =
            (0..1 + stream.below(5)).map(|_| stream.below(feature_count)).collect();
        features.into_iter().map(|feature| (feature, 1.0)).collect::<Vec<_>>()
    };
    Features::of_rows(feature_count as usize, (0..rows).map(row))
}

/// A small network in several shards, over some rows of a step; all of them if f is a part of the points.
fn net_shape(features: &Features, (hidden, role): (usize, FeatureRole)) -> NetShape {
    let projected = if role == FeatureRole::Added { features.row_count() } else { 40 };
    NetShape {
        feature_count: features.feature_count(),
        hidden,
        dropout: 0.4,
        role,
        projected,
        entry_capacity: features.most_entries(projected),
        rows_per_shard: 9,
        shards_per_dispatch: 1,
    }
}

/// At most `tolerance` apart, and on average a hundredth of it: Adam makes a full step of a gradient that
/// is rounding noise, so single numbers may stray.
fn compare(name: &str, seen: &[f32], expected: &[f32], dim: usize, tolerance: f64) {
    let expected: Vec<f32> = match dim {
        1 => expected.to_vec(),
        _ => expected.chunks(dim.next_multiple_of(4)).flat_map(|row| row[..dim].to_vec()).collect(),
    };
    assert_eq!(seen.len(), expected.len());
    assert!(!seen.is_empty());
    let (mut worst, mut sum) = (0.0f64, 0.0);
    for (&seen, &expected) in seen.iter().zip(&expected) {
        let difference = f64::from((seen - expected).abs() / expected.abs().max(1.0));
        assert!(difference <= tolerance, "{name}: {seen}, twin {expected}");
        worst = worst.max(difference);
        sum += difference;
    }
    println!("{name}: worst {worst:e}, mean {:e}", sum / seen.len() as f64);
    assert!(
        sum / seen.len() as f64 <= tolerance / 100.0,
        "{name}: mean difference {}",
        sum / seen.len() as f64
    );
}

#[test]
fn two_stage_steps_equal_the_twins() {
    assert_eq!(parity(&gpu(), TWO_STAGE).dispatches, 8);
}

#[test]
fn networks_equal_the_twins() {
    // Beside the eight of the step: for each network seven kernels and its second layer loaded and stepped in one dispatch
    // each, and its first layer in one for each of its shards: four for items, two for users.
    let networks = Some((24, FeatureRole::Near { weight: 0.1 }));
    let with_networks = Parity { networks, ..TWO_STAGE };
    assert_eq!(parity(&gpu(), with_networks).dispatches, 8 + (9 + 2 * 4) + (9 + 2 * 2));
    parity(&plain_gpu(), Parity { networks, ..SHARED });
    let negatives = Negatives::Uniform { count: 3 };
    let plain = Parity { negatives, optimizer: ADAGRAD, gor_weight: 0.0, ..with_networks };
    let bits = || parity(&gpu(), plain).bits;
    assert_eq!(bits(), bits());
}

#[test]
fn networks_that_are_a_part_of_the_points_equal_the_twins() {
    let sums = Parity {
        negatives: Negatives::Uniform { count: 3 },
        loss: Loss::Bpr,
        geometry: Geometry::Dot,
        networks: Some((24, FeatureRole::Added)),
        ..TWO_STAGE
    };
    // Beside the six of the step, as above.
    assert_eq!(parity(&gpu(), sums).dispatches, 6 + (9 + 2 * 4) + (9 + 2 * 2));
    let linear = Some((0, FeatureRole::Added));
    let linear = Parity {
        networks: linear,
        dim: 18,
        optimizer: ADAGRAD,
        most_rows: Some(37),
        covariance_weight: 10.0,
        ..sums
    };
    parity(&plain_gpu(), linear);
    let bits = || parity(&gpu(), linear).bits;
    assert_eq!(bits(), bits());
}

#[test]
fn blocks_of_pairs_equal_the_twins() {
    // 60 candidates have 64 slots of 4 bytes a pair: three blocks of 16 pairs, each scored and drawn from before the
    // next.
    let in_blocks = Parity { block_bytes: 16 * 256, ..TWO_STAGE };
    assert_eq!(parity(&gpu(), in_blocks).dispatches, 8 + 2 * 2);
    let negatives = Negatives::TwoStage { count: 3, beta: 0.5, candidates: 60, hardness: 3.0 };
    assert_eq!(parity(&plain_gpu(), Parity { negatives, ..in_blocks }).dispatches, 8 + 2 * 2);
}

#[test]
fn two_stage_steps_equal_the_twins_without_optional_features() {
    let gpu = plain_gpu();
    assert_eq!(gpu.most_shards_per_dispatch(), 1);
    parity(&gpu, Parity { most_rows: Some(90), ..TWO_STAGE });
}

#[test]
fn steps_on_many_shards_equal_the_twins() {
    let negatives = Negatives::TwoStage { count: 3, beta: 0.5, candidates: 41, hardness: 1.0 };
    parity(&gpu(), Parity { negatives, dim: 18, most_rows: Some(37), ..TWO_STAGE });
}

#[test]
fn uniform_steps_equal_the_twins() {
    let negatives = Negatives::Uniform { count: 2 };
    let compared = parity(&gpu(), Parity { negatives, dim: 20, gor_weight: 0.0, ..TWO_STAGE });
    assert_eq!(compared.dispatches, 6);
}

#[test]
fn steps_in_the_geometry_dot_equal_the_twins() {
    let negatives = Negatives::Uniform { count: 2 };
    parity(&gpu(), Parity { negatives, dim: 20, geometry: Geometry::Dot, ..TWO_STAGE });
}

#[test]
fn steps_in_the_ball_equal_the_twins() {
    let ball = Parity {
        geometry: Geometry::Ball,
        optimizer: ADAGRAD,
        gor_weight: 0.0,
        covariance_weight: 10.0,
        ..TWO_STAGE
    };
    let loss = Loss::Triplet { margin: 0.5, rank_weight: true };
    let negatives = Negatives::Uniform { count: 5 };
    parity(&gpu(), Parity { loss, negatives, dim: 20, most_rows: Some(37), item_bias_rate: 0.3, ..ball });
    // Slopes of this loss do not add up to nothing.
    let loss = Loss::Contrastive { margin: -0.4, weight: 2.0 };
    let (negatives, optimizer) = (SHARED.negatives, Optimizer::Sgd);
    assert_eq!(parity(&gpu(), Parity { loss, negatives, optimizer, ..ball }).dispatches, 9 + 3);
}

#[test]
fn covariance_steps_give_the_same_bits_twice() {
    let covariance = Parity { covariance_weight: 10.0, ..TWO_STAGE };
    assert!(
        parity(&gpu(), covariance).bits == parity(&gpu(), covariance).bits,
        "the same steps gave other bits"
    );
}

#[test]
fn steps_with_histories_equal_the_twins_and_themselves() {
    // Whole histories, and parts of them.
    let first = parity(&gpu(), Parity { history: Some((160, true)), ..SHARED });
    assert_eq!(first.dispatches, 9 + 5);
    let networks = Some((24, FeatureRole::Near { weight: 0.5 }));
    let cut = Parity { history: Some((6, true)), networks, ..SHARED };
    assert!(parity(&gpu(), cut).bits == parity(&gpu(), cut).bits, "the same steps gave other bits");
    let alone = Parity { history: Some((6, false)), most_rows: Some(37), dim: 18, ..TWO_STAGE };
    parity(&gpu(), alone);
    let negatives = Negatives::Uniform { count: 3 };
    let ball = Parity { geometry: Geometry::Ball, optimizer: ADAGRAD, negatives, gor_weight: 0.0, ..alone };
    parity(&plain_gpu(), Parity { covariance_weight: 10.0, history: Some((9, true)), ..ball });
    // Of points that features are a part of.
    let networks = Some((24, FeatureRole::Added));
    let geometry = Geometry::Dot;
    parity(
        &gpu(),
        Parity { history: Some((9, true)), networks, geometry, negatives, gor_weight: 0.0, ..TWO_STAGE },
    );
    // As a GPU cuts them, whatever the adapter is.
    let of_gpu = Parity { grain: Some(Grain::GPU), history: Some((9, true)), ..SHARED };
    assert!(parity(&gpu(), of_gpu).bits == parity(&gpu(), of_gpu).bits, "the same steps gave other bits");
}

#[test]
fn gradient_descent_equals_the_twins() {
    let negatives = Negatives::Popularity { count: 1, beta: 1.0 };
    let optimizer = Optimizer::Sgd;
    parity(&gpu(), Parity { negatives, dim: 12, most_rows: Some(100), optimizer, ..TWO_STAGE });
}

#[test]
fn shared_steps_equal_the_twins_and_themselves() {
    let first = parity(&gpu(), SHARED);
    assert_eq!(first.dispatches, 9);
    assert!(first.bits == parity(&gpu(), SHARED).bits, "the same steps gave other bits");
    // As a GPU cuts them, whatever the adapter is.
    let of_gpu = Parity { grain: Some(Grain::GPU), ..SHARED };
    assert!(parity(&gpu(), of_gpu).bits == parity(&gpu(), of_gpu).bits, "the same steps gave other bits");
}

#[test]
fn shared_steps_in_blocks_on_shards_equal_the_twins() {
    // Blocks of 16 pairs.
    let grain = gpu().suits(&SMALL).then_some(SMALL);
    let cut = Parity { dim: 18, most_rows: Some(37), block_bytes: 16 * 300, grain, ..SHARED };
    parity(&gpu(), cut);
    assert_eq!(parity(&gpu(), Parity { most_rows: None, ..cut }).dispatches, 9 + 2 * 4);
}

#[test]
fn shared_steps_equal_the_twins_without_optional_features() {
    let blocks = Parity { block_bytes: 16 * 256, most_rows: Some(90), dim: 20, ..SHARED };
    let compared = parity(&plain_gpu(), blocks);
    assert!(compared.bits == parity(&plain_gpu(), blocks).bits, "the same steps gave other bits");
    let loss = Loss::Bpr;
    let optimizer = Optimizer::Sgd;
    parity(&plain_gpu(), Parity { loss, optimizer, geometry: Geometry::Dot, dim: 12, ..SHARED });
}
