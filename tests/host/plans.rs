//! Plans against brute force: which row each slot holds, what each slot is used for, what each user
//! excludes, and that everything fits the capacities.

use proptest::prelude::*;
use spherec::data::Interactions;
use spherec::random::{Purpose, key};
use spherec::sampling::{EpochOrder, ItemSampler, Planner};
use spherec::step::layout::{FAR, NONE};
use spherec::step::{
    BLOCK_BYTES, Geometry, Grain, HistoryShape, Loss, Optimizer, Plan, PlanShape, Rates, Schedule, StepShape,
    WINDOW_CHUNKS,
};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

const BETAS: (f64, f64) = (0.9, 0.999);
const EPSILON: f64 = 1e-8;
const LEARNING_RATE: f64 = 0.05;

/// Adam at a constant rate.
pub(crate) const RATES: Rates = Rates {
    optimizer: Optimizer::Adam { betas: BETAS, epsilon: EPSILON },
    schedule: Schedule::Constant { learning_rate: LEARNING_RATE },
    last_step: 1_000_000,
};

/// The sizes of a made-up run.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) user_count: usize,
    pub(crate) item_count: usize,
    pub(crate) pairs: Vec<(u32, u32)>,
    pub(crate) batch_size: usize,
    pub(crate) negative_count: usize,
    pub(crate) candidate_count: usize,
    pub(crate) rows_per_shard: usize,
    pub(crate) beta: f64,
    /// Items of a history at most, and whether users have rows; `None`: no histories.
    pub(crate) history: Option<(usize, bool)>,
    pub(crate) seed: u64,
}

impl Run {
    pub(crate) fn train(&self) -> Arc<Interactions> {
        Arc::new(Interactions::from_pairs(self.user_count, self.item_count, &self.pairs))
    }

    pub(crate) fn shape(&self) -> PlanShape {
        let train = self.train();
        // The most items, `cap` of each, that B different users can have.
        let most = |cap: usize| -> usize {
            let users = 0..self.user_count as u32;
            let mut counts: Vec<usize> = users.map(|user| train.items_of(user).len().min(cap)).collect();
            counts.sort_unstable_by(|a, b| b.cmp(a));
            counts.iter().take(self.batch_size).sum()
        };
        PlanShape {
            batch_size: self.batch_size,
            negative_count: self.negative_count,
            candidate_count: self.candidate_count,
            item_count: self.item_count,
            user_count: self.user_count,
            rows_per_shard: self.rows_per_shard,
            excluded_capacity: most(self.candidate_count),
            history: self.history.map(|(cap, has_user_rows)| HistoryShape {
                weight: 0.7,
                cap,
                has_user_rows,
                entry_capacity: most(cap),
            }),
        }
    }

    /// Plain gradient descent on the triplet loss.
    pub(crate) fn step_shape(&self, dim: usize, grain: Grain, gor_weight: f64) -> StepShape {
        StepShape {
            plan: self.shape(),
            dim,
            geometry: Geometry::Sphere,
            loss: Loss::Triplet { margin: 1.0, rank_weight: false },
            gor_weight,
            covariance_weight: 0.0,
            item_bias_rate: 0.0,
            optimizer: Optimizer::Sgd,
            shards_per_dispatch: 1,
            block_bytes: BLOCK_BYTES,
            nets: [None; 2],
            grain,
        }
    }

    pub(crate) fn planner(&self) -> Planner {
        self.planner_with(RATES)
    }

    pub(crate) fn planner_with(&self, rates: Rates) -> Planner {
        let train = self.train();
        let items = Arc::new(ItemSampler::new(&train.item_frequencies(), self.beta));
        let order = Arc::new(EpochOrder::new(train, self.seed));
        Planner::new(order, items, self.shape(), rates, self.seed)
    }
}

