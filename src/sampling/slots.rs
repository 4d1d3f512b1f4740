//! Giving slots to table rows, in quads that never straddle two shards.

use crate::step::layout::NONE;

/// Appends `section` (distinct table rows) to `rows`, shard by shard, each shard's part rounded up to whole
/// quads with holes. With one shard the order stays.
pub(super) fn place(section: &[u32], rows_per_shard: usize, shard_count: usize, rows: &mut Vec<u32>) {
    if shard_count == 1 {
        rows.extend_from_slice(section);
        rows.resize(rows.len().next_multiple_of(4), NONE);
        return;
    }
    let shard_of = |row: u32| row as usize / rows_per_shard;
    let mut starts = vec![0usize; shard_count + 1];
    for &row in section {
        starts[shard_of(row) + 1] += 1;
    }
    for shard in 0..shard_count {
        starts[shard + 1] = starts[shard] + starts[shard + 1].next_multiple_of(4);
    }
    let base = rows.len();
    rows.resize(base + starts[shard_count], NONE);
    for &row in section {
        let next = &mut starts[shard_of(row)];
        rows[base + *next] = row;
        *next += 1;
    }
}

/// Appends the quads of `rows`, shard by shard, and where each shard's begin; returns the two positions.
pub(super) fn list_quads(
    rows: &[u32],
    rows_per_shard: usize,
    shard_count: usize,
    words: &mut Vec<u32>,
) -> (u32, u32) {
    let quads_at = words.len();
    let quad_count = rows.len() / 4;
    let mut starts = vec![0u32; shard_count + 1];
    if shard_count == 1 {
        words.extend(0..quad_count as u32);
        starts[1] = quad_count as u32;
    } else {
        // The first slot of a quad is never a hole.
        let shard_of = |quad: usize| rows[4 * quad] as usize / rows_per_shard;
        for quad in 0..quad_count {
            starts[shard_of(quad) + 1] += 1;
        }
        for shard in 0..shard_count {
            starts[shard + 1] += starts[shard];
        }
        let mut next = starts.clone();
        words.resize(quads_at + quad_count, 0);
        for quad in 0..quad_count {
            let at = &mut next[shard_of(quad)];
            words[quads_at + *at as usize] = quad as u32;
            *at += 1;
        }
    }
    let shards_at = words.len();
    words.extend_from_slice(&starts);
    (quads_at as u32, shards_at as u32)
}

/// Slots by row number, emptied in constant time.
#[derive(Debug, Clone)]
pub(super) struct SlotMap {
    /// (round, slot): valid only in the current round.
    entries: Vec<(u32, u32)>,
    round: u32,
}

impl SlotMap {
    pub(super) fn new(count: usize) -> SlotMap {
        SlotMap { entries: vec![(0, NONE); count], round: 0 }
    }

    pub(super) fn clear(&mut self) {
        if self.round == u32::MAX {
            self.entries.fill((0, NONE));
            self.round = 0;
        }
        self.round += 1;
    }

    /// Whether `row` is seen for the first time since the last clear.
    pub(super) fn mark(&mut self, row: u32) -> bool {
        let entry = &mut self.entries[row as usize];
        let new = entry.0 != self.round;
        *entry = (self.round, entry.1);
        new
    }

    pub(super) fn set(&mut self, row: u32, slot: u32) {
        self.entries[row as usize] = (self.round, slot);
    }

    pub(super) fn get(&self, row: u32) -> u32 {
        if row == NONE {
            return NONE;
        }
        let (round, slot) = self.entries[row as usize];
        if round == self.round { slot } else { NONE }
    }
}
