//! Writes a model folder: first all of it beside the old one, then a swap. At any moment a whole model is on
//! disk.

use super::Known;
use super::manifest::{INTERACTIONS, ITEMS, LOGS, MANIFEST, Manifest, OF_FEATURES, REQUIRED, TABLES, USERS};
use super::output::{self, Place};
use super::sums::Sums;
use super::{Model, tables};
use crate::{Error, Result, files, leftovers};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

impl Model {
    /// Writes the model as `folder`, together with `extra` files (name, contents), such as the logs of the
    /// training. Missing parents are created.
    ///
    /// All files are written to a hidden folder beside `folder`, flushed to the disk, and moved into place by
    /// renaming. An existing model is replaced, including its logs. Other files in its folder are kept; if
    /// the new model has a file of that name, as `NAME.1`. After a failure the old model is still in place.
    ///
    /// # Errors
    /// [`Error::Data`] from [`Model::check`]; [`Error::File`] or [`Error::Io`] from the disk; [`Error::Kept`] if the
    /// new model is whole but cannot take its place, such as that of a folder that is neither empty nor a model.
    pub fn save(&self, folder: &Path, extra: &[(&str, &[u8])]) -> Result<()> {
        self.check()?;
        let folder = output::resolve(folder)?;
        let parent = output::parent_of(&folder)?;
        fs::create_dir_all(&parent).map_err(Error::io(&parent, "create"))?;
        let temporary = output::temporary_folder(&folder, &parent)?;
        let _listed = leftovers::list(temporary.path());
        let new = temporary.path().join("new");
        // Not created by `tempfile`, which would make it private to its owner.
        fs::create_dir(&new).map_err(Error::io(&new, "create"))?;
        self.write(&new, extra)?;
        replace(&folder, temporary)?;
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
        let mut names = Vec::new();
        for Known { side, names: features, cold_ids, cold_points } in &self.features {
            let [of_features, of_ids, of_points] = OF_FEATURES[side.index()];
            tables::write_ids(&path(of_features), features)?;
            tables::write_ids(&path(of_ids), cold_ids)?;
            tables::write_cold(&path(of_points), cold_points, self.embeddings.dim)?;
            fs::set_permissions(path(of_points), like.clone())
                .map_err(Error::io(&path(of_points), "write"))?;
            names.extend([of_features, of_ids, of_points]);
        }
        Manifest::new(self).write(&path(MANIFEST))?;
        for (name, bytes) in extra {
            let Some(&name) = LOGS.iter().find(|log| *log == name) else {
                return Err(Error::Data(format!("{name:?} cannot be the name of an extra file")));
            };
            fs::write(path(name), bytes).map_err(Error::io(&path(name), "write"))?;
            names.push(name);
        }
        // What every model has comes last: so no cut of the list goes unseen.
        names.extend(REQUIRED);
        Sums::write(new, &names)?;
        sync_folder(new)
    }
}

/// Makes `temporary/new` the folder `folder`, with the files of the user that were there. Loses nothing if it fails.
fn replace(folder: &Path, temporary: TempDir) -> Result<()> {
    let replaced = match swap(folder, temporary.path()) {
        Ok(replaced) => replaced,
        Err(error) => return Err(Error::Kept { error: Box::new(error), path: keep(folder, temporary) }),
    };
    let Some(Err(error)) = replaced.map(|old| output::keep_foreign_files(&old, folder)) else {
        return Ok(());
    };
    let kept = temporary.keep();
    let message =
        format!("{error}; the new model is in place, and files that were beside the old one are in");
    Err(Error::file(folder, format!("{message} {}", kept.display())))
}

/// Makes `temporary/new` the folder `folder`. What was there goes to `temporary`; returns where.
fn swap(folder: &Path, temporary: &Path) -> Result<Option<PathBuf>> {
    let (new, old) = (temporary.join("new"), temporary.join("old"));
    if matches!(output::inspect(folder)?, Place::Free) {
        return fs::rename(&new, folder).map(|()| None).map_err(Error::io(folder, "create"));
    }
    let mode = fs::metadata(folder).map_err(Error::io(folder, "read"))?.permissions();
    fs::set_permissions(&new, mode).map_err(Error::io(&new, "write"))?;
    if exchange(&new, folder)? {
        return Ok(Some(new));
    }
    fs::rename(folder, &old).map_err(Error::io(folder, "replace"))?;
    let Err(error) = fs::rename(&new, folder) else { return Ok(Some(old)) };
    let failed = Error::io(folder, "replace")(error);
    Err(match fs::rename(&old, folder) {
        Ok(()) => failed,
        Err(error) => Error::file(folder, format!("{failed}, and cannot be put back: {error}")),
    })
}

