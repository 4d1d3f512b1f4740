//! Reads an array of NumPy (`numpy.lib.format`, versions 1 to 3): all features of an id per row, the ids in a text file
//! beside it.

use super::gather::{check_known, fill_counts, find_row};
use super::{FeatureOptions, FeatureReport, FeatureValues, Features};
use crate::data::collect::check_id;
use crate::data::text::{NPY, Text, counted, lines, shown};
use crate::data::{IdTable, id_from_text};
use crate::files::InputLimit;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// What the header of an array says.
struct Header {
    /// Bytes of a number: 4 or 8.
    size: usize,
    row_count: usize,
    dim: usize,
    /// Where the numbers begin.
    start: usize,
}

pub(super) fn read(
    text: &Text,
    known: &IdTable,
    options: &FeatureOptions,
    limit: &InputLimit,
) -> Result<(Features, FeatureReport)> {
    let Header { size, row_count, dim, start } = header(&text.data).map_err(|message| text.error(message))?;
    let ids_path = options.ids.clone().unwrap_or_else(|| beside(&text.path));
    if options.ids.is_none() && !ids_path.is_file() {
        let flag = options.kind.ids_flag();
        let message = format!("needs the ids of its rows, one a line: give {flag} FILE, or put them into");
        return Err(text.error(format!("{message} {}", ids_path.display())));
    }
    let (rows, new_ids) = ids(ids_path, known, options, limit, (row_count, text))?;
    let mut dense = Dense::new(text, known.len() + new_ids.len(), dim, limit)?;
    let numbers = &text.data[start..];
    for (&row, bytes) in rows.iter().zip(numbers.chunks_exact(size * dim)) {
        for (column, bytes) in bytes.chunks_exact(size).enumerate() {
            let value = match *bytes {
                [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
                [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
                _ => f64::NAN,
            };
            dense.set(row, column, value).map_err(|message| {
                let id = if (row as usize) < known.len() {
                    known.bytes(row)
                } else {
                    new_ids.bytes(row - known.len() as u32)
                };
                text.error(format!("the row of id {}, column {}: {message}", shown(id), column + 1))
            })?;
        }
    }
    let names = IdTable::numbered(dim);
    let words = format!("NumPy array of {row_count} rows and {dim} columns");
    dense.finish(text, known.len(), new_ids, names, (words, row_count), options)
}

/// The file of ids beside an array: `items.txt` for `items.npy` and for `items.npy.gz`.
fn beside(path: &Path) -> PathBuf {
    let is_gzip = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
    if is_gzip { path.with_extension("").with_extension("txt") } else { path.with_extension("txt") }
}

/// A table of numbers being filled.
pub(super) struct Dense {
    has: Vec<bool>,
    values: Vec<f32>,
    dim: usize,
}

impl Dense {
    pub(super) fn new(text: &Text, row_count: usize, dim: usize, limit: &InputLimit) -> Result<Dense> {
        check_count(dim).map_err(|message| text.error(message))?;
        let bytes = 4u64.saturating_mul(dim as u64).saturating_mul(row_count as u64);
        let what = || format!("{} of {}", counted(row_count, "row"), counted(dim, "feature"));
        limit.check_memory(&text.path, bytes, what)?;
        Ok(Dense { has: vec![false; row_count], values: vec![0.0; row_count * dim], dim })
    }

    /// Sets one number of a row.
    pub(super) fn set(&mut self, row: u32, column: usize, value: f64) -> std::result::Result<(), String> {
        if !value.is_finite() {
            return Err(format!("value is not finite: {value}"));
        }
        let number = value as f32;
        if !number.is_finite() {
            return Err(format!("value is too large: {value:e}"));
        }
        self.has[row as usize] = true;
        self.values[row as usize * self.dim + column] = number;
        Ok(())
    }

    /// The whole table. `found` is the format in words and the number of rows in the file.
    pub(super) fn finish(
        self,
        text: &Text,
        known_count: usize,
        new_ids: IdTable,
        names: IdTable,
        found: (String, usize),
        options: &FeatureOptions,
    ) -> Result<(Features, FeatureReport)> {
        let Dense { has, values, .. } = self;
        let features = Features::new(known_count, new_ids, names, FeatureValues::Dense { has, values });
        let (format, entry_count) = found;
        let mut report = FeatureReport { format, entry_count, ..FeatureReport::default() };
        fill_counts(&features, &mut report);
        check_known(&features, options, text)?;
        Ok((features, report))
    }
}

/// The row of each line of the file of ids, and the ids that `known` lacks. `array` is the number of rows of the array.
fn ids(
    path: PathBuf,
    known: &IdTable,
    options: &FeatureOptions,
    limit: &InputLimit,
    (row_count, array): (usize, &Text),
) -> Result<(Vec<u32>, IdTable)> {
    let text = Text::read(&path, limit)?;
    let mut rows = Rows::new(known, options.kind.word());
    for (offset, line) in lines(&text.data) {
        let added = rows.add(line);
        added.map_err(|message| Error::Row {
            path: path.clone(),
            line: text.line_number(offset),
            message,
        })?;
    }
    let Rows { rows, new_ids, .. } = rows;
    if rows.len() != row_count {
        let message = format!(
            "has {}, but {} has {}",
            counted(row_count, "row"),
            path.display(),
            counted(rows.len(), "id"),
        );
        return Err(array.error(message));
    }
    Ok((rows, new_ids))
}

/// Ids that may each come once, with their rows.
pub(super) struct Rows<'a> {
    known: &'a IdTable,
    word: &'static str,
    is_seen: Vec<bool>,
    pub(super) rows: Vec<u32>,
    pub(super) new_ids: IdTable,
}

impl<'a> Rows<'a> {
    pub(super) fn new(known: &'a IdTable, word: &'static str) -> Rows<'a> {
        let is_seen = vec![false; known.len()];
        Rows { known, word, is_seen, rows: Vec::new(), new_ids: IdTable::default() }
    }

    /// The row of the next id.
    pub(super) fn add(&mut self, id: &[u8]) -> std::result::Result<u32, String> {
        check_id(self.word, id)?;
        let twice = || format!("the {} id {} has a row already", self.word, shown(id));
        let row = match find_row(self.known, id) {
            Some(row) if std::mem::replace(&mut self.is_seen[row as usize], true) => return Err(twice()),
            Some(row) => row,
            None => {
                let before = self.new_ids.len();
                let id = std::str::from_utf8(id).map_or_else(|_| id.to_vec(), id_from_text);
                let row = self.new_ids.try_intern(&id).filter(|_| self.new_ids.len() > before);
                let row = row.ok_or_else(twice)? as usize + self.known.len();
                let full = || format!("more than {} {} ids", IdTable::MAX_COUNT, self.word);
                u32::try_from(row).map_err(|_| full())?
            }
        };
        self.rows.push(row);
        Ok(row)
    }
}

