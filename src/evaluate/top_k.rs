//! Exact search for the rows with the largest dot products. Multiplies blocks of queries by blocks of items,
//! and reduces each product to the k best before the next, so that memory does not grow with the tables.

use super::selection::{Scored, Selection};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// The most queries in a block. With [`ITEM_BLOCK`] this makes half a megabyte of scores, which stays in the
/// cache.
const QUERY_BLOCK: usize = 128;
/// The fewest queries in a block: enough for the matrix product to be worth its set-up.
const QUERY_BLOCK_MIN: usize = 32;
/// Blocks are made smaller until there are this many, so that every core gets some.
const BLOCK_COUNT: usize = 32;
/// Block heights are multiples of this; missing queries are zeros.
const QUERY_STEP: usize = 16;
/// Items in every block. The last block is filled up with zeros, so that every score is computed in the same
/// way and equal rows have equal scores.
const ITEM_BLOCK: usize = 1024;

/// A search for the `k` items with the largest dot products with each query. On unit rows these are
/// the nearest.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// The table of queries, row-major, rows of `dim`.
    pub query_table: &'a [f32],
    /// The rows of `query_table` to search for, (Q).
    pub queries: &'a [u32],
    /// The table to search in, (I, D), row-major.
    pub items: &'a [f32],
    /// D, at least 1.
    pub dim: usize,
    /// The length of the rankings; a ranking is shorter if fewer items remain.
    pub k: usize,
}

/// The buffers of one thread.
struct Workspace {
    queries: Vec<f32>,
    items: Vec<f32>,
    scores: Vec<f32>,
    /// A row of scores with its offsets.
    shifted: Vec<f32>,
    /// For each query one for each list of offsets.
    selections: Vec<Selection>,
    best: Vec<Scored>,
}

