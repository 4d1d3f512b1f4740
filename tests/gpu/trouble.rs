//! Numbers that are not finite, trainings that learn nothing, and devices that fail.

use crate::engine::{ALL_NEGATIVES, checkerboard, config};
use crate::resume;
use crate::support::{gpu, open};
use spherec::Error;
use spherec::data::Split;
use spherec::error::EXIT_CODES;
use spherec::gpu::{Call, Gpu, Stepper, Tables, Trouble};
use spherec::reference::{self, Scratch, State};
use spherec::sampling::{EpochOrder, ItemSampler, Negatives, Planner};
use spherec::step::layout::StepSums;
use spherec::step::{
    BLOCK_BYTES, Geometry, Optimizer, Plan, PlanShape, Rates, Schedule, StepConstants, StepShape,
};
use spherec::train::{Event, Regularisers, Stop, TrainConfig, Trained, train, train_from};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const STEPS: u64 = 12;
/// A user of the checkerboard, as a row behind its 40 items.
const USER: u32 = 40 + 8;

/// What the device and the twins report of `STEPS` steps, each a submission of its own, if one number of the table is
/// `bad`; and the plans.
fn reports(
    config: &TrainConfig,
    bad_row: u32,
    bad: Option<f32>,
) -> (Vec<StepSums>, Vec<StepSums>, Vec<Plan>) {
    let (gpu, split) = (gpu(), checkerboard());
    let train = Arc::clone(&split.train);
    let (row_count, dim) = (40 + 60, config.dim);
    let plan = PlanShape {
        batch_size: config.batch_size,
        negative_count: config.negatives.count(),
        candidate_count: config.negatives.candidate_count(),
        item_count: 40,
        user_count: 60,
        rows_per_shard: Tables::rows_per_shard(&gpu, row_count, dim, Some(37)),
        excluded_capacity: train.len(),
        history: None,
    };
    let shape = StepShape {
        plan,
        dim,
        geometry: config.geometry,
        loss: config.loss,
        gor_weight: config.regularisers.gor_weight,
        covariance_weight: config.regularisers.covariance_weight,
        item_bias_rate: config.item_bias.map_or(0.0, |bias| bias.rate),
        optimizer: config.optimizer,
        shards_per_dispatch: Tables::shards_per_dispatch(&gpu, plan.shard_count()),
        block_bytes: BLOCK_BYTES,
        nets: [None; 2],
        grain: gpu.grain(),
    };
    let rates = Rates { optimizer: config.optimizer, schedule: config.schedule, last_step: STEPS };
    let constants = StepConstants::new(shape, rates, config.negatives.hardness()).unwrap();
    let mut rows: Vec<f32> =
        (0..row_count * dim).map(|at| ((at * 7919) % 101) as f32 / 101.0 - 0.5).collect();
    if let Some(bad) = bad {
        rows[bad_row as usize * dim + 3] = bad;
    }
    let fill = |row: usize, point: &mut [f32]| {
        point.copy_from_slice(&rows[row * dim..(row + 1) * dim]);
        0.0
    };
    let tables = Tables::new(&gpu, &shape, fill).unwrap();
    let mut stepper = Stepper::new(Arc::clone(&gpu), tables, &constants).unwrap();
    let items = Arc::new(ItemSampler::new(&train.item_frequencies(), config.negatives.beta()));
    let order = Arc::new(EpochOrder::new(train, 1));
    let mut planner = Planner::new(order, items, plan, rates, 1).correcting(config.loss.correction());
    let mut plans: Vec<Plan> = (1..=STEPS).map(|step| planner.plan(step)).collect();
    let mut seen = Vec::new();
    for plan in &mut plans {
        stepper.submit(std::slice::from_mut(plan)).unwrap();
        seen.extend(stepper.collect().unwrap().unwrap());
    }
    let (mut state, mut scratch) = (State::new(rows, &shape), Scratch::new(&shape, f32::NAN));
    let twins =
        plans.iter().map(|plan| reference::step(&constants, plan, &mut state, &mut scratch)).collect();
    (seen, twins, plans)
}

