//! WRMF against an oracle that knows nothing but its loss: all pairs written out, solved by Gaussian elimination; and
//! runs that are cut, resumed, and spread over threads.

use spherec::als::{WrmfConfig, train_from};
use spherec::data::{Interactions, Split};
use spherec::gpu::{TableKey, TablePart};
use spherec::model::Embeddings;
use spherec::random::{Purpose, Stream};
use spherec::step::Of;
use spherec::train::{
    Event, Keep, KeepNothing, Restart, Snapshot, State, Stop, Stopping, Trained, TrainingData,
};
use spherec::{Error, Result};
use std::sync::atomic::{AtomicBool, Ordering};

/// Random pairs. The first user has nothing, the last item is nobody's; the second user has most items, and the first
/// item most users.
pub(crate) fn data(users: u32, items: u32) -> Interactions {
    let mut stream = Stream::new(7, Purpose::Generate, 0);
    let mut pairs = Vec::new();
    for user in 1..users {
        for item in 0..items - 1 {
            let percent = if user == 1 || item == 0 { 80 } else { 15 };
            if stream.below(100) < percent {
                pairs.push((user, item));
            }
        }
    }
    Interactions::from_pairs(users as usize, items as usize, &pairs)
}

pub(crate) fn split(train: Interactions) -> Split {
    let none = Interactions::from_pairs(train.user_count(), train.item_count(), &[]);
    Split { valid: none.clone(), test: none, train: train.into() }
}

/// One training pair of every user with two is for validation.
pub(crate) fn with_valid(all: &Interactions) -> Split {
    let (users, items) = (all.user_count(), all.item_count());
    let is_held = |user: u32, item: u32| all.items_of(user).len() > 1 && all.items_of(user)[0] == item;
    let part = |held: bool| {
        let pairs: Vec<_> = all.pairs().filter(|&(user, item)| is_held(user, item) == held).collect();
        Interactions::from_pairs(users, items, &pairs)
    };
    Split { train: part(false).into(), valid: part(true), test: Interactions::from_pairs(users, items, &[]) }
}

fn config(dim: usize, sweeps: usize) -> WrmfConfig {
    let stopping = Stopping { epochs: sweeps, evaluate_every: 1, patience: 0, k: 5 };
    WrmfConfig {
        dim,
        stopping,
        unobserved_weight: 0.1,
        regularisation: 0.05,
        seed: 3,
        ..WrmfConfig::default()
    }
}

fn train(split: &Split, config: &WrmfConfig) -> (Trained, Vec<f64>) {
    let mut losses = Vec::new();
    let trained = train_from(split, config, None, &mut KeepNothing, &AtomicBool::new(false), &mut |event| {
        if let Event::Epoch { sums, .. } = event {
            losses.push(sums.total_loss);
        }
    });
    (trained.unwrap(), losses)
}

pub(crate) fn wide(table: &[f32]) -> Vec<f64> {
    table.iter().map(|&x| f64::from(x)).collect()
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The loss, as the documentation of [`WrmfConfig`] writes it.
pub(crate) fn loss(train: &Interactions, config: &WrmfConfig, users: &[f64], items: &[f64]) -> f64 {
    let (dim, a) = (config.dim, config.unobserved_weight);
    let (user_count, item_count) = (train.user_count(), train.item_count());
    let frequencies = train.item_frequencies();
    let scaled = |count: f64, others: usize| {
        config.regularisation * (count + a * others as f64).powf(config.regularisation_exponent)
    };
    let mut sum = 0.0;
    for user in 0..user_count {
        let u = &users[user * dim..][..dim];
        sum += scaled(train.items_of(user as u32).len() as f64, item_count) * dot(u, u);
        for item in 0..item_count {
            let score = dot(u, &items[item * dim..][..dim]);
            sum += a * score * score;
            if train.contains(user as u32, item as u32) {
                sum += (score - 1.0).powi(2);
            }
        }
    }
    for (item, &count) in frequencies.iter().enumerate() {
        let v = &items[item * dim..][..dim];
        sum += scaled(f64::from(count), user_count) * dot(v, v);
    }
    sum
}

/// Solves `matrix` x = `right`, (n, n) and (n), by Gaussian elimination.
fn eliminate(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|&a, &b| matrix[a][k].abs().total_cmp(&matrix[b][k].abs())).unwrap();
        matrix.swap(k, pivot);
        right.swap(k, pivot);
        for row in k + 1..n {
            let (above, below) = matrix.split_at_mut(row);
            let factor = below[0][k] / above[k][k];
            below[0].iter_mut().zip(&above[k]).for_each(|(x, y)| *x -= factor * y);
            right[row] -= factor * right[k];
        }
    }
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|column| matrix[k][column] * right[column]).sum();
        right[k] = (right[k] - known) / matrix[k][k];
    }
    right
}

