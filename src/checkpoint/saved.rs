//! What is in a training's folder: the run, which does not change, and checkpoints of it.

use super::sealed;
use crate::data::{IdTable, Split};
use crate::gpu::TablePart;
use crate::model::{Embeddings, FileRecord, INTERACTIONS, ITEMS, USERS, flush_and_hash, hex, tables};
use crate::step::Geometry;
use crate::train::{Snapshot, State, TrainConfig};
use crate::{Error, Result};
use safetensors::tensor::Dtype;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const RUN: &str = "run.json";
const STATE: &str = "state.json";
const BEST: &str = "best.safetensors";
pub(super) const LOG: &str = "metrics.jsonl";
/// The files of a run.
pub(super) const RUN_FILES: [&str; 4] = [RUN, USERS, ITEMS, INTERACTIONS];

type Files = BTreeMap<String, FileRecord>;

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
    pair_counts: [usize; 3],
    files: Files,
}

impl Run {
    /// Bytes of a checkpoint, about.
    pub fn checkpoint_bytes(&self) -> u64 {
        let rows = (self.users.len() + self.items.len()) as u64;
        // The rows, two moments, and the best embeddings.
        rows * (4 * 4 * self.config.dim as u64 + 32)
    }

    /// Writes it into `folder`, `run.json` last.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let path = |name: &str| folder.join(name);
        tables::write_ids(&path(USERS), &self.users)?;
        tables::write_ids(&path(ITEMS), &self.items)?;
        tables::write_split(&path(INTERACTIONS), &self.split)?;
        let split = &self.split;
        let record = RunRecord {
            spherec_version: env!("CARGO_PKG_VERSION").to_owned(),
            config: self.config.clone(),
            data: self.data.clone(),
            adapter: self.adapter.clone(),
            user_count: self.users.len(),
            item_count: self.items.len(),
            pair_counts: [split.train.len(), split.valid.len(), split.test.len()],
            files: record_all(folder, &[USERS, ITEMS, INTERACTIONS])?,
        };
        sealed::write(&path(RUN), &record)
    }

    /// Gives the run in `folder` another number of epochs.
    pub(super) fn set_epochs(folder: &Path, epochs: usize) -> Result<()> {
        let path = folder.join(RUN);
        let mut record: RunRecord = sealed::read(&path)?;
        record.config.stopping.epochs = epochs;
        sealed::write(&path, &record)
    }

    /// Reads it from `folder`.
    pub(super) fn read(folder: &Path) -> Result<Run> {
        let record: RunRecord = sealed::read(&folder.join(RUN))?;
        let found = &record.spherec_version;
        if found != env!("CARGO_PKG_VERSION") {
            let message = format!(
                "was written by spherec {found}: go on with that version, or start anew with --force"
            );
            return Err(Error::file(&folder.join(RUN), message));
        }
        let read = |name: &str| read_verified(folder, &record.files, name);
        let (path, bytes) = read(USERS)?;
        let users = tables::parse_ids(&path, &bytes, record.user_count)?;
        let (path, bytes) = read(ITEMS)?;
        let items = tables::parse_ids(&path, &bytes, record.item_count)?;
        let (path, bytes) = read(INTERACTIONS)?;
        let tensors = tables::parse_tensors(&path, &bytes)?;
        let part = |name, count| {
            tables::parse_part(&path, &tensors, name, count, record.user_count, record.item_count)
        };
        let [train, valid, test] = record.pair_counts;
        let split = Split {
            train: part("train", train)?.into(),
            valid: part("valid", valid)?,
            test: part("test", test)?,
        };
        let RunRecord { config, data, adapter, .. } = record;
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
    files: Files,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateRecord {
    state: State,
    files: Files,
}

impl Checkpoint {
    /// Writes `snapshot` and the log so far into the empty `folder`, `state.json` last.
    pub(super) fn write(folder: &Path, snapshot: &Snapshot, log: &str) -> Result<()> {
        let mut names = Vec::new();
        for &part in snapshot.parts() {
            let words = snapshot.part(part)?;
            let shape =
                vec![snapshot.row_count(), words.len().checked_div(snapshot.row_count()).unwrap_or(0)];
            let dtype = if part == TablePart::States { Dtype::U32 } else { Dtype::F32 };
            let tensor = (part.name().to_owned(), dtype, shape, tables::little_endian(&words));
            names.push(part_file(part));
            tables::write_tensors(&folder.join(part_file(part)), &[tensor])?;
        }
        if let Some(best) = snapshot.best {
            names.push(BEST.to_owned());
            tables::write_embeddings(&folder.join(BEST), best)?;
        }
        names.push(LOG.to_owned());
        fs::write(folder.join(LOG), log).map_err(Error::io(&folder.join(LOG), "write"))?;
        let files = record_all(folder, &names)?;
        sealed::write(&folder.join(STATE), &StateRecord { state: snapshot.state.clone(), files })
    }

    /// Reads `folder` and checks every file. The tables are read again when they are needed.
    pub(super) fn read(folder: &Path, run: &Run) -> Result<Checkpoint> {
        let StateRecord { state, files } = sealed::read(&folder.join(STATE))?;
        for name in files.keys().filter(|name| *name != BEST && *name != LOG) {
            read_verified(folder, &files, name)?;
        }
        let best = match state.best {
            Some(_) => Some(read_best(folder, &files, run)?),
            None => None,
        };
        let (path, log) = read_verified(folder, &files, LOG)?;
        let log = String::from_utf8(log).map_err(|_| Error::file(&path, "is not UTF-8"))?;
        Ok(Checkpoint { state, best, log, folder: folder.to_owned(), files })
    }

    /// A part of the tables, (R, width).
    ///
    /// # Errors
    /// [`Error::File`] if the file is damaged; [`Error::Io`].
    pub fn part(&self, part: TablePart) -> Result<Vec<u32>> {
        let (path, bytes) = read_verified(&self.folder, &self.files, &part_file(part))?;
        let tensors = tables::parse_tensors(&path, &bytes)?;
        let view = tensors.tensor(part.name());
        let view = view.map_err(|_| Error::file(&path, format!("has no tensor `{}`", part.name())))?;
        Ok(view.data().chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }
}

fn part_file(part: TablePart) -> String {
    format!("{}.safetensors", part.name())
}

fn read_best(folder: &Path, files: &Files, run: &Run) -> Result<Embeddings> {
    let (path, bytes) = read_verified(folder, files, BEST)?;
    let tensors = tables::parse_tensors(&path, &bytes)?;
    let numbers = |name: &str, shape: &[usize]| -> Result<Vec<f32>> {
        let bytes = tables::tensor(&path, &tensors, name, Dtype::F32, shape)?;
        Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    };
    let (dim, item_count) = (run.config.dim, run.items.len());
    let geometry: Geometry = run.config.geometry;
    let item_bias = match run.config.item_bias {
        Some(_) => numbers("item_bias", &[item_count])?,
        None => Vec::new(),
    };
    let (users, items) = (numbers("users", &[run.users.len(), dim])?, numbers("items", &[item_count, dim])?);
    Ok(Embeddings { dim, geometry, users, items, item_bias })
}

/// Flushes the files to the disk and takes their checksums.
fn record_all<T: AsRef<str>>(folder: &Path, names: &[T]) -> Result<Files> {
    let record = |name: &T| Ok((name.as_ref().to_owned(), flush_and_hash(&folder.join(name.as_ref()))?));
    names.iter().map(record).collect()
}

/// The contents of a file, which must have the size and checksum on record.
fn read_verified(folder: &Path, files: &Files, name: &str) -> Result<(PathBuf, Vec<u8>)> {
    let path = folder.join(name);
    let record = files.get(name).ok_or_else(|| Error::file(&path, "is not on record"))?;
    let bytes = crate::files::read(&path, record.bytes)?;
    if bytes.len() as u64 != record.bytes || hex(&Sha256::digest(&bytes)) != record.sha256 {
        return Err(Error::file(&path, "is damaged or cut short: its SHA-256 is not the one on record"));
    }
    Ok((path, bytes))
}
