//! How much of the item bias should count in a trained model: the validation part chooses.

use super::config::defaults;
use crate::Error;
use crate::Result;
use crate::data::Split;
use crate::evaluate::{Metrics, choose_popularity, evaluate};
use crate::model::Embeddings;

/// How much counts where nothing chooses: [`defaults::POPULARITY`], or 1 if there is no bias.
pub(super) fn default_popularity(embeddings: &Embeddings) -> f64 {
    if embeddings.has_bias() { defaults::POPULARITY } else { 1.0 }
}

/// What `embeddings` score on the validation part, at the default.
pub(super) fn measure(embeddings: &Embeddings, split: &Split, k: usize) -> Result<Metrics> {
    let popularity = default_popularity(embeddings);
    let all = evaluate(embeddings, popularity, &split.train, None, &split.valid, &[k])?;
    all.into_iter().next().ok_or_else(|| Error::Data("nothing was evaluated".to_owned()))
}

/// The popularity with the best NDCG at `k` on the validation part, and the metrics there. `measured` is what the
/// embeddings scored at the default; it stays, with the default, if there is nothing to choose by or no bias.
pub(super) fn choose(
    embeddings: &Embeddings,
    measured: Option<Metrics>,
    split: &Split,
    k: usize,
) -> Result<(f64, Option<Metrics>)> {
    if measured.is_none() || !embeddings.has_bias() {
        return Ok((default_popularity(embeddings), measured));
    }
    let (popularity, metrics) = choose_popularity(embeddings, &split.train, &split.valid, k)?;
    Ok((popularity, Some(metrics)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Interactions;
    use crate::evaluate::evaluate;

    /// A user at (1, 0) who has item 0, wants item 1, and gets item 2 from a popularity of 0.2 / 0.3 on.
    #[test]
    fn the_validation_part_chooses_if_there_is_one_and_a_bias() {
        let items = vec![1.0, 0.0, 0.8, 0.6, 0.6, 0.8];
        let bare = Embeddings { dim: 2, users: vec![1.0, 0.0], items, ..Embeddings::default() };
        let biased = Embeddings { item_bias: vec![0.0, 0.0, 0.3], ..bare.clone() };
        let pairs = |pairs: &[(u32, u32)]| Interactions::from_pairs(1, 3, pairs);
        let split = Split { train: pairs(&[(0, 0)]).into(), valid: pairs(&[(0, 1)]), test: pairs(&[]) };
        let at = |embeddings: &Embeddings, popularity| {
            evaluate(embeddings, popularity, &split.train, None, &split.valid, &[1]).unwrap()[0]
        };
        let default = default_popularity(&biased);
        assert_eq!((default, default_popularity(&bare)), (defaults::POPULARITY, 1.0));
        let measured = at(&biased, default);
        assert_eq!((measured.ndcg, at(&biased, 0.0).ndcg), (0.0, 1.0));
        let chosen = choose(&biased, Some(measured), &split, 1).unwrap();
        assert_eq!(chosen, (0.0, Some(at(&biased, 0.0))));
        assert_eq!(choose(&biased, None, &split, 1).unwrap(), (default, None));
        assert_eq!(choose(&bare, Some(measured), &split, 1).unwrap(), (1.0, Some(measured)));
    }
}