/// The row that minimises sum over all others of weight (u.v - target)^2, plus `ridge` |u - prior|^2.
pub(crate) fn least_squares(
    prior: &[f64],
    others: &[f64],
    ridge: f64,
    pair: impl Fn(usize) -> (f64, f64),
) -> Vec<f64> {
    let dim = prior.len();
    let mut matrix = vec![vec![0.0; dim]; dim];
    let mut right: Vec<f64> = prior.iter().map(|x| ridge * x).collect();
    for (at, v) in others.chunks(dim).enumerate() {
        let (weight, target) = pair(at);
        for k in 0..dim {
            (0..dim).for_each(|l| matrix[k][l] += weight * v[k] * v[l]);
            right[k] += weight * target * v[k];
        }
    }
    (0..dim).for_each(|k| matrix[k][k] += ridge);
    eliminate(matrix, right)
}

/// One side solved for the other: an observed pair counts 1 toward 1 and a toward 0, which is 1 + a toward 1 / (1 + a).
fn oracle(config: &WrmfConfig, others: &[f64], rows: usize, has: impl Fn(usize, usize) -> bool) -> Vec<f64> {
    oracle_with(config, others, &vec![(1.0, vec![0.0; config.dim]); rows], has)
}

/// As [`oracle`], for rows of which each has a prior, and how much more the distance to it counts.
pub(crate) fn oracle_with(
    config: &WrmfConfig,
    others: &[f64],
    priors: &[(f64, Vec<f64>)],
    has: impl Fn(usize, usize) -> bool,
) -> Vec<f64> {
    let a = config.unobserved_weight;
    let other_count = others.len() / config.dim;
    let solve = |(row, (more, prior)): (usize, &(f64, Vec<f64>))| {
        let count = (0..other_count).filter(|&other| has(row, other)).count() as f64;
        let scale = (count + a * other_count as f64).powf(config.regularisation_exponent);
        least_squares(prior, others, more * config.regularisation * scale, |other| match has(row, other) {
            true => (1.0 + a, 1.0 / (1.0 + a)),
            false => (a, 0.0),
        })
    };
    priors.iter().enumerate().flat_map(solve).collect()
}

/// The largest difference, as a share of the largest number.
pub(crate) fn difference(found: &[f64], expected: &[f64]) -> f64 {
    assert!(found.len() == expected.len() && !found.is_empty(), "{} {}", found.len(), expected.len());
    let most = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    found.iter().zip(expected).fold(0.0, |most: f64, (x, y)| most.max((x - y).abs())) / most
}

/// Every kind of config: exponents, and rows with both fewer and more pairs than dimensions.
fn configs(sweeps: usize) -> Vec<WrmfConfig> {
    let base = config(4, sweeps);
    vec![
        base.clone(),
        WrmfConfig { regularisation_exponent: 0.0, ..base.clone() },
        WrmfConfig { regularisation_exponent: 0.5, unobserved_weight: 2.0, ..base.clone() },
        WrmfConfig { dim: 1, ..base.clone() },
        WrmfConfig { dim: 17, unobserved_weight: 1e-3, regularisation: 0.3, ..base },
    ]
}

