//! A run that stops and goes on ends at the bits of one that never stopped.

use crate::engine::{checkerboard, config};
use crate::support::gpu;
use spherec::data::{FeatureValues, Features, IdTable, Side, Split};
use spherec::gpu::{TableKey, TablePart};
use spherec::model::Embeddings;
use spherec::sampling::Negatives;
use spherec::step::{FeatureRole, Geometry, Layer, Loss, Of, Optimizer, Schedule};
use spherec::train::{
    Event, FeatureNetwork, History, ItemBias, Keep, Recipe, Restart, SideFeatures, Snapshot, State, Stop,
    TrainConfig, Trained, TrainingData, train_from,
};
use spherec::{Error, Result};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a checkpoint holds, in memory.
pub(crate) struct Kept {
    state: State,
    best: Option<Embeddings>,
    parts: Vec<(TableKey, Vec<u32>)>,
}

impl Kept {
    /// A part of the tables.
    pub(crate) fn part(&self, key: TableKey) -> &[u32] {
        &self.parts.iter().find(|(kept, _)| *kept == key).unwrap().1
    }
}

/// Keeps the run after one epoch, and whenever it is interrupted.
pub(crate) struct Memory {
    pub(crate) after: usize,
    pub(crate) kept: Option<Kept>,
}

impl Keep for Memory {
    fn is_due(&mut self, epochs_done: usize, _epochs: usize) -> bool {
        epochs_done == self.after
    }

    fn keep(&mut self, snapshot: &Snapshot) -> Result<()> {
        let parts = snapshot.parts().into_iter().map(|part| Ok((part, snapshot.part(part)?)));
        self.kept = Some(Kept {
            state: snapshot.state.clone(),
            best: snapshot.best.cloned(),
            parts: parts.collect::<Result<_>>()?,
        });
        Ok(())
    }
}

/// Trains from what was kept, if anything; interrupts after `interrupt_at` steps' worth of progress events.
pub(crate) fn run<'a>(
    data: impl Into<TrainingData<'a>>,
    config: &TrainConfig,
    kept: Option<&Kept>,
    keeper: &mut Memory,
    interrupt_in: Option<usize>,
) -> Trained {
    let interrupt = AtomicBool::new(false);
    let read = |part: TableKey| {
        let parts = &kept.unwrap().parts;
        let found = parts.iter().find(|(kept, _)| *kept == part);
        found.map(|(_, words)| words.clone()).ok_or_else(|| Error::Data(format!("{part:?}")))
    };
    let restart = kept.map(|kept| Restart {
        // Through JSON, as on disk.
        state: serde_json::from_str(&serde_json::to_string(&kept.state).unwrap()).unwrap(),
        best: kept.best.clone(),
        read: &read,
        finish: false,
    });
    train_from(gpu(), data.into(), config, restart, keeper, &interrupt, &mut |event| {
        if let Event::Epoch { epoch, .. } = event
            && Some(*epoch) == interrupt_in
        {
            interrupt.store(true, Ordering::Relaxed);
        }
    })
    .unwrap()
}

pub(crate) fn never() -> Memory {
    Memory { after: usize::MAX, kept: None }
}

fn bits(embeddings: &Embeddings) -> Vec<u32> {
    let Embeddings { users, items, item_bias, networks, .. } = embeddings;
    let weights = networks.iter().flat_map(|network| [&network.input, &network.output]);
    [users, items, item_bias].into_iter().chain(weights).flatten().map(|x| x.to_bits()).collect()
}

/// The same points, the same bits of them, the same choice, the same sums in the log's terms.
#[track_caller]
pub(crate) fn assert_equal(name: &str, whole: &Trained, resumed: &Trained) {
    assert_eq!(bits(&whole.embeddings), bits(&resumed.embeddings), "{name}");
    assert_eq!(
        (whole.epoch, whole.stop, whole.valid),
        (resumed.epoch, resumed.stop, resumed.valid),
        "{name}"
    );
    assert_eq!(whole.popularity, resumed.popularity, "{name}");
    assert_eq!(whole.timing.step_count, resumed.timing.step_count, "{name}");
}

