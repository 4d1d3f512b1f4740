//! Adam's catch-up table against the sum that defines it, at a constant and at a falling rate; schedules.

use spherec::Error;
use spherec::step::{Optimizer, Rates, Schedule};

pub(crate) const ALL_BETAS: [(f64, f64); 7] =
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

pub(crate) const LEARNING_RATE: f64 = 1e-3;
pub(crate) const EPSILON: f64 = 1e-8;

fn rates(betas: (f64, f64)) -> Rates {
    Rates {
        optimizer: Optimizer::Adam { betas, epsilon: EPSILON },
        schedule: Schedule::Constant { learning_rate: LEARNING_RATE },
        last_step: 600,
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

fn linear(betas: (f64, f64), last_step: u64) -> Rates {
    Rates { schedule: Schedule::Linear { learning_rate: LEARNING_RATE }, last_step, ..rates(betas) }
}

#[test]
fn a_linear_rate_falls_in_a_straight_line_to_nothing_after_the_last_step() {
    let schedule = Schedule::Linear { learning_rate: 0.5 };
    for (step, expected) in [(1, 0.5), (2, 0.45), (6, 0.25), (10, 0.05), (11, 0.0), (12, 0.0), (1_000, 0.0)] {
        let rate = schedule.learning_rate(step, 10);
        assert!((rate - expected).abs() < 1e-15, "step {step}: {rate}");
    }
    assert_eq!(schedule.learning_rate(1, 1), 0.5);
    assert_eq!(Schedule::Constant { learning_rate: 0.5 }.learning_rate(7, 3), 0.5);
}

#[test]
fn the_catch_up_table_of_a_linear_rate_holds_the_sum_of_what_is_left() {
    for betas in ALL_BETAS {
        for last_step in [1, 7, 3_000] {
            let table = linear(betas, last_step).catch_up_table().unwrap();
            assert_eq!(table.len() as u64, last_step + 1);
            let (beta_1, beta_2) = rounded(betas);
            for (tau, &[sum, root]) in table.iter().enumerate().step_by(last_step as usize / 40 + 1) {
                let term = |step: u64| {
                    let rate = LEARNING_RATE * (last_step - step + 1) as f64 / last_step as f64;
                    let bias = (1.0 - beta_2.powi(step as i32)).sqrt() / (1.0 - beta_1.powi(step as i32));
                    rate * (beta_1 / beta_2.sqrt()).powi((step - tau as u64) as i32) * bias
                };
                let expected: f64 = (tau as u64 + 1..=last_step).map(term).sum();
                let root_expected = (1.0 - beta_2.powi(tau as i32 + 1)).sqrt();
                assert!((f64::from(sum) - expected).abs() <= 2e-7 * expected, "{betas:?}, {tau}: {sum}");
                assert!((f64::from(root) - root_expected).abs() <= 2e-7 * root_expected, "{betas:?}, {tau}");
            }
            assert_eq!(table[last_step as usize][0], 0.0, "after the last step nothing moves");
        }
    }
}

#[test]
fn a_linear_rate_over_more_steps_than_a_table_holds_is_refused() {
    const MOST: u64 = (1 << 24) - 1;
    let error = linear((0.9, 0.999), MOST + 1).catch_up_table().unwrap_err();
    assert!(matches!(&error, Error::Setting { flag: "--schedule", .. }), "{error}");
    for part in ["16777216", "16777215", "--epochs", "constant"] {
        assert!(error.to_string().contains(part), "no {part} in {error}");
    }
    // As many as fit, and as many as one likes without a table.
    assert_eq!(linear((0.9, 0.999), MOST).catch_up_table().unwrap().len(), 1 << 24);
    let plain = Rates { optimizer: Optimizer::Sgd, ..linear((0.9, 0.999), 1 << 40) };
    assert_eq!(plain.catch_up_table().unwrap().len(), 1);
}
