//! Planning what a step takes of a network that projects features: which rows, and which features they have.

use super::slots::{SlotMap, list_quads, place};
use crate::data::{Features, Interactions, Side};
use crate::random::{Purpose, Stream, key};
use crate::step::layout::{NONE, PlanHeader};
use crate::step::{FeatureRole, Layer, NetPlan, NetShape, Plan, PlanShape, Rates};
use fixedbitset::FixedBitSet;
use rand::RngExt;
use std::sync::Arc;

/// Plans a network's part of any step from (seed, step) and the plan of the step's points.
#[derive(Debug, Clone)]
pub(super) struct Projection {
    side: Side,
    rows: Arc<Features>,
    /// The rows that have features and are trained: a row that nothing but features is known of has no point to learn from.
    is_projected: FixedBitSet,
    shape: NetShape,
    rates: Rates,
    seed: u64,
    slots: SlotMap,
}

impl Projection {
    pub(super) fn new(
        side: Side,
        rows: Arc<Features>,
        train: &Interactions,
        shape: NetShape,
        rates: Rates,
        seed: u64,
    ) -> Projection {
        let is_trained: FixedBitSet = match side {
            Side::Items => train.items().iter().map(|&item| item as usize).collect(),
            Side::Users => {
                let users = 0..train.user_count();
                users.filter(|&user| !train.items_of(user as u32).is_empty()).collect()
            }
        };
        let is_projected = is_trained.ones().filter(|&row| rows.has(row as u32)).collect();
        let slots = SlotMap::new(shape.table_rows(Layer::Input));
        Projection { side, rows, is_projected, shape, rates, seed, slots }
    }

    /// What the step of `plan` takes of the network; `points` is the shape of such plans.
    pub(super) fn plan(&mut self, plan: &Plan, points: &PlanShape) -> NetPlan {
        let step = u64::from(plan.header.step);
        let side = self.side;
        let row_of = |slot: u32| match (side, plan.rows()[slot as usize]) {
            (_, NONE) => None,
            (Side::Items, row) => Some(row as usize),
            (Side::Users, row) => Some(row as usize - points.item_count),
        };
        let item_slots = plan.header.item_slot_count;
        let slots = match self.side {
            Side::Items => 0..item_slots,
            Side::Users => item_slots..plan.header.pair_slots_at,
        };
        // L_f is over the rows of the batch, not over the items that it has in histories alone; nor over a candidate of stage
        // 2, which may end unused. What is a part of the points is needed of every row.
        let shared = if points.shares_candidates() { plan.header.candidate_count } else { 0 };
        let is_used = |slot: u32| match (self.shape.role, side) {
            (FeatureRole::Near { .. }, Side::Items) => slot < shared || !plan.uses(slot).is_empty(),
            (FeatureRole::Added, _) | (_, Side::Users) => true,
        };
        let rows = Arc::clone(&self.rows);
        let is_projected = |&slot: &u32| row_of(slot).is_some_and(|row| self.is_projected.contains(row));
        let mut projected: Vec<u32> = slots.filter(|&slot| is_used(slot)).filter(is_projected).collect();
        let weight = match self.shape.role {
            FeatureRole::Near { weight } => {
                let found = projected.len();
                self.sample(step, &mut projected);
                weight * found as f64 / projected.len().max(1) as f64
            }
            // The scores need all of them.
            FeatureRole::Added => 1.0,
        };
        let entries = projected.iter().map(|&slot| rows.row(row_of(slot).unwrap_or(0) as u32).iter());
        NetPlan {
            side: self.side,
            input: self.input(step, &projected, entries, weight),
            output: (!self.shape.is_linear()).then(|| self.output(step)),
        }
    }

    /// Keeps P of them, each with the same chance, in their order.
    fn sample(&self, step: u64, projected: &mut Vec<u32>) {
        let most = self.shape.projected;
        if projected.len() <= most {
            return;
        }
        let index = 2 * step + self.side.index() as u64;
        let mut stream = Stream::new(self.seed, Purpose::Projected, index);
        for place in 0..most {
            let other = stream.random_range(place..projected.len());
            projected.swap(place, other);
        }
        projected.truncate(most);
        projected.sort_unstable();
    }