pub(crate) fn runs() -> impl Strategy<Value = Run> {
    let sizes = (1..25usize, 1..60usize, 1..40usize, 0..5usize, 0..70usize, 0..3usize);
    // Half of the runs have histories.
    let history = prop::option::of((1..12usize, any::<bool>()));
    (sizes, history).prop_flat_map(|(sizes, history)| {
        let (user_count, item_count, batch_size, negative_count, candidate_count, sharding) = sizes;
        let pairs = prop::collection::vec((0..user_count as u32, 0..item_count as u32), 1..150);
        let row_count = user_count + item_count;
        let rows_per_shard = match sharding {
            0 => (row_count..row_count + 5).boxed(),
            1 => (1..=row_count).boxed(),
            _ => (1..5usize).boxed(),
        };
        let beta = prop_oneof![Just(0.0), Just(0.5), Just(2.0)];
        // Half of the runs draw their negatives on the CPU.
        let candidate_count = if candidate_count < 35 { 0 } else { candidate_count - 34 };
        // Without candidates there is nothing to share.
        let negative_count = if candidate_count == 0 { negative_count.max(1) } else { negative_count };
        (pairs, rows_per_shard, beta, any::<u64>()).prop_map(move |(pairs, rows_per_shard, beta, seed)| Run {
            user_count,
            item_count,
            pairs,
            batch_size,
            negative_count,
            candidate_count,
            rows_per_shard,
            beta,
            history,
            seed,
        })
    })
}

/// The table row in slot `slot`.
fn row(plan: &Plan, slot: u32) -> u32 {
    if slot == NONE { NONE } else { plan.rows()[slot as usize] }
}

/// Checks `plan`, made without a correction, of `pairs` against brute force; returns its planned negatives as items, (B, N).
pub(crate) fn check_plan(run: &Run, step: u64, pairs: &[(u32, u32)], plan: &Plan) -> Vec<u32> {
    let (header, shape) = (&plan.header, run.shape());
    assert_eq!((header.step, header.log_slot, header.pair_count), (step as u32, 0, pairs.len() as u32));
    assert_eq!([header.draw_key_0, header.draw_key_1], key(run.seed, Purpose::Draw, step));
    let close = |got: f32, expected: f64| (f64::from(got) - expected).abs() <= 2e-7 * expected;
    // Of the decay rates that the kernels have, in f32.
    let (beta_1, beta_2) = (f64::from(BETAS.0 as f32), f64::from(BETAS.1 as f32));
    let root_bias = |step: u64| (1.0 - beta_2.powf(step as f64)).sqrt();
    assert!(close(header.step_size, LEARNING_RATE / (1.0 - beta_1.powf(step as f64))));
    assert!(close(header.root_bias_2, root_bias(step)));
    assert!(close(header.drift_epsilon, EPSILON * root_bias(step + 1)));
    check_rows(run, plan);
    check_quads(run, plan);
    check_uses(run, plan);
    check_excluded(run, plan, pairs);
    check_histories(run, plan, pairs);
    check_offsets(run, plan, 0.0);
    let item_count = run.item_count as u32;
    assert_eq!((plan.users().len(), plan.positives().len()), (pairs.len(), pairs.len()));
    for (index, &(user, item)) in pairs.iter().enumerate() {
        let (user_slot, item_slot) = (plan.users()[index], plan.positives()[index]);
        assert!(user_slot >= header.item_slot_count && item_slot < header.item_slot_count);
        let own_slot = plan.own_users()[index];
        assert!(own_slot >= header.item_slot_count && own_slot < header.pair_slots_at);
        let has_row = run.history.is_none_or(|(_, has_user_rows)| has_user_rows);
        let own_row = if has_row { item_count + user } else { NONE };
        assert_eq!((row(plan, own_slot), row(plan, item_slot)), (own_row, item), "pair {index}");
        let expected = match run.history {
            None => own_slot,
            Some(_) => header.pair_slots_at + index as u32,
        };
        assert_eq!(user_slot, expected, "pair {index}");
    }
    assert!(plan.rows().len() <= shape.row_capacity());
    assert!(header.candidate_count as usize <= shape.candidate_slot_capacity());
    assert!(plan.byte_count() <= shape.plan_capacity_bytes());
    plan.negatives(run.negative_count).iter().map(|&slot| row(plan, slot)).collect()
}

