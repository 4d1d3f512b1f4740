//! Plans made ahead on other threads.

use crate::plans::{RATES, Run};
use spherec::sampling::{EpochOrder, ItemSampler, PlanQueue, Planner};
use spherec::step::Plan;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn run(candidate_count: usize) -> Run {
    Run {
        user_count: 20,
        item_count: 50,
        pairs: (0..130).map(|i| (i % 20, i * 13 % 50)).collect(),
        batch_size: 16,
        negative_count: 2,
        candidate_count,
        rows_per_shard: 30,
        beta: 0.5,
        history: None,
        seed: 9,
    }
}

#[test]
fn a_queue_hands_out_every_step_in_order_whatever_its_threads() {
    for candidate_count in [0, 17] {
        let mut planner = run(candidate_count).planner();
        for (first, last) in [(1, 30), (8, 21), (5, 5), (3, 4)] {
            let expected: Vec<Plan> = (first..=last).map(|step| planner.plan(step)).collect();
            for (thread_count, ahead) in [(1, 1), (3, 2), (0, 0)] {
                let mut queue = PlanQueue::start(&planner, first, last, thread_count, ahead).unwrap();
                let plans: Vec<Plan> = std::iter::from_fn(|| queue.take()).collect();
                assert_eq!(plans, expected, "{first}..={last}, {thread_count} threads");
                assert!(queue.take().is_none());
                assert!(queue.planning_time() > Duration::ZERO);
            }
        }
    }
}

#[test]
fn a_queue_that_is_dropped_ends_its_threads() {
    let run = run(0);
    let order = Arc::new(EpochOrder::new(run.train(), run.seed));
    let items = Arc::new(ItemSampler::new(&run.train().item_frequencies(), run.beta));
    let planner = Planner::new(Arc::clone(&order), items, run.shape(), RATES, run.seed);
    let holders = Arc::strong_count(&order);
    for taken in [0, 5] {
        let mut queue = PlanQueue::start(&planner, 1, 1_000_000_000, 3, 4).unwrap();
        (0..taken).for_each(|_| assert!(queue.take().is_some()));
        assert_eq!(Arc::strong_count(&order), holders + 3, "each thread holds the order");
        drop(queue);
        let start = Instant::now();
        while Arc::strong_count(&order) > holders {
            assert!(start.elapsed() < Duration::from_secs(20), "the threads go on");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}
