//! Loads a file into a data set, and reports what was found and what the filters kept.

use super::collect::Collector;
use super::detect::FileFormat;
use super::report::{Counts, FilterStep};
use super::text::Text;
use super::{Dataset, IdTable, Interactions, LoadOptions, LoadReport, adjacency, delimited, filter, json};
use crate::Result;
use crate::files::InputLimit;
use crate::printable::number;
use std::path::Path;

/// Reads a data set from `path` (`-`: standard input), which may be gzip-compressed. The data set has only
/// users and items with a kept interaction. A repeated pair counts once, and is kept if any of its ratings
/// is high enough.
///
/// A text of n bytes takes n bytes of memory, and its rows at most three times `max_input_bytes` more: usually half
/// of n, and up to 12 n for lists of ids of one or two letters.
///
/// # Errors
/// The file cannot be read, is empty, is larger than `max_input_bytes` or is not text; a column is missing; options contradict each other or
/// the file; no pair is left. Unless bad rows are skipped: a row has too few fields, an empty or overlong
/// id or, with a threshold, a rating that is not a finite number. The error then names the line.
pub fn load(path: &Path, options: &LoadOptions) -> Result<(Dataset, LoadReport)> {
    options.check()?;
    let limit = InputLimit::interactions(options.max_input_bytes);
    let text = Text::read(path, &limit)?;
    let (dataset, report) = read(&text, options, options.file_format(&text)?, &limit)?;
    if report.kept.interactions == 0 {
        return Err(text.error(nothing_left(options, &report)));
    }
    Ok((dataset, report))
}

fn nothing_left(options: &LoadOptions, report: &LoadReport) -> String {
    let rows = report.row_count;
    let emptied = report.steps.iter().find(|step| step.left.interactions == 0);
    match (emptied, options.min_rating, options.min_count) {
        (Some(step), Some(rating), _) if step.filter == rating_words(rating) => {
            format!("none of its {rows} rows has a rating of at least {}", number(rating))
        }
        (Some(step), _, Some(count)) if step.filter == count_words(count) => {
            format!("none of the pairs in its {rows} rows has a count of at least {}", number(count))
        }
        (Some(step), ..) => format!("has no {}: nothing is left of its {rows} rows", step.filter),
        (None, ..) => "has no interactions".to_owned(),
    }
}

fn rating_words(threshold: f64) -> String {
    format!("ratings of at least {}", number(threshold))
}

fn count_words(threshold: f64) -> String {
    format!("counts of at least {}", number(threshold))
}

/// Like [`load`], for a text in memory. The result may be empty.
pub(super) fn read(
    text: &Text,
    options: &LoadOptions,
    format: FileFormat,
    limit: &InputLimit,
) -> Result<(Dataset, LoadReport)> {
    let mut dataset = Dataset::default();
    let mut collector = Collector::new(&mut dataset, options, limit);
    let (words, layout) = match format {
        FileFormat::Delimited => delimited::read(text, options, &mut collector)?,
        FileFormat::JsonLines => json::read(text, options, &mut collector)?,
        #[cfg(feature = "parquet")]
        FileFormat::Parquet => super::parquet::read(text, options, &mut collector)?,
        #[cfg(not(feature = "parquet"))]
        FileFormat::Parquet => return Err(text.error(super::NO_PARQUET)),
        FileFormat::AdjacencyCount | FileFormat::AdjacencyId => {
            adjacency::read(text, format, &mut collector)?
        }
    };
    let warnings = collector.warnings();
    let Collector { mut pairs, counts, mut report, .. } = collector;
    (report.format, report.layout, report.warnings) = (words, layout, warnings);
    if let Some(threshold) = options.min_count {
        let row_count = pairs.len();
        pairs = frequent(&pairs, &counts, dataset.users.len(), threshold);
        report.below_count_count = row_count - pairs.len();
    }
    dataset.interactions = Interactions::from_pairs(dataset.users.len(), dataset.items.len(), &pairs);
    let mut kept = Counts::of(&dataset.interactions, pairs.len());
    let words = options.min_rating.map(rating_words).or(options.min_count.map(count_words));
    report.steps.extend(words.map(|filter| FilterStep { filter, left: kept }));
    dataset = filter::apply(dataset, options, &pairs, &mut report.steps);
    if let Some(last) = report.steps.last() {
        kept = last.left;
    }
    // Pairs below `min_count` have added ids that nothing else uses.
    if (dataset.users.len(), dataset.items.len()) != (kept.users, kept.items) {
        dataset = filter::drop_unused(dataset);
    }
    report.kept = kept;
    report.duplicate_count = kept.rows - kept.interactions;
    Ok((dataset, report))
}

/// The rows of the pairs whose counts add up to at least `threshold`.
fn frequent(pairs: &[(u32, u32)], counts: &[f64], user_count: usize, threshold: f64) -> Vec<(u32, u32)> {
    // Group the rows by user without sorting, then sort each user's rows by item.
    let mut starts = vec![0usize; user_count + 1];
    pairs.iter().for_each(|&(user, _)| starts[user as usize + 1] += 1);
    (0..user_count).for_each(|user| starts[user + 1] += starts[user]);
    let mut next = starts.clone();
    let mut rows = vec![0usize; pairs.len()];
    for (row, &(user, _)) in pairs.iter().enumerate() {
        rows[next[user as usize]] = row;
        next[user as usize] += 1;
    }
    let mut kept = Vec::with_capacity(pairs.len());
    for user in 0..user_count {
        let rows = &mut rows[starts[user]..starts[user + 1]];
        rows.sort_by_key(|&row| pairs[row].1);
        for same in rows.chunk_by(|&left, &right| pairs[left].1 == pairs[right].1) {
            if same.iter().map(|&row| counts[row]).sum::<f64>() >= threshold {
                kept.extend(same.iter().map(|&row| pairs[row]));
            }
        }
    }
    kept
}

/// The part of a file that is about known users and items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownPairs {
    /// The pairs of a known user and a known item, as rows of the given tables, (U, I).
    pub interactions: Interactions,
    /// Distinct unknown users in the file.
    pub unknown_user_count: usize,
    /// Distinct unknown items in the file.
    pub unknown_item_count: usize,
    /// Distinct pairs left out because their user or item is unknown.
    pub unknown_pair_count: usize,
}

/// Reads the part of a file that is about known ids, such as a test file for a trained model. The result may
/// be empty.
///
/// # Errors
/// As [`load`].
pub fn load_known(
    path: &Path,
    options: &LoadOptions,
    users: &IdTable,
    items: &IdTable,
) -> Result<(KnownPairs, LoadReport)> {
    let (dataset, report) = load(path, options)?;
    let user_rows: Vec<Option<u32>> = dataset.users.iter().map(|id| users.find(id)).collect();
    let item_rows: Vec<Option<u32>> = dataset.items.iter().map(|id| items.find(id)).collect();
    let known: Vec<(u32, u32)> = dataset
        .interactions
        .pairs()
        .filter_map(|(user, item)| user_rows[user as usize].zip(item_rows[item as usize]))
        .collect();
    let unknown_count = |rows: &[Option<u32>]| rows.iter().filter(|row| row.is_none()).count();
    let pairs = KnownPairs {
        unknown_user_count: unknown_count(&user_rows),
        unknown_item_count: unknown_count(&item_rows),
        unknown_pair_count: dataset.interactions.len() - known.len(),
        interactions: Interactions::from_pairs(users.len(), items.len(), &known),
    };
    Ok((pairs, report))
}
