//! The one place that writes to standard output and standard error.

use super::Failure;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use indicatif::ProgressBar;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// Whether standard output is a terminal.
pub(crate) fn out_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether standard error is a terminal.
pub(crate) fn err_is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Writes results to standard output.
pub(crate) fn out(text: &str) -> Result<(), Failure> {
    out_bytes(text.as_bytes())
}

/// Like [`out`], for bytes.
pub(crate) fn out_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(Failure::Output)
}

/// Writes a line for the user to standard error. Errors are ignored: if it is closed, nobody reads it.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Keeps a bar or spinner moving. Where the system refuses it a thread, it moves with the work alone.
pub(crate) fn tick(bar: &ProgressBar) {
    // `indicatif` panics where it cannot start its thread.
    if std::thread::Builder::new().spawn(|| ()).is_ok() {
        bar.enable_steady_tick(Duration::from_millis(250));
    }
}

/// Shows the library messages that `SPHEREC_LOG` asks for; none by default.
pub(crate) fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SPHEREC_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(err_is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}

/// A column's name, and whether it holds numbers, which are aligned right.
pub(crate) type Heading<'a> = (&'a str, bool);

/// A table that ends in a newline: with borders on a terminal, else plain columns.
pub(crate) fn table(headings: &[Heading], rows: &[Vec<String>]) -> String {
    let on_terminal = out_is_terminal();
    let mut table = Table::new();
    if on_terminal {
        table.load_style(presets::UTF8_FULL_CONDENSED);
        // Wrap long ids, but not on a narrow terminal, which would give columns of single letters. Some
        // terminals report a width of 0.
        if table.width().is_some_and(|width| width >= 60) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
    } else {
        table.load_style(presets::NOTHING).force_no_tty();
    }
    let cell = |text: &str, is_number: bool| {
        Cell::new(text).set_alignment(if is_number { CellAlignment::Right } else { CellAlignment::Left })
    };
    table.set_header(headings.iter().map(|&(name, is_number)| cell(name, is_number)).collect::<Vec<_>>());
    for row in rows {
        table.add_row(
            row.iter().zip(headings).map(|(text, heading)| cell(text, heading.1)).collect::<Vec<_>>(),
        );
    }
    if !on_terminal && let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
