//! People who are placed by their items: read from a file or named by their items, and taken into a model.

use super::console::note;
use super::format::{counted, shown};
use super::load_args::{shown_path, tell_format};
use spherec::data::{self, Dataset, Interactions, LoadOptions, id_from_text};
use spherec::model::{FoldedIn, Model, Placing};
use spherec::{Error, Result};
use std::path::Path;

/// The most ids that a message names.
const NAMED: usize = 3;

/// The people in the file `path`.
pub(crate) fn read(path: &Path, options: &LoadOptions) -> Result<Dataset> {
    let (people, report) = data::load(path, options)?;
    tell_format(path, &report);
    Ok(people)
}

/// Someone who likes the items that `lists` name: each an id, or ids separated by commas. Their own id is `new`, or
/// another if a user of `model` has that.
pub(crate) fn of_items(lists: &[String], model: &Model) -> Result<Dataset> {
    let mut people = Dataset::default();
    let names = std::iter::once("new".to_owned()).chain((2..).map(|number| format!("new-{number}")));
    if let Some(name) = { names }.find(|name| model.users.find(name.as_bytes()).is_none()) {
        people.users.intern(name.as_bytes());
    }
    for list in lists {
        let is_one = model.items.find_text(list).is_some();
        let ids = list.split(|c| c == ',' && !is_one).filter(|id| !id.is_empty());
        ids.for_each(|id| {
            match model.items.find_text(id) {
                Some(row) => people.items.intern(model.items.bytes(row)),
                None => people.items.intern(&id_from_text(id)),
            };
        });
    }
    let pairs: Vec<(u32, u32)> = (0..people.items.len() as u32).map(|item| (0, item)).collect();
    if pairs.is_empty() {
        return Err(Error::setting("--items", "names no item"));
    }
    people.interactions = Interactions::from_pairs(1, people.items.len(), &pairs);
    Ok(people)
}

/// `model` with `people`, who are from the file `from`, or else from `--items`: see [`Model::fold_in`]. Says what was left
/// out, and how they are placed.
pub(crate) fn fold_in(model: Model, people: &Dataset, from: Option<&Path>) -> Result<(Model, FoldedIn)> {
    let placing = Placing::of(&model);
    let (model, folded) = model.fold_in(people).map_err(|error| match (error, from) {
        (Error::Data(message), Some(path)) => Error::file(Path::new(&shown_path(path)), message),
        (Error::Data(message), None) => Error::setting("--items", message),
        (error, _) => error,
    })?;
    let name = from.map_or_else(|| "--items".to_owned(), shown_path);
    if !folded.unknown_items.is_empty() {
        let first = folded.unknown_items.iter().take(NAMED).map(|&item| shown(&people.items.text(item)));
        note(&format!(
            "{name}: left out {} with {} that the model lacks: {}{}",
            counted(folded.unknown_pair_count, "interaction"),
            counted(folded.unknown_items.len(), "item"),
            first.collect::<Vec<_>>().join(", "),
            if folded.unknown_items.len() > NAMED { ", ..." } else { "" },
        ));
    }
    let mut lost = (0u32..).zip(&folded.rows).filter(|(_, row)| row.is_none()).map(|(person, _)| person);
    if let Some(first) = lost.next() {
        let count = 1 + lost.count();
        note(&format!(
            "{name}: {} no item that the model has (the first is {})",
            if count == 1 { "1 person has".to_owned() } else { format!("{} have", counted(count, "user")) },
            shown(&people.users.text(first)),
        ));
    }
    if from.is_none() {
        note(&format!("{name}: placed {}", placing.words()));
        return Ok((model, folded));
    }
    let moved = match folded.moved_count {
        0 => String::new(),
        count => format!(" and {} with further items", counted(count, "known one")),
    };
    note(&format!("{name}: {}{moved}, placed {}", counted(folded.new_count, "new user"), placing.words()));
    Ok((model, folded))
}
