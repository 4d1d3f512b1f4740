//! The flags for reading and filtering a file of interactions, and the notes about what was read.

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
    /// File format: auto, delimited, adjacency-count (one user per line: a count, then the items),
    /// adjacency-id (one user per line: the id, then the items), json-lines (one object per line) or parquet
    /// (if built in). Any of them may be gzip-compressed
    // Commands that also write lists have another name for it: their own --format is that of the lists.
    #[arg(
        id = "input_format",
        long = "format",
        value_name = "FORMAT",
        default_value = "auto",
        hide_default_value = true
    )]
    pub(crate) format: Format,
    /// Field separator: a character, `tab`, `space` or `::` [default: detected]
    #[arg(long, value_name = "CHAR", allow_hyphen_values = true)]
    pub(crate) separator: Option<Separator>,
    /// Whether the first row names the columns [default: detected]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) header: Option<bool>,
    /// Whether a backslash escapes a quote inside quotes, as in Book-Crossing [default: detected]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) backslash_escapes: Option<bool>,
    /// Column of the users, by name or by number from 1 [default: a known name, else 1]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) user_column: Option<Column>,
    /// Column of the items [default: a known name, else 2]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) item_column: Option<Column>,
    /// Column of ratings or play counts; only --min-rating and --min-count read it [default: a known name,
    /// else 3]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) rating_column: Option<Column>,
    /// What to do with unusable rows: `error` shows the first five and stops, `skip` leaves them out and
    /// counts them
    #[arg(long, value_name = "ACTION", value_enum, default_value_t = BadRowAction::Error)]
    pub(crate) on_bad_row: BadRowAction,
    /// Refuse a file of more bytes, after decompression; its rows may take three times as many bytes of memory
    /// [default: a quarter of the free memory]
    #[arg(long, value_name = "N")]
    pub(crate) max_input_bytes: Option<u64>,
    #[command(flatten)]
    pub(crate) filters: FilterArgs,
}

/// The filter flags, in the order they apply.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Filters, in the order they apply")]
pub(crate) struct FilterArgs {
    /// Drop rows with a lower rating; a pair with several rows needs one that is high enough [default:
    /// every row counts]
    #[arg(long, value_name = "RATING", allow_hyphen_values = true)]
    min_rating: Option<f64>,
    /// Drop pairs with a lower play count, summed over their rows. Without a column of counts, each row
    /// counts 1
    #[arg(long, value_name = "COUNT", conflicts_with = "min_rating")]
    min_count: Option<f64>,
    /// Drop users with fewer interactions (distinct items)
    #[arg(long, value_name = "N")]
    min_user_interactions: Option<usize>,
    /// Then drop items with fewer interactions (distinct users)
    #[arg(long, value_name = "N")]
    min_item_interactions: Option<usize>,
    /// Then drop users and items with fewer, again and again until nothing changes
    #[arg(long, value_name = "K")]
    k_core: Option<usize>,
    /// Filters of a published experiment; the flags above override them: amazon-movies (rating > 4,
    /// users >= 20), book-crossing (rating >= 5, users > 10), echonest (count >= 5, users > 20, items >= 5),
    /// movielens (rating >= 4, users > 10), citeulike (keeps everything)
    ///
    /// The filters for Amazon, Book-Crossing and Echo Nest are from Tran et al. 2019, 4.1.1. The paper's
    /// threshold for Book-Crossing does not give the sizes in its Table 1, judging by the first fifth of the
    /// file. About 20 does: --preset book-crossing --min-user-interactions 20.
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<Preset>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum BadRowAction {
    Error,
    Skip,
}

impl LoadArgs {
    /// The library's options for these flags, with the preset's filters.
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
            format_flag: None,
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
            max_input_bytes: self.max_input_bytes,
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
            ("--max-input-bytes", self.max_input_bytes.is_some()),
            ("--min-rating", filters.min_rating.is_some()),
            ("--min-count", filters.min_count.is_some()),
            ("--min-user-interactions", filters.min_user_interactions.is_some()),
            ("--min-item-interactions", filters.min_item_interactions.is_some()),
            ("--k-core", filters.k_core.is_some()),
            ("--preset", filters.preset.is_some()),
        ];
        given.into_iter().find(|&(_, is_given)| is_given).map(|(flag, _)| flag)
    }

    /// The flags in effect, named without the dashes, for the model's record: also what the preset sets.
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

