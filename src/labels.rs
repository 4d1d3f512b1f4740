//! Labels of users or items: columns of a delimited file, joined by id.

use crate::data::IdTable;
use crate::data::rows::{RowReader, Separator};
use crate::data::text::Text;
use crate::files::InputLimit;
use crate::{Error, Result};
use csv::ByteRecord;
use std::cmp::Reverse;
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

    /// The labels with the most frequent first.
    fn new(name: String, Labels { rows, texts }: Labels) -> LabelColumn {
        let mut counts = vec![0usize; texts.len()];
        rows.iter().flatten().for_each(|&label| counts[label as usize] += 1);
        let text = |label: u32| String::from_utf8_lossy(texts.bytes(label)).into_owned();
        let mut order: Vec<u32> = (0..texts.len() as u32).collect();
        order.sort_unstable_by_key(|&label| (Reverse(counts[label as usize]), texts.bytes(label)));
        let mut numbers = vec![0u32; texts.len()];
        order.iter().zip(0..).for_each(|(&label, number)| numbers[label as usize] = number);
        let groups = rows.into_iter().map(|label| label.map(|label| numbers[label as usize])).collect();
        LabelColumn { name, groups, names: order.into_iter().map(text).collect() }
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

/// The labels of a column: of each row, by their place in `texts`.
struct Labels {
    rows: Vec<Option<u32>>,
    texts: IdTable,
}

/// The labels in a file by column, and its first record if that may be a header.
#[derive(Default)]
struct Cells {
    columns: Vec<Labels>,
    header: Option<Vec<String>>,
}

impl LabelTable {
    /// Reads `path`. Each record is an id and one or more labels, separated by commas, or by tabs if there is
    /// a tab in the first line. Ids that are not in `ids` are skipped. If an id occurs more than once, its
    /// first record counts. An empty label means no label. The first record is a header if its id is not in
    /// `ids` and none of its labels occurs again. `what` is what errors call a row: "item" or "user".
    ///
    /// # Errors
    /// [`Error::Io`] from the disk; [`Error::Row`] if a record has only one column or a quote that is not closed;
    /// [`Error::File`] if no row gets a label, or the file or its labels need more memory than the half of what is
    /// free.
    pub fn read(path: &Path, ids: &IdTable, what: &str) -> Result<LabelTable> {
        let limit = InputLimit::small();
        let text = Text::read(path, &limit)?;
        let Cells { columns, header } = cells(&text, ids, what, &limit)?;
        if columns.is_empty() {
            return Err(Error::file(path, format!("has no label for any of the model's {what}s")));
        }
        let header = header.filter(|names| {
            let is_label =
                |name: &String| columns.iter().any(|column| column.texts.find(name.as_bytes()).is_some());
            !names.iter().any(is_label)
        });
        let name = |column: usize| match header.as_ref().and_then(|names| names.get(column)) {
            Some(name) if !name.is_empty() => name.clone(),
            _ if column == 0 => "label".to_owned(),
            _ => format!("label{}", column + 1),
        };
        let columns = columns.into_iter().enumerate();
        Ok(LabelTable { columns: columns.map(|(at, labels)| LabelColumn::new(name(at), labels)).collect() })
    }
}

fn cells(text: &Text, ids: &IdTable, what: &str, limit: &InputLimit) -> Result<Cells> {
    let first_line = text.data.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let separator = if first_line.contains(&b'\t') { b'\t' } else { b',' };
    let mut reader = RowReader::new(&text.data, Separator::Byte(separator), false);
    let error = |offset: usize, message: String| Error::Row {
        path: text.path.clone(),
        line: text.line_number(offset),
        message,
    };
    let mut cells = Cells::default();
    let mut is_seen = vec![false; ids.len()];
    let mut record = ByteRecord::new();
    let mut is_first = true;
    while let Some(offset) = reader.next(&mut record).map_err(|(offset, message)| error(offset, message))? {
        let is_first = std::mem::take(&mut is_first);
        let (Some(id), true) = (record.get(0), record.len() > 1) else {
            return Err(error(offset, "has only one column, but needs an id and a label".to_owned()));
        };
        let row = ids.find(id).or_else(|| ids.find_text(std::str::from_utf8(id).ok()?));
        let Some(row) = row.map(|row| row as usize) else {
            if is_first {
                let names = record.iter().skip(1).map(|name| String::from_utf8_lossy(name).into_owned());
                cells.header = Some(names.collect());
            }
            continue;
        };
        if std::mem::replace(&mut is_seen[row], true) {
            continue;
        }
        for (column, label) in record.iter().skip(1).enumerate().filter(|(_, label)| !label.is_empty()) {
            while column >= cells.columns.len() {
                let count = cells.columns.len() + 1;
                let bytes = count * ids.len() * size_of::<Option<u32>>();
                limit.check_memory(&text.path, bytes as u64, || {
                    format!("{count} columns of labels for {} {what}s", ids.len())
                })?;
                cells.columns.push(Labels { rows: vec![None; ids.len()], texts: IdTable::default() });
            }
            let Labels { rows, texts } = &mut cells.columns[column];
            rows[row] = texts.try_intern(String::from_utf8_lossy(label).as_bytes());
        }
    }
    Ok(cells)
}
