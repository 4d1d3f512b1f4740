//! Measures how good a model is: ranks all items for every user with a test item, and looks up the test
//! items in the ranking. (Metrics as in Tran et al. 2019, 4.1.2.)

pub mod metrics;
mod selection;
mod top_k;

pub use selection::Scored;
pub use top_k::Search;

use crate::data::Interactions;
use crate::model::{Embeddings, check_popularity};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU32, Ordering};

/// The dials that [`choose_popularity`] tries: finer where the best ones lie.
pub const DIALS: [f64; 7] = [0.0, 0.25, 0.5, 0.625, 0.75, 0.875, 1.0];

/// Means over the users with a test item. All but the counts and `mmr` are fractions of 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// How many users had a test item.
    pub users: usize,
    /// The length of the rankings.
    pub k: usize,
    /// Mean average precision: [`metrics::average_precision`].
    pub map: f64,
    /// Normalised discounted cumulative gain: [`metrics::ndcg`].
    pub ndcg: f64,
    /// Hits divided by the number of relevant items.
    pub recall: f64,
    /// Hits divided by k.
    pub precision: f64,
    /// Popularity bias: the median training count of a user's k items (Tran et al. 2019, 4.1.2), in users.
    /// A mean over the users for whom at least one item could be ranked.
    pub mmr: f64,
    /// The share of all items that are recommended to at least one user.
    pub coverage: f64,
}

/// The metrics of one user at one k.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UserMetrics {
    /// [`metrics::average_precision`].
    pub map: f64,
    /// [`metrics::ndcg`].
    pub ndcg: f64,
    /// [`metrics::recall`].
    pub recall: f64,
    /// [`metrics::precision`].
    pub precision: f64,
    /// [`metrics::median_frequency`].
    pub median: Option<f64>,
}

/// Means over the users, and what they are the means of.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// One per k.
    pub means: Vec<Metrics>,
    /// For each user with a test item, in the order of the rows: one per k.
    pub users: Vec<Vec<UserMetrics>>,
}

/// Ranks all items for every user with at least one item in `test`, and measures the k best for each k in
/// `ks`. `popularity`, 0 to 1, is how much of the item bias counts: see [`Embeddings`]. Returns one [`Metrics`]
/// per k, in the order of `ks`.
///
/// A user's items in `train` and in `also_exclude` (the validation part, when testing) are left out of the
/// ranking. A test item that is left out in this way still counts as relevant. `train` also gives the counts
/// for `mmr`. Equal scores are ranked by row, lowest first. Runs on the current rayon pool; the result does not depend on
/// its size.
///
/// # Errors
/// [`Error::Setting`] if there is no k, a k of 0, or a popularity outside 0 to 1; [`Error::Data`] if the sets
/// and the embeddings differ in the number of users or items, if no user has a test item, or if a score may not be a
/// finite number.
///
/// ```
/// use spherec::{data::Interactions, evaluate::evaluate, model::Embeddings};
///
/// // One user at (1, 0); items, nearest first: 0 (trained on), 2, 1.
/// let embeddings = Embeddings {
///     dim: 2,
///     users: vec![1.0, 0.0],
///     items: vec![1.0, 0.0, -1.0, 0.0, 0.6, 0.8],
///     ..Embeddings::default()
/// };
/// let train = Interactions::from_pairs(1, 3, &[(0, 0)]);
/// let test = Interactions::from_pairs(1, 3, &[(0, 1)]);
/// let metrics = evaluate(&embeddings, 1.0, &train, None, &test, &[1, 2])?;
/// assert_eq!((metrics[0].map, metrics[0].recall), (0.0, 0.0));
/// assert_eq!((metrics[1].map, metrics[1].recall, metrics[1].precision), (0.5, 1.0, 0.5));
/// # Ok::<(), spherec::Error>(())
/// ```
pub fn evaluate(
    embeddings: &Embeddings,
    popularity: f64,
    train: &Interactions,
    also_exclude: Option<&Interactions>,
    test: &Interactions,
    ks: &[usize],
) -> Result<Vec<Metrics>> {
    Ok(evaluate_users(embeddings, popularity, train, also_exclude, test, ks)?.means)
}

/// As [`evaluate`], with the metrics of each user.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_users(
    embeddings: &Embeddings,
    popularity: f64,
    train: &Interactions,
    also_exclude: Option<&Interactions>,
    test: &Interactions,
    ks: &[usize],
) -> Result<Evaluation> {
    Ok(evaluate_dials_users(embeddings, &[popularity], train, also_exclude, test, ks)?.swap_remove(0))
}

