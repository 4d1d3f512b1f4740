//! Items drawn on the CPU: uniform and popularity negatives, and the candidates of stage 1.

use super::alias::AliasTable;
use crate::random::{Stream, below};
use rand::Rng;
use rand_distr::{Distribution, Exp1};

/// Draws items by popularity, f(j)^beta.
#[derive(Debug, Clone)]
pub struct ItemSampler {
    weights: Vec<f64>,
    /// Sum of the weights.
    total: f64,
    /// `None` if all weights are alike.
    alias: Option<AliasTable>,
    drawable_count: usize,
}

/// Rejections after which a draw is made by a scan of what is left: exact, and bounded in time.
const MAX_REJECTIONS: usize = 64;
/// Random words of one draw.
const DRAW_WORDS: usize = 3;

impl ItemSampler {
    /// A sampler for the training counts f, (I). `beta` 0 is uniform over all items, trained or not.
    pub fn new(frequencies: &[u32], beta: f64) -> ItemSampler {
        // Relative to the largest count, so that no exponent overflows.
        let largest = f64::from(frequencies.iter().copied().max().unwrap_or(0).max(1));
        let weights: Vec<f64> =
            frequencies.iter().map(|&count| (f64::from(count) / largest).powf(beta)).collect();
        let drawable_count = weights.iter().filter(|&&weight| weight > 0.0).count();
        let alias = if beta == 0.0 { None } else { AliasTable::new(&weights) };
        let total = weights.iter().sum();
        ItemSampler { weights, total, alias, drawable_count }
    }

    /// Items that can be drawn at all: those of positive weight.
    pub fn drawable_count(&self) -> usize {
        self.drawable_count
    }

    /// The probability that one draw gives `item`.
    pub fn probability(&self, item: u32) -> f64 {
        self.weights[item as usize] / self.total
    }

    /// An item, from [`DRAW_WORDS`] random words.
    #[inline]
    fn draw(&self, words: [u32; DRAW_WORDS]) -> u32 {
        match &self.alias {
            None => below([words[0], words[1]], self.weights.len() as u32),
            Some(alias) => alias.pick(words),
        }
    }

    /// One item that is not in `own` (sorted) and not `is_taken`; `None` if there is no such item.
    /// Items of weight zero are drawn, uniformly, only if all others are excluded.
    pub fn draw_outside(
        &self,
        stream: &mut Stream,
        own: &[u32],
        is_taken: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let excluded = |item: u32| own.binary_search(&item).is_ok() || is_taken(item);
        for _ in 0..MAX_REJECTIONS {
            let mut words = [0; DRAW_WORDS];
            stream.fill(&mut words);
            let item = self.draw(words);
            if !excluded(item) {
                return Some(item);
            }
        }
        let rest: Vec<u32> = (0..self.weights.len() as u32).filter(|&item| !excluded(item)).collect();
        let total: f64 = rest.iter().map(|&item| self.weights[item as usize]).sum();
        if total <= 0.0 {
            let position = if rest.is_empty() { return None } else { stream.below(rest.len() as u32) };
            return rest.get(position as usize).copied();
        }
        let mut left = total * (f64::from(stream.next_u32()) + 0.5) / 4_294_967_296.0;
        for &item in &rest {
            left -= self.weights[item as usize];
            if left < 0.0 {
                return Some(item);
            }
        }
        rest.iter().rev().copied().find(|&item| self.weights[item as usize] > 0.0)
    }

    /// `count` distinct items, one after another without replacement; fewer if fewer can be drawn.
    /// `is_new` says whether an item is seen for the first time, and remembers it.
    pub fn draw_distinct(
        &self,
        stream: &mut Stream,
        count: usize,
        items: &mut Vec<u32>,
        mut is_new: impl FnMut(u32) -> bool,
    ) {
        let count = count.min(self.drawable_count);
        // Rejection is slow for a large share of the catalogue. Exponential keys (Efraimidis and Spirakis, 2006)
        // draw from the same law.
        if count * 3 > self.drawable_count {
            for item in self.smallest_keys(stream, count) {
                is_new(item);
                items.push(item);
            }
            return;
        }
        let mut misses = 0;
        // Many at a time, so that their look-ups in a large table wait for memory together.
        let mut words = [[0u32; DRAW_WORDS]; 64];
        while items.len() < count {
            let words = &mut words[..(count - items.len()).min(64)];
            stream.fill(words.as_flattened_mut());
            for item in words.iter().map(|&words| self.draw(words)) {
                if is_new(item) {
                    items.push(item);
                } else {
                    misses += 1;
                }
            }
            if misses > 8 * count {
                return self.fill_from_rest(stream, count, items, is_new);
            }
        }
    }

    /// The rest of a distinct draw, if a few heavy items have nearly all of the weight.
    fn fill_from_rest(
        &self,
        stream: &mut Stream,
        count: usize,
        items: &mut Vec<u32>,
        mut is_new: impl FnMut(u32) -> bool,
    ) {
        let mut sorted = items.clone();
        sorted.sort_unstable();
        let mut keys = self.exponential_keys(stream);
        keys.retain(|&(_, item)| sorted.binary_search(&item).is_err());
        keys.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, item) in keys.into_iter().take(count - items.len()) {
            is_new(item);
            items.push(item);
        }
    }

    fn smallest_keys(&self, stream: &mut Stream, count: usize) -> Vec<u32> {
        let mut keys = self.exponential_keys(stream);
        let order = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if count < keys.len() {
            keys.select_nth_unstable_by(count, order);
            keys.truncate(count);
        }
        // In the order of the items: the order of a set does not matter, and sorted rows are read faster.
        let mut items: Vec<u32> = keys.into_iter().map(|(_, item)| item).collect();
        items.sort_unstable();
        items
    }

    /// E / weight with E exponential, for each drawable item: the first `count` in order are a draw of
    /// `count` items one after another without replacement.
    fn exponential_keys(&self, stream: &mut Stream) -> Vec<(f64, u32)> {
        let weights = self.weights.iter().enumerate().filter(|&(_, &weight)| weight > 0.0);
        weights
            .map(|(item, &weight)| {
                let exponential: f64 = Exp1.sample(stream);
                (exponential / weight, item as u32)
            })
            .collect()
    }
}
