//! Plans whose pairs share all candidates, and plans of many negatives a pair: what corrects for the draw, who is
//! excluded, and the law of what is drawn.

use crate::draws::set_law;
use crate::plans::{Run, check_negatives, check_offsets, check_plan, runs};
use crate::statistics::assert_law;
use proptest::prelude::*;
use spherec::random::{Purpose, Stream};
use spherec::step::Plan;
use spherec::step::layout::{FAR, NONE};
use std::collections::{BTreeSet, HashMap};

fn candidates(plan: &Plan) -> impl Iterator<Item = u32> + '_ {
    plan.rows()[..plan.header.candidate_count as usize].iter().copied().filter(|&row| row != NONE)
}

/// A run of shared candidates: `runs` has some among others.
fn shared_runs() -> impl Strategy<Value = Run> {
    runs().prop_map(|run| Run { negative_count: 0, candidate_count: run.candidate_count.max(3), ..run })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn offsets_correct_for_the_draw(run in shared_runs(), correction in 0.01..3.0f64) {
        let mut planner = run.planner().correcting(correction);
        for step in 1..4 {
            check_offsets(&run, &planner.plan(step), correction);
        }
    }

    #[test]
    fn given_candidates_are_laid_out_as_given(run in shared_runs(), seed in any::<u64>()) {
        let mut items: Vec<u32> = (0..run.item_count as u32).collect();
        Stream::new(seed, Purpose::Generate, 0).shuffle(&mut items);
        items.truncate(run.candidate_count);
        let pairs: Vec<(u32, u32)> = run.pairs.iter().copied().cycle().take(run.batch_size).collect();
        let mut planner = run.planner();
        // What an earlier plan had must be forgotten.
        planner.plan(1);
        for step in [2, 3] {
            let plan = planner.plan_given_candidates(step, &pairs, &items);
            prop_assert!(check_plan(&run, step, &pairs, &plan).is_empty());
            let given: BTreeSet<u32> = items.iter().copied().collect();
            prop_assert_eq!(candidates(&plan).count(), items.len());
            prop_assert_eq!(candidates(&plan).collect::<BTreeSet<u32>>(), given);
        }
    }
}

fn run(item_count: usize, pairs: Vec<(u32, u32)>) -> Run {
    Run {
        user_count: 3,
        item_count,
        pairs,
        batch_size: 40,
        negative_count: 0,
        candidate_count: item_count,
        rows_per_shard: item_count + 3,
        beta: 0.0,
        history: None,
        seed: 4,
    }
}

#[test]
fn the_whole_catalogue_needs_no_correction_and_all_but_a_users_own_items_are_negatives() {
    let pairs: Vec<(u32, u32)> = (0..57).map(|i| (i % 3, i * i % 101)).collect();
    for rows_per_shard in [104, 7] {
        let run = Run { rows_per_shard, ..run(101, pairs.clone()) };
        let plan = run.planner().correcting(0.7).plan(1);
        assert_eq!(candidates(&plan).collect::<BTreeSet<u32>>(), (0..101).collect());
        let slots = plan.rows().iter().zip(plan.offsets());
        slots.for_each(|(&row, offset)| assert_eq!(offset, if row == NONE { FAR } else { 0.0 }));
        for user in 0..3 {
            let slot = plan.rows().iter().position(|&row| row == 101 + user).unwrap();
            let excluded = plan.excluded(slot as u32).iter().map(|&slot| plan.rows()[slot as usize]);
            let own: Vec<u32> = run.train().items_of(user).to_vec();
            assert_eq!(excluded.collect::<BTreeSet<u32>>(), own.into_iter().collect(), "user {user}");
        }
    }
}

#[test]
fn a_thousand_negatives_are_distinct_and_not_the_users() {
    // Every user has 300 of 1,400 items; so 1,000 of the other 1,100 are drawn, pair after pair.
    let pairs: Vec<(u32, u32)> = (0..900).map(|i| (i % 3, i * 11 % 1_400)).collect();
    for beta in [0.0, 0.5] {
        for negative_count in [1, 64, 65, 1_000] {
            let run = Run { negative_count, candidate_count: 0, beta, ..run(1_400, pairs.clone()) };
            let mut planner = run.planner();
            for step in [1, 2] {
                let plan = planner.plan(step);
                let row = |slot: &u32| plan.rows()[*slot as usize];
                let batch: Vec<(u32, u32)> = plan
                    .users()
                    .iter()
                    .zip(plan.positives())
                    .map(|(u, p)| (row(u) - 1_400, row(p)))
                    .collect();
                let negatives = check_plan(&run, step, &batch, &plan);
                assert!(!negatives.contains(&NONE));
                check_negatives(&run, &batch, &negatives);
            }
        }
    }
}

#[test]
fn each_pair_draws_by_the_law_whatever_the_pair_before_it_drew() {
    // Counts 1, 1, 3, 1, 2, 2 of six items; user 0 has items 0 and 1.
    let pairs = vec![(0, 0), (0, 1), (1, 2), (2, 2), (3, 2), (1, 3), (1, 4), (2, 4), (1, 5), (2, 5)];
    for beta in [0.0, 1.0] {
        for count in [2, 3] {
            let run = Run {
                user_count: 4,
                negative_count: count,
                candidate_count: 0,
                batch_size: 10,
                rows_per_shard: 10,
                beta,
                ..run(6, pairs.clone())
            };
            let weights: Vec<f64> = [0.0, 0.0, 3.0f64, 1.0, 2.0, 2.0]
                .iter()
                .map(|&f: &f64| if f > 0.0 { f.powf(beta) } else { 0.0 })
                .collect();
            let law: Vec<(Vec<u32>, f64)> = set_law(&weights, count).into_iter().collect();
            let place: HashMap<&Vec<u32>, usize> =
                law.iter().zip(0..).map(|((set, _), at)| (set, at)).collect();
            let mut observed = vec![0; law.len()];
            let mut planner = run.planner();
            for step in 1..10_000 {
                let plan = planner.plan(step);
                let row = |slot: &u32| plan.rows()[*slot as usize];
                for (pair, negatives) in plan.negatives(count).chunks(count).enumerate() {
                    if row(&plan.users()[pair]) == 6 {
                        let mut set: Vec<u32> = negatives.iter().map(row).collect();
                        set.sort_unstable();
                        observed[place[&set]] += 1;
                    }
                }
            }
            let weights: Vec<f64> = law.iter().map(|(_, probability)| *probability).collect();
            assert_law(&format!("beta {beta}, {count} of them"), &observed, &weights);
        }
    }
}
