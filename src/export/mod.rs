//! Exports embeddings as files for other tools. Each format has a module of its own.

mod csv;
pub(crate) mod files;
mod metadata;
mod npy;
#[cfg(feature = "parquet")]
mod parquet;
mod projector;
mod safe;
mod safetensors;
mod segments;
mod tsv;

pub use files::{NewFile, check_folder, check_free, is_same_file, obstacle};
pub use safe::csv_safe;
pub use segments::{SegmentLists, read_segments, segment_paths, write_segments};

use crate::data::{IdTable, id_text};
use crate::labels::LabelColumn;
use crate::model::{Metric, Model, Stored};
use crate::{Error, Result};
use files::NewFiles;
use std::path::{Path, PathBuf};

/// Which embeddings to export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The users.
    Users,
    /// The items.
    Items,
    /// The users and the items, in separate files; for the projector in one file.
    Both,
}

/// The format of the files. `NAME` is `items` or `users`. `NAME-metadata.tsv` has the ids and labels in row
/// order, with a header if there are labels. D is one more than the model's if items have a bias: see
/// [`Model::stored`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// `NAME.tsv`: one row per line, numbers separated by tabs, no header. With `NAME-metadata.tsv`.
    Tsv,
    /// `NAME.csv`: a header, then id, labels and numbers.
    Csv,
    /// `NAME.npy`: NumPy's format 1.0, (rows, D), f32. With `NAME-metadata.tsv`.
    Npy,
    /// `NAME.safetensors`: the tensor `NAME`, (rows, D), f32. With `NAME-metadata.tsv`.
    Safetensors,
    /// `NAME.parquet`: columns `id`, the labels, and `embedding`, a list of floats. Needs the feature
    /// `parquet`.
    Parquet,
    /// `tensors.tsv`, `metadata.tsv` and `config.json` for TensorBoard's Embedding Projector. If users and
    /// items are exported, the items come first and there is a column `kind`.
    Projector,
}

/// What to write, and how.
#[derive(Debug, Clone, Copy)]
pub struct ExportOptions<'a> {
    /// Which embeddings.
    pub what: What,
    /// The format of the files.
    pub format: ExportFormat,
    /// Labels of the rows. If both users and items are exported, labels of the items.
    pub labels: &'a [LabelColumn],
    /// Whether to change ids and labels that a spreadsheet would run as a formula: see [`csv_safe`].
    pub csv_safe: bool,
    /// What the store will compare by: see [`Model::stored`].
    pub metric: Option<Metric>,
    /// How much of the item bias counts, 0 to 1; `None`: as much as the model says.
    pub popularity: Option<f64>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The files.
    pub paths: Vec<PathBuf>,
    /// The numbers of a row.
    pub dim: usize,
    /// What a store must compare by, to rank as the model does; `None` if L2, inner product and cosine all do.
    pub metric: Option<Metric>,
}

/// A table to write: the users or the items.
struct ExportTable<'a> {
    name: &'static str,
    ids: &'a IdTable,
    /// (rows, D).
    values: &'a [f32],
    dim: usize,
    labels: &'a [LabelColumn],
    csv_safe: bool,
}

impl ExportTable<'_> {
    fn count(&self) -> usize {
        self.ids.len()
    }

    fn file(&self, folder: &Path, ending: &str) -> PathBuf {
        folder.join(format!("{}{ending}", self.name))
    }

    /// The rows' numbers as little-endian bytes.
    fn bytes(&self) -> Vec<u8> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    /// An id, a label or a label's name as it goes into a cell: its text form, which is a single line.
    fn cell(&self, bytes: &[u8]) -> String {
        let text = id_text(bytes);
        if self.csv_safe { csv_safe(&text).into_owned() } else { text }
    }
}

