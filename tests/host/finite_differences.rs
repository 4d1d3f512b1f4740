//! The twins' gradient against the loss of a whole step, written plainly in f64 and differentiated
//! numerically: a statement of the truth that shares nothing with the kernels but the definitions.

use crate::loss_differences::covariance_loss;
use crate::plans::Run;
use rand::RngExt;
use spherec::random::{Purpose, Stream};
use spherec::reference::{Scratch, State, step};
use spherec::step::layout::NONE;
use spherec::step::{Geometry, Grain, Loss as StepLoss, Optimizer, Rates, Schedule, StepConstants};

/// A batch in table rows (items, then users).
struct Batch {
    users: Vec<usize>,
    positives: Vec<usize>,
    /// (B, N); `None` if a pair has fewer.
    negatives: Vec<Vec<Option<usize>>>,
}

/// What a step's loss is like at a point: the loss, and how far the point is from the loss's kinks.
struct Loss {
    total: f64,
    hinges: Vec<f64>,
    excess: f64,
    kink_distance: f64,
}

fn point(geometry: Geometry, row: &[f64]) -> Vec<f64> {
    let norm = match geometry {
        Geometry::Sphere => row.iter().map(|x| x * x).sum::<f64>().sqrt(),
        Geometry::Ball | Geometry::Dot => 1.0,
    };
    row.iter().map(|x| x / norm).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// L_triplet + gor_weight L_GOR (Tran et al. 2019, eq. 1 and 3), in scores: on the sphere D^2 = 2 - 2 u.v; and
/// covariance_weight L_cov.
fn loss(table: &[Vec<f64>], batch: &Batch, case: &Case) -> Loss {
    let Case { geometry, margin, gor_weight, covariance_weight, .. } = *case;
    let unit = |row: &Vec<f64>| point(geometry, row);
    let (mut triplet, mut first, mut second) = (0.0, 0.0, 0.0);
    let mut hinges = Vec::new();
    let mut kink_distance = f64::INFINITY;
    let pick_count = (batch.users.len() * batch.negatives[0].len()) as f64;
    for pair in 0..batch.users.len() {
        let (user, positive) = (unit(&table[batch.users[pair]]), unit(&table[batch.positives[pair]]));
        let distance = |a: &[f64], b: &[f64]| match geometry {
            Geometry::Sphere | Geometry::Ball => a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>(),
            Geometry::Dot => -2.0 * dot(a, b),
        };
        let mut distances = Vec::new();
        for &row in batch.negatives[pair].iter().flatten() {
            let negative = unit(&table[row]);
            let similarity = dot(&positive, &negative);
            first += similarity / pick_count;
            second += similarity * similarity / pick_count;
            distances.push(distance(&user, &negative));
        }
        distances.sort_by(f64::total_cmp);
        if distances.is_empty() {
            continue;
        }
        let value = distance(&user, &positive) - distances[0] + margin;
        kink_distance = kink_distance.min(value.abs());
        if distances.len() > 1 {
            kink_distance = kink_distance.min(distances[1] - distances[0]);
        }
        hinges.push(value);
        triplet += value.max(0.0);
    }
    let excess = second - 1.0 / table[0].len() as f64;
    let negatives = batch.negatives.iter().flatten().flatten();
    let uses = batch.users.iter().chain(&batch.positives).chain(negatives);
    let points: Vec<Vec<f64>> = uses.map(|&row| unit(&table[row])).collect();
    let regularisers =
        gor_weight * (first * first + excess.max(0.0)) + covariance_weight * covariance_loss(&points);
    let total = triplet + regularisers;
    Loss { total, hinges, excess, kink_distance: kink_distance.min(excess.abs()) }
}

#[derive(Debug, Clone, Copy)]
struct Case {
    geometry: Geometry,
    dim: usize,
    negative_count: usize,
    candidate_count: usize,
    margin: f64,
    gor_weight: f64,
    covariance_weight: f64,
    spread: Spread,
}

/// Where the rows lie.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Spread {
    /// Anywhere.
    Even,
    /// All vectors alike: M2 far above 1/D.
    Narrow,
    /// Each item near an axis of its own: M2 below 1/D.
    Axes,
}

