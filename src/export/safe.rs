//! Makes text safe to open in a spreadsheet.

use std::borrow::Cow;

/// Puts an apostrophe before `text` if a spreadsheet would run it as a formula: if it begins with `=`, `+`,
/// `-`, `@`, one of their full-width forms, a tab or a line break (OWASP, "CSV Injection"). An id that is
/// changed in this way is no longer the id that the model knows.
pub fn csv_safe(text: &str) -> Cow<'_, str> {
    const STARTS: [char; 11] =
        ['=', '+', '-', '@', '\t', '\r', '\n', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}'];
    if text.starts_with(STARTS) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}
