//! Labels of users or items: columns of a delimited file, joined by id.

use crate::data::IdTable;
use crate::{Error, Result};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// One column of labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelColumn {
    /// The column's name: from the header, or else `label`, `label2` and so on.
    pub name: String,
    /// The group of each row, (rows): the position of its label in [`LabelColumn::names`].
    pub groups: Vec<Option<u32>>,
    /// The labels, the most frequent first, then by text.
    pub names: Vec<String>,
}

/// The columns of a label file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelTable {
    /// At least one, in the order of the file.
    pub columns: Vec<LabelColumn>,
}

impl LabelColumn {
    /// A column of the same name for `count` rows without labels.
    pub(crate) fn emptied(&self, count: usize) -> LabelColumn {
        LabelColumn { name: self.name.clone(), groups: vec![None; count], names: Vec::new() }
    }

    fn new(name: String, labels: &[Option<String>]) -> LabelColumn {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for label in labels.iter().flatten() {
            *counts.entry(label).or_default() += 1;
        }
        let mut names: Vec<&str> = counts.keys().copied().collect();
        names.sort_unstable_by_key(|&name| (Reverse(counts[name]), name));
        let numbers: HashMap<&str, u32> = names.iter().copied().zip(0..).collect();
        let groups = labels.iter().map(|label| numbers.get(label.as_deref()?).copied()).collect();
        LabelColumn { name, groups, names: names.into_iter().map(str::to_owned).collect() }
    }

    /// How many rows have a label.
    pub fn labelled_count(&self) -> usize {
        self.groups.iter().flatten().count()
    }

    /// The label of `row`.
    pub fn label(&self, row: u32) -> Option<&str> {
        let group = (*self.groups.get(row as usize)?)?;
        self.names.get(group as usize).map(String::as_str)
    }
}

/// The labels in a file, by column and row, and its first record if that may be a header.
#[derive(Default)]
struct Cells {
    columns: Vec<Vec<Option<String>>>,
    header: Option<Vec<String>>,
}

impl LabelTable {
    /// Reads `path`. Each record is an id and one or more labels, separated by commas, or by tabs if there is
    /// a tab in the first line. Ids that are not in `ids` are skipped. If an id occurs more than once, its
    /// first record counts. An empty label means no label. The first record is a header if its id is not in
    /// `ids` and none of its labels occurs again. `what` is what errors call a row: "item" or "user".
    ///
    /// # Errors
    /// [`Error::Io`] from the disk; [`Error::Row`] if a record has only one column; [`Error::File`] if no row
    /// gets a label.
    pub fn read(path: &Path, ids: &IdTable, what: &str) -> Result<LabelTable> {
        let text = std::fs::read(path).map_err(Error::io(path, "read"))?;
        let Cells { columns, header } = cells(path, &text, ids)?;
        if columns.iter().flatten().all(Option::is_none) {
            return Err(Error::file(path, format!("has no label for any of the model's {what}s")));
        }
        let header = header.filter(|names| {
            let distinct: HashSet<&str> = columns.iter().flatten().flatten().map(String::as_str).collect();
            names.iter().all(|name| !distinct.contains(name.as_str()))
        });
        let name = |column: usize| match header.as_ref().and_then(|names| names.get(column)) {
            Some(name) if !name.is_empty() => name.clone(),
            _ if column == 0 => "label".to_owned(),
            _ => format!("label{}", column + 1),
        };
        let columns = columns.iter().enumerate();
        Ok(LabelTable { columns: columns.map(|(at, labels)| LabelColumn::new(name(at), labels)).collect() })
    }
}

fn cells(path: &Path, text: &[u8], ids: &IdTable) -> Result<Cells> {
    let first_line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let separator = if first_line.contains(&b'\t') { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text));
    let mut cells = Cells::default();
    let mut is_seen = vec![false; ids.len()];
    for (number, record) in reader.byte_records().enumerate() {
        let record = record.map_err(|error| Error::file(path, error.to_string()))?;
        let (Some(id), true) = (record.get(0), record.len() > 1) else {
            let line = record.position().map_or(0, |position| position.line());
            let message = "has only one column, but needs an id and a label".to_owned();
            return Err(Error::Row { path: path.to_owned(), line, message });
        };
        let labels = record.iter().skip(1).map(|label| String::from_utf8_lossy(label).into_owned());
        let row = ids.find(id).or_else(|| ids.find_text(std::str::from_utf8(id).ok()?));
        let Some(row) = row.map(|row| row as usize) else {
            if number == 0 {
                cells.header = Some(labels.collect());
            }
            continue;
        };
        if std::mem::replace(&mut is_seen[row], true) {
            continue;
        }
        for (column, label) in labels.enumerate().filter(|(_, label)| !label.is_empty()) {
            if column >= cells.columns.len() {
                cells.columns.resize_with(column + 1, || vec![None; ids.len()]);
            }
            cells.columns[column][row] = Some(label);
        }
    }
    Ok(cells)
}
