//! The order in which epochs visit the training pairs.

use spherec::data::Interactions;
use spherec::sampling::EpochOrder;
use std::sync::Arc;

type Pairs = Vec<(u32, u32)>;

fn train() -> Arc<Interactions> {
    let pairs: Pairs = (0..23).map(|i| (i % 5, i * 7 % 31)).collect();
    Arc::new(Interactions::from_pairs(5, 31, &pairs))
}

fn batch(order: &EpochOrder, step: u64, batch_size: usize) -> Pairs {
    let mut pairs = vec![(9, 9)];
    order.batch(step, batch_size, &mut pairs);
    pairs
}

fn epoch(order: &EpochOrder, epoch: u64, batch_size: usize) -> Pairs {
    let count = order.step_count(batch_size);
    (1..=count).flat_map(|step| batch(order, epoch * count + step, batch_size)).collect()
}

#[test]
fn an_epoch_visits_every_pair_once_and_keeps_the_last_batch() {
    let train = train();
    let all: Pairs = train.pairs().collect();
    assert_eq!(all.len(), 23);
    for (batch_size, step_count) in [(1, 23), (5, 5), (22, 2), (23, 1), (100, 1)] {
        let order = EpochOrder::new(Arc::clone(&train), 3);
        assert_eq!(order.step_count(batch_size), step_count);
        for index in 0..4 {
            let mut visited = epoch(&order, index, batch_size);
            assert_ne!(visited, all, "not shuffled");
            visited.sort_unstable();
            assert_eq!(visited, all, "batch {batch_size}, epoch {index}");
            let last = batch(&order, (index + 1) * step_count, batch_size);
            assert_eq!(last.len(), 23 - (step_count as usize - 1) * batch_size);
        }
    }
}

#[test]
fn epochs_and_seeds_differ_and_the_order_does_not_depend_on_the_batch_size() {
    let (order, other) = (EpochOrder::new(train(), 3), EpochOrder::new(train(), 4));
    let epochs: Vec<Pairs> = (0..3).map(|index| epoch(&order, index, 5)).collect();
    assert!(epochs[0] != epochs[1] && epochs[1] != epochs[2] && epochs[0] != epochs[2]);
    assert_ne!(epochs[0], epoch(&other, 0, 5));
    assert_eq!(epochs[1], epoch(&EpochOrder::new(train(), 3), 1, 7));
}

#[test]
fn a_batch_is_the_same_whenever_it_is_asked_for() {
    let order = EpochOrder::new(train(), 3);
    let forward: Vec<Pairs> = (1..=40).map(|step| batch(&order, step, 5)).collect();
    let jumps = (0..40).map(|i| i * 17 % 40 + 1);
    for step in jumps.chain((1..=40).rev()) {
        assert_eq!(batch(&order, step, 5), forward[step as usize - 1], "step {step}");
    }
    assert_eq!(batch(&EpochOrder::new(train(), 3), 33, 5), forward[32]);
}

#[test]
fn the_first_pair_of_an_epoch_is_any_pair() {
    let order = EpochOrder::new(train(), 5);
    let all: Pairs = train().pairs().collect();
    let mut counts = vec![0; all.len()];
    for step in 0..4_600 {
        let first = batch(&order, step * 23 + 1, 1)[0];
        counts[all.iter().position(|&pair| pair == first).unwrap()] += 1;
    }
    crate::statistics::assert_law("first pair", &counts, &[1.0; 23]);
}

#[test]
fn no_pairs_make_no_steps() {
    let order = EpochOrder::new(Arc::new(Interactions::default()), 0);
    assert_eq!(order.step_count(5), 0);
    assert!(batch(&order, 1, 5).is_empty());
}
