//! Reads a model folder, and trusts nothing in it.

use super::manifest::{INTERACTIONS, ITEMS, Manifest, NetworkSizes, OF_FEATURES, Sizes, TABLES, USERS};
use super::{Known, Model, output, tables};
use crate::data::Side;
use crate::{Error, Result};
use std::path::Path;

/// The SHA-256 of the tables of the model in `folder`, as its list of checksums has it: it tells one training from
/// another.
///
/// # Errors
/// [`Error::File`], [`Error::Row`] or [`Error::Io`] if `folder` is not a model.
pub fn table_sum(folder: &Path) -> Result<String> {
    let (_, sums) = Manifest::read(folder)?;
    Ok(sums.of(TABLES).unwrap_or_default().to_owned())
}

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
        let sizes = manifest.sizes();
        let path = |name: &str| folder.join(name);
        // Sizes first: no file can make the rest allocate more than it has bytes.
        tables::check_size(&path(USERS), Sizes::id_bytes(sizes.user_count))?;
        tables::check_size(&path(ITEMS), Sizes::id_bytes(sizes.item_count))?;
        let table_bytes = tables::check_size(&path(TABLES), sizes.table_bytes())?;
        let pair_bytes = tables::check_size(&path(INTERACTIONS), sizes.pair_bytes())?;
        let mut cold_bytes = [0; 2];
        for (side, network) in Side::ALL.into_iter().zip(sizes.networks) {
            let Some(NetworkSizes { feature_count, cold_count, .. }) = network else { continue };
            let [of_features, of_ids, of_points] = OF_FEATURES[side.index()];
            tables::check_size(&path(of_features), Sizes::id_bytes(feature_count))?;
            tables::check_size(&path(of_ids), Sizes::id_bytes(cold_count))?;
            cold_bytes[side.index()] =
                tables::check_size(&path(of_points), Sizes::cold_bytes(cold_count, sizes.dim))?;
        }
        sums.check_files(folder)?;
        let users = tables::read_ids(&path(USERS), sizes.user_count)?;
        let items = tables::read_ids(&path(ITEMS), sizes.item_count)?;
        let embeddings = tables::read_embeddings(&path(TABLES), table_bytes, &sizes)?;
        let split = tables::read_split(&path(INTERACTIONS), pair_bytes, &sizes)?;
        let mut features = Vec::new();
        for (side, network) in Side::ALL.into_iter().zip(sizes.networks) {
            let Some(NetworkSizes { feature_count, cold_count, .. }) = network else { continue };
            let [of_features, of_ids, of_points] = OF_FEATURES[side.index()];
            let bytes = cold_bytes[side.index()];
            let known = Known {
                side,
                names: tables::read_ids(&path(of_features), feature_count)?,
                cold_ids: tables::read_ids(&path(of_ids), cold_count)?,
                cold_points: tables::read_cold(&path(of_points), bytes, cold_count, sizes.dim)?,
            };
            let ids = if side == Side::Items { &items } else { &users };
            known.check_cold(ids, &embeddings).map_err(|message| Error::file(&path(of_points), message))?;
            features.push(known);
        }
        let popularity = manifest.popularity.unwrap_or(1.0);
        let record = manifest.into_record();
        let model = Model { embeddings, popularity, users, items, split, features, record };
        // What is left to check are the numbers of the tables.
        model.check().map_err(|error| Error::file(&path(TABLES), error.to_string()))?;
        Ok(model)
    }
}