/// A small step, so that only what a test puts in goes wrong; few pairs and candidates, so that some rows come late.
fn small(negatives: Negatives) -> TrainConfig {
    let negatives = match negatives {
        Negatives::TwoStage { count, beta, hardness, .. } => {
            Negatives::TwoStage { count, beta, candidates: 8, hardness }
        }
        Negatives::Shared { beta, .. } => Negatives::Shared { beta, candidates: 8 },
        own => own,
    };
    TrainConfig { batch_size: 3, schedule: Schedule::Constant { learning_rate: 1e-3 }, ..config(negatives) }
}

/// The slot in which the step has a row of the table.
fn slot_of(plan: &Plan, row: u32) -> Option<u32> {
    plan.rows().iter().position(|&slot_row| slot_row == row).map(|slot| slot as u32)
}

fn first_bad(sums: &[StepSums]) -> Option<usize> {
    sums.iter().position(|sums| sums.bad_rows != 0)
}

#[test]
fn a_bad_row_is_seen_in_the_first_step_that_loads_it() {
    let (mut late, mut candidates) = (0, 0);
    for negatives in ALL_NEGATIVES {
        let adam = small(negatives);
        let sgd = TrainConfig { optimizer: Optimizer::Sgd, item_bias: None, ..adam.clone() };
        let (seen, twins, plans) = reports(&adam, 0, None);
        assert!(seen.iter().chain(&twins).all(StepSums::is_sound), "{}: {seen:?}", negatives.sampler());
        // An item that comes as a candidate alone, if there are any: drawn or not, it is seen.
        let is_candidate = |item: &u32| {
            plans.iter().find_map(|plan| Some(plan.uses(slot_of(plan, *item)?).is_empty())) == Some(true)
        };
        let item = (0..40).find(is_candidate).unwrap_or(17);
        candidates += usize::from(is_candidate(&item));
        for (config, bad, bad_row) in
            [(&adam, f32::NAN, item), (&adam, 3e19, USER), (&sgd, f32::NEG_INFINITY, item)]
        {
            let (seen, twins, plans) = reports(config, bad_row, Some(bad));
            let expected = plans.iter().position(|plan| slot_of(plan, bad_row).is_some());
            late += usize::from(expected > Some(0));
            let what = format!("{} {:?} {bad} in row {bad_row}", negatives.sampler(), config.optimizer);
            assert_eq!(first_bad(&seen), expected, "{what}");
            assert_eq!(first_bad(&twins), expected, "{what}: the twins");
        }
    }
    assert_eq!(candidates, 2, "two-stage and shared");
    assert!(late > 1, "only {late} rows came after the first step");
}

/// In the very step: the loss of that step is still a number, and so are all the rows that it loaded.
#[test]
fn a_step_that_leaves_a_bad_row_says_so() {
    let base = small(Negatives::Uniform { count: 2 });
    let rate = |learning_rate| Schedule::Constant { learning_rate };
    let heavy = Regularisers { gor_weight: 1e25, covariance_weight: 0.0 };
    let dot = TrainConfig { geometry: Geometry::Dot, ..base.clone() };
    let cases = [
        ("a row too long", TrainConfig { schedule: rate(1e20), ..base.clone() }),
        ("a row that is infinite", TrainConfig { schedule: rate(1e38), ..base.clone() }),
        ("a second moment that is infinite", TrainConfig { regularisers: heavy, ..base.clone() }),
        (
            "a long row of plain descent",
            TrainConfig { optimizer: Optimizer::Sgd, schedule: rate(1e21), ..dot },
        ),
        ("plain descent", TrainConfig { optimizer: Optimizer::Sgd, schedule: rate(1e21), ..base }),
    ];
    for (what, config) in cases {
        let (seen, twins, _) = reports(&config, 0, None);
        assert!(seen[0].loss.is_finite(), "{what}: {:?}", seen[0]);
        assert_eq!((seen[0].bad_rows, twins[0].bad_rows), (1, 1), "{what}");
    }
    // An item bias, while the rows stand still.
    let mut bias = small(Negatives::Shared { beta: 0.5, candidates: 8 });
    bias.schedule = rate(1e17);
    bias.item_bias = bias.item_bias.map(|it| spherec::train::ItemBias { rate: 1e25, ..it });
    let (seen, twins, _) = reports(&bias, 0, None);
    assert_eq!((seen[0].bad_rows, twins[0].bad_rows), (1, 1));
    assert!(seen[0].loss.is_finite());
}