/// Distinct rows; items first; every filled slot that is no candidate belongs to the batch.
fn check_rows(run: &Run, plan: &Plan) {
    let header = &plan.header;
    assert!(header.candidate_count <= header.item_slot_count && header.item_slot_count <= header.row_count);
    assert!(header.item_slot_count <= header.pair_slots_at && header.pair_slots_at <= header.row_count);
    let sections = [header.candidate_count, header.item_slot_count, header.pair_slots_at, header.row_count];
    assert!(sections.iter().all(|count| count % 4 == 0));
    let mut rows = HashSet::new();
    for (slot, &row) in plan.rows().iter().enumerate().filter(|&(_, &row)| row != NONE) {
        assert!(rows.insert(row), "row {row} has two slots");
        assert!((row as usize) < run.item_count + run.user_count);
        assert_eq!((row as usize) < run.item_count, (slot as u32) < header.item_slot_count, "slot {slot}");
        let slot = slot as u32;
        let is_in_history = run.history.is_some()
            && if slot < header.item_slot_count {
                !plan.takers(slot).is_empty()
            } else {
                !plan.history_pairs(slot).is_empty()
            };
        let used = !plan.uses(slot).is_empty() || is_in_history;
        assert!(used || slot < header.candidate_count, "slot {slot} is for nothing");
    }
    assert_eq!(rows.len(), plan.filled_row_count());
}

/// Each quad within one shard, listed once, under that shard.
fn check_quads(run: &Run, plan: &Plan) {
    let mut listed = BTreeSet::new();
    let mut count = 0;
    for shard in 0..run.shape().shard_count() {
        for &quad in plan.shard_quads(shard..shard + 1) {
            listed.insert(quad);
            count += 1;
            let rows = &plan.rows()[quad as usize * 4..][..4];
            assert_ne!(rows[0], NONE, "quad {quad} begins with a hole");
            let shards =
                rows.iter().filter(|&&row| row != NONE).map(|&row| row as usize / run.rows_per_shard);
            assert!(
                shards.into_iter().all(|of_row| of_row == shard),
                "quad {quad} of shard {shard}: {rows:?}"
            );
        }
    }
    let has_user_rows = run.history.is_none_or(|(_, has_user_rows)| has_user_rows);
    let header = &plan.header;
    let loaded = if has_user_rows { header.pair_slots_at } else { header.item_slot_count };
    assert!(plan.rows()[loaded as usize..].iter().all(|&row| row == NONE));
    assert_eq!(count, loaded as usize / 4);
    assert_eq!(count, plan.shard_quads(0..run.shape().shard_count()).len());
    assert!(listed.into_iter().eq(0..count as u32));
}

fn check_uses(run: &Run, plan: &Plan) {
    let negatives = plan.negatives(run.negative_count);
    let mut expected = vec![Vec::new(); plan.rows().len()];
    for pair in 0..plan.header.pair_count {
        expected[plan.users()[pair as usize] as usize].push(pair * 2);
        expected[plan.positives()[pair as usize] as usize].push(pair * 2);
        let picks = pair * run.negative_count as u32..(pair + 1) * run.negative_count as u32;
        for pick in picks.filter(|_| !negatives.is_empty()) {
            if negatives[pick as usize] != NONE {
                expected[negatives[pick as usize] as usize].push(pick * 2 + 1);
            }
        }
    }
    for (slot, expected) in expected.iter().enumerate() {
        assert_eq!(plan.uses(slot as u32), expected, "slot {slot}");
    }
}

/// Each slot of a user, and the user that it has.
fn users_by_slot(plan: &Plan, pairs: &[(u32, u32)]) -> BTreeMap<u32, u32> {
    plan.own_users().iter().copied().zip(pairs.iter().map(|&(user, _)| user)).collect()
}

fn check_excluded(run: &Run, plan: &Plan, pairs: &[(u32, u32)]) {
    let train = run.train();
    let users = users_by_slot(plan, pairs);
    for slot in plan.header.item_slot_count..plan.header.pair_slots_at {
        let user = users.get(&slot);
        let is_own = |candidate: &u32| {
            let item = plan.rows()[*candidate as usize];
            item != NONE && user.is_some_and(|&user| train.contains(user, item))
        };
        let expected: Vec<u32> = (0..plan.header.candidate_count).filter(is_own).collect();
        let mut excluded = plan.excluded(slot).to_vec();
        excluded.sort_unstable();
        assert_eq!(excluded, expected, "user slot {slot}");
    }
}

