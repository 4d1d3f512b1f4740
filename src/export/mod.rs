//! Embeddings as files for other tools: one file here for each form.

mod csv;
mod files;
mod metadata;
mod npy;
#[cfg(feature = "parquet")]
mod parquet;
mod projector;
mod safe;
mod safetensors;
mod tsv;

pub use files::{NewFile, check_folder, check_free};
pub use safe::csv_safe;

use crate::data::IdTable;
use crate::labels::LabelColumn;
use crate::model::Model;
use crate::{Error, Result};
use files::{NewFiles, create_folder};
use std::path::{Path, PathBuf};

/// Which embeddings to export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The users.
    Users,
    /// The items.
    Items,
    /// The users and the items, in files of their own; together for the projector.
    Both,
}

/// The form of the files. `NAME` is `items` or `users`; `NAME-metadata.tsv` has the ids and labels in the order of
/// the rows: without a header where there are no labels, with one else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `NAME.tsv`: a row a line, numbers between tabs, no header. With `NAME-metadata.tsv`.
    Tsv,
    /// `NAME.csv`: a header, then id, labels and numbers.
    Csv,
    /// `NAME.npy`: NumPy's format 1.0, (rows, D), f32. With `NAME-metadata.tsv`.
    Npy,
    /// `NAME.safetensors`: the tensor `NAME`, (rows, D), f32. With `NAME-metadata.tsv`.
    Safetensors,
    /// `NAME.parquet`: columns `id`, the labels, and `embedding`, a list of floats. Needs the feature `parquet`.
    Parquet,
    /// `tensors.tsv`, `metadata.tsv` and `config.json` for TensorBoard's Embedding Projector. With users and items,
    /// items first and a column `kind`.
    Projector,
}

/// What to write and how.
#[derive(Debug, Clone, Copy)]
pub struct ExportOptions<'a> {
    /// Whose embeddings.
    pub what: What,
    /// The form.
    pub form: Form,
    /// Labels of the rows, joined to the ids; those of items where both users and items are exported.
    pub labels: &'a [LabelColumn],
    /// Whether ids and labels that a spreadsheet would take for a formula are defused: see [`csv_safe`].
    pub csv_safe: bool,
}

/// Rows to be written.
struct Rows<'a> {
    name: &'static str,
    ids: &'a IdTable,
    /// (rows, D).
    values: &'a [f32],
    dim: usize,
    labels: &'a [LabelColumn],
    csv_safe: bool,
}

impl Rows<'_> {
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

    /// An id or a label as it is written into a cell.
    fn cell(&self, text: &str) -> String {
        if self.csv_safe { csv_safe(text).into_owned() } else { text.to_owned() }
    }
}

/// Writes the embeddings into `folder`, which is created where missing, and returns the paths of the files.
///
/// Ids are in the form of [`IdTable::text`], so that tabs and line ends within an id are escaped; numbers in text
/// are the shortest that read back as the same f32.
///
/// # Errors
/// [`Error::File`] where a file exists and `force` is not given, or `folder` is not a folder; [`Error::Io`] from
/// the disk; [`Error::Setting`] for a form that this build lacks. After an error nothing is left half-written.
pub fn export(model: &Model, options: &ExportOptions, folder: &Path, force: bool) -> Result<Vec<PathBuf>> {
    let ExportOptions { what, form, labels, csv_safe } = *options;
    if form == Form::Parquet && cfg!(not(feature = "parquet")) {
        let message = "parquet is not part of this build: cargo install --features parquet makes one with it";
        return Err(Error::setting("--format", message));
    }
    model.check()?;
    let embeddings = &model.embeddings;
    // Beside items users have no labels; the projector has a single table, whose columns all rows must have.
    let unlabelled: Vec<LabelColumn> = match form {
        Form::Projector => labels.iter().map(|column| column.emptied(model.users.len())).collect(),
        _ => Vec::new(),
    };
    let user_labels = if what == What::Both { &unlabelled } else { labels };
    let rows = |name, ids, values| {
        let labels = if name == "users" { user_labels } else { labels };
        Rows { name, ids, values, dim: embeddings.dim, labels, csv_safe }
    };
    let mut tables = Vec::new();
    // The projector shows users and items together: items first, as in the tables of the training.
    if what != What::Items && form != Form::Projector {
        tables.push(rows("users", &model.users, &embeddings.users));
    }
    if what != What::Users {
        tables.push(rows("items", &model.items, &embeddings.items));
    }
    if what != What::Items && form == Form::Projector {
        tables.push(rows("users", &model.users, &embeddings.users));
    }
    create_folder(folder)?;
    for path in paths(form, &tables, folder) {
        check_free(&path, force)?;
    }
    let mut files = NewFiles::new(force);
    if form == Form::Projector {
        projector::write(&mut files, folder, &tables)?;
        return files.finish();
    }
    for rows in &tables {
        match form {
            Form::Tsv => tsv::write(&mut files, folder, rows)?,
            Form::Csv => csv::write(&mut files, folder, rows)?,
            Form::Npy => npy::write(&mut files, folder, rows)?,
            Form::Safetensors => safetensors::write(&mut files, folder, rows)?,
            #[cfg(feature = "parquet")]
            Form::Parquet => parquet::write(&mut files, folder, rows)?,
            _ => {}
        }
        if !matches!(form, Form::Csv | Form::Parquet) {
            metadata::write(&mut files, &rows.file(folder, "-metadata.tsv"), std::slice::from_ref(rows))?;
        }
    }
    files.finish()
}

/// The files that will be written.
fn paths(form: Form, tables: &[Rows], folder: &Path) -> Vec<PathBuf> {
    let ending = match form {
        Form::Projector => return projector::NAMES.map(|name| folder.join(name)).to_vec(),
        Form::Tsv => ".tsv",
        Form::Csv => ".csv",
        Form::Npy => ".npy",
        Form::Safetensors => ".safetensors",
        Form::Parquet => ".parquet",
    };
    let has_metadata = !matches!(form, Form::Csv | Form::Parquet);
    let endings = [Some(ending), has_metadata.then_some("-metadata.tsv")];
    tables
        .iter()
        .flat_map(|rows| endings.into_iter().flatten().map(|ending| rows.file(folder, ending)))
        .collect()
}
