//! Checks what a Parquet file says about itself before the reader sees it. The reader makes room for as many values as a
//! header promises, and counts booleans in lists that it skips one by one, though they take no bytes there: a few
//! bytes could take all memory, or keep it busy for hours.

use parquet::errors::ParquetError;

/// The last bytes of a file: the length of the footer before them, and the magic number.
const END: usize = 8;

/// Checks the footer of `file`.
pub(super) fn check_footer(file: &[u8]) -> Result<(), ParquetError> {
    let footer = || {
        let (rest, end) = file.split_at_checked(file.len().checked_sub(END)?)?;
        let length = u32::from_le_bytes([end[0], end[1], end[2], end[3]]);
        rest.get(rest.len().checked_sub(length as usize)?..)
    };
    let footer = footer().ok_or_else(|| damage("the file is cut short"))?;
    Thrift(footer).structure(&mut Vec::new(), &mut |_, _| ()).ok_or_else(|| damage("the footer is damaged"))
}

/// Checks the headers of the pages in parts of `file`, each a start and a length: one column of a group of rows.
/// Returns the bytes of all pages once decompressed.
pub(super) fn check_pages(file: &[u8], parts: impl Iterator<Item = (u64, u64)>) -> Result<u64, ParquetError> {
    let (mut size, mut left) = (0u64, file.len() as u64);
    for (start, length) in parts {
        // Parts that overlap could be any number of times the file.
        left = left.checked_sub(length).ok_or_else(|| damage("columns are larger than the file"))?;
        let part = start.checked_add(length).and_then(|end| file.get(start as usize..end as usize));
        let mut pages = part.ok_or_else(|| damage("a column is outside of the file"))?;
        while !pages.is_empty() {
            let (page_size, rest) = check_page(pages)?;
            (size, pages) = (size.saturating_add(page_size), rest);
        }
    }
    Ok(size)
}

/// The bytes of the first of `pages` once decompressed, and the other pages.
fn check_page(pages: &[u8]) -> Result<(u64, &[u8]), ParquetError> {
    let (mut unpacked, mut packed, mut value_count) = (0, 0, 0);
    let mut header = Thrift(pages);
    let read = header.structure(&mut Vec::new(), &mut |path, number| match path {
        [2] => unpacked = number,
        [3] => packed = number,
        // Of a dictionary.
        [7, 1] => value_count = number,
        _ => {}
    });
    read.ok_or_else(|| damage("the header of a page is damaged"))?;
    if value_count > unpacked {
        let message = format!("a dictionary of {unpacked} bytes cannot have {value_count} values");
        return Err(ParquetError::General(message));
    }
    let rest = usize::try_from(packed).ok().and_then(|packed| header.0.get(packed..));
    let size = u64::try_from(unpacked).ok();
    size.zip(rest).ok_or_else(|| damage("a page is cut short"))
}

fn damage(message: &str) -> ParquetError {
    ParquetError::General(message.to_owned())
}

/// A reader of Thrift's compact protocol. What it returns is `None` if the bytes are damaged.
struct Thrift<'a>(&'a [u8]);

/// What is called with each whole number in a struct, and the ids of the fields that lead to it.
type See<'a> = &'a mut dyn FnMut(&[i64], i64);

impl Thrift<'_> {
    fn skip(&mut self, count: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A number whose lowest bit is the sign.
    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn structure(&mut self, path: &mut Vec<i64>, see: See) -> Option<()> {
        path.push(0);
        loop {
            let head = self.byte()?;
            if head & 15 == 0 {
                path.pop();
                return Some(());
            }
            let id = match head >> 4 {
                0 => self.signed()?,
                more => path.last()?.wrapping_add(i64::from(more)),
            };
            *path.last_mut()? = id;
            // A field that is a boolean says so by its type, 1 or 2.
            if head & 15 > 2 {
                self.value(head & 15, 0, path, see)?;
            }
        }
    }

    /// A value of a type, within `depth` lists.
    fn value(&mut self, kind: u8, depth: usize, path: &mut Vec<i64>, see: See) -> Option<()> {
        const MOST_DEPTH: usize = 32;
        if path.len() + depth > MOST_DEPTH {
            return None;
        }
        match kind {
            3 => self.skip(1),
            4..=6 => {
                see(path, self.signed()?);
                Some(())
            }
            7 => self.skip(8),
            8 => {
                let length = self.number()?;
                self.skip(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.number()? } else { u64::from(head >> 4) };
                (0..count).try_for_each(|_| self.value(head & 15, depth + 1, path, see))
            }
            11 => {
                let count = self.number()?;
                let kinds = if count > 0 { self.byte()? } else { 0 };
                (0..count).try_for_each(|_| {
                    self.value(kinds >> 4, depth + 1, path, see)?;
                    self.value(kinds & 15, depth + 1, path, see)
                })
            }
            12 => self.structure(path, see),
            13 => self.skip(16),
            // Among them booleans in lists, which Parquet's headers do not have.
            _ => None,
        }
    }
}
