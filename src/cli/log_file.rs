//! The log of a training in progress: `MODEL.metrics.jsonl` beside the folder `MODEL`, a line an event. It is
//! removed once the model is saved; a training that is killed leaves it.

use spherec::export::NewFile;
use spherec::{Error, Result};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// Added to the name of the model's folder.
const SUFFIX: &str = ".metrics.jsonl";

/// Every log begins with this line. A file without it is not spherec's, and is never replaced or removed.
const FIRST_LINE: &str = "{\"event\":\"start\",\"format\":\"spherec-metrics\"}\n";

/// The file, open for more lines.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    /// Bytes of the lines that were written whole.
    length: u64,
    has_failed: bool,
}

impl LogFile {
    /// Creates the log of a training whose model goes to `output`. A log that an earlier training left is
    /// replaced.
    ///
    /// # Errors
    /// [`Error::File`] if another file has the name; [`Error::Io`].
    pub(crate) fn create(output: &Path) -> Result<LogFile> {
        let path = path_beside(output);
        let is_left_over = is_log(&path)?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::io(parent, "create"))?;
        }
        let mut new = NewFile::create(&path, is_left_over)?;
        new.write(FIRST_LINE.as_bytes())?;
        new.finish()?;
        let file = File::options().append(true).open(&path).map_err(Error::io(&path, "write"))?;
        Ok(LogFile { path, file, length: FIRST_LINE.len() as u64, has_failed: false })
    }

    /// Where the log is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds `line`, which ends in a newline and is on the disk once this returns. After an error nothing more
    /// is written, and the error is not repeated.
    ///
    /// # Errors
    /// [`Error::Io`]. The log keeps its whole lines.
    pub(crate) fn append(&mut self, line: &str) -> Result<()> {
        if self.has_failed {
            return Ok(());
        }
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.has_failed = true;
            // Cuts off a part of a line, as a full disk leaves it.
            let _ = self.file.set_len(self.length);
            return Err(Error::io(&self.path, "write")(error));
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Deletes the log.
    ///
    /// # Errors
    /// [`Error::File`] if another file has taken the name; [`Error::Io`].
    pub(crate) fn remove(self) -> Result<()> {
        let LogFile { path, file, .. } = self;
        drop(file);
        if is_log(&path)? { fs::remove_file(&path).map_err(Error::io(&path, "remove")) } else { Ok(()) }
    }
}

/// `MODEL.metrics.jsonl` for the folder `MODEL`.
fn path_beside(output: &Path) -> PathBuf {
    // Paths that end in `..` have no name.
    let folder = match output.file_name() {
        Some(_) => output.to_owned(),
        None => output.canonicalize().unwrap_or_else(|_| output.to_owned()),
    };
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(SUFFIX);
    folder.with_file_name(name)
}

/// Whether `path` is a log of spherec; false if nothing is there, an error if something else is.
fn is_log(path: &Path) -> Result<bool> {
    let start = |path: &Path| -> io::Result<Vec<u8>> {
        let mut start = Vec::new();
        File::open(path)?.take(FIRST_LINE.len() as u64).read_to_end(&mut start)?;
        Ok(start)
    };
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io(path, "read")(error)),
        Ok(found)
            if found.is_file() && start(path).map_err(Error::io(path, "read"))? == FIRST_LINE.as_bytes() =>
        {
            Ok(true)
        }
        Ok(_) => Err(Error::file(path, "exists and is not a log of spherec, so it is left alone")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_lies_beside_the_model() {
        for (output, path) in [
            ("model", "model.metrics.jsonl"),
            ("runs/a.b/", "runs/a.b.metrics.jsonl"),
            ("/runs/model", "/runs/model.metrics.jsonl"),
        ] {
            assert_eq!(path_beside(Path::new(output)), Path::new(path));
        }
    }

    #[test]
    fn a_write_that_fails_names_the_file_once_and_keeps_the_lines() {
        let place = tempfile::TempDir::new().unwrap();
        let output = place.path().join("model");
        let mut log = LogFile::create(&output).unwrap();
        log.append("{\"epoch\":1}\n").unwrap();
        // Open for reading only, so that writes fail.
        log.file = File::open(log.path()).unwrap();
        let error = log.append("{\"epoch\":2}\n").unwrap_err().to_string();
        assert!(error.contains("model.metrics.jsonl"), "{error}");
        log.append("{\"epoch\":3}\n").unwrap();
        let text = fs::read_to_string(log.path()).unwrap();
        assert_eq!(text, format!("{FIRST_LINE}{{\"epoch\":1}}\n"));
        log.remove().unwrap();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_a_log_of_spherec_is_replaced_or_removed() {
        let place = tempfile::TempDir::new().unwrap();
        let output = place.path().join("model");
        let mut log = LogFile::create(&output).unwrap();
        log.append("{\"epoch\":1}\n").unwrap();
        let path = log.path().to_owned();
        let log = LogFile::create(&output).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), FIRST_LINE);
        fs::write(&path, "mine\n").unwrap();
        log.remove().unwrap_err();
        let error = LogFile::create(&output).unwrap_err().to_string();
        assert!(error.contains("model.metrics.jsonl"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine\n");
    }
}
