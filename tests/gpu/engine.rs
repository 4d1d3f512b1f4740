//! The whole engine: against the twins, against itself, and on data whose answer is known.

use crate::support::{gpu, plain_gpu};
use spherec::Error;
use spherec::data::{Interactions, Protocol, Split};
use spherec::gpu::{Gpu, Stepper, Tables};
use spherec::model::Embeddings;
use spherec::random::{Purpose, Stream};
use spherec::reference::{self, Scratch, State};
use spherec::sampling::{EpochOrder, ItemSampler, Negatives, Planner};
use spherec::step::layout::RowState;
use spherec::step::{
    BLOCK_BYTES, Geometry, Loss, Optimizer, PlanShape, Rates, Schedule, StepConstants, StepShape,
};
use spherec::train::{Regularisers, Stop, Stopping, TrainConfig, train};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const ADAM: Optimizer = Optimizer::Adam { betas: (0.9, 0.999), epsilon: 1e-8 };
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
    dim: usize,
    most_rows: Option<usize>,
    geometry: Geometry,
    optimizer: Optimizer,
    block_bytes: usize,
    gor_weight: f64,
}

const TWO_STAGE: Parity = Parity {
    negatives: Negatives::TwoStage { count: 1, beta: 0.5, candidates: 60, hardness: 3.0 },
    dim: 32,
    most_rows: None,
    geometry: Geometry::Sphere,
    optimizer: ADAM,
    block_bytes: BLOCK_BYTES,
    gor_weight: 0.1,
};

/// `STEPS` steps on the device and on the twins, with a group of steps in each submission; the last of them with
/// their stages timed. Returns the dispatches of a step.
fn parity(gpu: &Arc<Gpu>, parity: Parity) -> usize {
    use rand::RngExt;
    let Parity { negatives, dim, most_rows, geometry, optimizer, block_bytes, gor_weight } = parity;
    let train = Arc::new(random_interactions(70, 160, 0.08));
    let row_count = 160 + 70;
    let plan = PlanShape {
        batch_size: 48,
        negative_count: negatives.count(),
        candidate_count: negatives.candidate_count(),
        item_count: 160,
        user_count: 70,
        rows_per_shard: Tables::rows_per_shard(gpu, row_count, dim, most_rows),
        excluded_capacity: train.len(),
    };
    let shape = StepShape {
        plan,
        dim,
        geometry,
        loss: Loss::Triplet { margin: 0.5 },
        gor_weight,
        optimizer,
        shards_per_dispatch: Tables::shards_per_dispatch(gpu, plan.shard_count()),
        block_bytes,
        grain: gpu.grain(),
    };
    let learning_rate = if optimizer.has_moments() { 0.01 } else { 0.1 };
    let rates = Rates { optimizer, schedule: Schedule::Constant { learning_rate } };
    let constants = StepConstants::new(shape, rates.schedule, negatives.hardness()).unwrap();
    let mut stream = Stream::new(5, Purpose::Init, 0);
    let points: Vec<f32> =
        (0..row_count * dim).map(|_| stream.random_range(-1.0..1.0f32) / (dim as f32).sqrt()).collect();
    let fill = |row: usize, point: &mut [f32]| point.copy_from_slice(&points[row * dim..(row + 1) * dim]);
    let tables = Tables::new(gpu, &shape, fill).unwrap();
    let mut stepper = Stepper::new(Arc::clone(gpu), tables, &constants).unwrap();
    // As few dispatches cover the tables as the adapter allows.
    let (shards, most) = (plan.shard_count(), gpu.most_shards_per_dispatch());
    assert_eq!(shape.table_shards().len(), shards.div_ceil(most));

    let items = Arc::new(ItemSampler::new(&train.item_frequencies(), negatives.beta()));
    let order = Arc::new(EpochOrder::new(train, 1));
    let mut planner = Planner::new(order, items, plan, rates, 1);
    let padded_dim = shape.padded_dim();
    let mut padded = vec![0.0; row_count * padded_dim];
    for (row, point) in points.chunks(dim).enumerate() {
        padded[row * padded_dim..][..dim].copy_from_slice(point);
    }
    let mut state = State::new(padded, &shape);
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
        assert_eq!(seen.active_count, expected.active_count, "step {step}");
    }
    stepper.catch_up().unwrap();
    if optimizer.has_moments() {
        state.catch_up(&constants, STEPS as u32);
        let row_states = stepper.tables().row_states(gpu).unwrap();
        let last_steps = |states: &[RowState]| states.iter().map(|state| state.last_step).collect::<Vec<_>>();
        assert_eq!(last_steps(&row_states), last_steps(&state.row_states));
        let (drift, variance) = stepper.tables().drift_and_variance(gpu).unwrap();
        compare("drift", &drift, &state.drift, dim, 1e-4);
        compare("variance", &variance, &state.variance, dim, 1e-5);
    }
    let seen = stepper.tables().rows(gpu, 0..stepper.tables().row_count()).unwrap();
    compare("points", &seen, &state.rows, dim, 2e-3);
    let moved = seen.iter().zip(&points).filter(|(seen, start)| (*seen - *start).abs() > 1e-3).count();
    assert!(moved > points.len() / 2, "only {moved} of {} numbers moved", points.len());
    dispatch_count
}

