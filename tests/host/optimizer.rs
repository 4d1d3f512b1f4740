//! Adam on rows that steps touch unequally often, against a dense Adam in f64; its catch-up table against
//! the sum that defines it.

use crate::plans::Run;
use rand::RngExt;
use spherec::Error;
use spherec::random::{Purpose, Stream};
use spherec::reference::{Scratch, State, run_stage};
use spherec::sampling::Planner;
use spherec::step::layout::NONE;
use spherec::step::{Extent, Geometry, Grain, Optimizer, Plan, Rates, Schedule, Stage, StepConstants};

const ALL_BETAS: [(f64, f64); 7] =
    [(0.9, 0.999), (0.9, 0.9999), (0.9, 0.99999), (0.5, 0.99), (0.99, 0.999), (0.1, 0.9), (0.9, 0.85)];

/// What the kernels have.
fn rounded((beta_1, beta_2): (f64, f64)) -> (f64, f64) {
    (f64::from(beta_1 as f32), f64::from(beta_2 as f32))
}

/// S(tau) by its definition.
fn defining_sum((beta_1, beta_2): (f64, f64), tau: i32) -> f64 {
    let ratio = beta_1 / beta_2.sqrt();
    let mut sum = 0.0;
    let mut power = ratio;
    let mut step = tau + 1;
    while power > 1e-17 {
        sum += power * (1.0 - beta_2.powi(step)).sqrt() / (1.0 - beta_1.powi(step));
        power *= ratio;
        step += 1;
    }
    sum
}

const LEARNING_RATE: f64 = 1e-3;
const EPSILON: f64 = 1e-8;

fn rates(betas: (f64, f64)) -> Rates {
    Rates {
        optimizer: Optimizer::Adam { betas, epsilon: EPSILON },
        schedule: Schedule::Constant { learning_rate: LEARNING_RATE },
        last_step: STEPS,
    }
}

#[test]
fn the_catch_up_table_holds_the_defining_sum() {
    for betas in ALL_BETAS {
        let table = rates(betas).catch_up_table().unwrap();
        let betas = rounded(betas);
        let last = table.len() - 1;
        let mut steps: Vec<usize> = (0..=last.min(100)).chain((0..=last).step_by(last / 50 + 1)).collect();
        // The last entry serves all later steps.
        steps.extend([last, last + 1, last + 1_000, 3 * last]);
        for step in steps {
            let [sum, root] = table[step.min(last)];
            let expected = defining_sum(betas, step as i32);
            let root_expected = (1.0 - betas.1.powi(step as i32 + 1)).sqrt();
            let (off, root_off) =
                (f64::from(sum) / LEARNING_RATE / expected - 1.0, f64::from(root) / root_expected - 1.0);
            // A beta_2 this close to 1 needs more steps than the table keeps.
            let tolerance = if betas.1 > 0.99995 { 3e-5 } else { 2e-7 };
            if !(off.abs() <= tolerance && root_off.abs() <= tolerance) {
                panic!("{betas:?}, step {step}: {sum} for {expected}, {root} for {root_expected}");
            }
        }
    }
}

#[test]
fn betas_without_a_sum_are_refused() {
    let nan = f64::NAN;
    let bad = [
        (0.0, 0.999),
        (-0.1, 0.999),
        (0.9, 1.0),
        (0.9, 1.1),
        (0.9, 0.81),
        (0.9, 0.5),
        (0.9, 0.0),
        (0.9, -0.5),
        (1.0, 0.999),
        (nan, 0.999),
        (0.9, nan),
        (f64::INFINITY, 0.9),
        // 1 in f32: the second moment would stay zero.
        (0.9, 0.999_999_99),
    ];
    for betas in bad {
        let error = rates(betas).catch_up_table().unwrap_err();
        assert!(matches!(&error, Error::Setting { flag: "--betas", .. }), "{betas:?}: {error}");
        assert!(error.to_string().contains(&betas.0.to_string()), "{error}");
    }
}

/// Kingma and Ba, algorithm 1, on every row at every step.
struct DenseAdam {
    betas: (f64, f64),
    points: Vec<f64>,
    momentum: Vec<f64>,
    variance: Vec<f64>,
}

impl DenseAdam {
    fn step(&mut self, step: i32, gradients: &[f64]) {
        let (beta_1, beta_2) = self.betas;
        let (bias_1, bias_2) = (1.0 - beta_1.powi(step), 1.0 - beta_2.powi(step));
        for (index, g) in gradients.iter().enumerate() {
            let (m, v) = (&mut self.momentum[index], &mut self.variance[index]);
            *m = beta_1 * *m + (1.0 - beta_1) * g;
            *v = beta_2 * *v + (1.0 - beta_2) * g * g;
            let root = (*v / bias_2).sqrt() + EPSILON;
            self.points[index] -= LEARNING_RATE * (*m / bias_1) / root;
        }
    }
}

const DIM: usize = 4;
const ITEMS: u32 = 30;
const USERS: u32 = 20;
const STEPS: u64 = 600;

/// The twins of loading, optimizer and catch-up, with the gradients of the rows as given: in the geometry `dot` they
/// are those of the points.
struct LazyAdam {
    constants: StepConstants,
    state: State,
}

impl LazyAdam {
    fn new(run: &Run, betas: (f64, f64), points: &[f64]) -> LazyAdam {
        let mut shape = run.step_shape(DIM, Grain::GPU, 0.0);
        shape.geometry = Geometry::Dot;
        shape.optimizer = rates(betas).optimizer;
        let state = State::new(points.iter().map(|&x| x as f32).collect(), &shape);
        LazyAdam { constants: StepConstants::new(shape, rates(betas), 0.0).unwrap(), state }
    }

