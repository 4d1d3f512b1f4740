//! `model.json`, the description of a model folder.

use super::{Model, Record};
use crate::step::Geometry;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub(super) const MANIFEST: &str = "model.json";
pub(super) const TABLES: &str = "model.safetensors";
pub(crate) const INTERACTIONS: &str = "interactions.safetensors";
pub(crate) const USERS: &str = "users.txt";
pub(crate) const ITEMS: &str = "items.txt";

const FORMAT: &str = "spherec-model";
const FORMAT_VERSION: u64 = 1;

/// The size and checksum of one file of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// How many pairs each part of the split has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PairCounts {
    pub(super) train: usize,
    pub(super) valid: usize,
    pub(super) test: usize,
}

/// The contents of `model.json`. The fields are in the order in which they are written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: String,
    format_version: u64,
    spherec_version: String,
    pub(super) dim: usize,
    /// Missing in the first models, which are on the sphere.
    #[serde(default = "sphere")]
    pub(super) geometry: Geometry,
    /// How much of the item bias counts; only in a model that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) popularity: Option<f64>,
    pub(super) user_count: usize,
    pub(super) item_count: usize,
    pub(super) pair_count: PairCounts,
    adapter: String,
    /// Missing in the first models.
    #[serde(default)]
    data: Value,
    config: Value,
    pub(super) metrics: Value,
    /// Every other file of the model, by name.
    pub(super) files: BTreeMap<String, FileRecord>,
}

fn sphere() -> Geometry {
    Geometry::Sphere
}

impl Manifest {
    /// Describes `model`, whose other files are `files`.
    pub(super) fn new(model: &Model, files: BTreeMap<String, FileRecord>) -> Manifest {
        let (split, record) = (&model.split, model.record.clone());
        Manifest {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            spherec_version: record.spherec_version,
            dim: model.embeddings.dim,
            geometry: model.embeddings.geometry,
            popularity: model.embeddings.has_bias().then_some(model.popularity),
            user_count: model.users.len(),
            item_count: model.items.len(),
            pair_count: PairCounts {
                train: split.train.len(),
                valid: split.valid.len(),
                test: split.test.len(),
            },
            adapter: record.adapter,
            data: record.data,
            config: record.config,
            metrics: record.metrics,
            files,
        }
    }

    /// The text of the file `path`.
    pub(super) fn text(&self, path: &Path) -> Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::file(path, format!("cannot be written: {error}")))?;
        text.push(b'\n');
        Ok(text)
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

    /// Reads `model.json` in `folder`. Checks the name of the format first, then its version, then the rest,
    /// so that the error says which of them is wrong.
    pub(super) fn read(folder: &Path) -> Result<Manifest> {
        let path = folder.join(MANIFEST);
        if folder.is_dir() && !path.exists() {
            let message = format!("is missing, so {} is not a spherec model", folder.display());
            return Err(Error::file(&path, message));
        }
        let text = fs::read(&path).map_err(Error::io(&path, "read"))?;
        let value: Value = serde_json::from_slice(&text)
            .map_err(|error| Error::file(&path, format!("is not JSON, or is truncated: {error}")))?;
        if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(Error::file(
                &path,
                format!("is not a spherec model: it has no \"format\": \"{FORMAT}\""),
            ));
        }
        let version = value.get("format_version").and_then(Value::as_u64);
        if version != Some(FORMAT_VERSION) {
            let found = value.get("format_version").map_or("none".into(), Value::to_string);
            return Err(Error::file(
                &path,
                format!(
                    "has format version {found}, but spherec {} reads {FORMAT_VERSION}",
                    env!("CARGO_PKG_VERSION")
                ),
            ));
        }
        serde_json::from_value(value).map_err(|error| Error::file(&path, format!("is damaged: {error}")))
    }
}
