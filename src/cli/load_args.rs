//! The flags that say how a file of interactions is read, and what was found in it.

use super::console::note;
use super::format::{counted, fine_percent, grouped};
use spherec::data::{Column, Dataset, Format, LoadOptions, LoadReport, Separator};
use std::path::Path;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Reading the file")]
pub(crate) struct LoadArgs {
    /// What kind of file it is: auto, delimited, adjacency-count (one user a line: a count, then the
    /// items) or adjacency-id (the user's id, then the items)
    #[arg(long, value_name = "FORMAT", default_value = "auto", hide_default_value = true)]
    pub(crate) format: Format,
    /// What separates the fields: a character, `tab`, `space` or `::` [default: found in the file]
    #[arg(long, value_name = "CHAR", allow_hyphen_values = true)]
    pub(crate) separator: Option<Separator>,
    /// Whether the first row names the columns [default: found in the file]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) header: Option<bool>,
    /// The users' column, by name or by number from 1 [default: a known name, else 1]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) user_column: Option<Column>,
    /// The items' column [default: a known name, else 2]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) item_column: Option<Column>,
    /// The ratings' column, which only --min-rating reads [default: a known name, else 3]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) rating_column: Option<Column>,
    /// Rows with a lower rating are no interactions [default: every row is one]
    #[arg(long, value_name = "RATING", allow_hyphen_values = true)]
    pub(crate) min_rating: Option<f64>,
}

impl LoadArgs {
    /// The same as the library knows it.
    pub(crate) fn options(&self) -> LoadOptions {
        LoadOptions {
            format: self.format,
            separator: self.separator,
            header: self.header,
            user_column: self.user_column.clone(),
            item_column: self.item_column.clone(),
            rating_column: self.rating_column.clone(),
            min_rating: self.min_rating,
        }
    }

    /// The first flag that was given, if any.
    pub(crate) fn first_given(&self) -> Option<&'static str> {
        let given = [
            ("--format", self.format != Format::Auto),
            ("--separator", self.separator.is_some()),
            ("--header", self.header.is_some()),
            ("--user-column", self.user_column.is_some()),
            ("--item-column", self.item_column.is_some()),
            ("--rating-column", self.rating_column.is_some()),
            ("--min-rating", self.min_rating.is_some()),
        ];
        given.into_iter().find(|&(_, is_given)| is_given).map(|(flag, _)| flag)
    }
}

/// Tells what a file was found to be.
pub(crate) fn tell_format(path: &Path, report: &LoadReport) {
    let name = if path.as_os_str() == "-" { Path::new("<stdin>") } else { path };
    note(&format!("{}: {}", name.display(), report.format));
}

/// Tells what was read.
pub(crate) fn tell_data(dataset: &Dataset, report: &LoadReport) {
    let (users, items) = (dataset.users.len(), dataset.items.len());
    let density = dataset.interactions.len() as f64 / (users as f64 * items as f64).max(1.0);
    let mut line = format!(
        "{}, {}, {} (density {}) from {}",
        counted(users, "user"),
        counted(items, "item"),
        counted(dataset.interactions.len(), "interaction"),
        fine_percent(density),
        counted(report.row_count, "row"),
    );
    for (count, what) in [
        (report.below_rating_count, "below --min-rating"),
        (report.duplicate_count, "repeated"),
        (report.blank_row_count, "blank"),
    ] {
        if count > 0 {
            line += &format!(", {} {what}", grouped(count));
        }
    }
    note(&line);
}
