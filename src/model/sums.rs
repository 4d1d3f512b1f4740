//! `SHA256SUMS`: the checksum of every file of a folder, one a line, as `sha256sum -c` reads them.

use super::save::flush;
use crate::printable::printable;
use crate::{Error, Result, files};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// The name of the file.
pub(crate) const SUMS: &str = "SHA256SUMS";

/// The file is smaller than this: it names few files.
const MOST_BYTES: u64 = 4096;

/// The SHA-256, in hexadecimal, of each file of a folder, by its name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sums(BTreeMap<String, String>);

impl Sums {
    /// Flushes files of `folder` to the disk, and writes the list of them, which is flushed as well.
    pub(crate) fn write(folder: &Path, names: &[&str]) -> Result<()> {
        let mut text = String::new();
        for name in names {
            flush(&folder.join(name))?;
            text += &format!("{}  {name}\n", sum_of(&folder.join(name))?);
        }
        let path = folder.join(SUMS);
        std::fs::write(&path, text).map_err(Error::io(&path, "write"))?;
        flush(&path)
    }

    /// Reads the list in `folder`. It must name every file of `required`, and may name those of `optional`.
    pub(crate) fn read(folder: &Path, required: &[&str], optional: &[&str]) -> Result<Sums> {
        let path = folder.join(SUMS);
        let bytes = files::read(&path, MOST_BYTES)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut sums = BTreeMap::new();
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            let row = |message: String| Error::Row { path: path.clone(), line: number, message };
            let Some((sum, name)) = line.strip_suffix('\n').and_then(|line| line.split_once("  ")) else {
                return Err(row("is not a checksum, two spaces and a name".to_owned()));
            };
            if !required.iter().chain(optional).any(|known| *known == name) {
                return Err(row(format!("`{}` is no file that belongs here", printable(name))));
            }
            if sums.insert(name.to_owned(), sum.to_owned()).is_some() {
                return Err(row(format!("{name} is named twice")));
            }
        }
        if let Some(name) = required.iter().find(|name| !sums.contains_key(**name)) {
            return Err(Error::file(&path, format!("does not name {name}")));
        }
        Ok(Sums(sums))
    }

    /// The files that are named.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The sum of the file `name`, if it is named.
    pub(crate) fn of(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Checks the contents of one file.
    pub(crate) fn check_bytes(&self, folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
        self.check(folder, name, hex(&Sha256::digest(bytes)))
    }

    /// Checks every file.
    pub(crate) fn check_files(&self, folder: &Path) -> Result<()> {
        self.names().try_for_each(|name| self.check(folder, name, sum_of(&folder.join(name))?))
    }

    fn check(&self, folder: &Path, name: &str, found: String) -> Result<()> {
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
