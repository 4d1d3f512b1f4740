//! Finds the k best of a long stream of scores, at little more than the cost of reading them. Scores are
//! compared with the k-th best so far, sixteen at a time, and only the few above it are kept.

/// How many scores are compared with the threshold at once: whole vector registers on any machine.
const LANES: usize = 16;

/// A row of a table with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The row number.
    pub row: u32,
    /// The dot product with the query, and the offset if there is one; negative infinity if it is not a number.
    pub score: f32,
}

/// The k best scores of one query. Rows are offered in ascending order, so that among equal scores the lower
/// row wins because it came first.
#[derive(Debug)]
pub(super) struct Selection {
    k: usize,
    /// The number of keys at which the list is cut back to the k best.
    capacity: usize,
    /// The candidates as [`key`]s, unsorted.
    keys: Vec<u64>,
    /// The k-th best score at the last cut; `None` before the first cut.
    threshold: Option<f32>,
}

impl Selection {
    /// An empty selection of the `k` best, `k` at least 1.
    pub(super) fn new(k: usize) -> Selection {
        // Twice k is fastest, as measured: a longer list is cut less often, but its older threshold lets in
        // more scores.
        Selection { k, capacity: k.saturating_mul(2).max(32), keys: Vec::new(), threshold: None }
    }

    /// Bytes that a selection of the `k` best takes at most.
    pub(super) fn bytes(k: usize) -> u64 {
        (Selection::new(k).capacity as u64).saturating_mul(size_of::<u64>() as u64)
    }

    /// Forgets everything, but keeps the buffer.
    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.threshold = None;
    }

    /// Offers rows `first..` with their scores. Skips the rows for which `excluded` is true; it is asked only
    /// about rows whose score is high enough.
    pub(super) fn offer(&mut self, first: u32, scores: &[f32], excluded: impl Fn(u32) -> bool) {
        let mut taken = 0;
        while self.threshold.is_none() && taken < scores.len() {
            self.push(first + taken as u32, scores[taken], &excluded);
            taken += 1;
        }
        let Some(mut threshold) = self.threshold else { return };
        let rest = first + taken as u32;
        let (chunks, tail) = scores[taken..].as_chunks::<LANES>();
        for (index, chunk) in chunks.iter().enumerate() {
            // No early exit, so that this stays a plain vector operation. NaN is never above the threshold.
            if chunk.iter().fold(false, |any, &score| any | (score > threshold)) {
                threshold = self.offer_few(rest + (index * LANES) as u32, chunk, threshold, &excluded);
            }
        }
        self.offer_few(rest + (chunks.len() * LANES) as u32, tail, threshold, &excluded);
    }

    /// Offers scores one by one; returns the threshold afterwards.
    fn offer_few(
        &mut self,
        first: u32,
        scores: &[f32],
        mut threshold: f32,
        excluded: &impl Fn(u32) -> bool,
    ) -> f32 {
        for (offset, &score) in scores.iter().enumerate() {
            if score > threshold {
                self.push(first + offset as u32, score, excluded);
                threshold = self.threshold.unwrap_or(threshold);
            }
        }
        threshold
    }

    fn push(&mut self, row: u32, score: f32, excluded: &impl Fn(u32) -> bool) {
        if excluded(row) {
            return;
        }
        self.keys.push(key(row, score));
        if self.keys.len() >= self.capacity {
            self.cut();
            // The capacity is above k, so the last key left is the k-th best.
            self.threshold = self.keys.last().map(|&key| scored(key).score);
        }
    }

    /// Keeps the k best keys.
    fn cut(&mut self) {
        if self.keys.len() > self.k {
            self.keys.select_nth_unstable_by(self.k - 1, |a, b| b.cmp(a));
            self.keys.truncate(self.k);
        }
    }

    /// Writes the k best into `best`: best first, equal scores by row.
    pub(super) fn finish(&mut self, best: &mut Vec<Scored>) {
        self.cut();
        self.keys.sort_unstable_by(|a, b| b.cmp(a));
        best.clear();
        best.extend(self.keys.iter().map(|&key| scored(key)));
    }
}

/// A score and a row in one word. A greater word means a better score or, for equal scores, a lower row.
fn key(row: u32, score: f32) -> u64 {
    // Adding zero turns -0 into 0, so that the two are equal.
    let score = if score.is_nan() { f32::NEG_INFINITY } else { score + 0.0 };
    let bits = score.to_bits();
    let ordered = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    (u64::from(ordered) << 32) | u64::from(!row)
}

/// The inverse of [`key`].
fn scored(key: u64) -> Scored {
    let ordered = (key >> 32) as u32;
    let bits = if ordered >> 31 == 1 { ordered ^ 1 << 31 } else { !ordered };
    Scored { row: !(key as u32), score: f32::from_bits(bits) }
}
