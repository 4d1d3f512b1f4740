//! What a model is worth to people who were not there in training: they are placed by some of their items, and the others
//! are to be found.

use super::console;
use super::format::{counted, grouped, percent};
use super::load_args::LoadArgs;
use super::people;
use serde::Serialize;
use spherec::Result;
use spherec::data::Interactions;
use spherec::evaluate::UserMetrics;
use spherec::model::Model;
use std::path::Path;

/// People who were placed in a model, for its evaluation.
pub(crate) struct Placed {
    /// The training part as it was before: what counts of items are taken from.
    pub(crate) train: Interactions,
    /// What is not ranked: training, validation and given items.
    pub(crate) seen: Interactions,
    /// Whether each user is one of them.
    is_asked: Vec<bool>,
    /// How many items each user is placed by.
    item_counts: Vec<usize>,
}

impl Placed {
    /// Takes the people in the file `path` into `model`.
    pub(crate) fn new(model: Model, path: &Path, load: &LoadArgs) -> Result<(Model, Placed)> {
        let mut train = model.split.train.as_ref().clone();
        let (model, folded) =
            people::fold_in(model, &people::read(path, &load.options())?, Some(path), false)?;
        train.widen(model.users.len(), model.items.len());
        let mut seen = model.split.valid.clone();
        seen.add(&model.split.train);
        let mut is_asked = vec![false; model.users.len()];
        folded.rows.iter().flatten().for_each(|&row| is_asked[row as usize] = true);
        let item_counts = (0..is_asked.len() as u32).map(|user| model.split.train.items_of(user).len());
        let item_counts = item_counts.collect();
        Ok((model, Placed { train, seen, is_asked, item_counts }))
    }

    /// The part of `test` that is about these people.
    pub(crate) fn asked(&self, test: &Interactions) -> Interactions {
        let pairs: Vec<(u32, u32)> = test.pairs().filter(|(user, _)| self.is_asked[*user as usize]).collect();
        Interactions::from_pairs(test.user_count(), test.item_count(), &pairs)
    }

    /// The metrics at the first k by how many items people are placed by. `users` has those of each user with an item
    /// in `test`, in the order of the rows.
    pub(crate) fn by_count(&self, test: &Interactions, users: &[Vec<UserMetrics>]) -> Vec<ByCount> {
        let rows = (0..test.user_count() as u32).filter(|&user| !test.items_of(user).is_empty());
        let measured: Vec<(usize, UserMetrics)> = rows
            .zip(users)
            .filter_map(|(user, metrics)| Some((self.item_counts[user as usize], *metrics.first()?)))
            .collect();
        let group = |&(given, least, most): &(&'static str, usize, usize)| {
            let its = measured.iter().filter(|(count, _)| (least..=most).contains(count));
            let its: Vec<UserMetrics> = its.map(|(_, metrics)| *metrics).collect();
            let mean = |of: fn(&UserMetrics) -> f64| its.iter().map(of).sum::<f64>() / its.len() as f64;
            let (ndcg, recall) = (mean(|metrics| metrics.ndcg), mean(|metrics| metrics.recall));
            (!its.is_empty()).then_some(ByCount { given, users: its.len(), ndcg, recall })
        };
        GROUPS.iter().filter_map(group).collect()
    }
}

/// Numbers of items that people are placed by: a name, the least and the most.
const GROUPS: [(&str, usize, usize); 5] =
    [("1", 1, 1), ("2", 2, 2), ("3-5", 3, 5), ("6-10", 6, 10), ("more", 11, usize::MAX)];

/// The metrics of those who are placed by so many items.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ByCount {
    given: &'static str,
    users: usize,
    ndcg: f64,
    recall: f64,
}

/// `rows`, measured at `k`, as a table.
pub(crate) fn table(rows: &[ByCount], k: usize) -> String {
    let (ndcg, recall) = (format!("NDCG@{k}"), format!("recall@{k}"));
    let headings = [("given items", false), ("users", true), (&*ndcg, true), (&*recall, true)];
    let cells = |row: &ByCount| {
        vec![row.given.to_owned(), grouped(row.users), percent(row.ndcg), percent(row.recall)]
    };
    console::table(&headings, &rows.iter().map(cells).collect::<Vec<_>>())
}

/// How many test interactions are of other people, if any are.
pub(crate) fn others(count: usize) -> Option<String> {
    (count > 0).then(|| format!("left out {} of people without a given item", counted(count, "interaction")))
}