/// Every loss, sampler, optimizer, schedule and geometry is in one of these.
fn configs() -> Vec<TrainConfig> {
    let uniform = Negatives::Uniform { count: 2 };
    let popularity = Negatives::Popularity { count: 3, beta: 0.7 };
    let two_stage = Negatives::TwoStage { count: 2, beta: 0.5, candidates: 30, hardness: 1.0 };
    let shared = Negatives::Shared { beta: 0.5, candidates: 30 };
    let (constant, linear) =
        (Schedule::Constant { learning_rate: 0.01 }, Schedule::Linear { learning_rate: 0.02 });
    let adam = Recipe::Softmax.config().optimizer;
    let adagrad = Optimizer::Adagrad { epsilon: 1e-10 };
    let (sphere, ball, dot) = (Geometry::Sphere, Geometry::Ball, Geometry::Dot);
    let [triplet, ranked, hinge, contrastive, softmax, bpr, warp] = Loss::ALL;
    [
        (triplet, two_stage, adam, constant, sphere),
        (ranked, popularity, adam, linear, sphere),
        (ranked, uniform, adagrad, constant, ball),
        (contrastive, shared, adagrad, linear, ball),
        (hinge, uniform, Optimizer::Sgd, linear, sphere),
        (contrastive, shared, adam, constant, dot),
        (softmax, shared, adam, linear, sphere),
        (bpr, popularity, Optimizer::Sgd, constant, dot),
        (warp, uniform, adam, linear, dot),
    ]
    .map(|(loss, negatives, optimizer, schedule, geometry)| {
        let mut config = TrainConfig { loss, optimizer, schedule, geometry, ..config(negatives) };
        config.item_bias = matches!(negatives, Negatives::Shared { .. }).then_some(ItemBias {
            rate: 0.2,
            start: if matches!(loss, Loss::Softmax { .. }) { 1.0 } else { 0.0 },
        });
        config.regularisers.covariance_weight = if geometry == ball { 10.0 } else { 0.0 };
        config.batch_size = 48;
        config.stopping.epochs = 4;
        config.stopping.evaluate_every = 2;
        // Sampled ones, with users' rows and without.
        config.history = match loss {
            Loss::Softmax { .. } => Some(History { weight: 1.0, cap: 5, user_points: true }),
            Loss::HingeSum { .. } => Some(History { weight: 1.0, cap: 5, user_points: false }),
            _ => None,
        };
        config
    })
    .into()
}

fn with_validation() -> Split {
    let mut split = checkerboard();
    split.valid = split.test.clone();
    split
}

#[test]
fn n_epochs_and_n_more_are_2n_epochs_bit_for_bit() {
    for config in configs() {
        for split in [checkerboard(), with_validation()] {
            let name = format!("{config:?}, {} for validation", split.valid.len());
            let mut memory = Memory { after: 2, kept: None };
            let whole = run(&split, &config, None, &mut memory, None);
            let kept = memory.kept.unwrap();
            assert_eq!(kept.state.epochs_done, 2);
            let resumed = run(&split, &config, Some(&kept), &mut never(), None);
            assert_equal(&name, &whole, &resumed);
        }
    }
}

/// Features of the checkerboard: sparse ones of items, and dense ones of users.
pub(crate) fn features() -> Vec<SideFeatures> {
    let tags = |item: u32| [(item % 2, 1.0), (2 + item % 4, 0.5)];
    let items = Features::of_rows(6, (0..40).map(tags));
    let numbers = |user: u32| [(user % 2) as f32, (user as f32).sin(), 0.25];
    let values = FeatureValues::Dense { has: vec![true; 60], values: (0..60).flat_map(numbers).collect() };
    let users = Features::new(60, IdTable::default(), IdTable::numbered(3), values);
    vec![(Side::Items, Arc::new(items)), (Side::Users, Arc::new(users))]
}

/// `config` with a network for features that leaves some units out, and so draws by chance.
pub(crate) fn with_network(config: TrainConfig) -> TrainConfig {
    let role = FeatureRole::Near { weight: 1.0 };
    TrainConfig { features: Some(FeatureNetwork { hidden: 12, dropout: 0.5, role }), ..config }
}