/// Writes the embeddings into `folder`, which is created if it is missing.
///
/// Ids and labels are written as by [`id_text`], which escapes the backslash, tabs and line breaks. Numbers in text are the
/// shortest that read back as the same f32.
///
/// # Errors
/// [`Error::File`] if a file exists and `force` is not given, or if `folder` is not a folder; [`Error::Io`]
/// from the disk; [`Error::Data`] for a table without rows; [`Error::Setting`] for a format that this build lacks, and as
/// [`Model::stored`]. After an
/// error no file is left half written.
pub fn export(model: &Model, options: &ExportOptions, folder: &Path, force: bool) -> Result<Exported> {
    let ExportOptions { what, format, labels, csv_safe, metric, popularity } = *options;
    if format == ExportFormat::Parquet && cfg!(not(feature = "parquet")) {
        let message = "parquet is not part of this build; to add it, use cargo install --features parquet";
        return Err(Error::setting("--format", message));
    }
    model.check()?;
    let Stored { dim, users, items, metric } =
        model.stored(metric, popularity.unwrap_or(model.popularity))?;
    // If items are exported, too, users have no labels. In the projector's single table they get empty ones,
    // since all rows must have the same columns.
    let unlabelled: Vec<LabelColumn> = match format {
        ExportFormat::Projector => labels.iter().map(|column| column.emptied(model.users.len())).collect(),
        _ => Vec::new(),
    };
    let user_labels = if what == What::Both { &unlabelled } else { labels };
    let table = |name, ids, values| {
        let labels = if name == "users" { user_labels } else { labels };
        ExportTable { name, ids, values, dim, labels, csv_safe }
    };
    let mut tables = Vec::new();
    // The projector shows users and items together: items first, as in the tables used for training.
    if what != What::Items && format != ExportFormat::Projector {
        tables.push(table("users", &model.users, &users));
    }
    if what != What::Users {
        tables.push(table("items", &model.items, &items));
    }
    if what != What::Items && format == ExportFormat::Projector {
        tables.push(table("users", &model.users, &users));
    }
    if let Some(empty) = tables.iter().find(|table| table.count() == 0) {
        return Err(Error::Data(format!("the model has no {}, so there is nothing to export", empty.name)));
    }
    let mut files = NewFiles::new(force);
    files.create_folder(folder)?;
    for path in exported_paths(what, format, folder) {
        check_free(&path, force)?;
    }
    if format == ExportFormat::Projector {
        projector::write(&mut files, folder, &tables)?;
        return Ok(Exported { paths: files.finish()?, dim, metric });
    }
    for table in &tables {
        match format {
            ExportFormat::Tsv => tsv::write(&mut files, folder, table)?,
            ExportFormat::Csv => csv::write(&mut files, folder, table)?,
            ExportFormat::Npy => npy::write(&mut files, folder, table)?,
            ExportFormat::Safetensors => safetensors::write(&mut files, folder, table)?,
            #[cfg(feature = "parquet")]
            ExportFormat::Parquet => parquet::write(&mut files, folder, table)?,
            _ => {}
        }
        if !matches!(format, ExportFormat::Csv | ExportFormat::Parquet) {
            metadata::write(&mut files, &table.file(folder, "-metadata.tsv"), std::slice::from_ref(table))?;
        }
    }
    Ok(Exported { paths: files.finish()?, dim, metric })
}

/// The files that [`export`] writes into `folder`.
pub fn exported_paths(what: What, format: ExportFormat, folder: &Path) -> Vec<PathBuf> {
    let ending = match format {
        ExportFormat::Projector => return projector::NAMES.map(|name| folder.join(name)).to_vec(),
        ExportFormat::Tsv => ".tsv",
        ExportFormat::Csv => ".csv",
        ExportFormat::Npy => ".npy",
        ExportFormat::Safetensors => ".safetensors",
        ExportFormat::Parquet => ".parquet",
    };
    let has_metadata = !matches!(format, ExportFormat::Csv | ExportFormat::Parquet);
    let endings = [Some(ending), has_metadata.then_some("-metadata.tsv")];
    let names: &[&str] = match what {
        What::Users => &["users"],
        What::Items => &["items"],
        What::Both => &["users", "items"],
    };
    let files =
        |name| endings.into_iter().flatten().map(move |ending| folder.join(format!("{name}{ending}")));
    names.iter().flat_map(files).collect()
}
