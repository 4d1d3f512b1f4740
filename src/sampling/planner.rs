//! Making the plan of one step: drawing, giving slots to rows, and listing what each slot is used for.

use super::draw::ItemSampler;
use super::epoch::EpochOrder;
use super::histories::Histories;
use super::projection::Projection;
use super::slots::{SlotMap, list_quads, place};
use super::uses::{PairSlots, list_uses};
use crate::data::{Features, Interactions, Side};
use crate::random::{Purpose, Stream, key};
use crate::step::layout::{FAR, NONE, PlanHeader};
use crate::step::{NetShape, Plan, PlanShape, Rates};
use fixedbitset::FixedBitSet;
use std::sync::Arc;

/// Makes the plan of any step from (seed, step) alone; keeps scratch memory between calls.
#[derive(Debug, Clone)]
pub struct Planner {
    order: Arc<EpochOrder>,
    items: Arc<ItemSampler>,
    shape: PlanShape,
    rates: Rates,
    correction: f64,
    seed: u64,
    projections: Vec<Projection>,
    histories: Histories,
    item_slots: SlotMap,
    user_slots: SlotMap,
    pairs: Vec<(u32, u32)>,
    candidates: Vec<u32>,
    is_candidate: FixedBitSet,
    negatives: Vec<u32>,
    /// Negatives of the pair at hand.
    is_taken: FixedBitSet,
}

impl Planner {
    /// A planner of the run `seed`.
    pub fn new(
        order: Arc<EpochOrder>,
        items: Arc<ItemSampler>,
        shape: PlanShape,
        rates: Rates,
        seed: u64,
    ) -> Planner {
        Planner {
            order,
            items,
            shape,
            rates,
            correction: 0.0,
            seed,
            projections: Vec::new(),
            histories: Histories::default(),
            item_slots: SlotMap::new(shape.item_count),
            user_slots: SlotMap::new(shape.user_count),
            pairs: Vec::new(),
            candidates: Vec::new(),
            is_candidate: FixedBitSet::with_capacity(shape.item_count),
            negatives: Vec::new(),
            is_taken: FixedBitSet::with_capacity(shape.item_count),
        }
    }

    /// Takes `correction` times ln(chance that it is drawn) off the scores of each shared candidate
    /// ([`crate::step::Loss::correction`]).
    pub fn correcting(self, correction: f64) -> Planner {
        Planner { correction, ..self }
    }

    /// Projects rows of `side` from their features, by a network of `shape`.
    pub fn projecting(mut self, side: Side, rows: Arc<Features>, shape: NetShape) -> Planner {
        self.projections.push(Projection::new(side, rows, self.order.train(), shape, self.rates, self.seed));
        self
    }

    /// The shape of this run's plans.
    pub fn shape(&self) -> &PlanShape {
        &self.shape
    }

    /// The plan of step `step`, counted from 1.
    pub fn plan(&mut self, step: u64) -> Plan {
        let mut pairs = std::mem::take(&mut self.pairs);
        self.order.batch(step, self.shape.batch_size, &mut pairs);
        self.clear();
        if self.shape.candidate_count > 0 {
            self.draw_candidates(step);
        } else {
            self.draw_negatives(step, &pairs);
        }
        let plan = self.lay_out(step, &pairs);
        self.pairs = pairs;
        plan
    }

    /// The plan of a batch whose pairs (B) and negative items (B, N) are given.
    pub fn plan_given(&mut self, step: u64, pairs: &[(u32, u32)], negatives: &[u32]) -> Plan {
        self.clear();
        self.negatives.extend_from_slice(negatives);
        self.lay_out(step, pairs)
    }

    /// The plan of a batch whose pairs (B) and distinct candidates (C) are given.
    pub fn plan_given_candidates(&mut self, step: u64, pairs: &[(u32, u32)], candidates: &[u32]) -> Plan {
        self.clear();
        self.candidates.extend_from_slice(candidates);
        candidates.iter().for_each(|&item| self.is_candidate.insert(item as usize));
        self.lay_out(step, pairs)
    }

    fn clear(&mut self) {
        self.item_slots.clear();
        self.user_slots.clear();
        self.candidates.iter().for_each(|&item| self.is_candidate.remove(item as usize));
        self.candidates.clear();
        self.negatives.clear();
    }