#[test]
fn each_half_sweep_is_what_elimination_over_all_pairs_gives() {
    let split = split(data(23, 14));
    let train_part = &split.train;
    let (mut few, mut many) = (0, 0);
    for (now, before) in configs(3).into_iter().zip(configs(2)) {
        let (new, old) = (train(&split, &now).0.embeddings, train(&split, &before).0.embeddings);
        let (users, items, old_users) = (wide(&new.users), wide(&new.items), wide(&old.users));
        let expected =
            oracle(&now, &old_users, 14, |item, user| train_part.contains(user as u32, item as u32));
        assert!(difference(&items, &expected) <= 1e-5, "{now:?}");
        let expected = oracle(&now, &items, 23, |user, item| train_part.contains(user as u32, item as u32));
        assert!(difference(&users, &expected) <= 1e-5, "{now:?}");
        // One pair more is another solution.
        let other = oracle(&now, &items, 23, |user, item| {
            (user, item) == (2, 5) || train_part.contains(user as u32, item as u32)
        });
        assert!(difference(&users, &other) > 1e-3, "{now:?}");
        for user in 0..23 {
            let count = train_part.items_of(user).len();
            if count < now.dim { few += 1 } else { many += 1 }
        }
    }
    assert!(few > 10 && many > 10, "both ways to solve a row: {few}, {many}");
}

/// How far a coordinate is from where the loss is least, by finite differences.
fn distance(loss: &dyn Fn(f64) -> f64) -> f64 {
    // The loss is a parabola along a coordinate, so that h need not be small.
    let h = 0.5;
    let (less, at, more) = (loss(-h), loss(0.0), loss(h));
    h * (more - less) / 2.0 / (more + less - 2.0 * at)
}

#[test]
fn the_gradient_of_the_loss_is_zero_after_each_half_sweep() {
    let split = split(data(12, 9));
    for (now, before) in configs(2).into_iter().zip(configs(1)) {
        let (new, old) = (train(&split, &now).0.embeddings, train(&split, &before).0.embeddings);
        let (users, items, old_users) = (wide(&new.users), wide(&new.items), wide(&old.users));
        let user_step = |at: usize, from: f64| {
            distance(&|by| {
                let mut users = users.clone();
                users[at] += from + by;
                loss(&split.train, &now, &users, &items)
            })
        };
        let item_step = |at: usize| {
            distance(&|by| {
                let mut items = items.clone();
                items[at] += by;
                loss(&split.train, &now, &old_users, &items)
            })
        };
        for at in 0..users.len() {
            assert!(user_step(at, 0.0).abs() <= 1e-5, "user number {at} of {now:?}");
            // It can fail: a step away is seen.
            assert!((user_step(at, 0.01) - 0.01).abs() <= 1e-5, "user number {at} of {now:?}");
        }
        for at in 0..items.len() {
            assert!(item_step(at).abs() <= 1e-5, "item number {at} of {now:?}");
        }
    }
}

#[test]
fn the_loss_is_the_stated_one_and_never_rises() {
    let split = split(data(40, 31));
    for config in configs(12) {
        let (trained, losses) = train(&split, &config);
        let Embeddings { users, items, .. } = &trained.embeddings;
        let stated = loss(&split.train, &config, &wide(users), &wide(items));
        let last = *losses.last().unwrap();
        assert!((last - stated).abs() <= 1e-9 * stated, "{last} {stated}");
        assert_eq!((losses.len(), trained.epoch, trained.stop), (12, 12, Stop::Epochs));
        // But for the rounding of the tables.
        assert!(losses.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-7)), "{losses:?}");
        assert!(last < losses[0], "{losses:?}");
    }
}

