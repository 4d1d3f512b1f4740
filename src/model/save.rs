//! Writes a model folder: first all of it beside the old one, then a swap. At any moment a whole model is on
//! disk.

use super::manifest::{INTERACTIONS, ITEMS, LOGS, MANIFEST, Manifest, REQUIRED, SUMS, TABLES, USERS};
use super::output::{self, Place};
use super::sums::Sums;
use super::{Model, tables};
use crate::{Error, Result};
use std::fs::{self, File};
use std::path::Path;

impl Model {
    /// Writes the model as `folder`, together with `extra` files (name, contents), such as the logs of the
    /// training. Missing parents are created.
    ///
    /// All files are written to a hidden folder beside `folder`, flushed to the disk, and moved into place by
    /// renaming. An existing model is replaced, including its logs. Other files in its folder are kept; if
    /// the new model has a file of that name, as `NAME.1`. After a failure the old model is still in place.
    /// If the new one was written completely, it is kept, too, and the error says where.
    ///
    /// # Errors
    /// [`Error::Data`] from [`Model::check`]; [`Error::File`] or [`Error::Io`] from the disk, or if `folder`
    /// exists and is neither empty nor a model.
    pub fn save(&self, folder: &Path, extra: &[(&str, &[u8])]) -> Result<()> {
        self.check()?;
        let folder = output::resolve(folder)?;
        let parent = output::parent_of(&folder)?;
        fs::create_dir_all(&parent).map_err(Error::io(&parent, "create"))?;
        let temporary = output::temporary_folder(&folder, &parent)?;
        let new = temporary.path().join("new");
        // Not created by `tempfile`, which would make it private to its owner.
        fs::create_dir(&new).map_err(Error::io(&new, "create"))?;
        self.write(&new, extra)?;
        if let Err(error) = swap(&folder, temporary.path()) {
            let kept = temporary.keep();
            return Err(Error::file(&folder, format!("{error}; nothing is lost: see {}", kept.display())));
        }
        sync_folder(&parent)
    }

    /// Writes every file into the empty folder `new`, the checksums last.
    fn write(&self, new: &Path, extra: &[(&str, &[u8])]) -> Result<()> {
        let path = |name: &str| new.join(name);
        tables::write_ids(&path(USERS), &self.users)?;
        tables::write_ids(&path(ITEMS), &self.items)?;
        tables::write_embeddings(&path(TABLES), &self.embeddings)?;
        tables::write_split(&path(INTERACTIONS), &self.split)?;
        // safetensors makes files that only their owner can read. Give them the permissions of the others.
        let like = fs::metadata(path(USERS)).map_err(Error::io(&path(USERS), "read"))?.permissions();
        for name in [TABLES, INTERACTIONS] {
            fs::set_permissions(path(name), like.clone()).map_err(Error::io(&path(name), "write"))?;
        }
        let at = path(MANIFEST);
        let mut text = serde_json::to_vec_pretty(&Manifest::new(self))
            .map_err(|error| Error::file(&at, format!("cannot be written: {error}")))?;
        text.push(b'\n');
        fs::write(&at, text).map_err(Error::io(&at, "write"))?;
        let mut names = REQUIRED.to_vec();
        for (name, bytes) in extra {
            let Some(&name) = LOGS.iter().find(|log| *log == name) else {
                return Err(Error::Data(format!("{name:?} cannot be the name of an extra file")));
            };
            fs::write(path(name), bytes).map_err(Error::io(&path(name), "write"))?;
            names.push(name);
        }
        let mut sums = Sums::default();
        for name in names {
            flush(&path(name))?;
            sums.add(new, name)?;
        }
        fs::write(path(SUMS), sums.text()).map_err(Error::io(&path(SUMS), "write"))?;
        flush(&path(SUMS))?;
        sync_folder(new)
    }
}

/// Moves `temporary/new` to `folder`, and what was there to `temporary/old`.
fn swap(folder: &Path, temporary: &Path) -> Result<()> {
    let (new, old) = (temporary.join("new"), temporary.join("old"));
    let own_files = match output::inspect(folder)? {
        Place::Free => return fs::rename(&new, folder).map_err(Error::io(folder, "create")),
        Place::Empty => Vec::new(),
        Place::Model(own_files) => own_files,
    };
    fs::rename(folder, &old).map_err(Error::io(folder, "replace"))?;
    if let Err(error) = fs::rename(&new, folder) {
        let failed = Error::io(folder, "replace")(error);
        return match fs::rename(&old, folder) {
            Ok(()) => Err(failed),
            Err(error) => Err(Error::file(folder, format!("{failed}, and cannot be put back: {error}"))),
        };
    }
    keep_foreign_files(&old, folder, &own_files)
}

/// Moves everything in `old` that is not in `own_files` to `folder`.
fn keep_foreign_files(old: &Path, folder: &Path, own_files: &[&str]) -> Result<()> {
    for entry in fs::read_dir(old).map_err(Error::io(old, "read"))? {
        let name = entry.map_err(Error::io(old, "read"))?.file_name();
        if own_files.iter().any(|own| name == *own) {
            continue;
        }
        let mut target = folder.join(&name);
        let mut number = 0;
        while target.symlink_metadata().is_ok() {
            number += 1;
            let mut numbered = name.clone();
            numbered.push(format!(".{number}"));
            target = folder.join(numbered);
        }
        fs::rename(old.join(&name), &target).map_err(Error::io(&target, "keep"))?;
    }
    Ok(())
}

/// Flushes the file to the disk.
fn flush(path: &Path) -> Result<()> {
    // Windows only flushes files that are open for writing.
    let file = File::options().write(true).open(path).map_err(Error::io(path, "write"))?;
    file.sync_all().map_err(Error::io(path, "write"))
}

/// Flushes the names in `folder` to the disk, if the system can.
fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(folder).and_then(|file| file.sync_all()).map_err(Error::io(folder, "write"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second rename fails because there is no new model.
    #[test]
    fn the_old_model_is_put_back_when_the_new_one_cannot_take_its_place() {
        let place = tempfile::TempDir::new().unwrap();
        let (folder, temporary) = (place.path().join("model"), place.path().join("temporary"));
        fs::create_dir(&temporary).unwrap();
        let ids = || crate::data::IdTable::numbered(1);
        let part = || crate::data::Interactions::from_pairs(1, 1, &[]);
        let (users, items) = (vec![1.0], vec![1.0]);
        let model = Model {
            embeddings: crate::model::Embeddings { dim: 1, users, items, ..Default::default() },
            users: ids(),
            items: ids(),
            split: crate::data::Split { train: part().into(), valid: part(), test: part() },
            ..Default::default()
        };
        model.save(&folder, &[("metrics.csv", b"old")]).unwrap();
        let error = swap(&folder, &temporary).unwrap_err().to_string();
        assert!(error.contains("cannot replace"), "{error}");
        assert_eq!(fs::read(folder.join("metrics.csv")).unwrap(), b"old");
        Model::load(&folder).unwrap();
        assert!(!temporary.join("old").exists());
    }
}
