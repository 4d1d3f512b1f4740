//! `model.json`, the description of a model folder.

use super::sums::{SUMS, Sums};
use super::{Model, Record};
use crate::data::{Features, IdTable, MAX_ID_BYTES, Side, Split};
use crate::printable::excerpt;
use crate::step::Geometry;
use crate::train::MAX_DIM;
use crate::{Error, Result, files};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::RangeInclusive;
use std::path::Path;

pub(super) const MANIFEST: &str = "model.json";
pub(super) const TABLES: &str = "model.safetensors";
pub(crate) const INTERACTIONS: &str = "interactions.safetensors";
pub(crate) const USERS: &str = "users.txt";
pub(crate) const ITEMS: &str = "items.txt";

/// The files that every model has beside `SHA256SUMS`.
pub(super) const REQUIRED: [&str; 5] = [USERS, ITEMS, TABLES, INTERACTIONS, MANIFEST];

/// The files of a model with features: for each side the names of the features, the ids of those who were not there in
/// training, and where they are.
pub(super) const OF_FEATURES: [[&str; 3]; 2] = [
    ["item_features.txt", "cold_items.txt", "cold_items.safetensors"],
    ["user_features.txt", "cold_users.txt", "cold_users.safetensors"],
];

/// All files that a model can have beside those that every model has.
pub(super) fn optional() -> Vec<&'static str> {
    LOGS.into_iter().chain(OF_FEATURES.into_iter().flatten()).collect()
}

/// The files that a model can have beside these. No other file of its folder is the model's, whatever its files say.
pub(super) const LOGS: [&str; 2] = ["metrics.jsonl", "metrics.csv"];

const FORMAT: &str = "spherec-model";
const FORMAT_VERSION: u64 = 1;

/// `model.json` is smaller than this: it holds settings, names and metrics.
const MOST_BYTES: u64 = 1 << 20;

/// A line of a file of ids is not longer than this: of the longest id, each byte may be escaped as `\xNN`.
pub(super) const MOST_LINE_BYTES: u64 = 4 * MAX_ID_BYTES as u64 + 1;

/// The header of a safetensors file is smaller than this: it names few tensors.
const MOST_HEADER_BYTES: u64 = 1 << 16;

/// How many pairs each part of the split has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PairCounts {
    pub(crate) train: usize,
    pub(crate) valid: usize,
    pub(crate) test: usize,
}

impl PairCounts {
    /// Those of `split`.
    pub(crate) fn of(split: &Split) -> PairCounts {
        PairCounts { train: split.train.len(), valid: split.valid.len(), test: split.test.len() }
    }
}

/// What the files of ids, tables and pairs must hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) dim: usize,
    pub(crate) geometry: Geometry,
    pub(crate) has_bias: bool,
    pub(crate) user_count: usize,
    pub(crate) item_count: usize,
    pub(crate) pair_count: PairCounts,
    pub(crate) networks: [Option<NetworkSizes>; 2],
}

/// What the tables of a network must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NetworkSizes {
    pub(crate) feature_count: usize,
    /// 0: it is linear.
    pub(crate) hidden: usize,
    /// Those who were not there in training.
    pub(crate) cold_count: usize,
}

impl NetworkSizes {
    /// The shapes of its layers' tables, in a space of dimension `dim`.
    pub(crate) fn layers(&self, dim: usize) -> Vec<[usize; 2]> {
        match self.hidden {
            0 => vec![[self.feature_count + 1, dim]],
            hidden => vec![[self.feature_count + 1, hidden], [hidden + 1, dim]],
        }
    }

    /// Numbers of these tables.
    pub(crate) fn number_count(&self, dim: usize) -> u64 {
        self.layers(dim).into_iter().map(|[rows, width]| rows as u64 * width as u64).sum()
    }

