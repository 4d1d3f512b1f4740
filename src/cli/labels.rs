//! Labels of items or users from a CSV file (id, label), and how far neighbours share them.

use spherec::data::IdTable;
use spherec::model::Model;
use spherec::recommend::similar_items;
use spherec::{Error, Result};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::Path;

/// Which label each row of a table has.
#[derive(Debug)]
pub(crate) struct Labels {
    /// The group of each row: its label's number by falling count, (rows).
    pub(crate) groups: Vec<Option<u32>>,
    /// The labels by group.
    pub(crate) names: Vec<String>,
}

impl Labels {
    /// Reads the first two columns of `path`, separated by commas, or by tabs where the first line has
    /// any. Ids that the table lacks, such as a header, are passed over; of several labels of one id the
    /// first counts, and an empty one is none.
    pub(crate) fn read(path: &Path, ids: &IdTable, what: &str) -> Result<Labels> {
        let text = std::fs::read(path).map_err(Error::io(path, "read"))?;
        let first_line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let separator = if first_line.contains(&b'\t') { b'\t' } else { b',' };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .from_reader(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text));
        let mut labels: Vec<Option<String>> = vec![None; ids.len()];
        for record in reader.byte_records() {
            let record = record.map_err(|error| Error::file(path, error.to_string()))?;
            let (Some(id), Some(label)) = (record.get(0), record.get(1)) else {
                let line = record.position().map_or(0, |position| position.line());
                let message = "has one column, but an id and a label are needed".to_owned();
                return Err(Error::Row { path: path.to_owned(), line, message });
            };
            let row = ids.find(id).or_else(|| ids.find_text(std::str::from_utf8(id).ok()?));
            if let Some(slot) = row.and_then(|row| labels.get_mut(row as usize))
                && slot.is_none()
                && !label.is_empty()
            {
                *slot = Some(String::from_utf8_lossy(label).into_owned());
            }
        }
        if labels.iter().all(Option::is_none) {
            return Err(Error::file(path, format!("has a label for none of the model's {what}s")));
        }
        Ok(Labels::grouped(&labels))
    }

    fn grouped(labels: &[Option<String>]) -> Labels {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for label in labels.iter().flatten() {
            *counts.entry(label).or_default() += 1;
        }
        let mut names: Vec<&str> = counts.keys().copied().collect();
        names.sort_unstable_by_key(|&name| (Reverse(counts[name]), name));
        let numbers: HashMap<&str, u32> = names.iter().copied().zip(0..).collect();
        let groups = labels.iter().map(|label| numbers.get(label.as_deref()?).copied()).collect();
        Labels { groups, names: names.into_iter().map(str::to_owned).collect() }
    }

    /// How many rows have a label.
    pub(crate) fn labelled_count(&self) -> usize {
        self.groups.iter().flatten().count()
    }
}

/// How far the items nearest an item share its label.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Purity {
    /// The share of an item's nearest items that have its label, averaged over the labelled items that
    /// occur in training.
    pub(crate) share: f64,
    /// The same for neighbours picked at random.
    pub(crate) by_chance: f64,
    /// How many items were looked at.
    pub(crate) item_count: usize,
}

/// Items looked at together, which bounds the memory.
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