/// The dial of [`DIALS`] with the best NDCG at `k` on `valid`, the lowest of equal ones, and its metrics. Items
/// of `train` are left out of the rankings.
///
/// # Errors
/// As [`evaluate`].
pub fn choose_popularity(
    embeddings: &Embeddings,
    train: &Interactions,
    valid: &Interactions,
    k: usize,
) -> Result<(f64, Metrics)> {
    let all = evaluate_dials(embeddings, &DIALS, train, None, valid, &[k])?;
    let mut measured = DIALS.into_iter().zip(all.into_iter().flatten());
    let Some(first) = measured.next() else { return Err(Error::Data("nothing was evaluated".into())) };
    Ok(measured.fold(first, |best, next| if next.1.ndcg > best.1.ndcg { next } else { best }))
}

/// As [`evaluate`], for each of `popularities` in one pass: the inner products are computed once. Returns the
/// metrics for each of them, in their order.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_dials(
    embeddings: &Embeddings,
    popularities: &[f64],
    train: &Interactions,
    also_exclude: Option<&Interactions>,
    test: &Interactions,
    ks: &[usize],
) -> Result<Vec<Vec<Metrics>>> {
    let all = evaluate_dials_users(embeddings, popularities, train, also_exclude, test, ks)?;
    Ok(all.into_iter().map(|evaluation| evaluation.means).collect())
}

/// As [`evaluate_dials`], with the metrics of each user.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_dials_users(
    embeddings: &Embeddings,
    popularities: &[f64],
    train: &Interactions,
    also_exclude: Option<&Interactions>,
    test: &Interactions,
    ks: &[usize],
) -> Result<Vec<Evaluation>> {
    popularities.iter().try_for_each(|&popularity| check_popularity(popularity))?;
    let Some(&deepest) = ks.iter().max() else {
        return Err(Error::setting("-k", "needs at least one value"));
    };
    for &k in ks {
        check_k(k)?;
    }
    check_table(embeddings)?;
    check_scores(embeddings)?;
    crate::threads::start()?;
    check_sizes(embeddings, train, "training set")?;
    check_sizes(embeddings, test, "test set")?;
    if let Some(valid) = also_exclude {
        check_sizes(embeddings, valid, "validation set")?;
    }
    let users: Vec<u32> =
        (0..test.user_count() as u32).filter(|&user| !test.items_of(user).is_empty()).collect();
    if users.is_empty() {
        return Err(Error::Data("no user has a test item, so there is nothing to evaluate".into()));
    }
    let frequencies = train.item_frequencies();
    // Each item's best place in any ranking, from 0. It is recommended at every k above that.
    let unranked = || (0..test.item_count()).map(|_| AtomicU32::new(u32::MAX)).collect();
    let places: Vec<Vec<AtomicU32>> = popularities.iter().map(|_| unranked()).collect();
    let offsets: Vec<Vec<f32>> = popularities.iter().map(|&dial| embeddings.offsets(dial)).collect();
    let search = Search {
        query_table: &embeddings.users,
        queries: &users,
        items: &embeddings.items,
        dim: embeddings.dim,
        k: deepest,
    };
    let excluded = |position: usize, item: u32| {
        let user = users[position];
        train.contains(user, item) || also_exclude.is_some_and(|valid| valid.contains(user, item))
    };
    // (users, dials), each with its metrics at every k.
    let measured = search.run_each(&offsets, excluded, |position, dial, best| {
        let ranking: Vec<u32> = best.iter().map(|scored| scored.row).collect();
        for (place, &item) in ranking.iter().enumerate() {
            places[dial][item as usize].fetch_min(place as u32, Ordering::Relaxed);
        }
        let relevant = test.items_of(users[position]);
        ks.iter().map(|&k| UserMetrics::new(&ranking, relevant, &frequencies, k)).collect::<Vec<_>>()
    });
    let mut by_dial: Vec<Vec<Vec<UserMetrics>>> = popularities.iter().map(|_| Vec::new()).collect();
    for (at, metrics) in measured.into_iter().enumerate() {
        by_dial[at % popularities.len()].push(metrics);
    }
    let dials = by_dial.into_iter().zip(&places);
    Ok(dials
        .map(|(users, places)| {
            let means = ks.iter().enumerate().map(|(index, &k)| mean(&users, index, k, places)).collect();
            Evaluation { means, users }
        })
        .collect())
}

