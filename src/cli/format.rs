//! Numbers, ids and paths as people read them.

use spherec::printable::printable;
use std::path::Path;

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "1 row", "2 rows".
pub(crate) fn counted(count: usize, thing: &str) -> String {
    format!("{} {thing}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A fraction as a percentage with two decimals.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{} %", decimal(100.0 * fraction, 2))
}

/// A number with `decimals` digits after the point. What rounds to zero has no sign.
pub(crate) fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(size) if !size.contains(|c: char| matches!(c, '1'..='9' | 'a'..='z')) => size.to_owned(),
        _ => text,
    }
}

/// A fraction of any size as a percentage with three digits.
pub(crate) fn fine_percent(fraction: f64) -> String {
    let percent = 100.0 * fraction;
    let decimals = if percent > 0.0 { (2.0 - percent.log10().floor()).clamp(0.0, 9.0) } else { 0.0 };
    format!("{percent:.0$} %", decimals as usize)
}

/// A time span: "0.42 s", "12 s", "3 min 20 s", "2 h 5 min".
pub(crate) fn duration(seconds: f64) -> String {
    if seconds < 10.0 {
        return format!("{seconds:.2} s");
    }
    let whole = seconds.round() as u64;
    match whole {
        ..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A rate: "950", "12.3k", "1.45M".
pub(crate) fn rate(per_second: f64) -> String {
    match per_second {
        rate if rate >= 1e6 => format!("{:.2}M", rate / 1e6),
        rate if rate >= 1e3 => format!("{:.1}k", rate / 1e3),
        rate => format!("{rate:.0}"),
    }
}

/// An id as messages show it: in backquotes, shortened if it is long.
pub(crate) fn shown(id: &str) -> String {
    const MOST: usize = 60;
    if id.chars().count() <= MOST {
        return format!("`{}`", printable(id));
    }
    let start: String = id.chars().take(MOST - 3).collect();
    format!("`{}...`", printable(&start))
}

/// The last part of a path.
pub(crate) fn name_of(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 12, 999, 1000, 1234567].map(grouped), ["0", "12", "999", "1,000", "1,234,567"]);
        assert_eq!([1, 2048].map(|count| counted(count, "row")), ["1 row", "2,048 rows"]);
        assert_eq!([0.5, 59.4, 200.0, 7500.0].map(duration), ["0.50 s", "59 s", "3 min 20 s", "2 h 5 min"]);
        assert_eq!([0.0447, 0.000012345, 1.0].map(fine_percent), ["4.47 %", "0.00123 %", "100 %"]);
        assert_eq!([-0.0, -0.000_04, -0.5].map(percent), ["0.00 %", "0.00 %", "-50.00 %"]);
        assert_eq!([-0.04, -0.05, f64::NEG_INFINITY].map(|x| decimal(x, 1)), ["0.0", "-0.1", "-inf"]);
        assert_eq!(shown("a\n\x1b[0m"), "`a\\n\\u{1b}[0m`");
        assert_eq!([12.0, 12_340.0, 2e6].map(rate), ["12", "12.3k", "2.00M"]);
    }
}
