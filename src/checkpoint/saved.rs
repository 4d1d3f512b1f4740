//! What is in a training's folder: the run, which does not change, and checkpoints of it.

use crate::data::{IdTable, Split};
use crate::gpu::TablePart;
use crate::model::{Embeddings, INTERACTIONS, ITEMS, PairCounts, SUMS, Sizes, Sums, USERS, tables};
use crate::train::{Snapshot, State, TrainConfig};
use crate::{Error, Result, files};
use safetensors::tensor::Dtype;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const RUN: &str = "run.json";
const STATE: &str = "state.json";
const BEST: &str = "best.safetensors";
pub(super) const LOG: &str = "metrics.jsonl";
/// The files of a run, beside their checksums.
const RUN_FILES: [&str; 4] = [USERS, ITEMS, INTERACTIONS, RUN];
/// All that [`Run::write`] writes.
pub(super) const OF_RUN: [&str; 5] = [USERS, ITEMS, INTERACTIONS, RUN, SUMS];
/// No file of JSON here is near this size.
const MOST_JSON_BYTES: u64 = 1 << 24;

/// A training: what it is made of and what it learns from.
#[derive(Debug)]
pub struct Run {
    /// Its settings.
    pub config: TrainConfig,
    /// The files that were read, and how; as in the model's record.
    pub data: Value,
    /// The adapter that it began on.
    pub adapter: String,
    /// User ids, (U).
    pub users: IdTable,
    /// Item ids, (I).
    pub items: IdTable,
    /// The interactions.
    pub split: Split,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunRecord {
    spherec_version: String,
    config: TrainConfig,
    data: Value,
    adapter: String,
    user_count: usize,
    item_count: usize,
    pair_count: PairCounts,
}

impl Run {
    /// Bytes of a checkpoint, about.
    pub fn checkpoint_bytes(&self) -> u64 {
        let rows = (self.users.len() + self.items.len()) as u64;
        // The rows, the moments, and the best embeddings.
        let tables = 2 + self.config.optimizer.moments().len() as u64;
        rows * (4 * tables * self.config.dim as u64 + 32)
    }

    fn sizes(&self) -> Sizes {
        Sizes {
            dim: self.config.dim,
            geometry: self.config.geometry,
            has_bias: self.config.item_bias.is_some(),
            user_count: self.users.len(),
            item_count: self.items.len(),
            pair_count: PairCounts::of(&self.split),
        }
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
        };
        tables::write_ids(&folder.join(USERS), &self.users)?;
        tables::write_ids(&folder.join(ITEMS), &self.items)?;
        tables::write_split(&folder.join(INTERACTIONS), &self.split)?;
        write_json(&folder.join(RUN), &record)?;
        Sums::write(folder, &RUN_FILES)
    }

    /// Reads it from `folder`, and checks every file.
    pub(super) fn read(folder: &Path) -> Result<Run> {
        Sums::read(folder, &RUN_FILES, &[])?.check_files(folder)?;
        let path = |name: &str| folder.join(name);
        let RunRecord { spherec_version, config, data, adapter, user_count, item_count, pair_count } =
            read_json(&path(RUN))?;
        if spherec_version != env!("CARGO_PKG_VERSION") {
            let message = format!(
                "was written by spherec {spherec_version}: go on with that version, or start anew with --force"
            );
            return Err(Error::file(&path(RUN), message));
        }
        let (dim, geometry, has_bias) = (config.dim, config.geometry, config.item_bias.is_some());
        let sizes = Sizes { dim, geometry, has_bias, user_count, item_count, pair_count };
        let users = tables::read_ids(&path(USERS), user_count)?;
        let items = tables::read_ids(&path(ITEMS), item_count)?;
        let split = tables::read_split(&path(INTERACTIONS), size_of_file(&path(INTERACTIONS))?, &sizes)?;
        Ok(Run { config, data, adapter, users, items, split })
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
        for &part in snapshot.parts() {
            let words = snapshot.part(part)?;
            let shape =
                vec![snapshot.row_count(), words.len().checked_div(snapshot.row_count()).unwrap_or(0)];
            let dtype = if part == TablePart::States { Dtype::U32 } else { Dtype::F32 };
            let tensor = (part.name().to_owned(), dtype, shape, tables::little_endian(&words));
            tables::write_tensors(&folder.join(file_of(part)), &[tensor])?;
            names.push(file_of(part));
        }
        if let Some(best) = snapshot.best {
            tables::write_embeddings(&folder.join(BEST), best)?;
            names.push(BEST);
        }
        // What every checkpoint has comes last: so no cut of the list goes unseen.
        names.extend([STATE, LOG]);
        Sums::write(folder, &names)
    }

    /// Reads `folder`, and checks every file. The tables are read when they are needed.
    pub(super) fn read(folder: &Path, run: &Run) -> Result<Checkpoint> {
        let path = |name: &str| folder.join(name);
        let moments = [TablePart::Drift, TablePart::Variance].map(file_of);
        let [drift, variance] = moments;
        let required = [STATE, LOG, file_of(TablePart::Rows), file_of(TablePart::States)];
        let sums = Sums::read(folder, &required, &[drift, variance, BEST])?;
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
    pub fn part(&self, part: TablePart) -> Result<Vec<u32>> {
        let path = self.folder.join(file_of(part));
        let bytes = files::read(&path, size_of_file(&path)?)?;
        let tensors = tables::parse_tensors(&path, &bytes)?;
        let tensor = tensors.tensor(part.name());
        let tensor = tensor.map_err(|_| Error::file(&path, format!("has no tensor `{}`", part.name())))?;
        Ok(tensor.data().chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }
}

fn file_of(part: TablePart) -> &'static str {
    match part {
        TablePart::Rows => "rows.safetensors",
        TablePart::Drift => "drift.safetensors",
        TablePart::Variance => "variance.safetensors",
        TablePart::States => "row_states.safetensors",
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
fn size_of_file(path: &Path) -> Result<u64> {
    Ok(files::open(path)?.metadata().map_err(Error::io(path, "read"))?.len())
}
