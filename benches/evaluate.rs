//! Evaluation of citeulike-t's size beside the bare matrix product of the same shape, in the same
//! blocks, on the same threads, by the same library: `cargo bench --bench evaluate`.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;
use spherec::data::Interactions;
use spherec::evaluate::evaluate;
use spherec::model::Embeddings;
use spherec::random::{Purpose, Stream};
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

const USERS: usize = 7947;
const ITEMS: usize = 25_584;
const DIM: usize = 128;
const K: usize = 50;
const ROUNDS: usize = 9;

/// Rows of random signs and sizes, scaled to length 1.
fn unit_rows(index: u64, rows: usize) -> Vec<f32> {
    let mut stream = Stream::new(0, Purpose::Generate, index);
    let mut table: Vec<f32> =
        (0..rows * DIM).map(|_| stream.below(1 << 24) as f32 / (1 << 23) as f32 - 1.0).collect();
    for row in table.chunks_exact_mut(DIM) {
        let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt();
        row.iter_mut().for_each(|x| *x /= norm);
    }
    table
}

/// `count` random items for each user.
fn interactions(index: u64, count: usize) -> Interactions {
    let mut stream = Stream::new(0, Purpose::Generate, index);
    let users = (0..USERS as u32).flat_map(|user| std::iter::repeat_n(user, count));
    let pairs: Vec<(u32, u32)> = users.map(|user| (user, stream.below(ITEMS as u32))).collect();
    Interactions::from_pairs(USERS, ITEMS, &pairs)
}

/// All scores, block by block, thrown away; returns something of them.
fn bare_product(embeddings: &Embeddings) -> f32 {
    let (height, width) = (128, 1024);
    let blocks = embeddings.users.par_chunks(height * DIM);
    let parts = blocks.map_init(
        || vec![0f32; height * width],
        |scores, users| {
            let rows = users.len() / DIM;
            for items in embeddings.items.chunks(width * DIM) {
                let columns = items.len() / DIM;
                let block = &mut scores[..rows * columns];
                let left = MatRef::from_row_major_slice(users, rows, DIM);
                let right = MatRef::from_row_major_slice(items, columns, DIM);
                let product = MatMut::from_row_major_slice_mut(block, rows, columns);
                matmul(product, Accum::Replace, left, right.transpose(), 1.0, Par::Seq);
                black_box(block);
            }
            scores[0]
        },
    );
    parts.sum()
}

/// How long `work` takes, in milliseconds.
fn time_ms(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e3
}

fn main() -> Result<(), Box<dyn Error>> {
    let embeddings = Embeddings {
        dim: DIM,
        users: unit_rows(0, USERS),
        items: unit_rows(1, ITEMS),
        ..Embeddings::default()
    };
    let (train, test) = (interactions(2, 13), interactions(3, 4));
    println!("{USERS} users x {ITEMS} items x {DIM}, k = {K}; least of {ROUNDS} runs");
    evaluate(&embeddings, 1.0, &train, None, &test, &[K])?;
    for threads in [1, std::thread::available_parallelism()?.get()] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let (mut bare, mut whole) = (f64::INFINITY, f64::INFINITY);
        // In turn, so that whatever else the machine does slows both.
        for _ in 0..ROUNDS {
            let product = || pool.install(|| bare_product(&embeddings));
            bare = bare.min(time_ms(|| {
                black_box(product());
            }));
            let evaluation = || pool.install(|| evaluate(&embeddings, 1.0, &train, None, &test, &[K]));
            whole = whole.min(time_ms(|| drop(black_box(evaluation()))));
        }
        let rate = 2.0 * (USERS * ITEMS * DIM) as f64 / bare / 1e6;
        println!(
            "{threads} threads: product {bare:.0} ms ({rate:.0} GFLOP/s), evaluation {whole:.0} ms, ratio {:.2}",
            whole / bare
        );
    }
    Ok(())
}
