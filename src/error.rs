//! Every way in which a request can fail, each naming the file, line, flag and value concerned.

use std::path::{Path, PathBuf};

/// The library's result.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, in words for the person who made the request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A row of an input file cannot be used.
    #[error("{}:{line}: {message}", path.display())]
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
        /// Line number, from 1, and message of the first of them.
        first: Vec<(u64, String)>,
        /// How many there are.
        count: usize,
        /// How many rows the file has, good and bad.
        total: usize,
    },
    /// A file as a whole cannot be used.
    #[error("{}: {message}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The operating system refused a file operation.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: "read", "create", "write".
        action: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A setting is out of range, or does not fit the data or another setting.
    #[error("{flag} {message}")]
    Setting {
        /// The flag as typed on the command line, such as `--dim`.
        flag: &'static str,
        /// The rule and the value: "must be at least 1, but is 0".
        message: String,
    },
    /// The data cannot be trained on or asked about in this way.
    #[error("{0}")]
    Data(String),
    /// No usable adapter; the text says what to install or choose.
    #[error("{0}")]
    Adapter(String),
    /// The loss grew out of all bounds: the settings do not suit the data.
    #[error("the loss is not a number at step {step}; try a smaller --learning-rate")]
    Diverged {
        /// The step, from 1.
        step: u64,
    },
    /// The GPU failed during work: lost device, out of memory, validation error.
    #[error("GPU failure: {0}")]
    Gpu(String),
}

impl Error {
    /// An [`Error::Io`] for `path`, to be used in `map_err`.
    pub fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io { path, action, source }
    }

    /// An [`Error::File`].
    pub fn file(path: &Path, message: impl Into<String>) -> Error {
        Error::File { path: path.to_owned(), message: message.into() }
    }

    /// An [`Error::Setting`].
    pub fn setting(flag: &'static str, message: impl Into<String>) -> Error {
        Error::Setting { flag, message: message.into() }
    }

    /// The process exit code: 3 no adapter, 4 the GPU failed, 1 all else (2 is the argument parser's).
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Adapter(_) => 3,
            Error::Gpu(_) => 4,
            _ => 1,
        }
    }
}

/// A line a row, and one that counts them.
fn rows_text(path: &Path, first: &[(u64, String)], count: usize, total: usize) -> String {
    let path = path.display();
    let lines: String = first.iter().map(|(line, message)| format!("{path}:{line}: {message}\n")).collect();
    let shown = match first.len() {
        shown if shown < count => format!(", of which these are the first {shown}"),
        _ => String::new(),
    };
    format!("{lines}{path}: {count} of {total} rows cannot be used{shown}; --on-bad-row skip leaves them out")
}
