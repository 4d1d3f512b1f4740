//! The twins' gradients of every loss, over own and shared negatives, against the loss of a step written plainly in f64
//! and differentiated numerically: of rows, and of item biases.

use crate::plans::Run;
use rand::RngExt;
use spherec::random::{Purpose, Stream};
use spherec::reference::{Scratch, State, step};
use spherec::sampling::EpochOrder;
use spherec::step::layout::NONE;
use spherec::step::{Geometry, Grain, Loss, Optimizer, Plan, Rates, Schedule, StepConstants};
use std::collections::HashSet;

const USERS: usize = 7;
const ITEMS: usize = 13;
const BETA: f64 = 0.5;
/// As `Run` has it.
const HISTORY_WEIGHT: f64 = 0.7;

#[derive(Debug, Clone, Copy)]
struct Case {
    loss: Loss,
    geometry: Geometry,
    dim: usize,
    /// N; 0: shared.
    negatives: usize,
    /// C; 0: own negatives.
    candidates: usize,
    covariance_weight: f64,
    /// Items of a history at most, and whether users have rows.
    history: Option<(usize, bool)>,
}

/// What the loss depends on, items' rows first, then users'.
#[derive(Clone)]
struct Tables {
    rows: Vec<Vec<f64>>,
    item_bias: Vec<f64>,
}

/// A pair in items and users, its negatives with what corrects for how likely each was to be drawn, and the items of its
/// history, without its positive.
struct Pair {
    user: usize,
    positive: usize,
    negatives: Vec<(usize, f64)>,
    history: Vec<usize>,
}

/// A loss, how far its nearest kink is, and whether any hinge or share of it counts.
struct Value {
    loss: f64,
    kink_distance: f64,
    is_active: bool,
}