/// Hu et al. 2008, eq. 3: weights 1 + alpha and 1, targets 1 and 0, lambda for every row.
#[test]
fn the_confidence_of_hu_et_al_is_the_same_model_in_other_units() {
    let split = split(data(23, 14));
    let a = 0.04;
    let ours =
        |sweeps| WrmfConfig { unobserved_weight: a, regularisation_exponent: 0.0, ..config(3, sweeps) };
    let (alpha, lambda) = (1.0 / a, ours(1).regularisation * (1.0 + 1.0 / a));
    let units = (1.0 + a).sqrt();
    let scaled = |table: &[f32]| wide(table).iter().map(|x| x * units).collect::<Vec<f64>>();
    let start = scaled(&train(&split, &ours(1)).0.embeddings.users);
    let half = |others: &[f64], rows: usize, has: &dyn Fn(usize, usize) -> bool| {
        let pair = |row, other| if has(row, other) { (1.0 + alpha, 1.0) } else { (1.0, 0.0) };
        (0..rows)
            .flat_map(|row| least_squares(&[0.0; 3], others, lambda, |other| pair(row, other)))
            .collect::<Vec<_>>()
    };
    let has = |user: usize, item: usize| split.train.contains(user as u32, item as u32);
    let items = half(&start, 14, &|item, user| has(user, item));
    let users = half(&items, 23, &has);
    let found = train(&split, &ours(2)).0.embeddings;
    assert!(difference(&scaled(&found.items), &items) <= 1e-5);
    assert!(difference(&scaled(&found.users), &users) <= 1e-5);
}

#[test]
fn rows_without_pairs_are_zero_and_no_others() {
    let split = split(data(23, 14));
    let embeddings = train(&split, &config(4, 2)).0.embeddings;
    let is_zero = |row: &[f32]| row.iter().all(|&x| x == 0.0);
    for user in 0..23 {
        assert_eq!(is_zero(embeddings.user(user)), split.train.items_of(user).is_empty(), "user {user}");
    }
    let frequencies = split.train.item_frequencies();
    for item in 0..14 {
        assert_eq!(is_zero(embeddings.item(item)), frequencies[item as usize] == 0, "item {item}");
    }
    assert!(is_zero(embeddings.user(0)) && is_zero(embeddings.item(13)));
    embeddings.check().unwrap();
}

pub(crate) fn bits(embeddings: &Embeddings) -> Vec<u32> {
    [&embeddings.users, &embeddings.items].into_iter().flatten().map(|x| x.to_bits()).collect()
}

#[test]
fn the_bits_do_not_depend_on_the_threads_but_on_the_seed() {
    // Several blocks of rows and several parts of a Gramian on each side.
    let split = split(data(700, 300));
    let of = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let config = WrmfConfig { seed, ..config(24, 2) };
        let (trained, losses) = pool.install(|| train(&split, &config));
        (bits(&trained.embeddings), losses.iter().map(|loss| loss.to_bits()).collect::<Vec<u64>>())
    };
    let one = of(1, 5);
    assert!(one == of(4, 5) && one == of(3, 5));
    assert!(one.0 != of(1, 6).0);
}

/// What a checkpoint holds, in memory.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) state: State,
    best: Option<Embeddings>,
    pub(crate) parts: Vec<(TableKey, Vec<u32>)>,
}

impl Kept {
    /// Items, then users.
    fn rows(&mut self) -> &mut Vec<u32> {
        assert_eq!((self.parts.len(), self.parts[0].0), (1, (Of::Points, TablePart::Rows)));
        &mut self.parts[0].1
    }
}

/// Keeps the run after some epoch, and whenever it is interrupted.
pub(crate) struct Memory {
    pub(crate) after: usize,
    pub(crate) kept: Option<Kept>,
}

impl Keep for Memory {
    fn is_due(&mut self, epochs_done: usize, _epochs: usize) -> bool {
        epochs_done == self.after
    }

