//! A page to explore a model in a browser: a single file that needs no network.
//!
//! Ids and labels are untrusted text. They go into a JSON block, escaped so that they cannot end it, and the
//! page's script inserts them as text only. The page's security policy allows only its own script and style,
//! by their hashes: no network, and no other script.

use crate::data::IdTable;
use crate::labels::LabelColumn;
use crate::model::Model;
use crate::recommend::{Neighbour, recommend, similar_items};
use crate::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustc_hash::FxHashMap;
use serde::Serialize;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(
    include_str!("data.js"),
    include_str!("draw.js"),
    include_str!("panel.js"),
    include_str!("input.js"),
);

/// What a page shows.
#[derive(Debug, Clone, Copy)]
pub struct Atlas<'a> {
    /// The model.
    pub model: &'a Model,
    /// The page's title.
    pub title: &'a str,
    /// How the points were laid out, in words.
    pub method: &'a str,
    /// Rows of the items on the map, most popular first.
    pub items: &'a [u32],
    /// The place of each of these items.
    pub item_points: &'a [[f32; 2]],
    /// Rows of the users on the map.
    pub users: &'a [u32],
    /// The place of each of these users.
    pub user_points: &'a [[f32; 2]],
    /// Labels of all items of the model. The map is first coloured by the first column or, if there is none,
    /// by popularity.
    pub columns: &'a [LabelColumn],
    /// How much of the item bias counts in recommendations at first, 0 to 1. The page has a dial for it if the
    /// model has a bias.
    pub popularity: f64,
    /// The number of nearest items shown for an item, and of recommendations shown for a user.
    pub list_length: usize,
}

/// The data of the page. Arrays of numbers are little-endian words in base64.
#[derive(Serialize)]
struct Data<'a> {
    title: &'a str,
    method: &'a str,
    ids: Vec<String>,
    placed: usize,
    items: usize,
    users: usize,
    k: usize,
    dials: Vec<f64>,
    dial: usize,
    xy: String,
    counts: String,
    near: String,
    near_score: String,
    own_ends: String,
    own: String,
    columns: Vec<Column<'a>>,
    colour: i32,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    names: Vec<&'a str>,
    groups: String,
}

const NONE: u32 = u32::MAX;

/// The places of the page's dial, beside the one it starts at: each costs every user a list.
const DIALS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// The places of the dial, rising, and where it starts. Without a bias it has only one.
fn dials(atlas: &Atlas) -> (Vec<f64>, usize) {
    let start = atlas.popularity;
    let mut dials = vec![start];
    if atlas.model.embeddings.has_bias() {
        dials.extend(DIALS);
        dials.sort_by(f64::total_cmp);
        dials.dedup();
    }
    let at = dials.iter().position(|&dial| dial == start).unwrap_or(0);
    (dials, at)
}

/// Numbers the items for the page: those on the map first, then others as they turn up in lists.
struct Nodes {
    rows: Vec<u32>,
    of_row: FxHashMap<u32, u32>,
}

impl Nodes {
    fn of(&mut self, row: u32) -> u32 {
        *self.of_row.entry(row).or_insert_with(|| {
            self.rows.push(row);
            self.rows.len() as u32 - 1
        })
    }
}

/// The page as HTML.
///
/// # Errors
/// [`Error::Setting`] if the list length is 0 or the popularity is not from 0 to 1; [`Error::Data`] for rows that
/// the model lacks.
pub fn explore_page(atlas: &Atlas) -> Result<String> {
    let mut text = serde_json::to_string(&data(atlas)?)
        .map_err(|error| Error::Data(format!("the page's data cannot be written: {error}")))?;
    // In JSON these characters occur only within strings. Without them, nothing can end the block or begin a
    // comment.
    for (character, escape) in [
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u{2028}", "\\u2028"),
        ("\u{2029}", "\\u2029"),
    ] {
        text = text.replace(character, escape);
    }
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    let page = PAGE.replace("@POLICY@", &policy).replace("@STYLE@", STYLE).replace("@SCRIPT@", SCRIPT);
    // Insert the data last, and only once: it may itself contain one of these marks.
    Ok(page.replacen("@DATA@", &text, 1))
}

fn data<'a>(atlas: &Atlas<'a>) -> Result<Data<'a>> {
    let Atlas { model, items, users, list_length, .. } = *atlas;
    let (embeddings, split) = (&model.embeddings, &model.split);
    let mut nodes = Nodes { rows: items.to_vec(), of_row: items.iter().copied().zip(0..).collect() };
    let mut lists = similar_items(embeddings, items, list_length)?;
    // The lists of all users at the first place of the dial, then at the next.
    let (dials, dial) = dials(atlas);
    for &popularity in &dials {
        lists.extend(recommend(embeddings, popularity, users, list_length, &[&split.train, &split.valid])?);
    }
    let (near, near_score) = flat(&lists, list_length, &mut nodes);
    let (mut own, mut own_ends) = (Vec::new(), Vec::new());
    for &user in users {
        own.extend(split.train.items_of(user).iter().map(|&item| nodes.of(item)));
        own_ends.push(own.len() as u32);
    }
    let frequencies = split.train.item_frequencies();
    let counts = nodes.rows.iter().map(|&row| frequencies.get(row as usize).copied().unwrap_or(0));
    let counts: Vec<u32> =
        counts.chain(users.iter().map(|&user| split.train.items_of(user).len() as u32)).collect();
    let texts = |ids: &IdTable, rows: &[u32]| rows.iter().map(|&row| ids.text(row)).collect::<Vec<_>>();
    let mut ids = texts(&model.items, &nodes.rows);
    ids.extend(texts(&model.users, users));
    let points = atlas.item_points.iter().chain(atlas.user_points).flatten();
    let columns = atlas.columns.iter().map(|column| {
        let group = |&row: &u32| column.groups.get(row as usize).copied().flatten().unwrap_or(NONE);
        Column {
            name: &column.name,
            names: column.names.iter().map(String::as_str).collect(),
            groups: words(items.iter().map(group)),
        }
    });
    Ok(Data {
        title: atlas.title,
        method: atlas.method,
        ids,
        placed: items.len(),
        items: nodes.rows.len(),
        users: users.len(),
        k: list_length,
        dials,
        dial,
        xy: words(points.map(|x| x.to_bits())),
        counts: words(counts),
        near: words(near),
        near_score: words(near_score.into_iter().map(f32::to_bits)),
        own_ends: words(own_ends),
        own: words(own),
        columns: columns.collect(),
        colour: if atlas.columns.is_empty() { -1 } else { 0 },
    })
}

/// The lists as rows of `k` node numbers and scores. Short lists are filled up.
fn flat(lists: &[Vec<Neighbour>], k: usize, nodes: &mut Nodes) -> (Vec<u32>, Vec<f32>) {
    let (mut near, mut scores) = (Vec::new(), Vec::new());
    for list in lists {
        for place in 0..k {
            let neighbour = list.get(place);
            near.push(neighbour.map_or(NONE, |neighbour| nodes.of(neighbour.row)));
            scores.push(neighbour.map_or(0.0, |neighbour| neighbour.score));
        }
    }
    (near, scores)
}

fn words(words: impl IntoIterator<Item = u32>) -> String {
    let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    STANDARD.encode(bytes)
}
