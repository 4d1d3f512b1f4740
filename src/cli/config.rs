//! Config files: the flags of a command in a TOML file, named without the dashes. They go before the flags on
//! the command line, which override them.

use clap::error::ErrorKind;
use clap::{ArgAction, Command};
use spherec::{Error, Result, files};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use toml::{Table, Value};

/// The flag that names a config file.
const FLAG: &str = "config";

/// The largest config file.
const MOST_BYTES: u64 = 1 << 20;

/// The arguments `args` of `command`, with the flags of its config file added if it names one.
///
/// # Errors
/// If the file cannot be read or is not TOML, a name is not a flag of the command, or a value does not fit.
pub(crate) fn expand(args: Vec<OsString>, command: &Command) -> Result<Vec<OsString>> {
    let Some(name) = args.get(1).and_then(|name| name.to_str()) else { return Ok(args) };
    let Some(command) = command.find_subcommand(name).filter(|command| has_flag(command, FLAG)) else {
        return Ok(args);
    };
    let Some(path) = file(&args[2..]) else { return Ok(args) };
    let flags = read(Path::new(&path), command)?;
    let expanded = [&args[..2], &flags, &args[2..]].concat();
    // A value that is invalid without the flags on the command line is invalid in the file.
    if let Err(error) = command.clone().try_get_matches_from([&args[1..2], &flags].concat())
        && matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation)
    {
        let message = error.to_string();
        let line = message.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        return Err(Error::file(Path::new(&path), line));
    }
    Ok(expanded)
}

fn has_flag(command: &Command, name: &str) -> bool {
    command.get_arguments().any(|argument| argument.get_long() == Some(name))
}

/// The last file that `args` name. Arguments after `--` are not flags.
fn file(args: &[OsString]) -> Option<OsString> {
    let mut path = None;
    let mut args = args.iter().take_while(|arg| *arg != OsStr::new("--"));
    while let Some(arg) = args.next() {
        if arg.to_str() == Some("--config") {
            path = args.next().cloned();
        } else if let Some(value) = arg.to_str().and_then(|arg| arg.strip_prefix("--config=")) {
            path = Some(value.into());
        }
    }
    path
}

/// The flags in the file `path`.
fn read(path: &Path, command: &Command) -> Result<Vec<OsString>> {
    let text = String::from_utf8(files::read(path, MOST_BYTES)?)
        .map_err(|error| Error::file(path, format!("is not UTF-8 text: {error}")))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count() as u64);
        Error::Row { path: path.to_owned(), line, message: error.message().to_owned() }
    })?;
    let mut flags = Vec::new();
    for (name, value) in &table {
        let argument = command
            .get_arguments()
            .find(|argument| argument.get_long() == Some(name) || is_short(argument.get_short(), name));
        let Some(argument) = argument.filter(|_| !matches!(name.as_str(), FLAG | "help" | "version")) else {
            let dashed = name.replace('_', "-");
            let hint = match has_flag(command, &dashed) {
                true => format!("use `{dashed}`"),
                false => "see --help".to_owned(),
            };
            let message = format!("`{name}` is not a flag of {}: {hint}", command.get_name());
            return Err(Error::file(path, message));
        };
        let dashes = if argument.get_long() == Some(name) { "--" } else { "-" };
        let text = match (value, argument.get_action()) {
            (Value::Boolean(is_set), ArgAction::SetTrue) => {
                flags.extend(is_set.then(|| format!("{dashes}{name}").into()));
                continue;
            }
            (_, ArgAction::SetTrue) => None,
            (value, _) => plain(value),
        };
        let Some(text) = text else {
            return Err(Error::file(path, format!("`{name}` cannot be {value}")));
        };
        flags.push(format!("{dashes}{name}={text}").into());
    }
    Ok(flags)
}

fn is_short(short: Option<char>, name: &str) -> bool {
    let mut letters = name.chars();
    short.is_some() && letters.next() == short && letters.next().is_none()
}

/// A value as on the command line. The values of a list are joined by commas.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(is_set) => Some(is_set.to_string()),
        Value::Array(values) => {
            let values: Option<Vec<String>> = values.iter().map(plain).collect();
            values.map(|values| values.join(","))
        }
        Value::Datetime(_) | Value::Table(_) => None,
    }
}
