//! `SHA256SUMS`: the checksum of every file of a model, one a line, as `sha256sum -c` reads them.

use super::manifest::{LOGS, MANIFEST, REQUIRED, SUMS};
use crate::printable::printable;
use crate::{Error, Result, files};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// The file is smaller than this: it names few files.
const MOST_BYTES: u64 = 4096;

/// The SHA-256, in hexadecimal, of each file of a model, by its name.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums(BTreeMap<&'static str, String>);

impl Sums {
    /// Reads the list in `folder`. It must name every file that a model needs, and none that a model cannot have.
    pub(super) fn read(folder: &Path) -> Result<Sums> {
        let path = folder.join(SUMS);
        let bytes = files::read(&path, MOST_BYTES)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut sums = BTreeMap::new();
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            let row = |message: String| Error::Row { path: path.clone(), line: number, message };
            let Some((sum, name)) = line.strip_suffix('\n').and_then(|line| line.split_once("  ")) else {
                return Err(row("is not a checksum, two spaces and a name".to_owned()));
            };
            let Some(&name) = REQUIRED.iter().chain(&LOGS).find(|known| **known == name) else {
                return Err(row(format!("`{}` is not a file of a model", printable(name))));
            };
            if sums.insert(name, sum.to_owned()).is_some() {
                return Err(row(format!("{name} is named twice")));
            }
        }
        if let Some(name) = REQUIRED.iter().find(|name| !sums.contains_key(*name)) {
            return Err(Error::file(&path, format!("does not name {name}")));
        }
        Ok(Sums(sums))
    }

    /// Adds a file of the folder: its contents as they are on the disk.
    pub(super) fn add(&mut self, folder: &Path, name: &'static str) -> Result<()> {
        self.0.insert(name, sum_of(&folder.join(name))?);
        Ok(())
    }

    /// The text of the file.
    pub(super) fn text(&self) -> String {
        self.0.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect()
    }

    /// The files that are named.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.keys().copied()
    }

    /// Checks `model.json`, whose contents are `bytes`.
    pub(super) fn check_manifest(&self, folder: &Path, bytes: &[u8]) -> Result<()> {
        self.check(folder, MANIFEST, hex(&Sha256::digest(bytes)))
    }

    /// Checks every file but `model.json`.
    pub(super) fn check_files(&self, folder: &Path) -> Result<()> {
        let names = self.names().filter(|name| *name != MANIFEST);
        names.into_iter().try_for_each(|name| self.check(folder, name, sum_of(&folder.join(name))?))
    }

    fn check(&self, folder: &Path, name: &'static str, found: String) -> Result<()> {
        if self.0.get(name) == Some(&found) {
            return Ok(());
        }
        Err(Error::file(&folder.join(name), format!("is damaged: its SHA-256 is not the one in {SUMS}")))
    }
}

/// The SHA-256 of a file, of which only a block is in memory at a time.
fn sum_of(path: &Path) -> Result<String> {
    let (mut file, mut hash, mut block) = (files::open(path)?, Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut block).map_err(Error::io(path, "read"))? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(&block[..count]),
        }
    }
}

/// `bytes` in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}