    fn keep(&mut self, snapshot: &Snapshot) -> Result<()> {
        let parts = snapshot.parts().into_iter().map(|key| Ok((key, snapshot.part(key)?)));
        let parts = parts.collect::<Result<_>>()?;
        self.kept = Some(Kept { state: snapshot.state.clone(), best: snapshot.best.cloned(), parts });
        Ok(())
    }
}

pub(crate) fn go_on<'a>(
    data: impl Into<TrainingData<'a>>,
    config: &WrmfConfig,
    kept: &Kept,
    finish: bool,
) -> Result<Trained> {
    let Kept { state, best, parts } = kept.clone();
    let read = |wanted| {
        let part = parts.iter().find(|(key, _)| *key == wanted);
        part.map(|(_, words)| words.clone()).ok_or_else(|| Error::Data("no such part".to_owned()))
    };
    let restart = Restart { state, best, read: &read, finish };
    train_from(data, config, Some(restart), &mut KeepNothing, &AtomicBool::new(false), &mut |_| {})
}

#[track_caller]
pub(crate) fn assert_equal(whole: &Trained, resumed: &Trained) {
    assert!(bits(&whole.embeddings) == bits(&resumed.embeddings));
    let of = |it: &Trained| (it.epoch, it.epochs_done, it.stop, it.valid, it.timing.step_count);
    assert_eq!(of(whole), of(resumed));
}

#[test]
fn a_run_that_goes_on_ends_at_the_same_bits() {
    let split = with_valid(&data(60, 40));
    let config = config(6, 7);
    let mut keeper = Memory { after: 3, kept: None };
    let whole = train_from(&split, &config, None, &mut keeper, &AtomicBool::new(false), &mut |_| {}).unwrap();
    let kept = keeper.kept.unwrap();
    assert_eq!((kept.state.step, kept.state.epochs_done), (6, 3));
    assert_equal(&whole, &go_on(&split, &config, &kept, false).unwrap());
    // Interrupted between two sweeps.
    let interrupt = AtomicBool::new(false);
    let mut keeper = Memory { after: usize::MAX, kept: None };
    let cut = train_from(&split, &config, None, &mut keeper, &interrupt, &mut |event| {
        interrupt.fetch_or(matches!(event, Event::Epoch { epoch: 5, .. }), Ordering::Relaxed);
    });
    assert_eq!(cut.unwrap().stop, Stop::Interrupted);
    assert_equal(&whole, &go_on(&split, &config, &keeper.kept.unwrap(), false).unwrap());
}

/// The items are those of the next sweep, and some users are solved already.
#[test]
fn a_run_that_was_cut_within_a_sweep_ends_at_the_same_bits() {
    let split = split(data(60, 40));
    let config = config(6, 7);
    let after = |epoch: usize| {
        let mut keeper = Memory { after: epoch, kept: None };
        train_from(&split, &config, None, &mut keeper, &AtomicBool::new(false), &mut |_| {}).unwrap();
        keeper.kept.unwrap()
    };
    let (mut cut, mut next) = (after(3), after(4));
    cut.rows()[..50 * 6].copy_from_slice(&next.rows()[..50 * 6]);
    (cut.state.step, cut.state.sums.step_count, cut.state.timing.step_count) = (7, 1, 7);
    let whole = train(&split, &config).0;
    assert_equal(&whole, &go_on(&split, &config, &cut, false).unwrap());
    // The state matters: taken for the end of a sweep, these tables end elsewhere.
    (cut.state.step, cut.state.sums.step_count) = (6, 0);
    assert!(bits(&whole.embeddings) != bits(&go_on(&split, &config, &cut, false).unwrap().embeddings));
}

