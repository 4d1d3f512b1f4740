//! Temporary files and folders of this process, so that it can end at once and leave nothing behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

static ALL: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Keeps a path on the list until it is dropped.
#[derive(Debug)]
pub(crate) struct Listed(PathBuf);

/// Puts a temporary file or folder on the list.
pub(crate) fn list(path: &Path) -> Listed {
    ALL.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
    Listed(path.to_owned())
}

impl Drop for Listed {
    fn drop(&mut self) {
        ALL.lock().unwrap_or_else(PoisonError::into_inner).retain(|path| *path != self.0);
    }
}

/// Removes everything on the list, as far as the system lets it. For a process that ends now: whoever still writes
/// there will fail.
pub fn remove_all() {
    let all = std::mem::take(&mut *ALL.lock().unwrap_or_else(PoisonError::into_inner));
    for path in all {
        // Another thread may be writing into the folder: then it is not empty at once.
        for _ in 0..100 {
            let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            if gone.is_ok() || path.symlink_metadata().is_err() {
                break;
            }
        }
    }
}
