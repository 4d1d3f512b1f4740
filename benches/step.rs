//! The default's step, a two-stage and a uniform one of citeulike-t's size on the default adapter, beside a dense Adam
//! pass over the same tables on the CPU: `cargo bench --bench step`.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use spherec::bench::{BenchCase, Spans, USER_COUNT, dense_adam_seconds, measure};
use spherec::gpu::{AdapterChoice, Gpu};
use spherec::sampling::Negatives;
use spherec::train::{Recipe, Regularisers, TrainConfig};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Rows of citeulike-t: 7,947 users and 25,584 items.
const ROWS: usize = 33_531;
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let gpu = Arc::new(Gpu::open(&AdapterChoice::Best)?);
    let two_stage = Recipe::TwoStage2019.config();
    let uniform = TrainConfig {
        negatives: Negatives::Uniform { count: 1 },
        regularisers: Regularisers { gor_weight: 0.0, covariance_weight: 0.0 },
        ..two_stage.clone()
    };
    let configs = [TrainConfig::default(), two_stage, uniform];
    let cases = configs.map(|config| BenchCase { item_count: ROWS - USER_COUNT, config });
    let (mut steps, mut dense) = ([f64::INFINITY; 3], f64::INFINITY);
    // In turn, so that whatever else the machine does slows both.
    for _ in 0..ROUNDS {
        for (case, least) in cases.iter().zip(&mut steps) {
            let measured = measure(&gpu, case, Spans::of(1.0), &AtomicBool::new(false))?;
            let measured = measured.ok_or("interrupted")?;
            *least = least.min(measured.step_seconds);
            let touched = measured.touched_count;
            dense = dense.min(dense_adam_seconds(case.config.dim, ROWS, touched)?);
        }
    }
    let adapter = gpu.adapter();
    println!("{} ({}), {ROWS} rows, defaults; least of {ROUNDS} runs", adapter.name, adapter.driver);
    println!("dense Adam pass on the CPU: {:.2} ms", 1e3 * dense);
    for (case, seconds) in cases.iter().zip(steps) {
        let name = case.config.negatives.sampler();
        println!("{name} step: {:.2} ms, dense / step {:.2}", 1e3 * seconds, dense / seconds);
    }
    Ok(())
}