#[test]
fn the_best_sweep_is_kept_and_patience_ends_the_run() {
    let split = with_valid(&data(60, 40));
    let mut long = config(6, 40);
    long.stopping.patience = 2;
    let mut seen = Vec::new();
    let never = AtomicBool::new(false);
    let trained = train_from(&split, &long, None, &mut KeepNothing, &never, &mut |event| {
        if let Event::Evaluated { epoch, metrics, .. } = event {
            seen.push((*epoch, metrics.ndcg));
        }
    });
    let trained = trained.unwrap();
    let best = seen.iter().fold((0, f64::NEG_INFINITY), |best, &it| if it.1 > best.1 { it } else { best });
    assert_eq!((trained.epoch, trained.valid.unwrap().ndcg), best);
    assert_eq!((trained.stop, trained.epochs_done), (Stop::Patience, best.0 + 2));
    long.stopping = Stopping { epochs: best.0, patience: 0, ..long.stopping };
    assert!(bits(&trained.embeddings) == bits(&train(&split, &long).0.embeddings));
}

#[test]
fn checkpoints_that_do_not_fit_are_refused_and_numbers_that_are_not_end_the_run() {
    let split = split(data(60, 40));
    let config = config(6, 7);
    let mut keeper = Memory { after: 3, kept: None };
    train_from(&split, &config, None, &mut keeper, &AtomicBool::new(false), &mut |_| {}).unwrap();
    let kept = keeper.kept.unwrap();
    let mut short = kept.clone();
    short.rows().pop();
    let error = go_on(&split, &config, &short, false).unwrap_err();
    assert!(matches!(&error, Error::Data(text) if text.contains("599")), "{error}");
    let mut odd = kept.clone();
    odd.state.step += 1;
    assert!(matches!(go_on(&split, &config, &odd, false), Err(Error::Data(_))));
    for number in [f32::NAN, f32::INFINITY, 3e38] {
        let mut bad = kept.clone();
        // All users.
        bad.rows()[40 * 6..].fill(number.to_bits());
        let error = go_on(&split, &config, &bad, false).map(|it| it.failure).unwrap_or_else(Some).unwrap();
        let Error::Diverged { step: 7, learning_rate: None, advice, .. } = &error else { panic!("{error}") };
        assert!(advice.contains("--regularisation"), "{error}");
        assert_eq!(error.exit_code(), 8);
        assert!(!error.to_string().contains("learning rate"), "{error}");
    }
    let finished = go_on(&split, &config, &kept, true).unwrap();
    assert_eq!(finished.stop, Stop::Finished);
}

#[test]
fn settings_out_of_bounds_are_refused_by_their_flags() {
    type Change = fn(&mut WrmfConfig);
    let bad: [(&str, Change); 10] = [
        ("--dim", |it| it.dim = 0),
        ("--dim", |it| it.dim = 1_025),
        ("--epochs", |it| it.stopping.epochs = 0),
        ("--evaluate-every", |it| it.stopping.evaluate_every = 0),
        ("-k", |it| it.stopping.k = 0),
        ("--unobserved-weight", |it| it.unobserved_weight = 0.0),
        ("--unobserved-weight", |it| it.unobserved_weight = f64::NAN),
        ("--regularisation", |it| it.regularisation = 0.0),
        ("--regularisation", |it| it.regularisation = f64::INFINITY),
        ("--regularisation-exponent", |it| it.regularisation_exponent = -0.5),
    ];
    let split = split(data(5, 5));
    for (flag, change) in bad {
        let mut config = config(2, 1);
        config.check().unwrap();
        change(&mut config);
        let error = train_from(&split, &config, None, &mut KeepNothing, &AtomicBool::new(false), &mut |_| {});
        let error = error.unwrap_err();
        assert!(matches!(&error, Error::Setting { flag: found, .. } if *found == flag), "{flag}: {error}");
    }
    let nothing = Split { train: Interactions::from_pairs(3, 3, &[]).into(), ..split };
    let error =
        train_from(&nothing, &config(2, 1), None, &mut KeepNothing, &AtomicBool::new(false), &mut |_| {});
    assert!(matches!(error, Err(Error::Data(_))));
}