    /// The plan of the first layer: the features of the rows `projected`, whose entries are `entries`.
    fn input<Row: Iterator<Item = (u32, f32)>>(
        &mut self,
        step: u64,
        projected: &[u32],
        entries: impl Iterator<Item = Row>,
        weight: f64,
    ) -> Plan {
        self.slots.clear();
        let bias_row = self.shape.feature_count as u32;
        let mut ends = vec![0usize];
        let (mut features, mut values) = (Vec::new(), Vec::new());
        for row in entries {
            for (feature, value) in row {
                features.push(feature);
                values.push(value);
            }
            ends.push(features.len());
        }
        let mut used = vec![bias_row];
        used.extend(features.iter().copied().filter(|&feature| self.slots.mark(feature)));
        let shard_count = self.shape.table_rows(Layer::Input).div_ceil(self.shape.rows_per_shard);
        let mut words = Vec::with_capacity(used.len() * 4 + features.len() * 4 + projected.len() * 4);
        place(&used, self.shape.rows_per_shard, shard_count, &mut words);
        let slot_count = words.len();
        for (slot, &row) in words.iter().enumerate().filter(|&(_, &row)| row != NONE) {
            self.slots.set(row, slot as u32);
        }
        let bias_slot = self.slots.get(bias_row);
        let rows = words.clone();
        let (quads_at, shards_at) = list_quads(&rows, self.shape.rows_per_shard, shard_count, &mut words);
        let projected_at = words.len();
        words.extend_from_slice(projected);
        let entries_at = words.len();
        let lists_at = entries_at + projected.len() + 1;
        words.extend(ends.iter().map(|&end| (lists_at + 2 * end) as u32));
        for (&feature, value) in features.iter().zip(&values) {
            words.extend([self.slots.get(feature), value.to_bits()]);
        }
        let uses_at = self.list_uses(&mut words, slot_count, bias_slot, &ends, &features, &values);
        let purpose = Purpose::Dropout;
        let draw_key = key(self.seed, purpose, 2 * step + self.side.index() as u64);
        Plan {
            header: PlanHeader {
                row_count: slot_count as u32,
                item_slot_count: slot_count as u32,
                draw_key_0: draw_key[0],
                draw_key_1: draw_key[1],
                uses_at,
                quads_at,
                shards_at,
                projected_count: projected.len() as u32,
                projected_weight: weight as f32,
                bias_slot,
                projected_at: projected_at as u32,
                entries_at: entries_at as u32,
                ..self.header(step)
            },
            words,
            nets: Vec::new(),
        }
    }

    /// Appends the uses of each feature slot, (projected row, value), in the order of the rows; b1 is used by all rows.
    fn list_uses(
        &self,
        words: &mut Vec<u32>,
        slot_count: usize,
        bias_slot: u32,
        ends: &[usize],
        features: &[u32],
        values: &[f32],
    ) -> u32 {
        let uses_at = words.len();
        let row_count = ends.len() - 1;
        let mut next = vec![0usize; slot_count + 1];
        next[bias_slot as usize + 1] = row_count;
        features.iter().for_each(|&feature| next[self.slots.get(feature) as usize + 1] += 1);
        let lists_at = uses_at + slot_count + 1;
        for slot in 0..slot_count {
            next[slot + 1] += next[slot];
        }
        words.extend(next.iter().map(|&begin| (lists_at + 2 * begin) as u32));
        words.resize(lists_at + 2 * (row_count + features.len()), 0);
        let mut put = |slot: u32, row: usize, value: f32| {
            let place = lists_at + 2 * next[slot as usize];
            words[place] = row as u32;
            words[place + 1] = value.to_bits();
            next[slot as usize] += 1;
        };
        for row in 0..row_count {
            put(bias_slot, row, 1.0);
            for entry in ends[row]..ends[row + 1] {
                put(self.slots.get(features[entry]), row, values[entry]);
            }
        }
        uses_at as u32
    }

    /// The plan of the second layer: every hidden unit, and b2, each in the slot of its row.
    fn output(&self, step: u64) -> Plan {
        let row_count = self.shape.table_rows(Layer::Output) as u32;
        let mut words: Vec<u32> = (0..row_count).collect();
        words.resize(words.len().next_multiple_of(4), NONE);
        let slot_count = words.len() as u32;
        words.extend(0..slot_count / 4);
        words.extend([0, slot_count / 4]);
        let header = PlanHeader {
            row_count: slot_count,
            item_slot_count: slot_count,
            quads_at: slot_count,
            shards_at: slot_count + slot_count / 4,
            ..self.header(step)
        };
        Plan { header, words, nets: Vec::new() }
    }

    fn header(&self, step: u64) -> PlanHeader {
        let rates = self.rates.at(step);
        PlanHeader {
            step: step as u32,
            step_size: rates.step_size,
            root_bias_2: rates.root_bias_2,
            drift_epsilon: rates.drift_epsilon,
            ..PlanHeader::default()
        }
    }
}