/// What each user of the batch did, or a part of it as large as allowed; which pairs are whose; and what is left of a
/// history without a pair's positive.
fn check_histories(run: &Run, plan: &Plan, pairs: &[(u32, u32)]) {
    let Some((cap, _)) = run.history else { return };
    let (train, header) = (run.train(), &plan.header);
    let users = users_by_slot(plan, pairs);
    let mut takers = vec![Vec::new(); header.item_slot_count as usize];
    for slot in header.item_slot_count..header.pair_slots_at {
        let Some(&user) = users.get(&slot) else {
            assert!(plan.history(slot).is_empty() && plan.history_pairs(slot).is_empty(), "hole {slot}");
            continue;
        };
        let items: Vec<u32> = plan.history(slot).iter().map(|&item| row(plan, item)).collect();
        assert_eq!(items.len(), train.items_of(user).len().min(cap), "user {user}");
        assert!(items.windows(2).all(|two| two[0] < two[1]), "user {user}: {items:?}");
        assert!(items.iter().all(|&item| train.contains(user, item)), "user {user}: {items:?}");
        plan.history(slot).iter().for_each(|&item| takers[item as usize].push(slot - header.item_slot_count));
        let its: Vec<u32> =
            (0..).zip(pairs).filter(|(_, pair)| pair.0 == user).map(|(pair, _)| pair).collect();
        assert_eq!(plan.history_pairs(slot), its, "user {user}");
        for pair in its {
            let takes_out = items.contains(&pairs[pair as usize].1);
            let left = items.len() as u32 - u32::from(takes_out);
            assert_eq!(plan.history_size(pair as usize), (left, takes_out), "pair {pair}");
        }
    }
    for (slot, expected) in (0..).zip(&takers) {
        assert_eq!(plan.takers(slot), expected, "item slot {slot}");
    }
}

/// -correction ln(min(1, C q)) for each candidate, q ~ f^beta; far for each hole.
pub(crate) fn check_offsets(run: &Run, plan: &Plan, correction: f64) {
    let frequencies = run.train().item_frequencies();
    let weight = |item: u32| f64::from(frequencies[item as usize]).powf(run.beta);
    let total: f64 = (0..run.item_count as u32).map(weight).sum();
    let slots = &plan.rows()[..plan.header.candidate_count as usize];
    let count = slots.iter().filter(|&&row| row != NONE).count() as f64;
    assert_eq!(plan.offsets().len(), slots.len());
    for (&row, offset) in slots.iter().zip(plan.offsets()) {
        if row == NONE {
            assert_eq!(offset, FAR);
            continue;
        }
        let chance = (count * weight(row) / total).min(1.0);
        let expected = if correction == 0.0 { 0.0 } else { -correction * chance.ln() };
        let difference = (f64::from(offset) - expected).abs();
        // A chance next to 1 differs from it by rounding.
        assert!(difference <= 1e-6 * expected.abs() + 1e-12, "item {row}: {offset} for {expected}");
    }
}

/// The candidates are C different items, or all that can be drawn.
fn check_candidates(run: &Run, plan: &Plan) {
    let frequencies = run.train().item_frequencies();
    let can_be_drawn = |item: u32| run.beta == 0.0 || frequencies[item as usize] > 0;
    let drawable_count = (0..run.item_count as u32).filter(|&item| can_be_drawn(item)).count();
    let slots = &plan.rows()[..plan.header.candidate_count as usize];
    let candidates: Vec<u32> = slots.iter().copied().filter(|&row| row != NONE).collect();
    assert_eq!(candidates.len(), run.candidate_count.min(drawable_count));
    assert!(candidates.iter().all(|&item| can_be_drawn(item)));
}

