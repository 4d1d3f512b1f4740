//! Embeddings as files for other tools.

mod files;
mod tsv;

pub use files::{NewFile, check_free};
pub(crate) use files::{NewFiles, create_folder};
pub use tsv::export_tsv;

/// Which embeddings to export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The users.
    Users,
    /// The items.
    Items,
    /// The users and the items, in files of their own.
    Both,
}
