//! Reads a model folder, and trusts nothing in it.

use super::manifest::{FileRecord, INTERACTIONS, ITEMS, MANIFEST, Manifest, TABLES, USERS};
use super::{Model, output, tables};
use crate::data::Split;
use crate::{Error, Result};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

impl Model {
    /// Reads the model in `folder`. Verifies the version, sizes, checksums, shapes, counts, ids, pairs and
    /// numbers. The logs of the training are neither read nor verified.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Io`] with the file's path and what is wrong with it.
    pub fn load(folder: &Path) -> Result<Model> {
        if !folder.is_dir() {
            return Err(output::no_folder(folder));
        }
        let manifest = Manifest::read(folder)?;
        let (user_count, item_count) = (manifest.user_count, manifest.item_count);
        let damaged = |message: String| Err(Error::file(&folder.join(MANIFEST), message));
        if manifest.dim == 0 {
            return damaged("\"dim\" is 0".to_owned());
        }
        if let Some(popularity) = manifest.popularity.filter(|popularity| !(0.0..=1.0).contains(popularity)) {
            return damaged(format!("\"popularity\" must be from 0 to 1, but is {popularity}"));
        }

        // Read the ids first. The size of their files limits their number, and so all later sizes.
        let (path, bytes) = read_verified(folder, &manifest, USERS)?;
        let users = tables::parse_ids(&path, &bytes, user_count)?;
        let (path, bytes) = read_verified(folder, &manifest, ITEMS)?;
        let items = tables::parse_ids(&path, &bytes, item_count)?;
        let (path, bytes) = read_verified(folder, &manifest, TABLES)?;
        let embeddings = tables::parse_embeddings(&path, &bytes, &manifest)?;
        drop(bytes);
        let (path, bytes) = read_verified(folder, &manifest, INTERACTIONS)?;
        let tensors = tables::parse_tensors(&path, &bytes)?;
        let part =
            |name, pair_count| tables::parse_part(&path, &tensors, name, pair_count, user_count, item_count);
        let counts = manifest.pair_count;
        let split = Split {
            train: part("train", counts.train)?.into(),
            valid: part("valid", counts.valid)?,
            test: part("test", counts.test)?,
        };
        let popularity = manifest.popularity.unwrap_or(1.0);
        Ok(Model { embeddings, popularity, users, items, split, record: manifest.into_record() })
    }
}

/// The contents of the file `name`, whose size and checksum must be those in `model.json`.
fn read_verified(folder: &Path, manifest: &Manifest, name: &str) -> Result<(PathBuf, Vec<u8>)> {
    let path = folder.join(name);
    let Some(FileRecord { bytes: size, sha256 }) = manifest.files.get(name) else {
        return Err(Error::file(&path, "is not listed in model.json"));
    };
    let bytes = fs::read(&path).map_err(Error::io(&path, "read"))?;
    if bytes.len() as u64 != *size {
        let (state, found) =
            (if (bytes.len() as u64) < *size { "truncated" } else { "too long" }, bytes.len());
        return Err(Error::file(&path, format!("is {state}: {found} bytes, but model.json says {size}")));
    }
    if hex(&Sha256::digest(&bytes)) != *sha256 {
        return Err(Error::file(&path, "is damaged: its SHA-256 is not the one in model.json"));
    }
    Ok((path, bytes))
}

/// `bytes` in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}