fn never() -> AtomicBool {
    AtomicBool::new(false)
}

/// A checkerboard whose held-out items are for validation.
fn validated() -> Split {
    let split = checkerboard();
    let none = spherec::data::Interactions::from_pairs(60, 40, &[]);
    Split { train: split.train, valid: split.test, test: none }
}

/// One step in all: nothing but its own report can tell.
#[test]
fn a_training_whose_only_step_diverges_is_not_saved() {
    for negatives in ALL_NEGATIVES {
        for learning_rate in [1e20, 1e37] {
            let mut config = config(negatives);
            config.batch_size = 10_000;
            config.stopping.epochs = 1;
            config.schedule = Schedule::Constant { learning_rate };
            let failure = train(gpu(), &checkerboard(), &config, &never(), &mut |_| {}).unwrap_err();
            let Error::Diverged { step, learning_rate: told, advice, .. } = &failure else {
                panic!("{failure}")
            };
            assert_eq!((*step, *told), (1, Some(learning_rate)));
            assert!(advice.contains("--learning-rate"), "{failure}");
            assert_eq!(failure.exit_code(), 8);
        }
    }
}

#[test]
fn the_advice_names_what_is_far_from_usual() {
    let mut config = config(ALL_NEGATIVES[2]);
    config.regularisers.gor_weight = 1e25;
    let failure = train(gpu(), &checkerboard(), &config, &never(), &mut |_| {}).unwrap_err();
    let Error::Diverged { advice, .. } = &failure else { panic!("{failure}") };
    assert!(advice.contains("--gor-weight is 1e25") && !advice.contains("--learning-rate"), "{failure}");
}

fn warnings(split: &Split, config: &TrainConfig) -> Vec<String> {
    let mut warnings = Vec::new();
    train(gpu(), split, config, &never(), &mut |event| {
        if let Event::Warning(text) = event {
            warnings.push(text.clone());
        }
    })
    .unwrap();
    warnings
}

#[test]
fn a_training_that_learns_nothing_says_so() {
    let mut learns = config(Negatives::Uniform { count: 1 });
    learns.stopping.evaluate_every = 5;
    assert_eq!(warnings(&validated(), &learns), Vec::<String>::new());
    assert_eq!(warnings(&checkerboard(), &learns), Vec::<String>::new());
    // Steps so small that nothing moves.
    let mut stalls = learns.clone();
    stalls.schedule = Schedule::Constant { learning_rate: 1e-20 };
    let told = warnings(&validated(), &stalls);
    assert_eq!(told.len(), 1, "{told:?}");
    for part in ["random ranking", "NDCG@2", "the loss has not moved", "--learning-rate is 1e-20"] {
        assert!(told[0].contains(part), "{told:?}");
    }
    let told = warnings(&checkerboard(), &stalls);
    assert!(told.len() == 1 && told[0].starts_with("the loss has not moved"), "{told:?}");
    // Steps so large that rows jump about.
    let wild = TrainConfig { schedule: Schedule::Constant { learning_rate: 1e10 }, ..stalls };
    let told = warnings(&validated(), &wild);
    assert!(told.len() == 1 && told[0].contains("random ranking"), "{told:?}");
}