/// The losses in scores, as they are defined: `negatives` are (score, correction).
fn plain_loss(loss: Loss, positive: f64, negatives: &[(f64, f64)]) -> Value {
    let count = negatives.len() as f64;
    let hinge = |margin: f64| move |&(x, _): &(f64, f64)| 2.0 * x - 2.0 * positive + margin;
    let nearest_kink = |values: &[f64]| values.iter().fold(f64::INFINITY, |least, v| least.min(v.abs()));
    match loss {
        Loss::Triplet { margin, rank_weight } => {
            let mut hinges: Vec<f64> = negatives.iter().map(hinge(margin)).collect();
            hinges.sort_by(|a, b| b.total_cmp(a));
            let Some(&largest) = hinges.first() else {
                return Value { loss: 0.0, kink_distance: f64::INFINITY, is_active: false };
            };
            let impostors = hinges.iter().filter(|&&h| h > 0.0).count() as f64;
            let rank = (ITEMS as f64 * impostors / count).floor();
            let weight = if rank_weight { (1.0 + rank).ln() } else { 1.0 };
            let gap = hinges.get(1).map_or(f64::INFINITY, |second| largest - second);
            let kink_distance = if rank_weight { nearest_kink(&hinges) } else { largest.abs() };
            let is_active = largest > 0.0;
            Value { loss: weight * largest.max(0.0), kink_distance: kink_distance.min(gap), is_active }
        }
        Loss::HingeSum { margin } => {
            let hinges: Vec<f64> = negatives.iter().map(hinge(margin)).collect();
            let loss: f64 = hinges.iter().map(|h| h.max(0.0)).sum();
            Value { loss, kink_distance: nearest_kink(&hinges), is_active: loss > 0.0 }
        }
        Loss::Contrastive { margin, weight } => {
            let above: Vec<f64> = negatives.iter().map(|(x, _)| x - margin).collect();
            let sum: f64 = above.iter().map(|h| h.max(0.0)).sum();
            let mean = if negatives.is_empty() { 0.0 } else { sum / count };
            let loss = 1.0 - positive + weight * mean;
            Value { loss, kink_distance: nearest_kink(&above), is_active: sum > 0.0 }
        }
        Loss::Softmax { temperature } => {
            let others: f64 = negatives.iter().map(|(x, c)| (x / temperature - c).exp()).sum();
            let loss = -positive / temperature + ((positive / temperature).exp() + others).ln();
            Value { loss, kink_distance: f64::INFINITY, is_active: !negatives.is_empty() }
        }
        Loss::Bpr => {
            let sum: f64 = negatives.iter().map(|(x, _)| (1.0 + (x - positive).exp()).ln()).sum();
            let loss = if negatives.is_empty() { 0.0 } else { sum / count };
            Value { loss, kink_distance: f64::INFINITY, is_active: !negatives.is_empty() }
        }
        Loss::Warp { margin } => {
            let hinges: Vec<f64> = negatives.iter().map(hinge(margin)).collect();
            let kink_distance = nearest_kink(&hinges);
            let Some(first) = hinges.iter().position(|&h| h > 0.0) else {
                return Value { loss: 0.0, kink_distance, is_active: false };
            };
            let weight = (1.0 + (ITEMS as f64 / (first + 1) as f64).floor()).ln();
            Value { loss: weight * hinges[first], kink_distance, is_active: true }
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The point of a row of the tables.
fn row_point(case: &Case, row: &[f64]) -> Vec<f64> {
    let length = if case.geometry == Geometry::Sphere { dot(row, row).sqrt() } else { 1.0 };
    row.iter().map(|x| x / length).collect()
}

/// The point of a pair's user, and how far it is from a kink: the surface of the ball.
fn user_point(case: &Case, tables: &Tables, pair: &Pair) -> (Vec<f64>, f64) {
    let own = || row_point(case, &tables.rows[ITEMS + pair.user]);
    let Some((_, has_user_rows)) = case.history else { return (own(), f64::INFINITY) };
    let mut h = if has_user_rows { own() } else { vec![0.0; case.dim] };
    for &item in &pair.history {
        let point = row_point(case, &tables.rows[item]);
        h.iter_mut().zip(point).for_each(|(h, x)| *h += HISTORY_WEIGHT / pair.history.len() as f64 * x);
    }
    let norm = dot(&h, &h).sqrt();
    let (length, kink_distance) = match case.geometry {
        Geometry::Sphere if norm == 0.0 => (1.0, f64::INFINITY),
        Geometry::Sphere => (norm, f64::INFINITY),
        Geometry::Ball => (norm.max(1.0), (norm - 1.0).abs()),
        Geometry::Dot => (1.0, f64::INFINITY),
    };
    (h.into_iter().map(|x| x / length).collect(), kink_distance)
}

/// The loss of each pair.
fn values(case: &Case, tables: &Tables, pairs: &[Pair]) -> Vec<Value> {
    let value = |pair: &Pair| {
        let (u, from_surface) = user_point(case, tables, pair);
        let score = |item: usize| {
            let v = row_point(case, &tables.rows[item]);
            let score = match case.geometry {
                Geometry::Sphere | Geometry::Dot => dot(&u, &v),
                Geometry::Ball => -0.5 * u.iter().zip(&v).map(|(u, v)| (u - v) * (u - v)).sum::<f64>(),
            };
            score + tables.item_bias[item]
        };
        let scores: Vec<(f64, f64)> =
            pair.negatives.iter().map(|&(item, correction)| (score(item), correction)).collect();
        let value = plain_loss(case.loss, score(pair.positive), &scores);
        Value { kink_distance: value.kink_distance.min(from_surface), ..value }
    };
    pairs.iter().map(value).collect()
}

/// L_cov of `points` (Hsieh et al. 2017, 3.4).
pub(crate) fn covariance_loss(points: &[Vec<f64>]) -> f64 {
    let (n, dim) = (points.len() as f64, points[0].len());
    let mean: Vec<f64> = (0..dim).map(|d| points.iter().map(|y| y[d]).sum::<f64>() / n).collect();
    let entry =
        |i: usize, j: usize| points.iter().map(|y| (y[i] - mean[i]) * (y[j] - mean[j])).sum::<f64>() / n;
    let others = (0..dim).flat_map(|i| (0..dim).filter(move |&j| j != i).map(move |j| (i, j)));
    others.map(|(i, j)| entry(i, j).powi(2)).sum::<f64>() / n
}

/// `listed` are the items that the step has beside its pairs, each as often as it has them.
fn total(case: &Case, tables: &Tables, pairs: &[Pair], listed: &[usize]) -> f64 {
    let loss: f64 = values(case, tables, pairs).iter().map(|value| value.loss).sum();
    if case.covariance_weight == 0.0 {
        return loss;
    }
    let users = pairs.iter().map(|pair| user_point(case, tables, pair).0);
    let items = pairs.iter().map(|pair| &pair.positive).chain(listed);
    let points: Vec<Vec<f64>> = users.chain(items.map(|&item| row_point(case, &tables.rows[item]))).collect();
    loss + case.covariance_weight * covariance_loss(&points)
}

/// Numbers that an f32 holds.
fn numbers(stream: &mut Stream, count: usize, size: f32) -> Vec<f64> {
    (0..count).map(|_| f64::from((stream.random::<f32>() * 2.0 - 1.0) * size)).collect()
}

/// ln(min(1, C q)) of each item, q ~ count^BETA; and the pairs of the plan's batch with their negatives.
fn pairs_of(case: &Case, run: &Run, plan: &Plan, batch: &[(u32, u32)], listed: &[Vec<u32>]) -> Vec<Pair> {
    let train = run.train();
    let weights: Vec<f64> =
        train.item_frequencies().iter().map(|&count| f64::from(count).powf(BETA)).collect();
    let all: f64 = weights.iter().sum();
    let correction = |item: u32, count: usize| match case.candidates {
        0 => 0.0,
        _ => (count as f64 * weights[item as usize] / all).min(1.0).ln(),
    };
    let history = |slot: u32, positive: u32| -> Vec<usize> {
        let slots = if case.history.is_some() { plan.history(slot) } else { &[] };
        let items = slots.iter().map(|&slot| plan.rows()[slot as usize]);
        items.filter(|&item| item != positive).map(|item| item as usize).collect()
    };
    let pair = |((&(user, positive), listed), &own): ((&(u32, u32), &Vec<u32>), &u32)| {
        let is_negative = |item: &&u32| !run.pairs.contains(&(user, **item));
        let negatives = listed.iter().filter(is_negative);
        let negatives = negatives.map(|&item| (item as usize, correction(item, listed.len())));
        let (negatives, history) = (negatives.collect(), history(own, positive));
        Pair { user: user as usize, positive: positive as usize, negatives, history }
    };
    batch.iter().zip(listed).zip(plan.own_users()).map(pair).collect()
}

/// dL/dx of each touched row of the twins' step, and dL/do of each touched item.
struct Gradients {
    rows: Vec<Option<Vec<f32>>>,
    item_bias: Vec<Option<f32>>,
    /// The items that the step has beside its pairs, each as often as it has them.
    listed: Vec<usize>,
}

fn twin_step(case: &Case, run: &Run, tables: &Tables) -> (Vec<Pair>, Gradients) {
    let schedule = Schedule::Constant { learning_rate: 1.0 };
    let rates = Rates { optimizer: Optimizer::Sgd, schedule, last_step: 1 };
    let mut shape = run.step_shape(case.dim, Grain::GPU, 0.0);
    (shape.geometry, shape.loss, shape.item_bias_rate) = (case.geometry, case.loss, 1.0);
    shape.covariance_weight = case.covariance_weight;
    let constants = StepConstants::new(shape, rates, 0.0).unwrap();
    let padded = |row: &Vec<f64>| {
        let mut row: Vec<f32> = row.iter().map(|&x| x as f32).collect();
        row.resize(shape.padded_dim(), 0.0);
        row
    };
    let rows = &tables.rows[..shape.table_rows()];
    let mut state = State::new(rows.iter().flat_map(padded).collect(), &shape);
    state.row_states.iter_mut().zip(&tables.item_bias).for_each(|(it, &bias)| it.bias = bias as f32);
    let mut scratch = Scratch::new(&shape, f32::NAN);
    let mut planner = run.planner_with(rates).correcting(case.loss.correction());
    let plan = planner.plan(1);
    step(&constants, &plan, &mut state, &mut scratch);
    let row = |slot: &u32| plan.rows()[*slot as usize];
    let mut batch = Vec::new();
    EpochOrder::new(run.train(), run.seed).batch(1, run.batch_size, &mut batch);
    assert!(batch.iter().map(|pair| pair.1).eq(plan.positives().iter().map(row)));
    let listed: Vec<Vec<u32>> = if case.candidates > 0 {
        let candidates = plan.rows()[..plan.header.candidate_count as usize].iter().copied();
        vec![candidates.filter(|&row| row != NONE).collect(); batch.len()]
    } else {
        let of_pairs = plan.negatives(case.negatives).chunks(case.negatives);
        of_pairs.map(|slots| slots.iter().filter(|&&slot| slot != NONE).map(row).collect()).collect()
    };
    // Shared candidates are there once, not once a pair.
    let lists = if case.candidates > 0 { &listed[..1] } else { &listed[..] };
    let items = lists.iter().flatten().map(|&item| item as usize).collect();
    let rows = vec![None; tables.rows.len()];
    let mut found = Gradients { rows, item_bias: vec![None; ITEMS], listed: items };
    let (dim, stride) = (shape.padded_dim(), shape.slot_numbers());
    for (slot, &row) in plan.rows().iter().enumerate().filter(|&(_, &row)| row != NONE) {
        let (g, e) =
            (&scratch.gradients[slot * stride..][..stride], &scratch.working[slot * stride..][..stride]);
        if g[dim] != 0.0 || g[dim + 3] != 0.0 {
            let along = g[..dim].iter().zip(e).map(|(g, e)| g * e).sum();
            let row_gradient = |d: usize| case.geometry.row_gradient(g[d], e[d], along, e[dim], g[dim + 2]);
            let gradient = (0..case.dim).map(row_gradient);
            found.rows[row as usize] = Some(gradient.collect());
            found.item_bias.get_mut(row as usize).into_iter().for_each(|it| *it = Some(g[dim + 1]));
        }
    }
    (pairs_of(case, run, &plan, &batch, &listed), found)
}

/// Compares on tables away from the loss's kinks; returns how many pairs count there, and how many do not.
fn check(case: &Case) -> (usize, usize) {
    for seed in 0..200 {
        let mut stream = Stream::new(seed, Purpose::Generate, 3);
        let run = Run {
            user_count: USERS,
            item_count: ITEMS,
            pairs: (0..45).map(|_| (stream.below(USERS as u32), stream.below(ITEMS as u32))).collect(),
            batch_size: 17,
            negative_count: case.negatives,
            candidate_count: case.candidates,
            rows_per_shard: 9,
            beta: BETA,
            history: case.history,
            seed,
        };
        let rows = (0..ITEMS + USERS).map(|_| numbers(&mut stream, case.dim, 1.0)).collect();
        let tables = Tables { rows, item_bias: numbers(&mut stream, ITEMS, 0.5) };
        let (pairs, found) = twin_step(case, &run, &tables);
        let here = values(case, &tables, &pairs);
        if here.iter().any(|value| value.kink_distance < 1e-3) {
            continue;
        }
        compare(case, &tables, &pairs, &found);
        let active = here.iter().filter(|value| value.is_active).count();
        return (active, here.len() - active);
    }
    panic!("{case:?}: no table is away from the kinks");
}

fn compare(case: &Case, tables: &Tables, pairs: &[Pair], found: &Gradients) {
    const STEP: f64 = 1e-5;
    let slope = |move_by: &dyn Fn(&mut Tables, f64)| {
        let at = |by: f64| {
            let mut moved = tables.clone();
            move_by(&mut moved, by);
            total(case, &moved, pairs, &found.listed)
        };
        (at(STEP) - at(-STEP)) / (2.0 * STEP)
    };
    let near = |what: &str, got: f32, expected: f64, tolerance: f64| {
        let difference = (f64::from(got) - expected).abs();
        if !(difference <= tolerance) {
            panic!("{case:?}, {what}: {got} is not {expected} ({difference:e} > {tolerance:e})");
        }
    };
    let users: HashSet<usize> = pairs.iter().map(|pair| ITEMS + pair.user).collect();
    let positives = pairs.iter().map(|pair| pair.positive);
    let negatives = pairs.iter().flat_map(|pair| pair.negatives.iter().map(|(item, _)| *item));
    let items: HashSet<usize> = positives.chain(negatives).collect();
    assert!(users.len() < pairs.len(), "no row repeats");
    for (row, gradient) in found.rows.iter().enumerate() {
        let Some(gradient) = gradient else {
            let has_row = row < ITEMS || case.history.is_none_or(|(_, has_user_rows)| has_user_rows);
            let is_used = has_row && (users.contains(&row) || items.contains(&row));
            let is_in_history = pairs.iter().any(|pair| pair.history.contains(&row));
            assert!(!is_used && !is_in_history, "{case:?}: row {row} is not touched");
            continue;
        };
        let expected: Vec<f64> =
            (0..case.dim).map(|d| slope(&|tables, by| tables.rows[row][d] += by)).collect();
        // On the sphere a gradient is a difference of unit vectors, divided by |x|.
        let norm = match case.geometry {
            Geometry::Sphere => dot(&tables.rows[row], &tables.rows[row]).sqrt(),
            Geometry::Ball | Geometry::Dot => 1.0,
        };
        let largest = expected.iter().fold(1.0 / norm, |largest: f64, g| largest.max(g.abs()));
        for (d, (&got, &expected)) in gradient.iter().zip(&expected).enumerate() {
            near(&format!("row {row}, element {d}"), got, expected, 1e-5 * largest);
        }
    }
    for (item, gradient) in found.item_bias.iter().enumerate() {
        assert_eq!(gradient.is_some(), found.rows[item].is_some());
        if let Some(got) = *gradient {
            let expected = slope(&|tables, by| tables.item_bias[item] += by);
            near(&format!("bias of item {item}"), got, expected, 1e-5 * expected.abs().max(1.0));
        }
    }
}

#[test]
fn the_gradient_of_every_loss_is_that_of_its_definition() {
    for loss in Loss::ALL {
        let (mut active, mut inactive) = (0, 0);
        for geometry in Geometry::ALL {
            let own = [(4, 1, 0), (6, 3, 0), (11, 4, 0)];
            // Few candidates, so that most have a correction.
            let shared = [(4, 0, 2), (7, 0, 6), (12, 0, 9)];
            let shared = if loss.needs_order() { &[][..] } else { &shared[..] };
            for &(dim, negatives, candidates) in own.iter().chain(shared) {
                // In every third case.
                let covariance_weight = if matches!(dim, 6 | 7) { 30.0 } else { 0.0 };
                let case =
                    Case { loss, geometry, dim, negatives, candidates, covariance_weight, history: None };
                let counts = check(&case);
                (active, inactive) = (active + counts.0, inactive + counts.1);
                // Whole histories; parts of them; and no rows of users, alone.
                for history in [(ITEMS, true), (2, true), (3, false)] {
                    check(&Case { history: Some(history), ..case });
                }
            }
        }
        let has_hinges = !matches!(loss, Loss::Softmax { .. } | Loss::Bpr);
        assert!(
            active > 30 && (inactive > 5 || !has_hinges),
            "{loss:?}: {active} pairs count, {inactive} not"
        );
    }
}
