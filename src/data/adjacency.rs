//! Adjacency lists: one user a line, with all of its items, blanks between.

use super::detect::{Adjacency, parse_count};
use super::load::Collector;
use super::text::{Text, counted, lines, shown};
use crate::Result;

/// Adds every pair of `text` to `collector`; returns the format in words.
pub(super) fn read(text: &Text, form: Adjacency, collector: &mut Collector<'_>) -> Result<String> {
    for (line_index, (offset, line)) in lines(&text.data).enumerate() {
        let mut fields = line.split(|&byte| byte == b' ' || byte == b'\t').filter(|field| !field.is_empty());
        // In the count form a line is a user even where it is empty: later users keep their numbers.
        let Some(first) = fields.next() else { continue };
        let line_number;
        let user = match form {
            Adjacency::Id => first,
            Adjacency::Count => {
                check_count(first, fields.clone().count()).map_err(|m| text.row_error(offset, m))?;
                line_number = line_index.to_string();
                line_number.as_bytes()
            }
        };
        for item in fields {
            collector.add_row(user, item, true).map_err(|message| text.row_error(offset, message))?;
        }
    }
    if collector.report.row_count == 0 {
        return Err(text.error("is an adjacency list without any item"));
    }
    Ok(match form {
        Adjacency::Id => "adjacency list, a user id and its items a line",
        Adjacency::Count => {
            "adjacency list, a count and that many items a line, user ids are line numbers from 0"
        }
    }
    .to_owned())
}

fn check_count(field: &[u8], item_count: usize) -> std::result::Result<(), String> {
    match parse_count(field) {
        Some(count) if count == item_count => Ok(()),
        Some(count) => Err(format!("the line says {}, but has {item_count}", counted(count, "item"))),
        None => {
            Err(format!("the line must start with a count of its items, but starts with {}", shown(field)))
        }
    }
}