/// Bytes that [`evaluate_dials`] takes for `dial_count` dials beside the embeddings, if all `users` have a test item.
pub(crate) fn working_bytes(users: u64, items: u64, dim: usize, k: usize, dial_count: usize) -> u64 {
    let (dials, k) = (dial_count as u64, k.min(items as usize));
    let of_users =
        users * (4 + dials * (size_of::<Vec<UserMetrics>>() + 2 * size_of::<UserMetrics>()) as u64);
    // Frequencies; for each dial offsets, and the best place of each item.
    let of_items = items * (4 + 8 * dials);
    let of_threads =
        rayon::current_num_threads() as u64 * Search::thread_bytes(users as usize, dim, k, dial_count);
    of_users + of_items + of_threads
}

impl UserMetrics {
    fn new(ranking: &[u32], relevant: &[u32], frequencies: &[u32], k: usize) -> UserMetrics {
        UserMetrics {
            map: metrics::average_precision(ranking, relevant, k),
            ndcg: metrics::ndcg(ranking, relevant, k),
            recall: metrics::recall(ranking, relevant, k),
            precision: metrics::precision(ranking, relevant, k),
            median: metrics::median_frequency(ranking, frequencies, k),
        }
    }
}

/// Sums in the order of the users, so that the last bits do not depend on the threads.
fn mean(by_user: &[Vec<UserMetrics>], index: usize, k: usize, places: &[AtomicU32]) -> Metrics {
    let column = || by_user.iter().filter_map(move |user| user.get(index));
    let users = by_user.len();
    // Not `sum`, which is -0 for nobody.
    let sum = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |sum, value| sum + value);
    let average = |value: fn(&UserMetrics) -> f64| sum(&mut column().map(value)) / users as f64;
    let ranked = column().filter(|user| user.median.is_some()).count();
    let recommended = places.iter().filter(|place| (place.load(Ordering::Relaxed) as usize) < k).count();
    Metrics {
        users,
        k,
        map: average(|user| user.map),
        ndcg: average(|user| user.ndcg),
        recall: average(|user| user.recall),
        precision: average(|user| user.precision),
        mmr: sum(&mut column().filter_map(|user| user.median)) / ranked.max(1) as f64,
        coverage: recommended as f64 / places.len().max(1) as f64,
    }
}

/// Checks that `k` is at least 1.
pub(crate) fn check_k(k: usize) -> Result<()> {
    if k == 0 { Err(Error::setting("-k", "must be at least 1, but is 0")) } else { Ok(()) }
}

/// Checks that the embeddings are whole rows, and that the item bias, if there is one, has a number for each
/// item.
pub(crate) fn check_table(embeddings: &Embeddings) -> Result<()> {
    let Embeddings { dim, users, items, .. } = embeddings;
    if *dim == 0 || !users.len().is_multiple_of(*dim) || !items.len().is_multiple_of(*dim) {
        let sizes = format!("{} and {} values", users.len(), items.len());
        return Err(Error::Data(format!("the embeddings ({sizes}) are not rows of dimension {dim}")));
    }
    let (found, count) = (embeddings.item_bias.len(), embeddings.item_count());
    if embeddings.has_bias() && found != count {
        return Err(Error::Data(format!("the item bias has {found} numbers, but there are {count} items")));
    }
    Ok(())
}

/// Checks that every score is a number: that all numbers are finite, and no product of a user and an item, with the
/// item's bias, can leave the range of f32. What is not a number has no rank.
fn check_scores(embeddings: &Embeddings) -> Result<()> {
    let Embeddings { dim, users, items, item_bias, .. } = embeddings;
    let is_finite = [users, items, item_bias].iter().all(|numbers| numbers.iter().all(|x| x.is_finite()));
    // No sum of the terms of a product, in whatever order, is above the product of the lengths.
    let length = |row: &[f32]| row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    let longest = |table: &[f32]| table.chunks(*dim).map(length).fold(0.0, f64::max);
    let bias = item_bias.iter().map(|&bias| f64::from(bias).abs()).fold(0.0, f64::max);
    let of_items = longest(items);
    let height = if embeddings.geometry.has_heights() { 0.5 * of_items * of_items } else { 0.0 };
    if is_finite && longest(users) * of_items + bias + height < f64::from(f32::MAX) {
        return Ok(());
    }
    Err(Error::Data("the embeddings cannot be ranked: their scores are not finite numbers".to_owned()))
}

/// Checks that `interactions` have as many users and items as the embeddings. Errors call them `what`.
pub(crate) fn check_sizes(embeddings: &Embeddings, interactions: &Interactions, what: &str) -> Result<()> {
    let theirs = (interactions.user_count(), interactions.item_count());
    let ours = (embeddings.user_count(), embeddings.item_count());
    if theirs == ours {
        return Ok(());
    }
    Err(Error::Data(format!(
        "the {what} has {} users and {} items, but the model has {} and {}",
        theirs.0, theirs.1, ours.0, ours.1
    )))
}