    /// Stage 1: C distinct candidates by popularity.
    fn draw_candidates(&mut self, step: u64) {
        let mut stream = Stream::new(self.seed, Purpose::Candidates, step);
        let seen = &mut self.is_candidate;
        let is_new = |item| !seen.put(item as usize);
        self.items.draw_distinct(&mut stream, self.shape.candidate_count, &mut self.candidates, is_new);
    }

    /// Uniform and popularity sampling: N distinct items for each pair, none of them the user's.
    fn draw_negatives(&mut self, step: u64, pairs: &[(u32, u32)]) {
        let mut stream = Stream::new(self.seed, Purpose::Negatives, step);
        for &(user, _) in pairs {
            let own = self.order.train().items_of(user);
            let first = self.negatives.len();
            for _ in 0..self.shape.negative_count {
                let is_taken = |item: u32| self.is_taken.contains(item as usize);
                let drawn = self.items.draw_outside(&mut stream, own, is_taken);
                self.negatives.push(drawn.unwrap_or(NONE));
                drawn.into_iter().for_each(|item| self.is_taken.insert(item as usize));
            }
            let taken = self.negatives[first..].iter().filter(|&&item| item != NONE);
            taken.for_each(|&item| self.is_taken.remove(item as usize));
        }
    }

    fn lay_out(&mut self, step: u64, pairs: &[(u32, u32)]) -> Plan {
        let (item_count, negative_count) = (self.shape.item_count as u32, self.shape.negative_count);
        let mut words = Vec::with_capacity(self.shape.row_capacity() * 3 + pairs.len() * 8);
        let mut rows = Vec::with_capacity(self.shape.row_capacity());
        self.place(&self.candidates, &mut rows);
        let candidate_count = rows.len();
        let mut users = Vec::with_capacity(pairs.len());
        users.extend(pairs.iter().map(|&(user, _)| user).filter(|&user| self.user_slots.mark(user)));
        if let Some(shape) = &self.shape.history {
            self.histories.draw(&users, self.order.train(), shape, self.seed, step);
        }
        // Items of the batch that are no candidates, in the order of their first use.
        let mut others = Vec::with_capacity(pairs.len());
        let batch_items = pairs.iter().map(|&(_, item)| item).chain(self.negatives.iter().copied());
        let of_histories = if self.shape.history.is_some() { self.histories.items() } else { &[] };
        for item in batch_items.chain(of_histories.iter().copied()).filter(|&item| item != NONE) {
            if !self.is_candidate.contains(item as usize) && self.item_slots.mark(item) {
                others.push(item);
            }
        }
        self.place(&others, &mut rows);
        let item_slot_count = rows.len();
        for (slot, &row) in rows.iter().enumerate().filter(|&(_, &row)| row != NONE) {
            self.item_slots.set(row, slot as u32);
        }
        // The slots of the step that hold rows of the tables.
        let mut loaded = item_slot_count;
        if self.shape.history.is_none_or(|history| history.has_user_rows) {
            others.clear();
            others.extend(users.iter().map(|user| item_count + user));
            self.place(&others, &mut rows);
            loaded = rows.len();
            for (slot, &row) in rows.iter().enumerate().skip(item_slot_count).filter(|(_, row)| **row != NONE)
            {
                self.user_slots.set(row - item_count, slot as u32);
            }
        } else {
            (0..).zip(&users).for_each(|(at, &user)| self.user_slots.set(user, item_slot_count as u32 + at));
            rows.resize((item_slot_count + users.len()).next_multiple_of(4), NONE);
        }
        let pair_slots_at = rows.len();
        if self.shape.history.is_some() {
            rows.resize((pair_slots_at + pairs.len()).next_multiple_of(4), NONE);
        }
        words.extend_from_slice(&rows);
        let users_at = words.len();
        match self.shape.history {
            None => words.extend(pairs.iter().map(|&(user, _)| self.user_slots.get(user))),
            Some(_) => words.extend((0..pairs.len()).map(|pair| (pair_slots_at + pair) as u32)),
        }
        let positives_at = words.len();
        words.extend(pairs.iter().map(|&(_, item)| self.item_slots.get(item)));
        let negatives_at = words.len();
        words.extend(self.negatives.iter().map(|&item| self.item_slots.get(item)));
        let end = words.len();
        let pair_slots = PairSlots {
            users: users_at..positives_at,
            positives: positives_at..negatives_at,
            negatives: negatives_at..end,
            negative_count,
        };
        let uses_at = list_uses(&mut words, rows.len(), &pair_slots);
        let mut user_of_slot = vec![NONE; pair_slots_at - item_slot_count];
        users.iter().for_each(|&user| {
            user_of_slot[self.user_slots.get(user) as usize - item_slot_count] = user;
        });
        let excluded_at = self.list_excluded(&user_of_slot, candidate_count, &mut words);
        let (quads_at, shards_at) =
            list_quads(&rows[..loaded], self.shape.rows_per_shard, self.shape.shard_count(), &mut words);
        let offsets_at = words.len() as u32;
        words.extend(rows[..candidate_count].iter().map(|&row| self.offset(row).to_bits()));
        let draw_key = key(self.seed, Purpose::Draw, step);
        let rates = self.rates.at(step);
        let mut header = PlanHeader {
            step: step as u32,
            log_slot: 0,
            pair_count: pairs.len() as u32,
            candidate_count: candidate_count as u32,
            item_slot_count: item_slot_count as u32,
            row_count: rows.len() as u32,
            draw_key_0: draw_key[0],
            draw_key_1: draw_key[1],
            step_size: rates.step_size,
            root_bias_2: rates.root_bias_2,
            drift_epsilon: rates.drift_epsilon,
            rows_at: 0,
            users_at: users_at as u32,
            positives_at: positives_at as u32,
            negatives_at: negatives_at as u32,
            uses_at,
            excluded_at,
            quads_at,
            shards_at,
            offsets_at,
            own_users_at: users_at as u32,
            pair_slots_at: pair_slots_at as u32,
            ..PlanHeader::default()
        };
        if self.shape.history.is_some() {
            header.own_users_at = words.len() as u32;
            words.extend(pairs.iter().map(|&(user, _)| self.user_slots.get(user)));
            let (user_slot, item_slot) = (|user| self.user_slots.get(user), |item| self.item_slots.get(item));
            self.histories.lay_out(pairs, user_slot, item_slot, &mut words, &mut header);
        }
        let mut plan = Plan { header, words, nets: Vec::new() };
        plan.nets = self.projections.iter_mut().map(|net| net.plan(&plan, &self.shape)).collect();
        plan
    }