/// Keeps a new model that cannot become `folder`: as `folder.saved`, or where it is. Returns where.
fn keep(folder: &Path, temporary: TempDir) -> PathBuf {
    let new = temporary.path().join("new");
    // An old model that could not be put back stays in `temporary`, too.
    if !temporary.path().join("old").exists() {
        let target = output::free_name(folder, ".saved");
        if fs::rename(&new, &target).is_ok() {
            return target;
        }
    }
    temporary.keep().join("new")
}

/// Lets two folders change places at one stroke, so that there is a model under the name at any moment. False if
/// the system or the file system cannot.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(new: &Path, folder: &Path) -> Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, new, CWD, folder, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
        Err(error) => Err(Error::io(folder, "replace")(error.into())),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_new: &Path, _folder: &Path) -> Result<bool> {
    Ok(false)
}

impl Model {
    /// The logs of the training that the model in `folder` has, by name: what [`Model::save`] takes to write them again.
    ///
    /// # Errors
    /// As [`Model::load`], for what it reads.
    pub fn logs(folder: &Path) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let (_, sums) = Manifest::read(folder)?;
        let there = LOGS.into_iter().filter(|log| sums.names().any(|name| name == *log));
        there
            .map(|log| {
                let bytes = files::read(&folder.join(log), u64::MAX)?;
                sums.check_bytes(folder, log, &bytes)?;
                Ok((log, bytes))
            })
            .collect()
    }
}

/// Puts `metrics` into the record of the model in `folder`, at one stroke: a new folder with the same files takes the
/// place of the old one.
///
/// # Errors
/// [`Error::File`] or [`Error::Io`] if the model cannot be read or written. The old record is there all the same.
pub fn set_metrics(folder: &Path, metrics: serde_json::Value) -> Result<()> {
    let folder = output::resolve(folder)?;
    let (mut manifest, sums) = Manifest::read(&folder)?;
    manifest.metrics = metrics;
    let parent = output::parent_of(&folder)?;
    let temporary = output::temporary_folder(&folder, &parent)?;
    let _listed = leftovers::list(temporary.path());
    let new = temporary.path().join("new");
    fs::create_dir(&new).map_err(Error::io(&new, "create"))?;
    for name in sums.names().filter(|name| *name != MANIFEST) {
        let (from, to) = (folder.join(name), new.join(name));
        // A second name of the same file, where the file system has such names.
        fs::hard_link(&from, &to)
            .or_else(|_| fs::copy(&from, &to).map(drop))
            .map_err(Error::io(&to, "write"))?;
    }
    manifest.write(&new.join(MANIFEST))?;
    Sums::write(&new, &sums.names().collect::<Vec<_>>())?;
    sync_folder(&new)?;
    replace(&folder, temporary)?;
    sync_folder(&parent)
}

/// Flushes the file to the disk.
pub(crate) fn flush(path: &Path) -> Result<()> {
    // Windows only flushes files that are open for writing.
    let file = File::options().write(true).open(path).map_err(Error::io(path, "write"))?;
    file.sync_all().map_err(Error::io(path, "write"))
}

