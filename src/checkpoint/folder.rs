//! The folder: made, locked, filled, read and removed.

use super::saved::{self, Checkpoint, LOG, Run};
use crate::model::{parent_of, resolve, sync_folder};
use crate::train::Snapshot;
use crate::{Error, Result};
use fs4::{FileExt, TryLockError};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Added to the name of the model's folder.
const SUFFIX: &str = ".training";
/// Marks the folder as spherec's, and is locked while a training runs.
const LOCK: &str = "lock";
const LOCK_TEXT: &str =
    "spherec keeps a training in progress here; spherec train --resume MODEL goes on with it\n";
const CHECKPOINT: &str = "checkpoint-";
/// Added to the name of a checkpoint that is being written or removed.
const PART: &str = ".part";
/// The best model of a training that failed.
const BEST_MODEL: &str = "best";
/// Checkpoints that are kept.
const KEPT: usize = 2;

/// `MODEL.training`, held by this process.
#[derive(Debug)]
pub struct TrainingFolder {
    path: PathBuf,
    /// Locked until it is dropped.
    _lock: File,
}

impl TrainingFolder {
    /// Where the training of the model `model` is kept.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Io`] if `model` cannot be the name of a folder.
    pub fn path_beside(model: &Path) -> Result<PathBuf> {
        let model = resolve(model)?;
        parent_of(&model)?;
        let mut name = model.file_name().unwrap_or_default().to_owned();
        name.push(SUFFIX);
        Ok(model.with_file_name(name))
    }

    /// Whether a training of `model` left a checkpoint.
    ///
    /// # Errors
    /// As [`TrainingFolder::path_beside`].
    pub fn has_checkpoint(model: &Path) -> Result<bool> {
        let path = TrainingFolder::path_beside(model)?;
        Ok(is_own(&path)? && !checkpoints(&path)?.is_empty())
    }

    /// Makes the folder for a new training of `model`. What an earlier one left there is removed.
    ///
    /// # Errors
    /// [`Error::File`] if something else has the name, or if another process trains `model` now; [`Error::Io`].
    pub fn create(model: &Path) -> Result<TrainingFolder> {
        let path = TrainingFolder::path_beside(model)?;
        if !is_own(&path)? {
            fs::create_dir_all(&path).map_err(Error::io(&path, "create"))?;
        }
        let folder = TrainingFolder::lock(path)?;
        folder.clear()?;
        Ok(folder)
    }

    /// Takes the folder that an earlier training of `model` left.
    ///
    /// # Errors
    /// [`Error::File`] if there is none, or if another process trains `model` now; [`Error::Io`].
    pub fn open(model: &Path) -> Result<TrainingFolder> {
        let path = TrainingFolder::path_beside(model)?;
        if !is_own(&path)? {
            let state = if model.join("model.json").is_file() { "is finished" } else { "is not there" };
            let message = format!("there is no training to go on with: {} {state}", model.display());
            return Err(Error::file(&path, message));
        }
        TrainingFolder::lock(path)
    }

