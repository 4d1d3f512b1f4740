//! The plan of one step, in the layout of `shaders/include/plan.wgsl`.

use super::layout::{NONE, PlanHeader};
use super::{Layer, Of};
use crate::data::Side;
use std::ops::Range;

/// What all plans of a run have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanShape {
    /// B: pairs of a full batch.
    pub batch_size: usize,
    /// N: negatives that a pair has of its own; 0 if it shares all candidates with the batch.
    pub negative_count: usize,
    /// C: candidates of a batch; 0 if negatives are drawn on the CPU.
    pub candidate_count: usize,
    /// I: item rows come first in the table, user rows follow.
    pub item_count: usize,
    /// U.
    pub user_count: usize,
    /// Table rows of a shard.
    pub rows_per_shard: usize,
    /// The most words that the excluded slots of one batch can take.
    pub excluded_capacity: usize,
    /// Users by what they did; `None`: by their rows alone.
    pub history: Option<HistoryShape>,
}

/// What plans have of histories, by which the user of a pair is more than a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistoryShape {
    /// g: how much the mean of a history counts beside the user's own point.
    pub weight: f64,
    /// Items of a user that a step takes, at most.
    pub cap: usize,
    /// Whether users have rows of their own; otherwise their items are all that they are made of.
    pub has_user_rows: bool,
    /// The most items that the histories of one batch can have.
    pub entry_capacity: usize,
}

impl PlanShape {
    /// Whether all candidates are negatives of every pair.
    pub fn shares_candidates(&self) -> bool {
        self.negative_count == 0
    }

    /// Rows of the table: items, then users, if these have rows.
    pub fn table_rows(&self) -> usize {
        let has_user_rows = self.history.is_none_or(|history| history.has_user_rows);
        self.item_count + if has_user_rows { self.user_count } else { 0 }
    }

    /// S: shards of the table.
    pub fn shard_count(&self) -> usize {
        self.table_rows().div_ceil(self.rows_per_shard)
    }

    /// Most candidate slots, holes included.
    pub fn candidate_slot_capacity(&self) -> usize {
        self.section_capacity(self.candidate_count)
    }

    /// Most row slots, holes included.
    pub fn row_capacity(&self) -> usize {
        let pair_slots = if self.history.is_some() { self.batch_size.next_multiple_of(4) } else { 0 };
        self.candidate_slot_capacity()
            + self.section_capacity(self.other_items())
            + self.user_slot_capacity()
            + pair_slots
    }

    /// Most slots of users, holes included.
    pub fn user_slot_capacity(&self) -> usize {
        self.section_capacity(self.rows_of(Side::Users))
    }

    /// The most rows of `side` that a step works on.
    pub fn rows_of(&self, side: Side) -> usize {
        match side {
            Side::Items => (self.candidate_count + self.other_items()).min(self.item_count),
            Side::Users => self.batch_size.min(self.user_count),
        }
    }

    /// The most items of a step that are no candidates.
    fn other_items(&self) -> usize {
        let own_negatives = if self.candidate_count == 0 { self.batch_size * self.negative_count } else { 0 };
        let history = self.history.map_or(0, |history| history.entry_capacity);
        (self.batch_size + own_negatives + history).min(self.item_count)
    }

    /// Each shard's part of a section is rounded up to whole quads.
    fn section_capacity(&self, count: usize) -> usize {
        if count == 0 { 0 } else { (count + 3 * self.shard_count().min(count)).next_multiple_of(4) }
    }

    /// Words of `picked` for each candidate: a bit a pair.
    pub fn pair_words(&self) -> usize {
        self.batch_size.div_ceil(32)
    }

    /// Most bytes that a plan can take.
    pub fn plan_capacity_bytes(&self) -> u64 {
        let (pairs, rows) = (self.batch_size, self.row_capacity());
        let words = size_of::<PlanHeader>() / 4
            + 2 * rows + 1                                  // rows, uses_at
            + 4 * pairs + 2 * pairs * self.negative_count   // slots of pairs, negatives, uses
            + rows + 1 + self.excluded_capacity             // excluded_at, excluded
            + rows / 4 + self.shard_count() + 1
            + self.candidate_slot_capacity() // offsets
            // own users, sizes, lists of pairs; beginnings of three lists; histories and their takers
            + self.history.map_or(0, |history| 3 * pairs + 3 * (rows + 1) + 2 * history.entry_capacity);
        words as u64 * 4
    }
}

/// One step as data. Section names and meanings are those of `plan.wgsl`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Counts, and where each section begins.
    pub header: PlanHeader,
    /// All sections.
    pub words: Vec<u32>,
    /// What the step takes of each network that projects features.
    pub nets: Vec<NetPlan>,
}

/// What a step takes of a network that projects features: a plan for the table of each of its layers.
#[derive(Debug, Clone, PartialEq)]
pub struct NetPlan {
    /// Whose features.
    pub side: Side,
    /// The features of the rows that are projected, and these rows.
    pub input: Plan,
    /// All hidden units; none if the network is linear.
    pub output: Option<Plan>,
}

