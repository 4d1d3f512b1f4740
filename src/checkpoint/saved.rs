//! What is in a training's folder: the run, which does not change, and checkpoints of it.

use super::features;
use crate::data::{IdTable, Side, Split};
use crate::gpu::{TableKey, TablePart};
use crate::model::{
    Embeddings, INTERACTIONS, ITEMS, NetworkSizes, PairCounts, SUMS, Sizes, Sums, USERS, tables,
};
use crate::step::{Layer, Of};
use crate::train::{RunConfig, SideFeatures, Snapshot, State};
use crate::{Error, Result, files};
use safetensors::tensor::Dtype;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const RUN: &str = "run.json";
const STATE: &str = "state.json";
const BEST: &str = "best.safetensors";
pub(super) const LOG: &str = "metrics.jsonl";
/// The files of a run, beside their checksums.
const RUN_FILES: [&str; 4] = [USERS, ITEMS, INTERACTIONS, RUN];

/// Whether [`Run::write`] writes a file of this name.
pub(super) fn is_of_run(name: &str) -> bool {
    RUN_FILES.contains(&name)
        || name == SUMS
        || Side::ALL.into_iter().flat_map(features::names).any(|known| known == name)
}
/// No file of JSON here is near this size.
const MOST_JSON_BYTES: u64 = 1 << 24;

/// A training: what it is made of and what it learns from.
#[derive(Debug)]
pub struct Run {
    /// Its settings.
    pub config: RunConfig,
    /// The files that were read, and how; as in the model's record.
    pub data: Value,
    /// The adapter that it began on, or what else it trains on.
    pub adapter: String,
    /// User ids, (U).
    pub users: IdTable,
    /// Item ids, (I).
    pub items: IdTable,
    /// The interactions.
    pub split: Split,
    /// The features that it uses.
    pub features: Vec<SideFeatures>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunRecord {
    spherec_version: String,
    config: RunConfig,
    data: Value,
    adapter: String,
    user_count: usize,
    item_count: usize,
    pair_count: PairCounts,
    #[serde(default)]
    features: Vec<(Side, features::Counts)>,
}

impl Run {
    /// Bytes of a checkpoint, about.
    pub fn checkpoint_bytes(&self) -> u64 {
        let rows = (self.users.len() + self.items.len()) as u64;
        let tables = 2 + self.config.moment_count() as u64;
        let of_networks = self.networks().into_iter().flatten();
        let of_networks = of_networks.map(|network| 4 * tables * network.number_count(self.config.dim()));
        // The rows, the moments, and the best embeddings; and so of networks.
        rows * (4 * tables * self.config.dim() as u64 + 32) + of_networks.sum::<u64>()
    }

    fn sizes(&self) -> Sizes {
        Sizes {
            dim: self.config.dim(),
            geometry: self.config.geometry(),
            has_bias: self.config.has_bias(),
            user_count: self.users.len(),
            item_count: self.items.len(),
            pair_count: PairCounts::of(&self.split),
            networks: self.networks(),
        }
    }

    /// The sizes of the networks that it trains, by [`Side::index`].
    fn networks(&self) -> [Option<NetworkSizes>; 2] {
        Side::ALL.map(|side| {
            let (_, features) = self.features.iter().find(|(it, _)| *it == side)?;
            let hidden = self.config.features()?.hidden;
            Some(NetworkSizes { feature_count: features.feature_count(), hidden, cold_count: 0 })
        })
    }

    /// Writes it into `folder`.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let Sizes { user_count, item_count, pair_count, .. } = self.sizes();
        let record = RunRecord {
            spherec_version: env!("CARGO_PKG_VERSION").to_owned(),
            config: self.config.clone(),
            data: self.data.clone(),
            adapter: self.adapter.clone(),
            user_count,
            item_count,
            pair_count,
            features: self.features.iter().map(|(side, it)| (*side, features::Counts::of(it))).collect(),
        };
        tables::write_ids(&folder.join(USERS), &self.users)?;
        tables::write_ids(&folder.join(ITEMS), &self.items)?;
        tables::write_split(&folder.join(INTERACTIONS), &self.split)?;
        let mut names = Vec::new();
        for (side, features) in &self.features {
            features::write(folder, *side, features)?;
            names.extend(features::names(*side));
        }
        write_json(&folder.join(RUN), &record)?;
        names.extend(RUN_FILES);
        Sums::write(folder, &names)
    }

    /// Reads it from `folder`, and checks every file.
    pub(super) fn read(folder: &Path) -> Result<Run> {
        let of_features: Vec<_> = Side::ALL.into_iter().flat_map(features::names).collect();
        let sums = Sums::read(folder, &RUN_FILES, &of_features)?;
        sums.check_files(folder)?;
        let path = |name: &str| folder.join(name);
        let record: RunRecord = read_json(&path(RUN))?;
        let RunRecord { spherec_version, config, data, adapter, user_count, item_count, pair_count, .. } =
            record;
        if spherec_version != env!("CARGO_PKG_VERSION") {
            let message = format!(
                "was written by spherec {spherec_version}: go on with that version, or start anew with --force"
            );
            return Err(Error::file(&path(RUN), message));
        }
        let (dim, geometry, has_bias) = (config.dim(), config.geometry(), config.has_bias());
        let networks = [None; 2];
        let sizes = Sizes { dim, geometry, has_bias, user_count, item_count, pair_count, networks };
        let users = tables::read_ids(&path(USERS), user_count)?;
        let items = tables::read_ids(&path(ITEMS), item_count)?;
        let split = tables::read_split(&path(INTERACTIONS), size_of_file(&path(INTERACTIONS))?, &sizes)?;
        let mut features = Vec::new();
        for (side, counts) in record.features {
            // Nothing unchecked is read.
            if let Some(name) =
                features::names(side).into_iter().find(|name| !sums.names().any(|it| it == *name))
            {
                return Err(Error::file(&path(SUMS), format!("does not name {name}")));
            }
            let known_count = if side == Side::Items { items.len() } else { users.len() };
            features.push((side, Arc::new(features::read(folder, side, counts, known_count)?)));
        }
        Ok(Run { config, data, adapter, users, items, split, features })
    }
}