/// N different items for each pair, none of them the user's, as long as there are any.
pub(crate) fn check_negatives(run: &Run, pairs: &[(u32, u32)], negatives: &[u32]) {
    assert_eq!(negatives.len(), pairs.len() * run.negative_count);
    let train = run.train();
    for (&(user, _), negatives) in pairs.iter().zip(negatives.chunks(run.negative_count)) {
        let drawn: Vec<u32> = negatives.iter().copied().filter(|&item| item != NONE).collect();
        let others = run.item_count - train.items_of(user).len();
        assert_eq!(drawn.len(), run.negative_count.min(others));
        assert_eq!(drawn.iter().collect::<HashSet<_>>().len(), drawn.len());
        assert!(drawn.iter().all(|&item| (item as usize) < run.item_count && !train.contains(user, item)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plans_say_what_the_batch_says(run in runs()) {
        let order = EpochOrder::new(run.train(), run.seed);
        let mut planner = run.planner();
        prop_assert_eq!(planner.shape(), &run.shape());
        let step_count = order.step_count(run.batch_size);
        for step in [1, 2, step_count, step_count + 1, 3 * step_count] {
            let plan = planner.plan(step);
            let mut pairs = Vec::new();
            order.batch(step, run.batch_size, &mut pairs);
            let negatives = check_plan(&run, step, &pairs, &plan);
            check_candidates(&run, &plan);
            if run.candidate_count == 0 {
                check_negatives(&run, &pairs, &negatives);
            }
        }
    }

    #[test]
    fn given_plans_say_what_was_given(mut run in runs(), picks in prop::collection::vec(any::<u32>(), 40 * 5)) {
        run.candidate_count = 0;
        run.negative_count = run.negative_count.max(1);
        let pairs: Vec<(u32, u32)> = run.pairs.iter().copied().cycle().take(run.batch_size).collect();
        let pick_count = run.batch_size * run.negative_count;
        // Any item, the pair's own included, and sometimes none.
        let item = |pick: &u32| if pick.is_multiple_of(11) { NONE } else { pick % run.item_count as u32 };
        let negatives: Vec<u32> = picks.iter().take(pick_count).map(item).collect();
        let mut planner = run.planner();
        planner.plan(1);
        for step in [5, 6] {
            let plan = planner.plan_given(step, &pairs, &negatives);
            prop_assert_eq!(check_plan(&run, step, &pairs, &plan), negatives.clone());
        }
    }

    #[test]
    fn a_plan_is_a_function_of_seed_and_step(run in runs(), steps in prop::collection::vec(1..40u64, 1..10)) {
        let (mut planner, mut walked) = (run.planner(), run.planner());
        let plans: Vec<Plan> = (1..40).map(|step| walked.plan(step)).collect();
        for &step in &steps {
            let mut clone = planner.clone();
            prop_assert_eq!(&planner.plan(step), &plans[step as usize - 1]);
            prop_assert_eq!(&clone.plan(step), &plans[step as usize - 1]);
        }
    }

    #[test]
    fn every_window_is_whole_and_every_pair_in_one(
        batch_size in 1..9_000usize, candidate_count in 1..30_000usize, dim in 1..=1_024usize, kib in 1..70_000usize,
    ) {
        let run = Run {
            user_count: 10, item_count: 40_000, pairs: vec![(0, 0)], batch_size, negative_count: 1, candidate_count,
            rows_per_shard: 40_010, beta: 0.0, history: None, seed: 0,
        };
        let shape = StepShape { block_bytes: kib << 10, ..run.step_shape(dim, Grain::CPU, 0.0) };
        let mut pair = 0;
        for block in shape.blocks() {
            prop_assert_eq!((block.first_pair as usize, block.first_row), (pair, 0));
            for window in shape.windows(&block) {
                prop_assert_eq!(window.first_pair as usize, pair);
                prop_assert_eq!(window.first_row as usize, pair - block.first_pair as usize);
                let chunks = shape.window(pair);
                prop_assert_eq!(chunks.len(), WINDOW_CHUNKS);
                prop_assert!(chunks.start.is_multiple_of(16) && chunks.end <= shape.working_chunks());
                prop_assert!(window.pair_count as usize * shape.chunk_count() <= WINDOW_CHUNKS);
                pair += window.pair_count as usize;
            }
        }
        prop_assert_eq!(pair, batch_size);
    }
}