    /// Those of the networks of a model, by [`Side::index`].
    fn of(model: &Model) -> [Option<NetworkSizes>; 2] {
        Side::ALL.map(|side| {
            let network = model.embeddings.networks.iter().find(|network| network.side == side)?;
            let known = model.features.iter().find(|known| known.side == side);
            Some(NetworkSizes {
                feature_count: network.feature_count(),
                hidden: network.hidden,
                cold_count: known.map_or(0, |known| known.cold_ids.len()),
            })
        })
    }
}

/// The contents of `model.json`. The fields are in the order in which they are written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    format: String,
    format_version: u64,
    spherec_version: String,
    pub(super) dim: usize,
    pub(super) geometry: Geometry,
    /// How much of the item bias counts; only in a model that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) popularity: Option<f64>,
    pub(super) user_count: usize,
    pub(super) item_count: usize,
    pub(super) pair_count: PairCounts,
    /// The networks that project features of items; only in a model that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    item_features: Option<NetworkSizes>,
    /// As of items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_features: Option<NetworkSizes>,
    adapter: String,
    data: Value,
    config: Value,
    pub(super) metrics: Value,
}

impl Manifest {
    /// Describes `model`.
    pub(super) fn new(model: &Model) -> Manifest {
        let record = model.record.clone();
        let [item_features, user_features] = NetworkSizes::of(model);
        Manifest {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            spherec_version: record.spherec_version,
            dim: model.embeddings.dim,
            geometry: model.embeddings.geometry,
            popularity: model.embeddings.has_bias().then_some(model.popularity),
            user_count: model.users.len(),
            item_count: model.items.len(),
            pair_count: PairCounts::of(&model.split),
            item_features,
            user_features,
            adapter: record.adapter,
            data: record.data,
            config: record.config,
            metrics: record.metrics,
        }
    }

    /// What the other files must hold.
    pub(super) fn sizes(&self) -> Sizes {
        Sizes {
            dim: self.dim,
            geometry: self.geometry,
            has_bias: self.popularity.is_some(),
            user_count: self.user_count,
            item_count: self.item_count,
            pair_count: self.pair_count,
            networks: [self.item_features, self.user_features],
        }
    }