    fn lock(path: PathBuf) -> Result<TrainingFolder> {
        let at = path.join(LOCK);
        let failed = || Error::io(&at, "create");
        let mut lock = File::options().create(true).append(true).open(&at).map_err(failed())?;
        match FileExt::try_lock(&lock) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::file(&path, "another process is training this model now"));
            }
            // Some file systems have no locks. Then nothing tells two trainings apart.
            Err(TryLockError::Error(_)) => {}
        }
        if lock.metadata().map_err(failed())?.len() == 0 {
            lock.write_all(LOCK_TEXT.as_bytes()).map_err(failed())?;
        }
        Ok(TrainingFolder { path, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the log is.
    pub fn log_path(&self) -> PathBuf {
        self.path.join(LOG)
    }

    /// Where the best model of a failed training goes.
    pub fn best_model_path(&self) -> PathBuf {
        self.path.join(BEST_MODEL)
    }

    /// Writes what does not change during the training.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Io`] from the disk.
    pub fn write_run(&self, run: &Run) -> Result<()> {
        run.write(&self.path)?;
        sync_folder(&self.path)
    }

    /// Adds a checkpoint, and removes all but the last two. It is whole or absent.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the tables cannot be read back; [`Error::File`] or [`Error::Io`] from the disk. The earlier
    /// ones are there all the same.
    pub fn save(&self, snapshot: &Snapshot) -> Result<()> {
        let name = format!("{CHECKPOINT}{:010}", snapshot.state.step);
        let (new, part) = (self.path.join(&name), self.path.join(name + PART));
        let log = match fs::read_to_string(self.log_path()) {
            Ok(log) => log,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Error::io(&self.log_path(), "read")(error)),
        };
        remove_folder(&part)?;
        fs::create_dir(&part).map_err(Error::io(&part, "create"))?;
        let written = Checkpoint::write(&part, snapshot, &log).and_then(|()| sync_folder(&part));
        if let Err(error) = written {
            // Gives a full disk its space back.
            let _ = remove_folder(&part);
            return Err(error);
        }
        // Of the same step: kept before an interrupt, or damaged and passed again.
        if new.exists() {
            remove_folder(&new)?;
        }
        fs::rename(&part, &new).map_err(Error::io(&new, "create"))?;
        sync_folder(&self.path)?;
        let all = checkpoints(&self.path)?;
        all.iter().rev().skip(KEPT).try_for_each(|(_, path)| remove_checkpoint(path))
    }

    /// The run, its newest checkpoint that is whole, and what is wrong with newer ones.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Io`] if the run is damaged or no checkpoint is whole.
    pub fn load(&self) -> Result<(Run, Checkpoint, Vec<String>)> {
        let all = checkpoints(&self.path)?;
        if all.is_empty() {
            let message = "holds no checkpoint: the training ended before its first; start it again";
            return Err(Error::file(&self.path, message));
        }
        let run = Run::read(&self.path)?;
        let mut damaged = Vec::new();
        for (_, path) in all.iter().rev() {
            match Checkpoint::read(path, &run) {
                Ok(checkpoint) => return Ok((run, checkpoint, damaged)),
                Err(error) => damaged.push(error.to_string()),
            }
        }
        Err(Error::file(&self.path, format!("no checkpoint is whole: {}", damaged.join("; "))))
    }

    /// Removes the folder. Files that are not spherec's stay, and the folder with them.
    ///
    /// # Errors
    /// [`Error::Io`] from the disk.
    pub fn remove(self) -> Result<()> {
        self.clear()?;
        let TrainingFolder { path, _lock: lock } = self;
        drop(lock);
        let at = path.join(LOCK);
        fs::remove_file(&at).map_err(Error::io(&at, "remove"))?;
        match fs::remove_dir(&path) {
            Err(error) if error.kind() != ErrorKind::DirectoryNotEmpty => {
                Err(Error::io(&path, "remove")(error))
            }
            _ => Ok(()),
        }
    }

    /// Removes what trainings leave, but for the lock.
    fn clear(&self) -> Result<()> {
        for (_, path) in checkpoints(&self.path)? {
            remove_checkpoint(&path)?;
        }
        for entry in fs::read_dir(&self.path).map_err(Error::io(&self.path, "read"))? {
            let name = entry.map_err(Error::io(&self.path, "read"))?.file_name();
            let text = name.to_string_lossy();
            let path = self.path.join(&name);
            let is_part = text.strip_suffix(PART).is_some_and(|name| step_of(OsStr::new(name)).is_some());
            let is_left = text.starts_with(".spherec-");
            if is_part || is_left || text == BEST_MODEL {
                remove_folder(&path)?;
            } else if text == LOG || saved::is_of_run(&text) {
                fs::remove_file(&path).map_err(Error::io(&path, "remove"))?;
            }
        }
        Ok(())
    }
}

/// Whether `path` is a folder that spherec made, or an empty one; an error if something else has the name.
fn is_own(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::io(path, "read")(error)),
        Ok(found) => {
            let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
            if found.is_dir() && (path.join(LOCK).is_file() || is_empty()) {
                return Ok(true);
            }
        }
    }
    Err(Error::file(path, "exists and is not a training of spherec, so it is left alone"))
}

/// The checkpoints in `folder` by step, the oldest first.
fn checkpoints(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io(folder, "read"))? {
        let name = entry.map_err(Error::io(folder, "read"))?.file_name();
        all.extend(step_of(&name).map(|step| (step, folder.join(&name))));
    }
    all.sort();
    Ok(all)
}

fn step_of(name: &OsStr) -> Option<u64> {
    name.to_str()?.strip_prefix(CHECKPOINT)?.parse().ok()
}

/// Removes a checkpoint. It loses its name first, so that half of one is never taken for a whole one.
fn remove_checkpoint(path: &Path) -> Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(PART);
    let part = PathBuf::from(part);
    remove_folder(&part)?;
    fs::rename(path, &part).map_err(Error::io(path, "remove"))?;
    remove_folder(&part)
}

fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(path, "remove")(error)),
        _ => Ok(()),
    }
}
