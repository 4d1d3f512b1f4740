//! Text of others, made safe to show on a terminal, and numbers, made short.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with every control character, line end and bidirectional control replaced by its escape, such as
/// `\n` or `\u{1b}`. Other text is not copied.
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, is_unsafe, |c, safe| safe.extend(c.escape_default()))
}

/// Like [`printable`], for text of several lines: line ends and tabs stay.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_unsafe(c) && !matches!(c, '\n' | '\t'), |c, safe| safe.extend(c.escape_default()))
}

/// JSON, with the same characters as JSON's own escapes, such as `\u001b`: the same value, safe on a terminal. Its
/// line ends and tabs stay: outside of strings they are only layout, and within strings JSON has none.
pub fn printable_json(json: &str) -> Cow<'_, str> {
    escaped(
        json,
        |c| is_unsafe(c) && !matches!(c, '\n' | '\t'),
        |c, safe| {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        },
    )
}

/// `text` with every character that `is_escaped` written by `escape`.
fn escaped(
    text: &str,
    is_escaped: impl Fn(char) -> bool,
    escape: impl Fn(char, &mut String),
) -> Cow<'_, str> {
    if !text.chars().any(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_escaped(c) {
            escape(c, &mut safe);
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// The start of `text`, for a message: [`printable`], and at most 200 characters.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(200) {
        None => printable(text),
        Some((end, _)) => Cow::Owned(printable(&text[..end]).into_owned() + "..."),
    }
}

/// Whether `c` can move the cursor, end the line, or change the order of the text around it.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A number as people write it: with an exponent if it has more than 16 digits before the point, or begins far behind
/// the point.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-5..1e16).contains(&size) { value.to_string() } else { format!("{value:e}") }
}

/// Bytes in the unit that fits.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let decimals = if unit == 0 || value >= 100.0 { 0 } else { 1 };
    format!("{value:.decimals$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::{bytes, excerpt, number, printable, printable_json, printable_lines};

    #[test]
    fn sizes_are_in_the_unit_that_fits() {
        assert_eq!([5, 1536, 200 << 20].map(bytes), ["5 bytes", "1.5 KiB", "200 MiB"]);
    }

    #[test]
    fn no_number_is_long() {
        for (value, text) in [
            (0.0, "0"),
            (-4.5, "-4.5"),
            (1e15, "1000000000000000"),
            (1e308, "1e308"),
            (-2.5e-7, "-2.5e-7"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn nothing_that_moves_the_cursor_or_turns_the_text_is_left() {
        assert_eq!(printable("a\x1b[31m\r\n\u{202e}b\u{9b}"), "a\\u{1b}[31m\\r\\n\\u{202e}b\\u{9b}");
        assert!(matches!(printable("café 日本"), std::borrow::Cow::Borrowed("café 日本")));
        assert_eq!(printable_lines("a\tb\n\r\u{85}\u{2028}"), "a\tb\n\\r\\u{85}\\u{2028}");
        assert_eq!(printable_json("[\n\"\u{202e}\u{9b}é\"]"), "[\n\"\\u202e\\u009bé\"]");
    }

    #[test]
    fn an_excerpt_is_short() {
        assert_eq!(excerpt("a\n"), "a\\n");
        assert_eq!(excerpt(&"é".repeat(1_000)), "é".repeat(200) + "...");
    }
}
