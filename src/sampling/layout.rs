//! Placing table rows into slots, in quads that never straddle two shards.

use crate::gpu::layout::NONE;

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