/// `config` with points that are sums of a row and of what its features project to: by a network, or by a vector each.
pub(crate) fn with_sums(config: TrainConfig, hidden: usize) -> TrainConfig {
    let dropout = if hidden == 0 { 0.0 } else { 0.5 };
    let features = Some(FeatureNetwork { hidden, dropout, role: FeatureRole::Added });
    TrainConfig { features, geometry: Geometry::Dot, loss: Loss::Bpr, ..config }
}

#[test]
fn runs_whose_points_are_sums_go_on_to_the_same_bits() {
    let (split, features) = (with_validation(), features());
    let data = TrainingData { split: &split, features: &features };
    let adagrad = Optimizer::Adagrad { epsilon: 1e-10 };
    for (hidden, optimizer, parts) in [(12, Recipe::Softmax.config().optimizer, 5 * 4), (0, adagrad, 3 * 3)] {
        let mut config = with_sums(config(Negatives::Uniform { count: 2 }), hidden);
        (config.optimizer, config.batch_size) = (optimizer, 48);
        (config.stopping.epochs, config.stopping.evaluate_every) = (4, 2);
        let mut memory = Memory { after: 2, kept: None };
        let whole = run(data, &config, None, &mut memory, None);
        let kept = memory.kept.unwrap();
        assert_eq!(kept.parts.len(), parts);
        let resumed = run(data, &config, Some(&kept), &mut never(), None);
        assert_equal(&format!("sums of {hidden} hidden units"), &whole, &resumed);
    }
}

/// All parts of the tables of all layers of both networks are kept and used.
#[test]
fn runs_with_features_go_on_to_the_same_bits() {
    let (split, features) = (with_validation(), features());
    let data = TrainingData { split: &split, features: &features };
    let adam = Recipe::Softmax.config().optimizer;
    for (optimizer, geometry, part_count) in [
        (adam, Geometry::Sphere, 4),
        (Optimizer::Adagrad { epsilon: 1e-10 }, Geometry::Ball, 3),
        (Optimizer::Sgd, Geometry::Dot, 2),
    ] {
        let mut config = with_network(config(Negatives::Uniform { count: 2 }));
        (config.optimizer, config.geometry, config.batch_size) = (optimizer, geometry, 48);
        (config.stopping.epochs, config.stopping.evaluate_every) = (4, 2);
        let mut memory = Memory { after: 2, kept: None };
        let whole = run(data, &config, None, &mut memory, None);
        let kept = memory.kept.unwrap();
        let tables: BTreeSet<&str> = kept.parts.iter().map(|((of, _), _)| of.name()).collect();
        assert_eq!((tables.len(), kept.parts.len()), (5, 5 * part_count), "{tables:?}");
        let resumed = run(data, &config, Some(&kept), &mut never(), None);
        assert_equal(&format!("{optimizer:?} with features"), &whole, &resumed);
        // A part of a layer that is not as it was is not made good by the others.
        for (at, (key, _)) in kept.parts.iter().enumerate() {
            let is_of_weights = matches!(key, (Of::Layer(Side::Items, Layer::Output), _));
            if !is_of_weights || key.1 == TablePart::States {
                continue;
            }
            let mut parts = kept.parts.clone();
            parts[at].1.iter_mut().for_each(|word| *word = (f32::from_bits(*word) * 2.0).to_bits());
            let changed = Kept { state: kept.state.clone(), best: kept.best.clone(), parts };
            let other = run(data, &config, Some(&changed), &mut never(), None);
            assert!(bits(&other.embeddings) != bits(&whole.embeddings), "{optimizer:?}: {key:?} is not used");
        }
    }
}

