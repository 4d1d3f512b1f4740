//! The metrics of one user at k, as pure functions of a ranking.
//!
//! `ranking` holds item row numbers, best first; `relevant` holds the user's test items, sorted. A ranking
//! shorter than k counts as if it were filled up with irrelevant items.

/// The k best of `ranking`, or all of it if it is shorter.
fn best(ranking: &[u32], k: usize) -> &[u32] {
    &ranking[..k.min(ranking.len())]
}

fn is_relevant(relevant: &[u32], item: u32) -> bool {
    relevant.binary_search(&item).is_ok()
}

fn hit_count(ranking: &[u32], relevant: &[u32], k: usize) -> usize {
    best(ranking, k).iter().filter(|&&item| is_relevant(relevant, item)).count()
}

/// `sum / count`, or 0 if `count` is 0.
fn ratio(sum: f64, count: usize) -> f64 {
    if count == 0 { 0.0 } else { sum / count as f64 }
}

/// Average precision at k: the sum of the precision at each hit, divided by min(|relevant|, k).
///
/// ```
/// # use spherec::evaluate::metrics::average_precision;
/// // Hits at ranks 1 and 3, of three relevant items: (1/1 + 2/3) / 3.
/// assert_eq!(average_precision(&[4, 0, 7, 1], &[4, 5, 7], 4), (1.0 + 2.0 / 3.0) / 3.0);
/// ```
pub fn average_precision(ranking: &[u32], relevant: &[u32], k: usize) -> f64 {
    let mut hits = 0u32;
    let mut sum = 0.0;
    for (place, &item) in best(ranking, k).iter().enumerate() {
        if is_relevant(relevant, item) {
            hits += 1;
            sum += f64::from(hits) / (place + 1) as f64;
        }
    }
    ratio(sum, relevant.len().min(k))
}

/// Normalised discounted cumulative gain at k with binary gain. A hit at rank r counts 1/log2(r + 1). The sum
/// is divided by that of an ideal list, which has min(|relevant|, k) hits at the top.
///
/// ```
/// # use spherec::evaluate::metrics::ndcg;
/// // Ranks 1 and 3 hit: (1 + 1/2) / (1 + 1/log2(3) + 1/2).
/// let expected = 1.5 / (1.5 + 1.0 / 3f64.log2());
/// assert!((ndcg(&[4, 0, 7, 1], &[4, 5, 7], 4) - expected).abs() < 1e-15);
/// ```
pub fn ndcg(ranking: &[u32], relevant: &[u32], k: usize) -> f64 {
    let discount = |place: usize| 1.0 / ((place + 2) as f64).log2();
    let ideal: f64 = (0..relevant.len().min(k)).map(discount).sum();
    let places = best(ranking, k).iter().enumerate();
    let hits = places.filter(|&(_, &item)| is_relevant(relevant, item));
    // Not `sum`, which is -0 without hits.
    let gain = hits.fold(0.0, |gain, (place, _)| gain + discount(place));
    if ideal > 0.0 { gain / ideal } else { 0.0 }
}

/// The share of relevant items that are among the k best.
///
/// ```
/// # use spherec::evaluate::metrics::recall;
/// assert_eq!(recall(&[4, 0, 7, 1], &[4, 5, 7], 4), 2.0 / 3.0);
/// ```
pub fn recall(ranking: &[u32], relevant: &[u32], k: usize) -> f64 {
    ratio(hit_count(ranking, relevant, k) as f64, relevant.len())
}

/// Hits among the k best, divided by k (even if fewer than k items could be ranked).
///
/// ```
/// # use spherec::evaluate::metrics::precision;
/// assert_eq!(precision(&[4, 0, 7, 1], &[4, 5, 7], 4), 2.0 / 4.0);
/// ```
pub fn precision(ranking: &[u32], relevant: &[u32], k: usize) -> f64 {
    ratio(hit_count(ranking, relevant, k) as f64, k)
}

/// The median training count of the k best items; for an even number of items, the mean of the two middle
/// counts. `None` for an empty ranking. Its mean over the users is MMR (Tran et al. 2019, 4.1.2).
///
/// `frequencies` (I): the training count of each item.
///
/// ```
/// # use spherec::evaluate::metrics::median_frequency;
/// assert_eq!(median_frequency(&[2, 0, 1, 3], &[10, 30, 20, 1], 4), Some(15.0));
/// ```
pub fn median_frequency(ranking: &[u32], frequencies: &[u32], k: usize) -> Option<f64> {
    let mut counts: Vec<u32> =
        best(ranking, k).iter().map(|&item| frequencies.get(item as usize).copied().unwrap_or(0)).collect();
    counts.sort_unstable();
    let upper = *counts.get(counts.len() / 2)?;
    let lower = *counts.get((counts.len() - 1) / 2)?;
    Some((f64::from(lower) + f64::from(upper)) / 2.0)
}
