//! The errors of the library. Each names the file, line, flag or value at fault.

use crate::printable::printable;
use std::path::{Path, PathBuf};

/// The result type of the library.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, in words for the user.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A row of an input file cannot be used.
    #[error("{}:{line}: {}", shown(path), printable(message))]
    Row {
        /// The file as the user named it.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
        /// What is wrong, with the offending value (shortened).
        message: String,
    },
    /// Several rows of an input file cannot be used.
    #[error("{}", rows_text(path, first, *count, *total))]
    Rows {
        /// The file as the user named it.
        path: PathBuf,
        /// The first of them: line number, from 1, and message.
        first: Vec<(u64, String)>,
        /// The number of unusable rows.
        count: usize,
        /// The number of all rows, good and bad.
        total: usize,
    },
    /// A file as a whole cannot be used.
    #[error("{}: {}", shown(path), printable(message))]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The operating system refused a file operation.
    #[error("{}: cannot {action}: {source}", shown(path))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, such as "read", "create" or "write".
        action: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A new model is whole on disk, but could not take its place.
    #[error("{error}; the new model is {}", shown(path))]
    Kept {
        /// What is in the way.
        error: Box<Error>,
        /// The folder of the new model.
        path: PathBuf,
    },
    /// A setting is out of range, or does not fit the data or another setting.
    #[error("{flag} {}", printable(message))]
    Setting {
        /// The flag as typed on the command line, such as `--dim`.
        flag: &'static str,
        /// The rule and the value, such as "must be at least 1, but is 0".
        message: String,
    },
    /// The data does not allow what was asked for.
    #[error("{}", printable(_0))]
    Data(String),
    /// There is no usable adapter. The text says what to install or choose.
    #[error("{0}")]
    Adapter(String),
    /// A number of the training became infinite or not a number: the settings do not suit the data.
    #[error("{what} at step {step}{}; {advice}", rate_text(*learning_rate))]
    Diverged {
        /// What is not finite.
        what: &'static str,
        /// The step, from 1.
        step: u64,
        /// The learning rate of that step, if it has one.
        learning_rate: Option<f64>,
        /// Which settings to change, and how.
        advice: String,
    },
    /// The GPU failed during work: it rejected a call, or gave what it must not.
    #[error("GPU failure: {0}")]
    Gpu(String),
    /// The device is gone, with all that was in its memory: its driver was reset or updated, or it was unplugged.
    #[error("the GPU was lost: {0}")]
    DeviceLost(String),
    /// The GPU has no memory left.
    #[error("GPU memory: {0}")]
    DeviceMemory(String),
    /// The GPU did not end its work in time.
    #[error("the GPU does not answer: {0}")]
    DeviceTimeout(String),
}

/// Every exit code of the process, and what it means.
pub const EXIT_CODES: [(u8, &str); 10] = [
    (0, "success"),
    (1, "error"),
    (2, "wrong usage"),
    (3, "no GPU adapter"),
    (4, "GPU failure"),
    (5, "GPU lost"),
    (6, "GPU memory short"),
    (7, "GPU does not answer"),
    (8, "training diverged"),
    (INTERRUPTED, "interrupted"),
];

/// The exit code that shells report for a process ended by SIGINT.
pub const INTERRUPTED: u8 = 130;

impl Error {
    /// Makes an [`Error::Io`] for `path`; for use in `map_err`.
    pub fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io { path, action, source }
    }

    /// Makes an [`Error::File`].
    pub fn file(path: &Path, message: impl Into<String>) -> Error {
        Error::File { path: path.to_owned(), message: message.into() }
    }

    /// Makes an [`Error::Setting`].
    pub fn setting(flag: &'static str, message: impl Into<String>) -> Error {
        Error::Setting { flag, message: message.into() }
    }

    /// The exit code of the process, one of [`EXIT_CODES`]. (The argument parser uses 2.)
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Adapter(_) => 3,
            Error::Gpu(_) => 4,
            Error::DeviceLost(_) => 5,
            Error::DeviceMemory(_) => 6,
            Error::DeviceTimeout(_) => 7,
            Error::Diverged { .. } => 8,
            _ => 1,
        }
    }

    /// Whether it ended the steps of a training: the GPU failed, or the training diverged. What was best before is
    /// whole.
    pub fn ended_training(&self) -> bool {
        (4..=8).contains(&self.exit_code())
    }
}

fn rate_text(learning_rate: Option<f64>) -> String {
    learning_rate.map_or(String::new(), |rate| format!(", where the learning rate is {rate:?}"))
}

/// A path on one line.
fn shown(path: &Path) -> String {
    printable(&path.display().to_string()).into_owned()
}

/// One line for each row shown, and a line with the number of all.
fn rows_text(path: &Path, first: &[(u64, String)], count: usize, total: usize) -> String {
    let path = shown(path);
    let line = |(line, message): &(u64, String)| format!("{path}:{line}: {}\n", printable(message));
    let lines: String = first.iter().map(line).collect();
    let shown = match first.len() {
        shown if shown < count => format!("; these are the first {shown}"),
        _ => String::new(),
    };
    format!("{lines}{path}: {count} of {total} rows cannot be used{shown}; --on-bad-row skip leaves them out")
}