impl Search<'_> {
    /// Ranks all items for each query: best first, equal scores by row, scores that are not a number last.
    /// Items for which `excluded(position, item)` is true are left out. Calls `visit` with the position of
    /// the query in `queries` and its ranking, and returns the results of `visit`, (Q), in the order of
    /// `queries`.
    ///
    /// Runs on the current rayon pool; the result does not depend on its size.
    ///
    /// # Panics
    /// If `dim` is 0, a query is not in the table, or `items` does not consist of whole rows. Each is a bug
    /// in the caller.
    pub fn run<T: Send>(
        &self,
        excluded: impl Fn(usize, u32) -> bool + Sync,
        visit: impl Fn(usize, &[Scored]) -> T + Sync,
    ) -> Vec<T> {
        self.run_each(&[Vec::new()], excluded, |position, _, best| visit(position, best))
    }

    /// As [`Search::run`], for scores to which each list of `offsets` is added in turn: a number for each item,
    /// (I), or nothing if the list is empty. The products are computed once. Calls `visit` with the position of
    /// the query, the number of the list, and the ranking. Returns the results, (Q, lists).
    ///
    /// # Panics
    /// As [`Search::run`], and if a list of offsets is neither empty nor has a number for each item.
    pub fn run_each<T: Send>(
        &self,
        offsets: &[Vec<f32>],
        excluded: impl Fn(usize, u32) -> bool + Sync,
        visit: impl Fn(usize, usize, &[Scored]) -> T + Sync,
    ) -> Vec<T> {
        assert!(self.dim > 0 && self.items.len().is_multiple_of(self.dim), "rows of {}", self.dim);
        let item_count = self.items.len() / self.dim;
        for list in offsets {
            assert!(list.is_empty() || list.len() == item_count, "{} offsets of {item_count}", list.len());
        }
        let list_count = offsets.len();
        let k = self.k.min(item_count);
        if k == 0 || list_count == 0 {
            let places = (0..self.queries.len()).flat_map(|at| (0..list_count).map(move |list| (at, list)));
            return places.map(|(position, list)| visit(position, list, &[])).collect();
        }
        let height = block_height(self.queries.len());
        let blocks = self.queries.par_chunks(height).enumerate();
        let results: Vec<Vec<T>> = blocks
            .map_init(
                || self.workspace(height, list_count, k),
                |space, (block, queries)| {
                    self.search_block(space, block * height, queries, offsets, &excluded);
                    let Workspace { selections, best, .. } = space;
                    let rankings = selections.iter_mut().enumerate().take(queries.len() * list_count);
                    rankings
                        .map(|(at, selection)| {
                            selection.finish(best);
                            visit(block * height + at / list_count, at % list_count, best)
                        })
                        .collect()
                },
            )
            .collect();
        results.into_iter().flatten().collect()
    }

    /// Bytes of the buffers of one thread, for up to `query_count` queries and `list_count` lists of offsets.
    pub(super) fn thread_bytes(query_count: usize, dim: usize, k: usize, list_count: usize) -> u64 {
        let height = block_height(query_count);
        let numbers = height * dim + ITEM_BLOCK * dim + height * ITEM_BLOCK + ITEM_BLOCK;
        (numbers * size_of::<f32>()) as u64 + (height * list_count) as u64 * Selection::bytes(k)
    }

    fn workspace(&self, height: usize, list_count: usize, k: usize) -> Workspace {
        Workspace {
            queries: vec![0.0; height * self.dim],
            items: vec![0.0; ITEM_BLOCK * self.dim],
            scores: vec![0.0; height * ITEM_BLOCK],
            shifted: vec![0.0; ITEM_BLOCK],
            selections: (0..height * list_count).map(|_| Selection::new(k)).collect(),
            best: Vec::new(),
        }
    }

    /// Fills the selections of `queries`; `first` is the position of the first one.
    fn search_block(
        &self,
        space: &mut Workspace,
        first: usize,
        queries: &[u32],
        offsets: &[Vec<f32>],
        excluded: &(impl Fn(usize, u32) -> bool + Sync),
    ) {
        let Workspace { queries: query_rows, items: tail, scores, shifted, selections, .. } = space;
        let height = queries.len().next_multiple_of(QUERY_STEP);
        query_rows.fill(0.0);
        for (row, &query) in query_rows.chunks_exact_mut(self.dim).zip(queries) {
            row.copy_from_slice(&self.query_table[query as usize * self.dim..][..self.dim]);
        }
        for selection in selections.iter_mut() {
            selection.clear();
        }
        let query_rows = &query_rows[..height * self.dim];
        let scores = &mut scores[..height * ITEM_BLOCK];
        for (index, block) in self.items.chunks(ITEM_BLOCK * self.dim).enumerate() {
            let count = block.len() / self.dim;
            let whole = if count == ITEM_BLOCK {
                block
            } else {
                tail.fill(0.0);
                tail[..block.len()].copy_from_slice(block);
                &tail[..]
            };
            multiply(query_rows, whole, self.dim, scores);
            let start = index * ITEM_BLOCK;
            let rows = scores.chunks_exact(ITEM_BLOCK).zip(selections.chunks_exact_mut(offsets.len()));
            for (at, (row, selections)) in rows.enumerate().take(queries.len()) {
                let excluded = |item| excluded(first + at, item);
                for (list, selection) in offsets.iter().zip(selections) {
                    let row = shift(&row[..count], list.get(start..start + count), shifted);
                    selection.offer(start as u32, row, excluded);
                }
            }
        }
    }
}

/// `scores` plus their `offsets`, in `shifted`; or `scores` as they are.
fn shift<'a>(scores: &'a [f32], offsets: Option<&[f32]>, shifted: &'a mut [f32]) -> &'a [f32] {
    let Some(offsets) = offsets else { return scores };
    for ((sum, score), offset) in shifted.iter_mut().zip(scores).zip(offsets) {
        *sum = score + offset;
    }
    &shifted[..scores.len()]
}

/// The number of queries in a block, if there are `query_count` in total. It must not depend on the number
/// of threads.
fn block_height(query_count: usize) -> usize {
    query_count.div_ceil(BLOCK_COUNT).next_multiple_of(QUERY_STEP).clamp(QUERY_BLOCK_MIN, QUERY_BLOCK)
}

/// `scores` (rows, [`ITEM_BLOCK`]) = `queries` (rows, dim) times `items` ([`ITEM_BLOCK`], dim) transposed.
fn multiply(queries: &[f32], items: &[f32], dim: usize, scores: &mut [f32]) {
    let rows = queries.len() / dim;
    let queries = MatRef::from_row_major_slice(queries, rows, dim);
    let items = MatRef::from_row_major_slice(items, ITEM_BLOCK, dim);
    let scores = MatMut::from_row_major_slice_mut(scores, rows, ITEM_BLOCK);
    matmul(scores, Accum::Replace, queries, items.transpose(), 1.0, Par::Seq);
}
