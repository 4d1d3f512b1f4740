//! Whether a finished training learned anything: against a random ranking, and by its loss.

use super::engine::Trained;
use super::event::{EpochSums, Stop};
use crate::data::{Interactions, Split};

/// Beyond so many standard deviations chance is no explanation.
const DEVIATIONS: f64 = 3.0;

/// The NDCG at `k` of a random ranking of what each user of `valid` has not in `train`: its mean over the users, and the
/// standard deviation of that mean.
///
/// A user has n relevant items of m ranked ones. Each place r holds one of them with chance p = n / m, so that the mean of
/// the sum of discounts is p D, D = sum_r d_r. Places without replacement are hypergeometric: two of them have the
/// covariance -p (1 - p) / (m - 1), and the sum has the variance p (1 - p) (Q - (D^2 - Q) / (m - 1)), Q = sum_r d_r^2.
pub fn ndcg_by_chance(train: &Interactions, valid: &Interactions, k: usize) -> (f64, f64) {
    let discount = |place: usize| 1.0 / ((place + 2) as f64).log2();
    let (mut mean, mut variance, mut users) = (0.0, 0.0, 0.0);
    for user in 0..valid.user_count() as u32 {
        let relevant = valid.items_of(user).len();
        let ranked = valid.item_count() - train.items_of(user).len();
        if relevant == 0 || ranked < relevant {
            continue;
        }
        let discounts = (0..k.min(ranked)).map(discount);
        let (sum, squares) = discounts.fold((0.0, 0.0), |(sum, squares), d| (sum + d, squares + d * d));
        let ideal: f64 = (0..k.min(relevant)).map(discount).sum();
        let chance = relevant as f64 / ranked as f64;
        let others = (ranked as f64 - 1.0).max(1.0);
        mean += chance * sum / ideal;
        variance += chance * (1.0 - chance) * (squares - (sum * sum - squares) / others) / (ideal * ideal);
        users += 1.0;
    }
    (mean / f64::max(users, 1.0), variance.max(0.0).sqrt() / f64::max(users, 1.0))
}

/// The loss of the first epoch and of the last.
#[derive(Debug, Default)]
pub(super) struct Losses {
    epochs: Option<(EpochSums, EpochSums)>,
}

impl Losses {
    pub(super) fn add(&mut self, sums: &EpochSums) {
        let first = self.epochs.map_or(*sums, |(first, _)| first);
        self.epochs = Some((first, *sums));
    }

    /// Whether the loss is where it was, within the noise of an epoch's mean, each pair's loss being off by as much as
    /// it is large. `None` after less than two epochs.
    fn is_unmoved(&self) -> Option<bool> {
        let (first, last) = self.epochs?;
        let noise = first.loss().abs() / (first.pair_count.max(1) as f64).sqrt();
        let is_one = first == last;
        (!is_one).then(|| (first.loss() - last.loss()).abs() <= noise)
    }
}

/// What is to be said of a training that learned nothing; `advice` is what to try.
pub(super) fn warning(trained: &Trained, losses: &Losses, split: &Split, advice: &str) -> Option<String> {
    if !matches!(trained.stop, Stop::Epochs | Stop::Patience) {
        return None;
    }
    let is_unmoved = losses.is_unmoved() == Some(true);
    let what = match trained.valid {
        Some(metrics) => {
            let (mean, deviation) = ndcg_by_chance(&split.train, &split.valid, metrics.k);
            if metrics.ndcg > mean + DEVIATIONS * deviation {
                return None;
            }
            format!(
                "validation is no better than a random ranking: NDCG@{} {:.4}, by chance {mean:.4} +- {deviation:.4}{}",
                metrics.k,
                metrics.ndcg,
                if is_unmoved { "; and the loss has not moved" } else { "" },
            )
        }
        None if is_unmoved => "the loss has not moved since the first epoch".to_owned(),
        None => return None,
    };
    Some(format!("{what}; {advice}"))
}
