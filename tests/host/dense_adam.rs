//! The dense Adam of the benchmark against Adam in f64, so that what steps are measured against is Adam.

use spherec::bench::{AdamSettings, DenseAdam};
use spherec::random::{Purpose, Stream};
use spherec::step::layout::NONE;

/// More rows than one task has, and a dimension that no vector width divides.
const ROWS: usize = 1_300;
const DIM: usize = 5;
const TOUCHED: usize = 40;

fn number(stream: &mut Stream) -> f32 {
    stream.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0
}

#[test]
fn every_row_moves_as_adam_moves_it() {
    let settings = AdamSettings { learning_rate: 0.01, betas: (0.9, 0.999), epsilon: 1e-8 };
    let (beta_1, beta_2) = settings.betas;
    let mut stream = Stream::new(1, Purpose::Generate, 0);
    let start: Vec<f32> = (0..ROWS * DIM).map(|_| number(&mut stream)).collect();
    let mut adam = DenseAdam::new(DIM, start.clone()).unwrap();
    let mut x: Vec<f64> = start.iter().map(|&x| f64::from(x)).collect();
    let (mut m, mut v) = (vec![0.0f64; x.len()], vec![0.0f64; x.len()]);
    for step in 1..=30 {
        let gradients: Vec<f32> = (0..TOUCHED * DIM).map(|_| number(&mut stream)).collect();
        let mut slots = vec![NONE; ROWS];
        for slot in 0..TOUCHED as u32 {
            slots[stream.below(ROWS as u32) as usize] = slot;
        }
        adam.step(&settings, &gradients, &slots);
        for index in 0..x.len() {
            let slot = slots[index / DIM];
            let g = if slot == NONE { 0.0 } else { f64::from(gradients[slot as usize * DIM + index % DIM]) };
            m[index] = beta_1 * m[index] + (1.0 - beta_1) * g;
            v[index] = beta_2 * v[index] + (1.0 - beta_2) * g * g;
            let (m, v) = (m[index] / (1.0 - beta_1.powi(step)), v[index] / (1.0 - beta_2.powi(step)));
            x[index] -= settings.learning_rate * m / (v.sqrt() + settings.epsilon);
        }
    }
    assert_eq!(adam.points.len(), x.len());
    let mut moved = 0;
    for (index, (&got, &expected)) in adam.points.iter().zip(&x).enumerate() {
        let difference = (f64::from(got) - expected).abs();
        if !(difference <= 2e-6) {
            panic!("row {}: {got}, but Adam has {expected}", index / DIM);
        }
        moved += usize::from((expected - f64::from(start[index])).abs() > 1e-3);
    }
    assert!(moved > x.len() / 2, "{moved} of {} numbers moved", x.len());
}
