//! Text of others, made safe to show on a terminal.

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

#[cfg(test)]
mod tests {
    use super::{excerpt, printable};

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
