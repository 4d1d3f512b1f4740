//! Made-up interactions of any number of items: popularity by a power law, popular items scattered over
//! the table.

use super::case::{BenchCase, USER_COUNT, interactions_per_user};
use crate::data::Interactions;
use crate::random::{Purpose, Stream};
use crate::sampling::{AliasTable, EpochOrder, ItemSampler};
use crate::{Error, Result};
use std::sync::Arc;

/// The item of rank r is taken with weight r^-0.8.
const EXPONENT: f64 = 0.8;
/// Training count of the most popular item; with it the counts of a hundred million items are above 0.
const LARGEST_COUNT: f64 = 1_000_000.0;

/// The order of training and the sampler of a case's items. The sampler's counts follow the law to its
/// end, so that every item can be drawn though few of a large catalogue are in the interactions.
pub(super) fn training(case: &BenchCase) -> Result<(Arc<EpochOrder>, Arc<ItemSampler>)> {
    let item_count = case.item_count;
    let mut stream = Stream::new(case.config.seed, Purpose::Generate, item_count as u64);
    let mut items: Vec<u32> = (0..item_count as u32).collect();
    stream.shuffle(&mut items);
    let weights: Vec<f64> = (1..=item_count).map(|rank| (rank as f64).powf(-EXPONENT)).collect();
    let mut counts = vec![0u32; item_count];
    for (&item, weight) in items.iter().zip(&weights) {
        counts[item as usize] = (LARGEST_COUNT * weight).ceil() as u32;
    }
    let ranks = AliasTable::new(&weights)
        .ok_or_else(|| Error::Data(format!("{item_count} items cannot be drawn by rank")))?;
    let per_user = interactions_per_user(item_count);
    let mut pairs = Vec::with_capacity(USER_COUNT * per_user);
    for user in 0..USER_COUNT as u32 {
        let first = pairs.len();
        while pairs.len() - first < per_user {
            let pair = (user, items[ranks.draw(&mut stream) as usize]);
            if !pairs[first..].contains(&pair) {
                pairs.push(pair);
            }
        }
    }
    let train = Arc::new(Interactions::from_pairs(USER_COUNT, item_count, &pairs));
    let sampler = ItemSampler::new(&counts, case.config.negatives.beta());
    Ok((Arc::new(EpochOrder::new(train, case.config.seed)), Arc::new(sampler)))
}

/// A cheap starting point of variance 1/D.
pub(super) fn starting_point(seed: u64, row: usize, point: &mut [f32]) {
    let mut stream = Stream::new(seed, Purpose::Init, row as u64);
    let scale = (12.0 / point.len() as f32).sqrt();
    for x in point {
        *x = scale * (stream.below(1 << 24) as f32 / (1 << 24) as f32 - 0.5);
    }
}