#[test]
fn an_interrupt_is_kept_and_the_run_goes_on_from_there() {
    let split = with_validation();
    let shared = config(Negatives::Shared { beta: 0.5, candidates: 30 });
    let config = TrainConfig { batch_size: 7, ..shared };
    let whole = run(&split, &config, None, &mut never(), None);
    let mut memory = never();
    for epoch in [2, 5] {
        let kept = memory.kept.take();
        let interrupted = run(&split, &config, kept.as_ref(), &mut memory, Some(epoch));
        assert_eq!(interrupted.stop, Stop::Interrupted);
        assert_eq!(memory.kept.as_ref().unwrap().state.epochs_done, epoch);
    }
    let resumed = run(&split, &config, memory.kept.as_ref(), &mut never(), None);
    assert_equal("interrupted twice", &whole, &resumed);
}

/// An interrupt within an epoch: of the two submissions that may be in flight, all steps count.
#[test]
fn an_interrupt_within_an_epoch_loses_no_step() {
    let split = checkerboard();
    let mut config = config(Negatives::Uniform { count: 1 });
    (config.batch_size, config.stopping.epochs) = (1, 3);
    let whole = run(&split, &config, None, &mut never(), None);
    let interrupt = AtomicBool::new(false);
    let mut memory = never();
    let interrupted =
        train_from(gpu(), (&split).into(), &config, None, &mut memory, &interrupt, &mut |event| {
            interrupt.fetch_or(matches!(event, Event::Progress { .. }), Ordering::Relaxed);
        })
        .unwrap();
    assert_eq!(interrupted.stop, Stop::Interrupted);
    let kept = memory.kept.unwrap();
    let epoch_steps = split.train.len() as u64;
    assert!(kept.state.step > 0 && !kept.state.step.is_multiple_of(epoch_steps), "{:?}", kept.state);
    let resumed = run(&split, &config, Some(&kept), &mut never(), None);
    assert_equal("within an epoch", &whole, &resumed);
}

#[test]
fn a_shorter_run_made_longer_is_the_longer_run() {
    let split = with_validation();
    let mut config = config(Negatives::TwoStage { count: 1, beta: 0.5, candidates: 30, hardness: 1.0 });
    // The short run is evaluated after its last epoch, the long one is not then.
    (config.stopping.epochs, config.stopping.evaluate_every) = (6, 2);
    let whole = run(&split, &config, None, &mut never(), None);
    let mut memory = Memory { after: 3, kept: None };
    let mut short = config.clone();
    short.stopping.epochs = 3;
    run(&split, &short, None, &mut memory, None);
    let resumed = run(&split, &config, memory.kept.as_ref(), &mut never(), None);
    assert_equal("longer", &whole, &resumed);
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let split = checkerboard();
    let config = config(Negatives::Uniform { count: 1 });
    let mut memory = Memory { after: 1, kept: None };
    run(&split, &config, None, &mut memory, None);
    let kept = memory.kept.unwrap();
    let refuse = |change: &dyn Fn(&mut TrainConfig, &mut State, &mut Vec<u32>)| {
        let (mut config, mut state) = (config.clone(), kept.state.clone());
        let mut rows = kept.parts[0].1.clone();
        change(&mut config, &mut state, &mut rows);
        let read = |part: TableKey| match part.1 {
            TablePart::Rows => Ok(rows.clone()),
            _ => Ok(kept.parts.iter().find(|(kept, _)| *kept == part).unwrap().1.clone()),
        };
        let restart = Restart { state, best: None, read: &read, finish: false };
        let stop = AtomicBool::new(true);
        train_from(gpu(), (&split).into(), &config, Some(restart), &mut never(), &stop, &mut |_| {})
            .unwrap_err()
            .to_string()
    };
    let error = refuse(&|config, _, _| config.batch_size = 8);
    assert!(error.contains("steps after 1 epochs"), "{error}");
    let error = refuse(&|_, state, _| state.epochs_done = usize::MAX);
    assert!(error.contains("epochs"), "{error}");
    let error = refuse(&|_, _, rows| rows.truncate(5));
    assert!(error.contains("rows: 5 numbers"), "{error}");
    let metrics = run(&with_validation(), &config, None, &mut never(), None).valid.unwrap();
    let error = refuse(&|_, state, _| state.best = Some((1, metrics)));
    assert!(error.contains("best embeddings"), "{error}");
}
