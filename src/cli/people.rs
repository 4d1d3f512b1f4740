//! People who are placed by their items: read from a file or named by their items, and taken into a model.

use super::console::note;
use super::format::{counted, shown};
use super::load_args::{shown_path, tell_format};
use spherec::data::{self, Dataset, Interactions, LoadOptions, id_from_text};
use spherec::model::{FoldedIn, Model, Placing};
use spherec::printable::excerpt;
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
            // Blanks around an id are none of it, unless the model has it so.
            match model.items.find_text(id).or_else(|| model.items.find_text(id.trim())) {
                Some(row) => people.items.intern(model.items.bytes(row)),
                None => people.items.intern(&id_from_text(id.trim())),
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
/// out, and how they are placed. It is an error if nobody can be placed, unless `may_be_nobody`.
pub(crate) fn fold_in(
    model: Model,
    people: &Dataset,
    from: Option<&Path>,
    may_be_nobody: bool,
) -> Result<(Model, FoldedIn)> {
    tell_filters(&model, from);
    let placing = Placing::of(&model);
    let named = |error: Error| match (error, from) {
        (Error::Data(message), Some(path)) => Error::file(Path::new(&shown_path(path)), message),
        (Error::Data(message), None) => Error::setting("--items", message),
        (error, _) => error,
    };
    let (model, folded) = model.fold_in(people).map_err(named)?;
    if !may_be_nobody && folded.rows.iter().all(Option::is_none) {
        return Err(named(Error::Data(no_item(people))));
    }
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
            "{name}: {} new and without an item that the model has (the first is {}){}",
            if count == 1 { "1 person is".to_owned() } else { format!("{count} people are") },
            shown(&people.users.text(first)),
            if may_be_nobody { "" } else { ": left out" },
        ));
    }
    let FoldedIn { new_count, moved_count, .. } = folded;
    let placed_count = new_count + moved_count;
    let still_count = folded.rows.iter().flatten().count() - placed_count;
    let mut who = Vec::new();
    if new_count > 0 && from.is_some() {
        who.push(counted(new_count, "new user"));
    }
    if moved_count > 0 {
        who.push(format!("{} with further items", counted(moved_count, "known user")));
    }
    if placed_count > 0 {
        let who = who.join(" and ");
        note(&format!("{name}: {who}{}placed {}", if who.is_empty() { "" } else { ", " }, placing.words()));
    }
    if still_count > 0 {
        let stays = if still_count == 1 { "stays" } else { "stay" };
        let who = counted(still_count, "known user");
        note(&format!("{name}: {who} without further items {stays} in place"));
    }
    Ok((model, folded))
}

/// Tells with which thresholds the model's interactions were filtered, where people come from a file: the same fit them.
fn tell_filters(model: &Model, from: Option<&Path>) {
    let options = &model.record.data["options"];
    let given = ["min-rating", "min-count"].into_iter().filter(|name| !options[*name].is_null());
    let given: Vec<String> = given.map(|name| format!("--{name} {}", options[name])).collect();
    if let (Some(path), false) = (from, given.is_empty()) {
        let given = given.join(" ");
        note(&format!("{}: the model was trained with {given}; give the same here", shown_path(path)));
    }
}

/// That the model knows none of the items of `people`: what is wrong with the file or the flag that has them.
fn no_item(people: &Dataset) -> String {
    let named = (0..people.items.len().min(NAMED) as u32).map(|item| people.items.text(item));
    format!(
        "names no item that the model has, so nobody can be placed; it names {}{}",
        named.map(|id| format!("`{}`", excerpt(&id))).collect::<Vec<_>>().join(", "),
        if people.items.len() > NAMED { ", ..." } else { "" }
    )
}
