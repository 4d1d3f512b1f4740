//! Detects the format of a file from its first lines: JSON lines, an adjacency list or delimited text. For
//! delimited text, also finds the separator and whether there is a header.
//!
//! These rules apply, in this order:
//! - *Parquet*: the file starts with its magic number.
//! - *JSON lines*: the first character is `{`.
//! - *Adjacency list*: all lines hold only whole numbers, separated by single blanks, and the lines differ
//!   in length. If each line starts with the number of its other fields, the list has a count first. This
//!   also holds if most lines do so and first numbers repeat; the remaining lines then are bad rows.
//!   Otherwise the list has a user id first, unless a first number repeats or four fifths of the lines
//!   have the same length: then the file is delimited text, and some of its rows lack a field.
//! - *Separator*: one that makes the first row a header of known names. Otherwise the first of `::`, tab,
//!   comma or semicolon (whichever gives more fields), and space that splits four fifths of the rows into
//!   the same number of fields, at least 2. Otherwise the one that does so for the most rows.
//! - *Header*: the first row is a header if it has known names for the user and for the item, or one known
//!   name that ends in "id". It also is one if no field of it is a number, but four fifths of the rows
//!   below have numbers in a column other than the ids, or in both id columns (if the names of these have
//!   no digit). A file of string ids without a header therefore keeps its first row.

use super::Format;
use super::roles::has_known_names;
use super::rows::{RowReader, Separator};
use super::text::{PARQUET, lines};
use csv::ByteRecord;
use rustc_hash::{FxHashMap, FxHashSet};

/// How many lines are looked at, and how many bytes in total.
const SAMPLE_LINES: usize = 1000;
const SAMPLE_BYTES: usize = 1 << 20;

/// The first lines of `data`, none cut short.
pub(super) fn sample(data: &[u8]) -> &[u8] {
    let end = lines(data)
        .take(SAMPLE_LINES)
        .take_while(|&(offset, _)| offset < SAMPLE_BYTES)
        .last()
        .map_or(0, |(offset, line)| offset + line.len());
    &data[..end]
}

/// The format of a file, once it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileFormat {
    Delimited,
    AdjacencyCount,
    AdjacencyId,
    JsonLines,
    Parquet,
}

impl From<FileFormat> for Format {
    fn from(format: FileFormat) -> Format {
        match format {
            FileFormat::Delimited => Format::Delimited,
            FileFormat::AdjacencyCount => Format::AdjacencyCount,
            FileFormat::AdjacencyId => Format::AdjacencyId,
            FileFormat::JsonLines => Format::JsonLines,
            FileFormat::Parquet => Format::Parquet,
        }
    }
}

/// Detects the format of `data`.
pub(super) fn file_format(data: &[u8]) -> FileFormat {
    if data.starts_with(PARQUET) {
        return FileFormat::Parquet;
    }
    if data.trim_ascii_start().starts_with(b"{") {
        return FileFormat::JsonLines;
    }
    adjacency(sample(data)).unwrap_or(FileFormat::Delimited)
}

/// The kind of adjacency list that `sample` is; `None` if it is not one.
fn adjacency(sample: &[u8]) -> Option<FileFormat> {
    let mut widths: FxHashMap<usize, usize> = FxHashMap::default();
    let mut first_numbers = FxHashSet::default();
    let (mut line_count, mut counted_lines) = (0usize, 0usize);
    for (_, line) in lines(sample).filter(|(_, line)| !line.trim_ascii().is_empty()) {
        let mut numbers = line.trim_ascii_end().split(|&b| b == b' ' || b == b'\t');
        let first = numbers.next().filter(|number| is_whole(number))?;
        let mut others = 0;
        for number in numbers {
            if !is_whole(number) {
                return None;
            }
            others += 1;
        }
        *widths.entry(others).or_default() += 1;
        first_numbers.insert(first);
        line_count += 1;
        counted_lines += usize::from(parse_count(first) == Some(others));
    }
    let repeats = first_numbers.len() < line_count;
    let most_alike = widths.values().copied().max().unwrap_or(0);
    if widths.len() < 2 {
        None
    } else if counted_lines == line_count || (2 * counted_lines > line_count && repeats) {
        Some(FileFormat::AdjacencyCount)
    } else if repeats || 5 * most_alike >= 4 * line_count {
        None
    } else {
        Some(FileFormat::AdjacencyId)
    }
}