/// A record as one line: "ratings.csv, test.csv; min-rating 4". `None` if the model has no record.
pub(crate) fn record_line(record: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let parts = ["/train", "/valid", "/test", "/features/item-features", "/features/user-features"];
    let folded_in = record.get("fold_in").and_then(Value::as_array).into_iter().flatten();
    let files: Vec<String> =
        parts.iter().filter_map(|part| record.pointer(part)).chain(folded_in).map(text).collect();
    let options = record.get("options").and_then(Value::as_object);
    let options = options.into_iter().flatten().map(|(name, value)| format!("; {name} {}", text(value)));
    (!files.is_empty()).then(|| format!("{}{}", files.join(", "), options.collect::<String>()))
}

/// A file's name as shown to the user.
pub(crate) fn shown_path(path: &Path) -> String {
    if path.as_os_str() == "-" { "<stdin>".to_owned() } else { path.display().to_string() }
}

/// Prints the format of a file and the problems in it.
pub(crate) fn tell_format(path: &Path, report: &LoadReport) {
    let name = shown_path(path);
    let gzip = if report.layout.is_gzip { "gzip, " } else { "" };
    note(&format!("{name}: {gzip}{}", report.format));
    bad_rows(&name, &report.bad_rows).iter().for_each(|line| note(line));
    for warning in &report.warnings {
        note(&format!("warning: {name}: {warning}"));
    }
}

/// The number of the rating column, if no filter reads it.
pub(crate) fn unread_ratings(report: &LoadReport) -> Option<usize> {
    let is_read = |step: &FilterStep| ["ratings", "counts"].iter().any(|what| step.filter.starts_with(what));
    report.layout.rating_column.filter(|_| !report.steps.iter().any(is_read))
}

/// The bad rows that are shown, and their number.
pub(crate) fn bad_rows(name: &str, bad_rows: &BadRows) -> Vec<String> {
    if bad_rows.count == 0 {
        return Vec::new();
    }
    let shown = match bad_rows.first.len() {
        shown if shown < bad_rows.count => format!(" (the first {shown} are listed above)"),
        _ => String::new(),
    };
    let rows = bad_rows.first.iter().map(|row| format!("{name}:{}: {}", row.line, row.message));
    let count = counted(bad_rows.count, "bad row");
    rows.chain([format!("warning: {name}: {count} skipped{shown}")]).collect()
}

/// Prints what was read and what each filter left.
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
            "  every row counts: the ratings in column {column} are read only for --min-rating or --min-count"
        ));
    }
    // With a single filter, the line above says it already.
    for step in report.steps.iter().filter(|_| report.steps.len() > 1) {
        note(&format!("  {}: {}", step.filter, size(&step.left)));
    }
}

/// Prints the published size of a preset's data.
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

/// Prints which parts of a held-out file cannot be used.
pub(crate) fn tell_held_out(path: &Path, held_out: &HeldOut) {
    let name = shown_path(path);
    let HeldOut { unknown_user_count, unknown_user_pair_count, new_item_count, repeated_pair_count } =
        *held_out;
    if unknown_user_count > 0 {
        note(&format!(
            "{name}: left out {} of {} not in the training file",
            counted(unknown_user_pair_count, "interaction"),
            counted(unknown_user_count, "user"),
        ));
    }
    if new_item_count > 0 {
        note(&format!(
            "{name}: {} not in the training file; the model learns nothing about them, so they count as missed",
            counted(new_item_count, "item"),
        ));
    }
    if repeated_pair_count > 0 {
        note(&format!(
            "warning: {name}: left out {} already in the training or validation part",
            counted(repeated_pair_count, "interaction"),
        ));
    }
}