    /// What is added to the scores of the candidate in table row `row`: FAR for a hole, else the correction for how likely
    /// it was to be among the candidates, -correction ln(min(1, C q)).
    fn offset(&self, row: u32) -> f32 {
        if row == NONE {
            return FAR;
        }
        if self.correction == 0.0 {
            return 0.0;
        }
        let expected = self.candidates.len() as f64 * self.items.probability(row);
        (-self.correction * expected.min(1.0).ln()) as f32
    }

    fn place(&self, section: &[u32], rows: &mut Vec<u32>) {
        place(section, self.shape.rows_per_shard, self.shape.shard_count(), rows);
    }

    /// For each user slot, whose user `users` has, the candidate slots that the user has as items: exact exclusion.
    fn list_excluded(&self, users: &[u32], candidate_count: usize, words: &mut Vec<u32>) -> u32 {
        let excluded_at = words.len();
        words.resize(excluded_at + users.len() + 1, 0);
        let train: &Interactions = self.order.train();
        if candidate_count > 0 {
            train.touch(users.iter().copied().filter(|&user| user != NONE));
        }
        for (index, &user) in users.iter().enumerate() {
            words[excluded_at + index] = words.len() as u32;
            if user == NONE || candidate_count == 0 {
                continue;
            }
            let items = train.items_of(user);
            let first = words.len();
            let mut end = first;
            words.resize(first + items.len(), 0);
            // Write every item, and move on only if it is a candidate. Few are, and a branch would be guessed wrong.
            for &item in items {
                words[end] = item;
                end += usize::from(self.is_candidate.contains(item as usize));
            }
            words.truncate(end);
            words[first..].iter_mut().for_each(|item| *item = self.item_slots.get(*item));
        }
        words[excluded_at + users.len()] = words.len() as u32;
        excluded_at as u32
    }
}