fn run_of(case: &Case, seed: u64) -> Run {
    let mut stream = Stream::new(seed, Purpose::Generate, 1);
    let (user_count, item_count) = (7, 13);
    let pair = |_| (stream.below(user_count), stream.below(item_count));
    Run {
        user_count: user_count as usize,
        item_count: item_count as usize,
        pairs: (0..45).map(pair).collect(),
        batch_size: 17,
        negative_count: case.negative_count,
        candidate_count: case.candidate_count,
        rows_per_shard: 9,
        beta: 0.5,
        history: None,
        seed,
    }
}

fn table_of(case: &Case, row_count: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut stream = Stream::new(seed, Purpose::Init, 2);
    let base = match case.spread {
        Spread::Even => 0.0,
        Spread::Narrow => 1.0,
        Spread::Axes => 8.0,
    };
    let mut row = |index: usize| -> Vec<f64> {
        let mut element = |d: usize| {
            let at = if case.spread == Spread::Narrow || d == index % case.dim { base } else { 0.0 };
            // What the twins get is an f32.
            f64::from(stream.random::<f32>() * 2.0 - 1.0 + at as f32)
        };
        (0..case.dim).map(&mut element).collect()
    };
    (0..row_count).map(&mut row).collect()
}

/// The twins' step: the batch that it worked on, and dL/dx of each table row that it touched.
fn twin_step(case: &Case, run: &Run, table: &[Vec<f64>]) -> (Batch, Vec<Option<Vec<f32>>>) {
    let rates = Rates {
        optimizer: Optimizer::Sgd,
        schedule: Schedule::Constant { learning_rate: 1.0 },
        last_step: 1,
    };
    let mut shape = run.step_shape(case.dim, Grain::GPU, case.gor_weight);
    shape.geometry = case.geometry;
    shape.covariance_weight = case.covariance_weight;
    shape.loss = StepLoss::Triplet { margin: case.margin, rank_weight: false };
    let constants = StepConstants::new(shape, rates, 1.5).unwrap();
    let padded = |row: &Vec<f64>| {
        let mut row: Vec<f32> = row.iter().map(|&x| x as f32).collect();
        row.resize(shape.padded_dim(), 0.0);
        row
    };
    let before = State::new(table.iter().flat_map(padded).collect(), &shape);
    let (mut state, mut scratch) = (before.clone(), Scratch::new(&shape, f32::NAN));
    let plan = run.planner_with(rates).plan(1);
    step(&constants, &plan, &mut state, &mut scratch);
    let row = |slot: u32| plan.rows()[slot as usize] as usize;
    let planned = plan.negatives(case.negative_count);
    let picks = if planned.is_empty() { &scratch.picks } else { planned };
    let picks = &picks[..plan.header.pair_count as usize * case.negative_count];
    let filled = |slot: &u32| (*slot != NONE).then(|| row(*slot));
    let batch = Batch {
        users: plan.users().iter().map(|&slot| row(slot)).collect(),
        positives: plan.positives().iter().map(|&slot| row(slot)).collect(),
        negatives: picks
            .chunks(case.negative_count)
            .map(|picks| picks.iter().map(filled).collect())
            .collect(),
    };
    let mut gradients = vec![None; table.len()];
    let (dim, stride) = (shape.padded_dim(), shape.slot_numbers());
    for slot in (0..plan.header.row_count as usize).filter(|&slot| plan.rows()[slot] != NONE) {
        let (g, e) =
            (&scratch.gradients[slot * stride..][..stride], &scratch.working[slot * stride..][..stride]);
        if g[dim] != 0.0 {
            // As the optimizers take it through the geometry.
            let along = g[..dim].iter().zip(e).map(|(g, e)| g * e).sum();
            let row_gradient = |d: usize| case.geometry.row_gradient(g[d], e[d], along, e[dim], g[dim + 2]);
            let gradient: Vec<f32> = (0..dim).map(row_gradient).collect();
            assert!(gradient[case.dim..].iter().all(|&g| g == 0.0), "padding moves");
            gradients[plan.rows()[slot] as usize] = Some(gradient[..case.dim].to_vec());
        }
    }
    (batch, gradients)
}

