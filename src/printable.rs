//! Text of others, made safe to show on a terminal, and numbers, made short.

use std::borrow::Cow;

/// `text` with every control character, line end and bidirectional control replaced by its escape, such as
/// `\n` or `\u{1b}`. Other text is not copied.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unsafe(c) {
            safe.extend(c.escape_default());
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

#[cfg(test)]
mod tests {
    use super::{excerpt, number, printable};

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
    }

    #[test]
    fn an_excerpt_is_short() {
        assert_eq!(excerpt("a\n"), "a\\n");
        assert_eq!(excerpt(&"é".repeat(1_000)), "é".repeat(200) + "...");
    }
}