    /// Writes it as the file `path`.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::file(path, format!("cannot be written: {error}")))?;
        text.push(b'\n');
        std::fs::write(path, text).map_err(Error::io(path, "write"))
    }

    /// The part that is public.
    pub(super) fn into_record(self) -> Record {
        Record {
            spherec_version: self.spherec_version,
            config: self.config,
            data: self.data,
            metrics: self.metrics,
            adapter: self.adapter,
        }
    }

    /// Reads `model.json` in `folder`, and the checksums. Checks the name of the format first, then its version, the
    /// checksum and the rest, so that the error says which of them is wrong.
    pub(super) fn read(folder: &Path) -> Result<(Manifest, Sums)> {
        let path = folder.join(MANIFEST);
        let error = |message: String| Error::file(&path, message);
        if folder.is_dir() && path.symlink_metadata().is_err() {
            return Err(error(format!("is missing, so {} is not a spherec model", folder.display())));
        }
        let text = files::read(&path, MOST_BYTES)?;
        let value: Value = serde_json::from_slice(&text)
            .map_err(|reason| error(format!("is not JSON, or is truncated: {reason}")))?;
        if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(error(format!("is not a spherec model: it has no \"format\": \"{FORMAT}\"")));
        }
        let version = value.get("format_version").and_then(Value::as_u64);
        if version != Some(FORMAT_VERSION) {
            let found = value.get("format_version").map_or("none".into(), Value::to_string);
            return Err(error(format!(
                "has format version {}, but spherec {} reads {FORMAT_VERSION}",
                excerpt(&found),
                env!("CARGO_PKG_VERSION")
            )));
        }
        let sums = Sums::read(folder, &REQUIRED, &optional())?;
        sums.check_bytes(folder, MANIFEST, &text)?;
        let manifest: Manifest = serde_json::from_value(value)
            .map_err(|reason| error(format!("is damaged: {}", excerpt(&reason.to_string()))))?;
        manifest.check().map_err(error)?;
        for (network, names) in manifest.sizes().networks.iter().zip(OF_FEATURES) {
            for name in names {
                if sums.names().any(|known| known == name) != network.is_some() {
                    let has = if network.is_some() { "does not name" } else { "names" };
                    return Err(Error::file(&folder.join(SUMS), format!("{has} {name}, unlike {MANIFEST}")));
                }
            }
        }
        Ok((manifest, sums))
    }

    /// Checks that the numbers are possible. The error is a message.
    fn check(&self) -> std::result::Result<(), String> {
        let within = |name: &str, value: usize, most: usize| match value {
            value if (1..=most).contains(&value) => Ok(()),
            value => Err(format!("\"{name}\" must be 1 to {most}, but is {value}")),
        };
        within("dim", self.dim, MAX_DIM)?;
        within("user_count", self.user_count, IdTable::MAX_COUNT)?;
        within("item_count", self.item_count, IdTable::MAX_COUNT)?;
        let PairCounts { train, valid, test } = self.pair_count;
        let pairs = [train, valid, test].iter().map(|&count| count as u128).sum::<u128>();
        let most = self.user_count as u128 * self.item_count as u128;
        if pairs > most {
            return Err(format!(
                "\"pair_count\" has {pairs} pairs, but {} users and {} items have at most {most}",
                self.user_count, self.item_count
            ));
        }
        for NetworkSizes { feature_count, hidden, cold_count } in
            [self.item_features, self.user_features].into_iter().flatten()
        {
            within("feature_count", feature_count, Features::MAX_COUNT)?;
            if hidden > 0 {
                within("hidden", hidden, MAX_DIM)?;
            }
            if cold_count > IdTable::MAX_COUNT {
                return Err(format!(
                    "\"cold_count\" must be at most {}, but is {cold_count}",
                    IdTable::MAX_COUNT
                ));
            }
        }
        match self.popularity {
            Some(popularity) if !(0.0..=1.0).contains(&popularity) => {
                Err(format!("\"popularity\" must be from 0 to 1, but is {popularity}"))
            }
            _ => Ok(()),
        }
    }
}

impl Sizes {
    /// The least and the most bytes of a file of `count` ids.
    pub(super) fn id_bytes(count: usize) -> RangeInclusive<u64> {
        count as u64..=(count as u64).saturating_mul(MOST_LINE_BYTES)
    }

    /// The least and the most bytes of the tables' file.
    pub(super) fn table_bytes(&self) -> RangeInclusive<u64> {
        let (users, items, dim) = (self.user_count as u64, self.item_count as u64, self.dim as u64);
        let biases = if self.has_bias { items } else { 0 };
        let networks = self.networks.iter().flatten().map(|network| network.number_count(self.dim));
        // Below 2^46: see `Manifest::check`.
        with_header(4 * ((users + items) * dim + biases + networks.sum::<u64>()))
    }

    /// The least and the most bytes of a file of `count` cold points.
    pub(super) fn cold_bytes(count: usize, dim: usize) -> RangeInclusive<u64> {
        with_header(4 * count as u64 * dim as u64)
    }

    /// The least and the most bytes of the file of pairs.
    pub(super) fn pair_bytes(&self) -> RangeInclusive<u64> {
        let PairCounts { train, valid, test } = self.pair_count;
        let pairs = [train, valid, test].iter().fold(0u64, |sum, &count| sum.saturating_add(count as u64));
        with_header(pairs.saturating_mul(8))
    }
}

/// The least and the most bytes of a safetensors file that holds `data` bytes in tensors.
fn with_header(data: u64) -> RangeInclusive<u64> {
    data.saturating_add(8)..=data.saturating_add(MOST_HEADER_BYTES)
}
