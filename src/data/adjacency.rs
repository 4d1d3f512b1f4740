//! Reads adjacency lists: each line holds one user's items, separated by blanks.

use super::collect::{CELL_CHARACTERS, Collector};
use super::detect::{FileFormat, parse_count};
use super::report::FileLayout;
use super::text::{Text, counted, lines, shown};
use crate::Result;

/// Adds every pair in `text` to `collector`. Returns the format, in words and as a [`FileLayout`].
pub(super) fn read(
    text: &Text,
    format: FileFormat,
    collector: &mut Collector<'_>,
) -> Result<(String, FileLayout)> {
    let is_count = format == FileFormat::AdjacencyCount;
    for (line_index, (offset, line)) in lines(&text.data).enumerate() {
        let mut fields = line.split(|&byte| byte == b' ' || byte == b'\t').filter(|field| !field.is_empty());
        // In a list with counts, an empty line still stands for a user, so it counts for the line numbers.
        let Some(first) = fields.next() else { continue };
        collector.cut_count += usize::from(line.len() == CELL_CHARACTERS);
        let line_number;
        let user = if is_count {
            if let Err(message) = check_count(first, fields.clone().count()) {
                collector.add_bad(text, offset, message);
                continue;
            }
            line_number = line_index.to_string();
            line_number.as_bytes()
        } else {
            first
        };
        for item in fields {
            if let Err(message) = collector.add_row(user, item, None) {
                collector.add_bad(text, offset, message);
            }
            collector.check_room(text)?;
        }
    }
    let words = match is_count {
        false => "adjacency list, a user id first on each line",
        true => "adjacency list, a count first on each line; user ids are line numbers from 0",
    };
    collector.check_any(text, "is an adjacency list without items")?;
    Ok((words.to_owned(), FileLayout::new(text, format)))
}

pub(super) fn check_count(field: &[u8], item_count: usize) -> std::result::Result<(), String> {
    match parse_count(field) {
        Some(count) if count == item_count => Ok(()),
        Some(count) => Err(format!("the line says {}, but has {item_count}", counted(count, "item"))),
        None => {
            Err(format!("the line must start with the number of its items, but starts with {}", shown(field)))
        }
    }
}