/// Compares on tables away from the loss's kinks; returns the loss there.
fn check(case: &Case) -> Loss {
    for seed in 0..200 {
        let run = run_of(case, seed);
        let table = table_of(case, run.item_count + run.user_count, seed);
        let (batch, gradients) = twin_step(case, &run, &table);
        let here = loss(&table, &batch, case);
        if here.kink_distance < 1e-3 {
            continue;
        }
        let used: Vec<usize> = [&batch.users, &batch.positives].into_iter().flatten().copied().collect();
        let negatives = batch.negatives.iter().flatten().flatten().copied();
        let used: std::collections::HashSet<usize> = used.into_iter().chain(negatives).collect();
        assert!(used.len() < 2 * batch.users.len(), "no row repeats");
        for (row, gradient) in gradients.iter().enumerate() {
            assert_eq!(gradient.is_some(), used.contains(&row), "{case:?}: row {row} touched");
            if let Some(gradient) = gradient {
                check_row(case, &table, &batch, row, gradient);
            }
        }
        return here;
    }
    panic!("{case:?}: no table is away from the kinks");
}

fn check_row(case: &Case, table: &[Vec<f64>], batch: &Batch, row: usize, gradient: &[f32]) {
    let mut moved = table.to_vec();
    let step = 1e-5;
    let mut at = |d: usize, by: f64| {
        moved[row][d] = table[row][d] + by;
        let total = loss(&moved, batch, case).total;
        moved[row][d] = table[row][d];
        total
    };
    let expected: Vec<f64> = (0..case.dim).map(|d| (at(d, step) - at(d, -step)) / (2.0 * step)).collect();
    // On the sphere a gradient is a difference of unit vectors, divided by |x|.
    let norm = match case.geometry {
        Geometry::Sphere => dot(&table[row], &table[row]).sqrt(),
        Geometry::Ball | Geometry::Dot => 1.0,
    };
    let pick_count = (batch.users.len() * case.negative_count) as f64;
    let scale = expected.iter().fold(1.0 / norm, |largest: f64, g| largest.max(g.abs()));
    let tolerance = 1e-5 * scale.max(2.0 * case.gor_weight / pick_count / norm);
    for (d, (&got, &expected)) in gradient.iter().zip(&expected).enumerate() {
        let difference = (f64::from(got) - expected).abs();
        if !(difference <= tolerance) {
            panic!(
                "{case:?}, row {row}, element {d}: {got} is not {expected} ({difference:e} > {tolerance:e})"
            );
        }
    }
}

#[test]
fn the_gradient_is_that_of_the_loss() {
    let (mut active_count, mut inactive_count, mut above_count, mut below_count) = (0, 0, 0, 0);
    for (geometry, dim) in
        [4, 6, 11].into_iter().flat_map(|dim| Geometry::ALL.map(|geometry| (geometry, dim)))
    {
        for negative_count in 1..=3 {
            // The law of stage 2 is one of cosines.
            let candidate_counts: &[usize] = if geometry == Geometry::Sphere { &[0, 9] } else { &[0] };
            for &candidate_count in candidate_counts {
                for spread in [Spread::Even, Spread::Narrow, Spread::Axes] {
                    for (margin, gor_weight, covariance_weight) in
                        [(0.3, 0.0, 0.0), (0.05, 40.0, 9.0), (3.0, 0.7, 0.0)]
                    {
                        let case = Case {
                            geometry,
                            dim,
                            negative_count,
                            candidate_count,
                            margin,
                            gor_weight,
                            covariance_weight,
                            spread,
                        };
                        let here = check(&case);
                        let active = here.hinges.iter().filter(|&&hinge| hinge > 0.0).count();
                        active_count += active;
                        inactive_count += here.hinges.len() - active;
                        above_count += usize::from(here.excess > 0.0);
                        below_count += usize::from(here.excess < 0.0);
                    }
                }
            }
        }
    }
    assert!(active_count > 500 && inactive_count > 200, "{active_count} active, {inactive_count} not");
    assert!(above_count > 20 && below_count > 20, "M2 above 1/D: {above_count}, below: {below_count}");
}
