//! JSON files with a checksum of themselves: `{"content": ..., "sha256": ...}`.

use crate::model::hex;
use crate::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// No such file is near this size.
const MOST_BYTES: u64 = 64 << 20;

/// Added to the name of a file that is being written.
const PART: &str = ".part";

/// Writes `content` as the file `path`, which is replaced at once or not at all. It is on the disk then.
pub(super) fn write(path: &Path, content: &impl Serialize) -> Result<()> {
    let failed = |error: serde_json::Error| Error::file(path, format!("cannot be written: {error}"));
    let content = serde_json::to_value(content).map_err(failed)?;
    let sha256 = checksum(&content);
    let text = serde_json::to_vec_pretty(&json!({"content": content, "sha256": sha256})).map_err(failed)?;
    let mut part = path.as_os_str().to_owned();
    part.push(PART);
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(&text)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&part, path)).map_err(Error::io(path, "write"))
}

/// The content of such a file.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = crate::files::read(path, MOST_BYTES)?;
    let damaged = |error: serde_json::Error| Error::file(path, format!("is damaged: {error}"));
    let mut sealed: Value = serde_json::from_slice(&text).map_err(damaged)?;
    let content = sealed["content"].take();
    if sealed["sha256"] != checksum(&content) {
        return Err(Error::file(path, "is damaged: its SHA-256 is not the one that it says"));
    }
    serde_json::from_value(content).map_err(damaged)
}

/// Over the text without spaces, its keys in order.
fn checksum(content: &Value) -> String {
    hex(&Sha256::digest(content.to_string()))
}