    /// One step on the rows of `plan`, with the gradients of all rows as given.
    fn step(&mut self, plan: &Plan, all: &[f64]) {
        let shape = &self.constants.shape;
        let mut scratch = Scratch::new(shape, f32::NAN);
        for (slot, &row) in plan.rows().iter().enumerate() {
            let to = &mut scratch.gradients[slot * shape.slot_numbers()..][..DIM + 1];
            if row != NONE {
                let from = &all[row as usize * DIM..][..DIM];
                to.iter_mut().zip(from).for_each(|(to, &from)| *to = from as f32);
                to[DIM] = 1.0;
            }
        }
        let stages = shape.stages();
        let run = |kernel: &str| -> Stage { *stages.iter().find(|stage| stage.kernel == kernel).unwrap() };
        for stage in [run("row_load"), run("row_adam")] {
            let extent = Extent::Shards(shape.table_shards()[0]);
            run_stage(&stage, &extent, &self.constants, plan, &mut self.state, &mut scratch);
        }
    }

    fn catch_up(&mut self, step: u32) {
        self.state.catch_up(&self.constants, step);
        assert!(self.state.row_states.iter().all(|row| row.last_step == 0 || row.last_step == step));
    }
}

/// A row of `count`, the later the rarer: from nearly every step to once in hundreds.
fn unequal(stream: &mut Stream, count: u32) -> u32 {
    let share: f64 = stream.random();
    ((share.powi(4) * f64::from(count)) as u32).min(count - 1)
}

/// Steps of three given pairs.
fn run_of_three() -> Run {
    Run {
        user_count: USERS as usize,
        item_count: ITEMS as usize,
        pairs: vec![(0, 0)],
        batch_size: 3,
        negative_count: 1,
        candidate_count: 0,
        rows_per_shard: (ITEMS + USERS) as usize,
        beta: 0.0,
        seed: 0,
    }
}

/// (largest difference, largest movement) of the lazy and the dense Adam.
fn compare(betas: (f64, f64), looks: &[u64]) -> (f64, f64) {
    let mut stream = Stream::new(31, Purpose::Generate, 0);
    let row_count = (ITEMS + USERS) as usize;
    let start: Vec<f64> =
        (0..row_count * DIM).map(|_| f64::from(stream.random::<f32>() * 2.0 - 1.0)).collect();
    let run = run_of_three();
    let mut planner: Planner = run.planner_with(rates(betas));
    let mut lazy = LazyAdam::new(&run, betas, &start);
    let zeros = vec![0.0; start.len()];
    let mut dense =
        DenseAdam { betas, points: start.clone(), momentum: zeros.clone(), variance: zeros.clone() };
    let mut touch_counts = vec![0u64; row_count];
    for step in 1..=STEPS {
        let pairs: Vec<(u32, u32)> =
            (0..3).map(|_| (unequal(&mut stream, USERS), unequal(&mut stream, ITEMS))).collect();
        let negatives: Vec<u32> = (0..3).map(|_| unequal(&mut stream, ITEMS)).collect();
        let plan = planner.plan_given(step, &pairs, &negatives);
        let mut gradients = zeros.clone();
        for &row in plan.rows().iter().filter(|&&row| row != NONE) {
            touch_counts[row as usize] += 1;
            // Of unequal size, and mostly of one sign, so that rows go somewhere.
            let size = 10.0_f64.powi(row as i32 % 5 - 3);
            for d in 0..DIM {
                let drift = 0.3 * f64::from((row as i32 + d as i32) % 3 - 1);
                // What the lazy Adam gets is an f32.
                gradients[row as usize * DIM + d] =
                    f64::from((size * (stream.random::<f64>() - 0.5 + drift)) as f32);
            }
        }
        dense.step(step as i32, &gradients);
        lazy.step(&plan, &gradients);
        if looks.contains(&step) {
            lazy.catch_up(step as u32);
        }
    }
    assert!(touch_counts.iter().max() > Some(&(STEPS / 2)), "{touch_counts:?}");
    assert!(touch_counts.iter().any(|&count| (1..40).contains(&count)), "{touch_counts:?}");
    lazy.catch_up(STEPS as u32);
    let largest = |values: &mut dyn Iterator<Item = f64>| {
        values.fold(0.0, |largest: f64, value| if value <= largest { largest } else { value })
    };
    let found = lazy.state.rows.iter().map(|&x| f64::from(x));
    assert_eq!(lazy.state.rows.len(), dense.points.len());
    let difference = largest(&mut found.zip(&dense.points).map(|(a, b)| (a - b).abs()));
    let movement = largest(&mut start.iter().zip(&dense.points).map(|(a, b)| (a - b).abs()));
    (difference, movement)
}

#[test]
fn adam_on_touched_rows_is_dense_adam() {
    // Without (0.9, 0.85): a second moment that fades before the first one comes down to epsilon, which the
    // closed form takes as constant.
    for betas in ALL_BETAS.into_iter().filter(|betas| betas.1 > betas.0) {
        for looks in [&[][..], &[1, 2, 77, 300, 301]] {
            let (difference, movement) = compare(betas, looks);
            println!("{betas:?}: difference {difference:.1e} where rows moved {movement:.3}");
            if !(difference <= 2e-5) {
                panic!("{betas:?}: difference {difference:e} where rows moved {movement}");
            }
            assert!(movement > 0.1, "{betas:?}: rows moved {movement} only");
        }
    }
}