fn is_whole(field: &[u8]) -> bool {
    !field.is_empty() && field.iter().all(u8::is_ascii_digit)
}

pub(super) fn parse_count(field: &[u8]) -> Option<usize> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// The separator of a sample; `None` if nothing splits it.
pub(super) fn separator(sample: &[u8]) -> Option<Separator> {
    const CLASSES: [(u8, Separator); 5] = [
        (3, Separator::DoubleColon),
        (2, Separator::Byte(b'\t')),
        (1, Separator::Byte(b',')),
        (1, Separator::Byte(b';')),
        (0, Separator::Byte(b' ')),
    ];
    let mut best = None;
    for (class, separator) in CLASSES {
        let rows = rows(sample, separator);
        let Some(first) = rows.first() else { continue };
        if has_known_names(first) && first.len() >= 2 {
            return Some(separator);
        }
        let Some((width, agreeing)) = usual_width(&rows) else { continue };
        let consistent = agreeing * 5 >= rows.len() * 4;
        let merit = (consistent, if consistent { 0 } else { agreeing }, class, width);
        if best.is_none_or(|(best_merit, _)| merit > best_merit) {
            best = Some((merit, separator));
        }
    }
    best.map(|(_, separator)| separator)
}

/// The most common number of fields, at least 2, and how many rows have it.
fn usual_width(rows: &[ByteRecord]) -> Option<(usize, usize)> {
    let mut widths: Vec<usize> = rows.iter().map(ByteRecord::len).filter(|&width| width >= 2).collect();
    widths.sort_unstable();
    let runs = widths.chunk_by(|a, b| a == b).map(|run| (run[0], run.len()));
    runs.max_by_key(|&(width, count)| (count, width))
}

/// The readable rows of a sample.
pub(super) fn rows(sample: &[u8], separator: Separator) -> Vec<ByteRecord> {
    let mut reader = RowReader::new(sample, separator, false);
    let mut rows = Vec::new();
    let mut record = ByteRecord::new();
    loop {
        match reader.next(&mut record) {
            Ok(Some(_)) => rows.push(record.clone()),
            Ok(None) => return rows,
            Err(_) => {}
        }
    }
}

/// Whether the first of the sample's `rows` is a header. `user` and `item` are the id columns: as given by
/// number, otherwise the first two.
pub(super) fn header(rows: &[ByteRecord], user: usize, item: usize) -> bool {
    let Some((first, below)) = rows.split_first() else { return false };
    if has_known_names(first) {
        return true;
    }
    if first.iter().any(is_number) {
        return false;
    }
    let is_numeric = |column: usize| {
        let fields = || below.iter().filter_map(|row| row.get(column)).filter(|field| !field.is_empty());
        let (numbers, all) = (fields().filter(|field| is_number(field)).count(), fields().count());
        all > 0 && 5 * numbers >= 4 * all
    };
    let named = |column: usize| first.get(column).is_some_and(|field| !field.is_empty());
    let mut others = (0..first.len()).filter(|&column| column != user && column != item);
    let is_name = |column: usize| named(column) && !first[column].iter().any(u8::is_ascii_digit);
    [user, item].into_iter().all(|column| is_name(column) && is_numeric(column))
        || others.any(|column| named(column) && is_numeric(column))
}

fn is_number(field: &[u8]) -> bool {
    let text = std::str::from_utf8(field).unwrap_or_default().trim();
    text.parse::<f64>().is_ok_and(f64::is_finite)
}