/// At most `tolerance` apart, and on average a hundredth of it: Adam makes a full step of a gradient that
/// is rounding noise, so single numbers may stray.
fn compare(name: &str, seen: &[f32], expected: &[f32], dim: usize, tolerance: f64) {
    let expected: Vec<f32> =
        expected.chunks(dim.next_multiple_of(4)).flat_map(|row| row[..dim].to_vec()).collect();
    assert_eq!(seen.len(), expected.len());
    assert!(!seen.is_empty());
    let (mut worst, mut sum) = (0.0f64, 0.0);
    for (&seen, &expected) in seen.iter().zip(&expected) {
        let difference = f64::from((seen - expected).abs());
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
    assert_eq!(parity(&gpu(), TWO_STAGE), 8);
}

#[test]
fn blocks_of_pairs_equal_the_twins() {
    // 60 candidates have 64 slots of 4 bytes a pair: three blocks of 16 pairs, each scored and drawn from before the
    // next.
    let in_blocks = Parity { block_bytes: 16 * 256, ..TWO_STAGE };
    assert_eq!(parity(&gpu(), in_blocks), 8 + 2 * 2);
    let negatives = Negatives::TwoStage { count: 3, beta: 0.5, candidates: 60, hardness: 3.0 };
    assert_eq!(parity(&plain_gpu(), Parity { negatives, ..in_blocks }), 8 + 2 * 2);
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
    assert_eq!(parity(&gpu(), Parity { negatives, dim: 20, gor_weight: 0.0, ..TWO_STAGE }), 6);
}

#[test]
fn steps_in_the_geometry_dot_equal_the_twins() {
    let negatives = Negatives::Uniform { count: 2 };
    parity(&gpu(), Parity { negatives, dim: 20, geometry: Geometry::Dot, ..TWO_STAGE });
}

#[test]
fn gradient_descent_equals_the_twins() {
    let negatives = Negatives::Popularity { count: 1, beta: 1.0 };
    let optimizer = Optimizer::Sgd;
    parity(&gpu(), Parity { negatives, dim: 12, most_rows: Some(100), optimizer, ..TWO_STAGE });
}

/// Even users like even items, odd users odd ones; each user misses two of them.
fn checkerboard() -> Split {
    let (user_count, item_count) = (60u32, 40u32);
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for user in 0..user_count {
        for item in (0..item_count).filter(|item| item % 2 == user % 2) {
            let held_out = (item / 2 + user / 2) % 10 == 0;
            if held_out { test.push((user, item)) } else { train.push((user, item)) }
        }
    }
    let part =
        |pairs: &[(u32, u32)]| Interactions::from_pairs(user_count as usize, item_count as usize, pairs);
    Split { train: part(&train).into(), valid: part(&[]), test: part(&test) }
}

fn config(negatives: Negatives) -> TrainConfig {
    TrainConfig {
        dim: 16,
        batch_size: 64,
        negatives,
        regularisers: Regularisers { gor_weight: 0.0 },
        schedule: Schedule::Constant { learning_rate: 0.01 },
        stopping: Stopping { epochs: 10, evaluate_every: 1, patience: 0, k: 2 },
        seed: 4,
        protocol: Protocol::Holdout { test_fraction: 0.1, valid_fraction: 0.0 },
        ..TrainConfig::default()
    }
}

const ALL_NEGATIVES: [Negatives; 3] = [
    Negatives::Uniform { count: 1 },
    Negatives::Popularity { count: 1, beta: 0.7 },
    Negatives::TwoStage { count: 1, beta: 0.5, candidates: 30, hardness: 1.0 },
];

fn trained(split: &Split, config: &TrainConfig) -> Embeddings {
    let trained = train(gpu(), split, config, &AtomicBool::new(false), &mut |_| {}).unwrap();
    assert_eq!((trained.stop, trained.epochs_done), (Stop::Epochs, config.stopping.epochs));
    trained.embeddings
}

/// Of a point's nearest items the share whose parity is that of its row.
fn same_colour(neighbours: &[Vec<spherec::recommend::Neighbour>], rows: &[u32]) -> f64 {
    let pairs =
        neighbours.iter().zip(rows).flat_map(|(list, row)| list.iter().map(move |n| n.row % 2 == row % 2));
    let (same, all) = pairs.fold((0, 0), |(same, all), is_same| (same + usize::from(is_same), all + 1));
    assert!(all > 0);
    same as f64 / all as f64
}

#[test]
fn every_sampler_learns_a_checkerboard() {
    let split = checkerboard();
    for negatives in ALL_NEGATIVES {
        let embeddings = trained(&split, &config(negatives));
        let (users, items): (Vec<u32>, Vec<u32>) = ((0..60).collect(), (0..40).collect());
        let of_users = spherec::recommend::recommend(&embeddings, 1.0, &users, 15, &[]).unwrap();
        let of_items = spherec::recommend::similar_items(&embeddings, &items, 5).unwrap();
        let (users, items) = (same_colour(&of_users, &users), same_colour(&of_items, &items));
        println!("{}: {users} of the users' items, {items} of the items' neighbours", negatives.sampler());
        assert!(users > 0.95 && items > 0.95, "{}: {users} {items}", negatives.sampler());
        // Stage 2 looks for what is like the positive: here only held-out items are, so it learns to avoid
        // them. The others recommend them: of what a user has not, nothing else has its colour.
        if !matches!(negatives, Negatives::TwoStage { .. }) {
            let metrics =
                spherec::evaluate::evaluate(&embeddings, 1.0, &split.train, None, &split.test, &[2]).unwrap();
            assert!(metrics[0].recall > 0.9, "{}: {metrics:?}", negatives.sampler());
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_does_not() {
    let split = checkerboard();
    for negatives in ALL_NEGATIVES {
        let mut config = config(negatives);
        config.stopping.epochs = 3;
        let bits = |embeddings: &Embeddings| -> Vec<u32> {
            embeddings.users.iter().chain(&embeddings.items).map(|x| x.to_bits()).collect()
        };
        let first = bits(&trained(&split, &config));
        assert_eq!(first, bits(&trained(&split, &config)), "{}", negatives.sampler());
        config.seed += 1;
        assert_ne!(first, bits(&trained(&split, &config)), "{}", negatives.sampler());
    }
}

#[test]
fn a_loss_that_is_not_a_number_stops_training() {
    for negatives in ALL_NEGATIVES {
        let schedule = Schedule::Constant { learning_rate: 1e38 };
        let config = TrainConfig { schedule, ..config(negatives) };
        let failure = train(gpu(), &checkerboard(), &config, &AtomicBool::new(false), &mut |_| {});
        assert!(matches!(failure, Err(Error::Diverged { .. })), "{}: {failure:?}", negatives.sampler());
    }
}

#[test]
fn an_interrupt_ends_training_with_what_there_is() {
    let split = checkerboard();
    let interrupt = AtomicBool::new(false);
    let mut epochs = 0;
    let mut config = config(Negatives::Uniform { count: 1 });
    config.stopping.epochs = 1000;
    let trained = train(gpu(), &split, &config, &interrupt, &mut |event| {
        if let spherec::train::Event::Epoch { epoch, .. } = event {
            epochs = *epoch;
            if epochs == 2 {
                interrupt.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        }
    })
    .unwrap();
    assert_eq!(trained.stop, Stop::Interrupted);
    assert!(trained.epochs_done <= 3, "{} epochs", trained.epochs_done);
    assert_eq!(trained.embeddings.item_count(), 40);
}
