//! The flags that say how a file of interactions is read and what is kept of it, and what was found in
//! it.

use super::console::note;
use super::format::{counted, fine_percent, grouped};
use serde_json::{Map, Value, json};
use spherec::data::{
    BadRows, Column, Counts, FilterStep, Format, HeldOut, LoadOptions, LoadReport, OnBadRow, Preset,
    Separator,
};
use std::path::Path;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Reading the file")]
pub(crate) struct LoadArgs {
    /// What kind of file it is: auto, delimited, adjacency-count (one user a line: a count, then the
    /// items), adjacency-id (the user's id, then the items), json-lines (an object a line) or parquet (where
    /// that was built in); any of them may be gzip-compressed
    #[arg(long, value_name = "FORMAT", default_value = "auto", hide_default_value = true)]
    pub(crate) format: Format,
    /// What separates the fields: a character, `tab`, `space` or `::` [default: found in the file]
    #[arg(long, value_name = "CHAR", allow_hyphen_values = true)]
    pub(crate) separator: Option<Separator>,
    /// Whether the first row names the columns [default: found in the file]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) header: Option<bool>,
    /// Whether a backslash escapes a quote within quotes, as in Book-Crossing [default: found in the file]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) backslash_escapes: Option<bool>,
    /// The users' column, by name or by number from 1 [default: a known name, else 1]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) user_column: Option<Column>,
    /// The items' column [default: a known name, else 2]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) item_column: Option<Column>,
    /// The column of ratings or play counts, which only --min-rating and --min-count read [default: a known
    /// name, else 3]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) rating_column: Option<Column>,
    /// What to do about rows that cannot be used: `error` shows the first five and stops, `skip` leaves
    /// them out and counts them
    #[arg(long, value_name = "ACTION", value_enum, default_value_t = BadRowAction::Error)]
    pub(crate) on_bad_row: BadRowAction,
    #[command(flatten)]
    pub(crate) filters: FilterArgs,
}

/// The flags of filters, in the order in which they apply.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Filters, in the order in which they apply")]
pub(crate) struct FilterArgs {
    /// Rows with a lower rating are no interactions; of a pair with several, any suffices [default: every
    /// row is one]
    #[arg(long, value_name = "RATING", allow_hyphen_values = true)]
    min_rating: Option<f64>,
    /// Pairs with a lower play count, summed over their rows, are no interactions; without a column of
    /// counts each row counts one
    #[arg(long, value_name = "COUNT", conflicts_with = "min_rating")]
    min_count: Option<f64>,
    /// Users with fewer interactions (distinct items) are left out
    #[arg(long, value_name = "N")]
    min_user_interactions: Option<usize>,
    /// Then items with fewer interactions (distinct users) are left out
    #[arg(long, value_name = "N")]
    min_item_interactions: Option<usize>,
    /// Then users and items with fewer are left out, again and again until nothing changes
    #[arg(long, value_name = "K")]
    k_core: Option<usize>,
    /// The filters of a published experiment, where none of the flags above says otherwise: amazon-movies
    /// (rating > 4, users >= 20), book-crossing (rating >= 5, users > 10), echonest (count >= 5, users > 20,
    /// items >= 5), movielens (rating >= 4, users > 10), citeulike (all)
    ///
    /// Those of Amazon, Book-Crossing and Echo Nest are Tran et al. 2019, 4.1.1. The threshold that the
    /// paper prints for Book-Crossing does not lead to its Table 1, extrapolated from the first fifth of
    /// the file; about 20 does: --preset book-crossing --min-user-interactions 20.
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<Preset>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum BadRowAction {
    Error,
    Skip,
}

impl LoadArgs {
    /// The same as the library knows it, with the filters of the preset.
    pub(crate) fn options(&self) -> LoadOptions {
        let FilterArgs {
            min_rating,
            min_count,
            min_user_interactions,
            min_item_interactions,
            k_core,
            preset,
        } = self.filters;
        let options = LoadOptions {
            format: self.format,
            separator: self.separator,
            header: self.header,
            backslash_escapes: self.backslash_escapes,
            user_column: self.user_column.clone(),
            item_column: self.item_column.clone(),
            rating_column: self.rating_column.clone(),
            on_bad_row: match self.on_bad_row {
                BadRowAction::Error => OnBadRow::Error,
                BadRowAction::Skip => OnBadRow::Skip,
            },
            min_rating,
            min_count,
            min_user_interactions,
            min_item_interactions,
            k_core,
        };
        preset.map_or(options.clone(), |preset| preset.apply(options))
    }

    /// The first flag that was given, if any.
    pub(crate) fn first_given(&self) -> Option<&'static str> {
        let filters = &self.filters;
        let given = [
            ("--format", self.format != Format::Auto),
            ("--separator", self.separator.is_some()),
            ("--header", self.header.is_some()),
            ("--backslash-escapes", self.backslash_escapes.is_some()),
            ("--user-column", self.user_column.is_some()),
            ("--item-column", self.item_column.is_some()),
            ("--rating-column", self.rating_column.is_some()),
            ("--on-bad-row", self.on_bad_row != BadRowAction::Error),
            ("--min-rating", filters.min_rating.is_some()),
            ("--min-count", filters.min_count.is_some()),
            ("--min-user-interactions", filters.min_user_interactions.is_some()),
            ("--min-item-interactions", filters.min_item_interactions.is_some()),
            ("--k-core", filters.k_core.is_some()),
            ("--preset", filters.preset.is_some()),
        ];
        given.into_iter().find(|&(_, is_given)| is_given).map(|(flag, _)| flag)
    }

