//! Draws from a fixed discrete distribution in constant time.

use crate::random::{Stream, below};

/// Vose's alias table (IEEE Trans. Software Eng. 17(9), 1991): one look-up of eight bytes a draw.
#[derive(Debug, Clone)]
pub struct AliasTable {
    /// (threshold, alias): keep the column when the low word is at most the threshold.
    columns: Vec<(u32, u32)>,
}

impl AliasTable {
    /// The distribution proportional to `weights` (finite, not negative, not all zero), or `None` where
    /// the weights are not so.
    pub fn new(weights: &[f64]) -> Option<AliasTable> {
        let total: f64 = weights.iter().sum();
        let valid = weights.iter().all(|&weight| weight >= 0.0) && total > 0.0 && total.is_finite();
        if !valid {
            return None;
        }
        let scale = weights.len() as f64 / total;
        let mut share: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
        let (mut small, mut large) = (Vec::new(), Vec::new());
        for (index, &share) in share.iter().enumerate() {
            if share < 1.0 { small.push(index) } else { large.push(index) }
        }
        let mut columns: Vec<(u32, u32)> = (0..weights.len() as u32).map(|index| (u32::MAX, index)).collect();
        while let (Some(&low), Some(&high)) = (small.last(), large.last()) {
            small.pop();
            columns[low] = ((share[low] * 4_294_967_296.0) as u32, high as u32);
            share[high] -= 1.0 - share[low];
            if share[high] < 1.0 {
                large.pop();
                small.push(high);
            }
        }
        // What is left in `small` got there by rounding, unless its weight is zero.
        if let Some(heaviest) = (0..weights.len()).max_by(|&a, &b| weights[a].total_cmp(&weights[b])) {
            for index in small {
                if weights[index] == 0.0 {
                    columns[index] = (0, heaviest as u32);
                }
            }
        }
        Some(AliasTable { columns })
    }

    /// One index.
    pub fn draw(&self, stream: &mut Stream) -> u32 {
        let mut words = [0; 3];
        stream.fill(&mut words);
        self.pick(words)
    }

    /// One index, from three random words.
    #[inline]
    pub(super) fn pick(&self, words: [u32; 3]) -> u32 {
        let column = below([words[0], words[1]], self.columns.len() as u32);
        let (threshold, alias) = self.columns[column as usize];
        // A threshold of zero is a weight of zero, to the last bit: never keep the column.
        let keeps = (words[2] < threshold) | (threshold == u32::MAX);
        // Without a branch, which would be guessed wrong every other time.
        [alias, column][usize::from(keeps)]
    }
}

#[cfg(test)]
mod tests {
    use super::AliasTable;
    use proptest::prelude::*;

    proptest! {
        /// The law of a table, added up from its columns, is the one that was asked for.
        #[test]
        fn the_columns_add_up_to_the_weights(
            weights in prop::collection::vec(prop_oneof![Just(0.0), 0.0..1.0f64, 1e-9..1e9f64], 1..200),
        ) {
            let total: f64 = weights.iter().sum();
            prop_assume!(total > 0.0);
            let table = AliasTable::new(&weights).unwrap();
            let mut law = vec![0.0; weights.len()];
            for (column, &(threshold, alias)) in table.columns.iter().enumerate() {
                let kept = if threshold == u32::MAX { 1.0 } else { f64::from(threshold) / 4_294_967_296.0 };
                law[column] += kept / weights.len() as f64;
                law[alias as usize] += (1.0 - kept) / weights.len() as f64;
            }
            for (index, (&found, &weight)) in law.iter().zip(&weights).enumerate() {
                // A threshold is cut to a whole number, in this column and in those that name it as alias.
                let difference = (found - weight / total).abs();
                prop_assert!(difference <= 3e-10 + 1e-12 * found, "{index}: {found} for {weight} of {total}");
                prop_assert!(weight > 0.0 || found == 0.0, "{index} weighs nothing");
            }
        }
    }
}
