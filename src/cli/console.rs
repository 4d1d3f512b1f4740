//! The one place that writes to standard output and standard error. Text of others, such as ids, paths and results,
//! gets here within lines, tables and messages, and nothing here lets a character through that moves the cursor or
//! turns the text around it: see [`spherec::printable`]. Only data that does not go to a terminal is written as it is.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "standard output, standard error and progress bars are used here alone"
)]

use super::Failure;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use spherec::printable::{printable, printable_json, printable_lines};
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

/// Writes results for people to standard output: lines, whose values have no line ends of their own (see [`table`]
/// and `printable`).
pub(crate) fn out(text: &str) -> Result<(), Failure> {
    write(printable_lines(text).as_bytes())
}

/// Writes JSON and a line end to standard output.
pub(crate) fn out_json(json: &str) -> Result<(), Failure> {
    write(format!("{}\n", printable_json(json)).as_bytes())
}

/// Writes data for other programs to standard output: byte for byte, unless that is a terminal.
pub(crate) fn out_data(bytes: &[u8]) -> Result<(), Failure> {
    if out_is_terminal() { out(&String::from_utf8_lossy(bytes)) } else { write(bytes) }
}

fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(Failure::Output)
}

/// Writes a line for the user to standard error. A line end within it is escaped. Errors are ignored: if standard
/// error is closed, nobody reads it.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(line));
}

/// Like [`note`], for a message that has several lines of its own.
pub(crate) fn note_lines(lines: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable_lines(lines));
}

/// A bar or a spinner on standard error, which moves; none if that is not a terminal.
#[derive(Debug)]
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar of `length` steps, laid out by an indicatif template.
    pub(crate) fn new(length: usize, template: &str) -> Bar {
        if !err_is_terminal() {
            return Bar(ProgressBar::hidden());
        }
        let bar = Bar(ProgressBar::new(length as u64));
        bar.set_template(template);
        // Where the system refuses it a thread, the bar moves with the work alone: `indicatif` would panic.
        if std::thread::Builder::new().spawn(|| ()).is_ok() {
            bar.0.enable_steady_tick(Duration::from_millis(250));
        }
        bar
    }

    /// Another layout.
    pub(crate) fn set_template(&self, template: &str) {
        let style = ProgressStyle::with_template(template);
        self.0.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    }

    /// The text beside the bar.
    pub(crate) fn set_message(&self, text: &str) {
        self.0.set_message(printable(text).into_owned());
    }

    /// The number of steps in all.
    pub(crate) fn set_length(&self, length: u64) {
        self.0.set_length(length);
    }

    /// The number of steps done.
    pub(crate) fn set_position(&self, position: u64) {
        self.0.set_position(position);
    }

    /// Forgets how fast it went so far.
    pub(crate) fn reset_eta(&self) {
        self.0.reset_eta();
    }

    /// Writes a line above the bar.
    pub(crate) fn note(&self, line: &str) {
        self.0.suspend(|| note(line));
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
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

/// A table that ends in a newline: with borders on a terminal, else plain columns. Each row is one line, whatever its
/// cells hold.
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
        Cell::new(printable(text)).set_alignment(if is_number {
            CellAlignment::Right
        } else {
            CellAlignment::Left
        })
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
