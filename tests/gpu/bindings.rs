//! Tables that one binding cannot hold: with planned negatives, what they are trained to does not depend on where the
//! shards end.

use crate::support::{gpu, gpu_with_bindings};
use rand::RngExt;
use spherec::data::{Interactions, Protocol, Split};
use spherec::gpu::{Gpu, Tables};
use spherec::random::{Purpose, Stream};
use spherec::sampling::Negatives;
use spherec::step::Schedule;
use spherec::train::{Recipe, Stopping, TrainConfig, train};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const DIM: usize = 16;
const ITEM_COUNT: usize = 33_000;
const USER_COUNT: usize = 400;
const SMALL_BINDING: u64 = 1 << 20;

/// Users who like items from all over the tables.
fn split() -> Split {
    let mut stream = Stream::new(7, Purpose::Generate, 0);
    let pairs: Vec<(u32, u32)> = (0..4_000)
        .map(|pair| (pair % USER_COUNT as u32, stream.random_range(0..ITEM_COUNT as u32)))
        .collect();
    let part = |pairs: &[(u32, u32)]| Interactions::from_pairs(USER_COUNT, ITEM_COUNT, pairs);
    Split { train: part(&pairs).into(), valid: part(&[]), test: part(&[]) }
}

fn trained_bits(gpu: &Arc<Gpu>, split: &Split, negatives: Negatives) -> Vec<u32> {
    let recipe = match negatives {
        Negatives::Shared { .. } => Recipe::Softmax,
        _ => Recipe::TwoStage2019,
    };
    let config = TrainConfig {
        dim: DIM,
        batch_size: 64,
        negatives,
        schedule: Schedule::Constant { learning_rate: 0.01 },
        stopping: Stopping { epochs: 2, evaluate_every: 1, patience: 0, k: 2 },
        seed: 4,
        protocol: Protocol::Holdout { test_fraction: 0.0, valid_fraction: 0.0 },
        ..recipe.config()
    };
    let trained = train(Arc::clone(gpu), split, &config, &AtomicBool::new(false), &mut |_| {}).unwrap();
    let embeddings = trained.embeddings;
    let all = embeddings.items.iter().chain(&embeddings.users).chain(&embeddings.item_bias);
    all.map(|x| x.to_bits()).collect()
}

#[test]
fn tables_in_small_bindings_are_trained_to_the_same_bits() {
    let (large, small) = (gpu(), gpu_with_bindings(SMALL_BINDING));
    assert_eq!(small.max_binding_bytes(), SMALL_BINDING);
    let shards = |gpu: &Gpu| {
        let row_count = ITEM_COUNT + USER_COUNT;
        row_count.div_ceil(Tables::rows_per_shard(gpu, row_count, DIM, None))
    };
    assert_eq!((shards(&large), shards(&small)), (1, 3));
    let split = split();
    for negatives in [Negatives::Uniform { count: 1 }, Negatives::Popularity { count: 2, beta: 0.7 }] {
        let whole = trained_bits(&large, &split, negatives);
        assert!(whole.len() >= (ITEM_COUNT + USER_COUNT) * DIM);
        assert!(whole == trained_bits(&small, &split, negatives), "{}: other bits", negatives.sampler());
    }
    // Candidates lie in the order of their shards, and what is drawn from them depends on their places.
    for negatives in [
        Negatives::TwoStage { count: 1, beta: 0.5, candidates: 30, hardness: 1.0 },
        Negatives::Shared { beta: 0.5, candidates: 30 },
    ] {
        let first = trained_bits(&small, &split, negatives);
        assert!(first == trained_bits(&small, &split, negatives), "{}: other bits", negatives.sampler());
    }
}