fn check_count(dim: usize) -> std::result::Result<(), String> {
    let most = Features::MAX_COUNT;
    if dim > most { Err(format!("has {dim} features, but at most {most} are allowed")) } else { Ok(()) }
}

/// Reads the header, and checks that the numbers are as many as it says.
fn header(data: &[u8]) -> std::result::Result<Header, String> {
    let damaged = || "is a damaged or cut .npy file".to_owned();
    let rest = data.strip_prefix(NPY).ok_or_else(damaged)?;
    let (length, before) = match *rest {
        [1, _, low, high, ..] => (u32::from(u16::from_le_bytes([low, high])), 4),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]), 6),
        _ => return Err(damaged()),
    };
    let text = rest.get(before..).and_then(|rest| rest.get(..length as usize)).ok_or_else(damaged)?;
    let text = std::str::from_utf8(text).map_err(|_| damaged())?;
    let start = NPY.len() + before + length as usize;
    let value = |key: &str| Some(text.split_once(key)?.1.trim_start().strip_prefix(':')?.trim_start());
    let kind = value("'descr'").ok_or_else(damaged)?;
    let kind = kind.split([',', '}']).next().unwrap_or_default().trim();
    let size = match kind {
        "'<f4'" => 4,
        "'<f8'" => 8,
        _ => {
            return Err(format!(
                "has numbers of type {kind}: save it as float32 or float64 (array.astype('<f4'))"
            ));
        }
    };
    if !value("'fortran_order'").ok_or_else(damaged)?.starts_with("False") {
        return Err("is in Fortran order: save numpy.ascontiguousarray(array)".to_owned());
    }
    let shape =
        value("'shape'").and_then(|shape| shape.strip_prefix('(')?.split_once(')')).ok_or_else(damaged)?.0;
    let sizes: Vec<&str> = shape.split(',').map(str::trim).filter(|size| !size.is_empty()).collect();
    let &[rows, columns] = &sizes[..] else {
        return Err(format!("has the shape ({shape}), but needs two dimensions: rows and features"));
    };
    let [row_count, dim] = [rows, columns].map(|size| size.parse::<usize>().ok());
    let (row_count, dim) = row_count.zip(dim).ok_or_else(damaged)?;
    if row_count == 0 || dim == 0 {
        return Err(format!("has the shape ({shape}): there are no numbers"));
    }
    check_count(dim)?;
    let found = data.len() - start;
    let expected = row_count.checked_mul(dim).and_then(|count| count.checked_mul(size));
    if expected != Some(found) {
        return Err(format!("has {found} bytes of numbers, which do not fill the shape ({shape})"));
    }
    Ok(Header { size, row_count, dim, start })
}
