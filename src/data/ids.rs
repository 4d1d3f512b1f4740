//! String ids, kept as the bytes that the input had.

use bstr::{ByteSlice, ByteVec};
use rustc_hash::FxHashMap;

/// A list of distinct ids with look-up in both directions. An id is opaque bytes; its text form
/// escapes what is not printable UTF-8 (and the backslash), so that it is one line and loses nothing.
#[derive(Debug, Clone, Default)]
pub struct IdTable {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    index: FxHashMap<Box<[u8]>, u32>,
}

impl IdTable {
    /// The number of ids.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of id `index`.
    pub fn bytes(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// The text form of id `index`.
    pub fn text(&self, index: u32) -> String {
        self.bytes(index).escape_bytes().to_string()
    }

    /// The row of the id with these bytes.
    pub fn find(&self, id: &[u8]) -> Option<u32> {
        self.index.get(id).copied()
    }

    /// The row of the id whose text form, or whose bytes, `text` is.
    pub fn find_text(&self, text: &str) -> Option<u32> {
        self.find(&Vec::unescape_bytes(text)).or_else(|| self.find(text.as_bytes()))
    }

    /// The row of the id with these bytes, added at the end where it is new.
    pub fn intern(&mut self, id: &[u8]) -> u32 {
        if let Some(&row) = self.index.get(id) {
            return row;
        }
        let row = self.ends.len() as u32;
        self.bytes.extend_from_slice(id);
        self.ends.push(self.bytes.len());
        self.index.insert(id.into(), row);
        row
    }

    /// The ids "0", "1", ... `count - 1`.
    pub fn numbered(count: usize) -> IdTable {
        let mut table = IdTable::default();
        for row in 0..count {
            table.intern(row.to_string().as_bytes());
        }
        table
    }
}