/// A device that fails in the next call like `call` once `is_on`.
fn failing(call: fn(Call<'_>) -> bool, trouble: Trouble, is_on: &Arc<AtomicBool>) -> Arc<Gpu> {
    let is_on = Arc::clone(is_on);
    let patience = Duration::from_secs(600);
    open(|choice| {
        let is_on = Arc::clone(&is_on);
        let inject = move |seen: Call<'_>| (is_on.load(Ordering::Relaxed) && call(seen)).then_some(trouble);
        Gpu::open_with_trouble(choice, patience, Box::new(inject))
    })
}

fn is_submit(call: Call<'_>) -> bool {
    call == Call::Submit
}

fn is_wait(call: Call<'_>) -> bool {
    call == Call::Wait
}

/// Which calls fail, how, and the exit code.
type Case = (fn(Call<'_>) -> bool, Trouble, u8);

const TROUBLES: [Case; 6] = [
    (is_submit, Trouble::Lost, 5),
    (is_wait, Trouble::Lost, 5),
    (is_submit, Trouble::OutOfMemory, 6),
    (is_wait, Trouble::Hang, 7),
    (is_submit, Trouble::Invalid, 4),
    (is_wait, Trouble::Invalid, 4),
];

#[test]
fn a_device_that_fails_leaves_the_best_so_far() {
    let split = validated();
    let mut config = config(Negatives::Uniform { count: 1 });
    config.stopping.epochs = 2;
    let short =
        TrainConfig { stopping: spherec::train::Stopping { epochs: 1, ..config.stopping }, ..config.clone() };
    let expected = train(gpu(), &split, &short, &never(), &mut |_| {}).unwrap();
    for (call, trouble, code) in TROUBLES {
        let is_on = Arc::new(never());
        let gpu = failing(call, trouble, &is_on);
        let trained = train(gpu, &split, &config, &never(), &mut |event| {
            if matches!(event, Event::Evaluated { .. }) {
                is_on.store(true, Ordering::Relaxed);
            }
        });
        let Trained { stop, failure, embeddings, epoch, .. } = trained.unwrap();
        let failure = failure.unwrap();
        assert_eq!((stop, epoch, failure.exit_code()), (Stop::Failed, 1, code), "{trouble:?}: {failure}");
        assert!(embeddings == expected.embeddings, "{trouble:?}: other embeddings");
    }
}

/// The last checkpoint is whole: the run goes on from it, on a device that works, to the bits of an undisturbed one.
#[test]
fn a_device_that_fails_leaves_the_last_checkpoint() {
    let split = validated();
    let mut config = config(ALL_NEGATIVES[3]);
    (config.stopping.epochs, config.stopping.evaluate_every) = (3, 3);
    let whole = resume::run(&split, &config, None, &mut resume::never(), None);
    for (call, trouble, code) in TROUBLES {
        // Once the checkpoint is kept, or while it is read from the device.
        for is_kept in [true, false] {
            let is_on = Arc::new(never());
            let mut keeper = resume::Memory { after: 1, kept: None };
            let gpu = failing(call, trouble, &is_on);
            let failure =
                train_from(gpu, (&split).into(), &config, None, &mut keeper, &never(), &mut |event| {
                    if matches!((event, is_kept), (Event::Kept { .. }, true) | (Event::Epoch { .. }, false)) {
                        is_on.store(true, Ordering::Relaxed);
                    }
                });
            let failure = failure.unwrap_err();
            assert_eq!(failure.exit_code(), code, "{trouble:?}: {failure}");
            assert_eq!(keeper.kept.is_some(), is_kept, "{trouble:?}");
            if is_kept {
                let resumed = resume::run(&split, &config, keeper.kept.as_ref(), &mut resume::never(), None);
                resume::assert_equal("after trouble", &whole, &resumed);
            }
        }
    }
}

#[test]
fn a_device_that_fails_before_there_is_a_model_is_an_error() {
    let config = config(Negatives::Uniform { count: 1 });
    let of_tables = |call: Call<'_>| call == Call::Create("drift");
    for (call, trouble, code) in TROUBLES
        .into_iter()
        .chain([(of_tables as fn(Call<'_>) -> bool, Trouble::OutOfMemory, 6), (of_tables, Trouble::Lost, 5)])
    {
        let gpu = failing(call, trouble, &Arc::new(AtomicBool::new(true)));
        let failure = train(gpu, &validated(), &config, &never(), &mut |_| {}).unwrap_err();
        assert_eq!(failure.exit_code(), code, "{trouble:?}: {failure}");
        assert!(EXIT_CODES.iter().any(|(known, _)| *known == code));
    }
}

/// No injection here: the driver itself is asked for each of a hundred answers at once, without any waiting.
#[test]
fn a_submission_that_takes_too_long_times_out() {
    let gpu = open(|choice| Gpu::open_with_trouble(choice, Duration::ZERO, Box::new(|_| None)));
    let failure = train(gpu, &validated(), &config(ALL_NEGATIVES[3]), &never(), &mut |_| {}).unwrap_err();
    assert!(matches!(failure, Error::DeviceTimeout(_)), "{failure}");
}
