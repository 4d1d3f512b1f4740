//! String ids, kept as the bytes of the input.

use bstr::ByteVec;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::fmt::Write;
use std::hash::BuildHasher;

/// A list of distinct ids with look-up in both directions. An id is opaque bytes. Its text form escapes the
/// backslash and everything that is not printable UTF-8; it is a single line and loses nothing.
#[derive(Debug, Clone, Default)]
pub struct IdTable {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Rows by the hash of their bytes, so that the bytes of each id are stored only once.
    index: HashTable<u32>,
    /// Hashes with a key of its own, so that no file can be made of ids with the same hash.
    hasher: DefaultHashBuilder,
}

impl PartialEq for IdTable {
    fn eq(&self, other: &IdTable) -> bool {
        (&self.bytes, &self.ends) == (&other.bytes, &other.ends)
    }
}

impl Eq for IdTable {}

impl IdTable {
    /// The most ids that a table can hold. Row `u32::MAX` is never used.
    pub const MAX_COUNT: usize = u32::MAX as usize;

    /// The number of ids.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether the table is empty.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of id `index`.
    ///
    /// # Panics
    /// If there is no such row, which is a bug in the caller.
    pub fn bytes(&self, index: u32) -> &[u8] {
        id_bytes(&self.bytes, &self.ends, index)
    }

    /// The text form of id `index`: see [`id_text`].
    ///
    /// # Panics
    /// If there is no such row, which is a bug in the caller.
    pub fn text(&self, index: u32) -> String {
        id_text(self.bytes(index))
    }

    /// The bytes of all ids, in row order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> + '_ {
        (0..self.ends.len() as u32).map(|row| self.bytes(row))
    }

    /// The row of the id with these bytes.
    pub fn find(&self, id: &[u8]) -> Option<u32> {
        self.index.find(self.hasher.hash_one(id), |&row| self.bytes(row) == id).copied()
    }

    /// The row of the id with the text form `text` or, failing that, with the bytes of `text`.
    pub fn find_text(&self, text: &str) -> Option<u32> {
        self.find(&id_from_text(text)).or_else(|| self.find(text.as_bytes()))
    }

    /// The row of the id with these bytes. A new id is added at the end.
    ///
    /// # Panics
    /// If the id is new and there are [`IdTable::MAX_COUNT`] already; [`IdTable::try_intern`] does not panic.
    pub fn intern(&mut self, id: &[u8]) -> u32 {
        match self.try_intern(id) {
            Some(row) => row,
            None => panic!("more than {} ids", Self::MAX_COUNT),
        }
    }

    /// Like [`IdTable::intern`], but returns `None` if the id is new and the table is full.
    pub fn try_intern(&mut self, id: &[u8]) -> Option<u32> {
        if let Some(row) = self.find(id) {
            return Some(row);
        }
        if self.ends.len() >= Self::MAX_COUNT {
            return None;
        }
        let row = self.ends.len() as u32;
        self.bytes.extend_from_slice(id);
        self.ends.push(self.bytes.len());
        let IdTable { bytes, ends, index, hasher } = self;
        index.insert_unique(hasher.hash_one(id), row, |&row| hasher.hash_one(id_bytes(bytes, ends, row)));
        Some(row)
    }

    /// The bytes of memory in use.
    pub(super) fn memory(&self) -> usize {
        self.bytes.len() + size_of_val(&self.ends[..]) + self.index.allocation_size()
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

fn id_bytes<'a>(bytes: &'a [u8], ends: &[usize], row: u32) -> &'a [u8] {
    let row = row as usize;
    let start = if row == 0 { 0 } else { ends[row - 1] };
    &bytes[start..ends[row]]
}

/// The text form of an id. Printable UTF-8 stays as it is. The backslash is doubled, line breaks and tabs
/// become `\n`, `\r` and `\t`, and other control characters, line separators and bytes that are not UTF-8
/// become `\xNN`. The text is a single line without tabs; [`id_from_text`] restores the bytes.
pub fn id_text(id: &[u8]) -> String {
    let mut text = String::with_capacity(id.len());
    for chunk in id.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                _ if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') => {
                    push_hex(&mut text, character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => text.push(character),
            }
        }
        push_hex(&mut text, chunk.invalid());
    }
    text
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "\\x{byte:02X}");
    }
}

/// The bytes of the id whose text form is `text`.
pub fn id_from_text(text: &str) -> Vec<u8> {
    Vec::unescape_bytes(text)
}
