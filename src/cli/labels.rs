//! Labels of items or users from a CSV file (id, label), and how often neighbours share them.

use spherec::data::IdTable;
use spherec::labels::{LabelColumn, LabelTable};
use spherec::model::Model;
use spherec::recommend::similar_items;
use spherec::{Error, Result};
use std::path::Path;

/// The label of each row of a table.
#[derive(Debug)]
pub(crate) struct Labels {
    /// The group of each row: its label's number by falling count, (rows).
    pub(crate) groups: Vec<Option<u32>>,
    /// The labels by group.
    pub(crate) names: Vec<String>,
}

impl Labels {
    /// The first column of labels in `path`: see [`LabelTable::read`].
    pub(crate) fn read(path: &Path, ids: &IdTable, what: &str) -> Result<Labels> {
        let mut columns = LabelTable::read(path, ids, what)?.columns.into_iter();
        let LabelColumn { groups, names, .. } =
            columns.next().ok_or_else(|| Error::file(path, "has no labels"))?;
        Ok(Labels { groups, names })
    }
}

/// How often the nearest items of an item share its label.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Purity {
    /// The share of an item's nearest items that have its label, averaged over the labelled items that
    /// occur in training.
    pub(crate) share: f64,
    /// The same for neighbours picked at random.
    pub(crate) by_chance: f64,
    /// The number of items measured.
    pub(crate) item_count: usize,
}

/// Items measured at once, to limit the memory.
const BLOCK: usize = 4096;

impl Purity {
    /// Measures the `neighbour_count` nearest items of each item.
    pub(crate) fn measure(model: &Model, labels: &Labels, neighbour_count: usize) -> Result<Purity> {
        if neighbour_count == 0 {
            return Err(Error::setting("--neighbours", "must be at least 1, but is 0"));
        }
        let frequencies = model.split.train.item_frequencies();
        let group_of = |item: u32| labels.groups.get(item as usize).copied().flatten();
        let is_trained = |item: &u32| frequencies.get(*item as usize).is_some_and(|&count| count > 0);
        let items: Vec<u32> = (0..model.items.len() as u32)
            .filter(is_trained)
            .filter(|&item| group_of(item).is_some())
            .collect();
        if items.is_empty() {
            return Err(Error::Data("no item of the training part has a label".to_owned()));
        }
        let mut sizes = vec![0usize; labels.names.len()];
        for group in labels.groups.iter().flatten() {
            sizes[*group as usize] += 1;
        }
        let (mut share, mut by_chance) = (0.0, 0.0);
        for block in items.chunks(BLOCK) {
            let nearest = similar_items(&model.embeddings, block, neighbour_count)?;
            for (&item, neighbours) in block.iter().zip(&nearest) {
                let group = group_of(item);
                let same = neighbours.iter().filter(|neighbour| group_of(neighbour.row) == group).count();
                share += same as f64 / neighbours.len().max(1) as f64;
                let others = group.map_or(0, |group| sizes[group as usize] - 1);
                by_chance += others as f64 / (model.items.len() - 1).max(1) as f64;
            }
        }
        let count = items.len() as f64;
        Ok(Purity { share: share / count, by_chance: by_chance / count, item_count: items.len() })
    }
}