/// Flushes the names in `folder` to the disk, if the system can.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(folder).and_then(|file| file.sync_all()).map_err(Error::io(folder, "write"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{IdTable, Interactions, Split};
    use crate::model::{Embeddings, clean_up};

    fn save(folder: &Path, log: &[u8]) {
        let part = || Interactions::from_pairs(1, 1, &[]);
        let model = Model {
            embeddings: Embeddings { dim: 1, users: vec![1.0], items: vec![1.0], ..Default::default() },
            users: IdTable::numbered(1),
            items: IdTable::numbered(1),
            split: Split { train: part().into(), valid: part(), test: part() },
            ..Default::default()
        };
        model.save(folder, &[("metrics.csv", log)]).unwrap();
    }

    fn log(folder: &Path) -> Vec<u8> {
        Model::load(folder).unwrap();
        fs::read(folder.join("metrics.csv")).unwrap()
    }

    /// The second rename fails because there is no new model.
    #[test]
    fn the_old_model_is_put_back_when_the_new_one_cannot_take_its_place() {
        let place = tempfile::TempDir::new().unwrap();
        let (folder, temporary) = (place.path().join("model"), place.path().join("temporary"));
        fs::create_dir(&temporary).unwrap();
        save(&folder, b"old");
        swap(&folder, &temporary).unwrap_err();
        assert_eq!(log(&folder), b"old");
        assert!(!temporary.join("old").exists());
    }

    /// What a kill leaves at each point of a save: (the model in its place, `new`, `old`) and what must come of it.
    #[test]
    fn what_killed_saves_leave_is_cleaned_up() {
        for (there, new, old, result) in [
            // While the new one was written, or before it was moved.
            (Some("1"), Some("2"), None, "1"),
            (None, Some("1"), None, "1"),
            // After the two changed places.
            (Some("2"), Some("1"), None, "2"),
            // Where they cannot: between the two renames, and after both.
            (None, Some("2"), Some("1"), "1"),
            (Some("2"), None, Some("1"), "2"),
        ] {
            let place = tempfile::TempDir::new().unwrap();
            let folder = place.path().join("model");
            let left = output::temporary_folder(&folder, place.path()).unwrap().keep();
            for (path, log) in [(folder.clone(), there), (left.join("new"), new), (left.join("old"), old)] {
                if let Some(log) = log {
                    save(&path, log.as_bytes());
                }
            }
            // Files of the user that were on their way.
            let from = if old.is_some() { "old" } else { "new" };
            fs::write(left.join(from).join("notes"), "mine").unwrap();
            let told = clean_up(&folder).unwrap();
            assert!(told.iter().any(|line| line.contains(&*left.to_string_lossy())), "{told:?}");
            assert_eq!(log(&folder), result.as_bytes());
            assert_eq!(fs::read(folder.join("notes")).unwrap(), b"mine");
            assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
            assert_eq!(clean_up(&folder).unwrap(), [""; 0]);
        }
    }

    #[test]
    fn half_a_model_is_removed_and_never_taken_for_one() {
        let place = tempfile::TempDir::new().unwrap();
        let folder = place.path().join("model");
        let left = output::temporary_folder(&folder, place.path()).unwrap().keep();
        fs::create_dir(left.join("new")).unwrap();
        fs::write(left.join("new").join(USERS), "a\n").unwrap();
        assert_eq!(clean_up(&folder).unwrap().len(), 1);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_model_that_is_not_there_is_told_from_one_that_a_save_left() {
        let place = tempfile::TempDir::new().unwrap();
        let folder = place.path().join("model");
        let error = |folder: &Path| Model::load(folder).unwrap_err().to_string();
        assert!(error(&folder).contains("no such folder"));
        let left = output::temporary_folder(&folder, place.path()).unwrap().keep().join("old");
        save(&left, b"log");
        assert!(error(&folder).contains(&*left.to_string_lossy()), "{}", error(&folder));
    }

    /// Another model's leftovers may belong to a process that still works.
    #[test]
    fn leftovers_of_other_models_are_left_alone() {
        let place = tempfile::TempDir::new().unwrap();
        let left = output::temporary_folder(&place.path().join("other"), place.path()).unwrap();
        assert_eq!(clean_up(&place.path().join("model")).unwrap(), [""; 0]);
        assert!(left.path().exists());
    }

    #[test]
    fn metrics_change_at_one_stroke_and_nothing_else_does() {
        let place = tempfile::TempDir::new().unwrap();
        let folder = place.path().join("model");
        save(&folder, b"log");
        set_metrics(&folder, serde_json::json!({"epoch": 3})).unwrap();
        assert_eq!(Model::load(&folder).unwrap().record.metrics["epoch"], 3);
        assert_eq!(log(&folder), b"log");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