impl Plan {
    /// The plan that stages of `of` read; `None` if the step projects no row there.
    pub fn of(&self, of: Of) -> Option<&Plan> {
        let net = |side: Side| {
            self.nets.iter().find(|net| net.side == side && net.input.header.projected_count > 0)
        };
        match of {
            Of::Points => Some(self),
            Of::Net(side) | Of::Layer(side, Layer::Input) => net(side).map(|net| &net.input),
            Of::Layer(side, Layer::Output) => net(side).and_then(|net| net.output.as_ref()),
        }
    }

    /// Says where the step's sums go in the log.
    pub(crate) fn set_log_slot(&mut self, slot: u32) {
        self.header.log_slot = slot;
        for net in &mut self.nets {
            net.input.header.log_slot = slot;
            if let Some(output) = &mut net.output {
                output.header.log_slot = slot;
            }
        }
    }

    /// (P) the row slot, among those of the step's points, of each row that a network projects.
    pub fn projected(&self) -> &[u32] {
        self.section(self.header.projected_at, self.header.projected_count)
    }

    /// The (feature slot, value) of a row that a network projects.
    pub fn entries(&self, projected: usize) -> impl Iterator<Item = (u32, f32)> {
        self.listed(self.header.entries_at + projected as u32)
    }

    /// The (projected row, value) for which a network needs the feature in `slot`.
    pub fn feature_uses(&self, slot: u32) -> impl Iterator<Item = (u32, f32)> {
        self.listed(self.header.uses_at + slot)
    }

    /// The pairs of words in the list that begins where the word `at` says, and ends where the next does.
    fn listed(&self, at: u32) -> impl Iterator<Item = (u32, f32)> {
        self.list(at).chunks_exact(2).map(|pair| (pair[0], f32::from_bits(pair[1])))
    }

    fn section(&self, at: u32, count: u32) -> &[u32] {
        &self.words[at as usize..][..count as usize]
    }

    /// (R) the table row of each slot, or [`NONE`].
    pub fn rows(&self) -> &[u32] {
        self.section(self.header.rows_at, self.header.row_count)
    }

    /// (B) the row slot of each pair's user.
    pub fn users(&self) -> &[u32] {
        self.section(self.header.users_at, self.header.pair_count)
    }

    /// (B) the slot of each pair's user before its history is added: that of [`Plan::users`] without histories.
    pub fn own_users(&self) -> &[u32] {
        self.section(self.header.own_users_at, self.header.pair_count)
    }

    /// The item slots of the history of the user in slot `user`.
    pub fn history(&self, user: u32) -> &[u32] {
        self.list(self.header.histories_at + user - self.header.item_slot_count)
    }

    /// The pairs of the user in slot `user`.
    pub fn history_pairs(&self, user: u32) -> &[u32] {
        self.list(self.header.history_pairs_at + user - self.header.item_slot_count)
    }

    /// Whose history has the item in slot `item`, counted from the first user slot.
    pub fn takers(&self, item: u32) -> &[u32] {
        self.list(self.header.takers_at + item)
    }

    /// Of a pair: the items of its history without its positive, and whether the positive was among them.
    pub fn history_size(&self, pair: usize) -> (u32, bool) {
        let word = self.section(self.header.history_sizes_at, self.header.pair_count)[pair];
        (word / 2, word % 2 == 1)
    }

    /// The words of the list that begins where the word `at` says, and ends where the next does.
    fn list(&self, at: u32) -> &[u32] {
        let ends = self.section(at, 2);
        &self.words[ends[0] as usize..ends[1] as usize]
    }

    /// (B) the row slot of each pair's positive.
    pub fn positives(&self) -> &[u32] {
        self.section(self.header.positives_at, self.header.pair_count)
    }

    /// (B, N) the row slots of negatives drawn on the CPU; empty if there are candidates.
    pub fn negatives(&self, negative_count: usize) -> &[u32] {
        if self.header.candidate_count > 0 {
            return &[];
        }
        self.section(self.header.negatives_at, self.header.pair_count * negative_count as u32)
    }

    /// The uses of a slot: pair * 2 for a user or positive, pick * 2 + 1 for a negative.
    pub fn uses(&self, slot: u32) -> &[u32] {
        self.list(self.header.uses_at + slot)
    }

    /// The candidate slots that are items of the user in slot `user`, one of [`Plan::own_users`].
    pub fn excluded(&self, user: u32) -> &[u32] {
        self.list(self.header.excluded_at + user - self.header.item_slot_count)
    }

    /// (C) what is added to the scores of each candidate slot.
    pub fn offsets(&self) -> Vec<f32> {
        let words = self.section(self.header.offsets_at, self.header.candidate_count);
        words.iter().map(|&word| f32::from_bits(word)).collect()
    }

    /// The quads of some shards.
    pub fn shard_quads(&self, shards: Range<usize>) -> &[u32] {
        let begins = self.section(self.header.shards_at, shards.end as u32 + 1);
        let quads = self.section(self.header.quads_at, self.header.shards_at - self.header.quads_at);
        &quads[begins[shards.start] as usize..begins[shards.end] as usize]
    }

    /// Bytes on the device.
    pub fn byte_count(&self) -> u64 {
        (size_of::<PlanHeader>() + self.words.len() * 4) as u64
    }

    /// Slots that hold a row.
    pub fn filled_row_count(&self) -> usize {
        self.rows().iter().filter(|&&row| row != NONE).count()
    }
}