/// A run between two steps, on disk.
#[derive(Debug)]
pub struct Checkpoint {
    /// Where the run stands.
    pub state: State,
    /// The best embeddings so far, if the validation part was ranked.
    pub best: Option<Embeddings>,
    /// The log up to here.
    pub log: String,
    folder: PathBuf,
}

impl Checkpoint {
    /// Writes `snapshot` and the log so far into the empty `folder`.
    pub(super) fn write(folder: &Path, snapshot: &Snapshot, log: &str) -> Result<()> {
        let mut names = Vec::new();
        write_json(&folder.join(STATE), snapshot.state)?;
        fs::write(folder.join(LOG), log).map_err(Error::io(&folder.join(LOG), "write"))?;
        for key in snapshot.parts() {
            let (words, (of, part)) = (snapshot.part(key)?, key);
            let row_count = snapshot.row_count(of);
            let shape = vec![row_count, words.len().checked_div(row_count).unwrap_or(0)];
            let dtype = if part == TablePart::States { Dtype::U32 } else { Dtype::F32 };
            let tensor = (part.name().to_owned(), dtype, shape, tables::little_endian(&words));
            tables::write_tensors(&folder.join(file_of(key)), &[tensor])?;
            names.push(file_of(key));
        }
        if let Some(best) = snapshot.best {
            tables::write_embeddings(&folder.join(BEST), best)?;
            names.push(BEST.to_owned());
        }
        // What every checkpoint has comes last: so no cut of the list goes unseen.
        names.extend([STATE, LOG].map(str::to_owned));
        Sums::write(folder, &names.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Reads `folder`, and checks every file. The tables are read when they are needed.
    pub(super) fn read(folder: &Path, run: &Run) -> Result<Checkpoint> {
        let path = |name: &str| folder.join(name);
        let rows = file_of((Of::Points, TablePart::Rows));
        // What only some trainings keep.
        let others: Vec<String> = all_keys().map(file_of).filter(|name| *name != rows).collect();
        let others: Vec<_> = others.iter().map(String::as_str).chain([BEST]).collect();
        let sums = Sums::read(folder, &[STATE, LOG, &rows], &others)?;
        sums.check_files(folder)?;
        let state: State = read_json(&path(STATE))?;
        let best = match state.best {
            Some(_) => Some(tables::read_embeddings(&path(BEST), size_of_file(&path(BEST))?, &run.sizes())?),
            None => None,
        };
        let log = files::read(&path(LOG), size_of_file(&path(LOG))?)?;
        let log = String::from_utf8(log).map_err(|_| Error::file(&path(LOG), "is not UTF-8"))?;
        Ok(Checkpoint { state, best, log, folder: folder.to_owned() })
    }

    /// A part of the tables, (R, width).
    ///
    /// # Errors
    /// [`Error::File`] if the file is damaged; [`Error::Io`].
    pub fn part(&self, key: TableKey) -> Result<Vec<u32>> {
        let (path, (_, part)) = (self.folder.join(file_of(key)), key);
        let bytes = files::read(&path, size_of_file(&path)?)?;
        let tensors = tables::parse_tensors(&path, &bytes)?;
        let tensor = tensors.tensor(part.name());
        let tensor = tensor.map_err(|_| Error::file(&path, format!("has no tensor `{}`", part.name())))?;
        Ok(tensor.data().chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }
}

/// All parts that the tables of a training can have.
fn all_keys() -> impl Iterator<Item = TableKey> {
    let layers = Side::ALL
        .into_iter()
        .flat_map(|side| [Layer::Input, Layer::Output].map(|layer| Of::Layer(side, layer)));
    let parts = [TablePart::Rows, TablePart::Drift, TablePart::Variance, TablePart::States];
    std::iter::once(Of::Points).chain(layers).flat_map(move |of| parts.map(|part| (of, part)))
}

fn file_of((of, part): TableKey) -> String {
    match of {
        Of::Points => format!("{}.safetensors", part.name()),
        _ => format!("{}.{}.safetensors", of.name(), part.name()),
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_vec_pretty(value)
        .map_err(|error| Error::file(path, format!("cannot be written: {error}")))?;
    fs::write(path, text).map_err(Error::io(path, "write"))
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = files::read(path, MOST_JSON_BYTES)?;
    serde_json::from_slice(&text).map_err(|error| Error::file(path, format!("is damaged: {error}")))
}

/// The size of a file whose checksum was right.
pub(super) fn size_of_file(path: &Path) -> Result<u64> {
    Ok(files::open(path)?.metadata().map_err(Error::io(path, "read"))?.len())
}
