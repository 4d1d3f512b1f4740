//! Reads a model folder, and trusts nothing in it.

use super::manifest::{INTERACTIONS, ITEMS, Manifest, TABLES, USERS};
use super::{Model, output, tables};
use crate::{Error, Result};
use std::path::Path;

impl Model {
    /// Reads the model in `folder`. Verifies the version, sizes, checksums, shapes, counts, ids, pairs and numbers;
    /// of the logs of the training, the checksums. Needs at most about twice the size of the files in memory.
    ///
    /// Files that the folder has beside the model's are not looked at. Links are followed if they end at a regular
    /// file.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Row`] or [`Error::Io`] with the file's path and what is wrong with it.
    pub fn load(folder: &Path) -> Result<Model> {
        if !folder.is_dir() {
            return Err(output::no_folder(folder));
        }
        let (manifest, sums) = Manifest::read(folder)?;
        let path = |name: &str| folder.join(name);
        // Sizes first: no file can make the rest allocate more than it has bytes.
        tables::check_size(&path(USERS), Manifest::id_bytes(manifest.user_count))?;
        tables::check_size(&path(ITEMS), Manifest::id_bytes(manifest.item_count))?;
        let table_bytes = tables::check_size(&path(TABLES), manifest.table_bytes())?;
        let pair_bytes = tables::check_size(&path(INTERACTIONS), manifest.pair_bytes())?;
        sums.check_files(folder)?;
        let users = tables::read_ids(&path(USERS), manifest.user_count)?;
        let items = tables::read_ids(&path(ITEMS), manifest.item_count)?;
        let embeddings = tables::read_embeddings(&path(TABLES), table_bytes, &manifest)?;
        let split = tables::read_split(&path(INTERACTIONS), pair_bytes, &manifest)?;
        let popularity = manifest.popularity.unwrap_or(1.0);
        let model = Model { embeddings, popularity, users, items, split, record: manifest.into_record() };
        // What is left to check are the numbers of the tables.
        model.check().map_err(|error| Error::file(&path(TABLES), error.to_string()))?;
        Ok(model)
    }
}