    /// What was asked for, by flag without its dashes, for the record: the preset and what it led to.
    pub(crate) fn record(&self) -> Value {
        let options = self.options();
        let column = |column: &Option<Column>| match column {
            Some(Column::Name(name)) => json!(name),
            Some(Column::Number(number)) => json!(number),
            None => Value::Null,
        };
        let entries = [
            ("format", if options.format == Format::Auto { Value::Null } else { json!(options.format) }),
            ("separator", json!(options.separator)),
            ("header", json!(options.header)),
            ("backslash-escapes", json!(options.backslash_escapes)),
            ("user-column", column(&options.user_column)),
            ("item-column", column(&options.item_column)),
            ("rating-column", column(&options.rating_column)),
            ("on-bad-row", if options.on_bad_row == OnBadRow::Skip { json!("skip") } else { Value::Null }),
            ("preset", json!(self.filters.preset.map(|preset| preset.to_string()))),
            ("min-rating", json!(options.min_rating)),
            ("min-count", json!(options.min_count)),
            ("min-user-interactions", json!(options.min_user_interactions)),
            ("min-item-interactions", json!(options.min_item_interactions)),
            ("k-core", json!(options.k_core)),
        ];
        let given = entries.into_iter().filter(|(_, value)| !value.is_null());
        Value::Object(given.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
    }
}

/// What a record says in a line: "ratings.csv, test.csv; min-rating 4"; nothing for a model without one.
pub(crate) fn record_line(record: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let files: Vec<String> =
        ["train", "valid", "test"].iter().filter_map(|part| record.get(part)).map(text).collect();
    let options = record.get("options").and_then(Value::as_object);
    let options = options.into_iter().flatten().map(|(name, value)| format!("; {name} {}", text(value)));
    (!files.is_empty()).then(|| format!("{}{}", files.join(", "), options.collect::<String>()))
}

/// A file's name as the user knows it.
pub(crate) fn shown_path(path: &Path) -> String {
    if path.as_os_str() == "-" { "<stdin>".to_owned() } else { path.display().to_string() }
}

/// Tells what a file was found to be, and what is wrong with it.
pub(crate) fn tell_format(path: &Path, report: &LoadReport) {
    let name = shown_path(path);
    let gzip = if report.layout.is_gzip { "gzip, " } else { "" };
    note(&format!("{name}: {gzip}{}", report.format));
    tell_bad_rows(&name, &report.bad_rows);
    for warning in &report.warnings {
        note(&format!("warning: {name}: {warning}"));
    }
}

/// The column of ratings that no filter reads.
pub(crate) fn unread_ratings(report: &LoadReport) -> Option<usize> {
    let is_read = |step: &FilterStep| ["ratings", "counts"].iter().any(|what| step.filter.starts_with(what));
    report.layout.rating_column.filter(|_| !report.steps.iter().any(is_read))
}

fn tell_bad_rows(name: &str, bad_rows: &BadRows) {
    if bad_rows.count == 0 {
        return;
    }
    for row in &bad_rows.first {
        note(&format!("{name}:{}: {}", row.line, row.message));
    }
    let shown = match bad_rows.first.len() {
        shown if shown < bad_rows.count => format!(", of which these are the first {shown}"),
        _ => String::new(),
    };
    note(&format!("warning: {name}: {} skipped{shown}", counted(bad_rows.count, "bad row")));
}

/// Tells what was read, and what each filter left.
pub(crate) fn tell_data(report: &LoadReport) {
    let mut line = format!("{} from {}", size(&report.kept), counted(report.row_count, "row"));
    for (count, what) in [
        (report.below_rating_count, "below --min-rating"),
        (report.below_count_count, "below --min-count"),
        (report.duplicate_count, "repeated"),
        (report.blank_row_count, "blank"),
    ] {
        if count > 0 {
            line += &format!(", {} {what}", grouped(count));
        }
    }
    note(&line);
    if let Some(column) = unread_ratings(report) {
        note(&format!(
            "  every row counts: the ratings in column {column} are not read, but for --min-rating or --min-count"
        ));
    }
    // A single filter leaves what the line above tells.
    for step in report.steps.iter().filter(|_| report.steps.len() > 1) {
        note(&format!("  {}: {}", step.filter, size(&step.left)));
    }
}

/// Tells the size that was published for a preset's data, which stands below the data's own.
pub(crate) fn tell_published(preset: Option<Preset>) {
    if let Some(published) = preset.and_then(Preset::published) {
        note(&format!("published by {}: {}", published.source, size(&published.counts)));
    }
}

/// Users, items, interactions and density.
pub(crate) fn size(counts: &Counts) -> String {
    format!(
        "{}, {}, {} (density {})",
        counted(counts.users, "user"),
        counted(counts.items, "item"),
        counted(counts.interactions, "interaction"),
        fine_percent(counts.density()),
    )
}

/// Tells what of a held-out file is of no use to a model of the training file.
pub(crate) fn tell_held_out(path: &Path, held_out: &HeldOut) {
    let name = shown_path(path);
    let HeldOut { unknown_user_count, unknown_user_pair_count, new_item_count, repeated_pair_count } =
        *held_out;
    if unknown_user_count > 0 {
        note(&format!(
            "{name}: {} left out, of {} that the training file lacks",
            counted(unknown_user_pair_count, "interaction"),
            counted(unknown_user_count, "user"),
        ));
    }
    if new_item_count > 0 {
        note(&format!(
            "{name}: {} that the training file lacks; nothing can be learned about them, so they count as missed",
            counted(new_item_count, "item"),
        ));
    }
    if repeated_pair_count > 0 {
        note(&format!(
            "warning: {name}: {} left out, which are in the training or validation part too",
            counted(repeated_pair_count, "interaction"),
        ));
    }
}
