//! The results file: JSON lines. The first line holds the settings that the results belong to.

use super::{Experiment, Measured, Repeats};
use crate::export::NewFile;
use crate::printable::excerpt;
use crate::{Error, Result, files};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The name of the file in the experiment's folder.
pub const RESULTS: &str = "results.jsonl";

const FORMAT: &str = "spherec-results";
const FORMAT_VERSION: u64 = 2;

/// The result of one cell in one fold, or with one seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialResult {
    /// The name of the cell.
    pub cell: String,
    /// The fold, or which of the seeds, from 0.
    pub fold: usize,
    /// What was measured.
    #[serde(flatten)]
    pub measured: Measured,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    format_version: u64,
    settings: Map<String, Value>,
    /// The config of each cell, whole.
    cells: Vec<Value>,
}

/// The file and its contents.
#[derive(Debug)]
pub struct Results {
    path: PathBuf,
    file: File,
    trials: Vec<TrialResult>,
    /// The place in `trials` of each cell's folds or seeds.
    places: BTreeMap<String, BTreeMap<usize, usize>>,
}

impl Results {
    /// Opens the results of `experiment` in `folder`, which is created if it is missing. An incomplete last
    /// line is removed.
    ///
    /// # Errors
    /// [`Error::File`] if the file holds results of other settings, which the message names, or is not a
    /// results file; [`Error::Row`] if a line is damaged; [`Error::Io`] from the disk.
    pub fn open(folder: &Path, experiment: &Experiment) -> Result<Results> {
        if folder.exists() && !folder.is_dir() {
            return Err(Error::file(folder, "is a file: the results need a folder"));
        }
        let path = folder.join(RESULTS);
        if folder.join("model.json").exists() && !path.exists() {
            return Err(Error::file(folder, "is a model: the results need a folder of their own (-o)"));
        }
        fs::create_dir_all(folder).map_err(Error::io(folder, "create"))?;
        match path.symlink_metadata() {
            Err(_) => create(&path, experiment)?,
            // Results are added to it, which must not happen to what a link points to.
            Ok(found) if !found.is_file() => return Err(Error::file(&path, "is not a regular file")),
            Ok(_) => {}
        }
        let bytes = files::read(&path, most_bytes(experiment))?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let trials = read(&path, &bytes[..whole], experiment)?;
        let file = File::options().append(true).open(&path).map_err(Error::io(&path, "write"))?;
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(Error::io(&path, "write"))?;
        }
        let mut results = Results { path, file, trials: Vec::new(), places: BTreeMap::new() };
        trials.into_iter().for_each(|trial| results.keep(trial));
        Ok(results)
    }

    /// Adds a result. It is on disk when this returns.
    ///
    /// # Errors
    /// [`Error::Io`] from the disk.
    pub fn add(&mut self, trial: TrialResult) -> Result<()> {
        let mut line = serde_json::to_vec(&trial).map_err(|error| Error::Data(error.to_string()))?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        written.map_err(Error::io(&self.path, "write"))?;
        self.keep(trial);
        Ok(())
    }

    /// Keeps the first result of each run. There may be others if two processes ran at once.
    pub(super) fn keep(&mut self, trial: TrialResult) {
        let folds = self.places.entry(trial.cell.clone()).or_default();
        if let Entry::Vacant(place) = folds.entry(trial.fold) {
            place.insert(self.trials.len());
            self.trials.push(trial);
        }
    }

    /// All results, in the order in which they were added.
    pub fn trials(&self) -> &[TrialResult] {
        &self.trials
    }

    /// The results of the cell `name`, in the order of the folds.
    pub fn of(&self, name: &str) -> impl Iterator<Item = &TrialResult> {
        self.places.get(name).into_iter().flat_map(BTreeMap::values).map(|&place| &self.trials[place])
    }

    /// Whether there is a result of the cell `name` in `fold`.
    pub fn has(&self, name: &str, fold: usize) -> bool {
        self.places.get(name).is_some_and(|folds| folds.contains_key(&fold))
    }
}

/// The file of `experiment` is smaller than this: a line for the settings and all cells, and one for each run, twice if
/// two processes ran at once. With seeds, a run's line has a number for each user.
fn most_bytes(experiment: &Experiment) -> u64 {
    const MOST_LINE_BYTES: u64 = 1 << 14;
    const MOST_USER_BYTES: u64 = 1 << 24;
    let user_bytes = match experiment.repeats {
        Repeats::Folds { .. } => 0,
        Repeats::Seeds { .. } => MOST_USER_BYTES.saturating_mul(2 * experiment.run_count() as u64),
    };
    let lines = (experiment.cells.len() as u64).saturating_add(2 * experiment.run_count() as u64);
    (1u64 << 20).saturating_add(lines.saturating_mul(MOST_LINE_BYTES)).saturating_add(user_bytes)
}

/// The config of each cell, whole: a new setting cannot be forgotten.
fn cell_configs(experiment: &Experiment) -> Result<Vec<Value>> {
    let configs = experiment.cells.iter().map(|cell| serde_json::to_value(&cell.config));
    configs.collect::<std::result::Result<_, _>>().map_err(|error| Error::Data(error.to_string()))
}

/// Creates a file with only the first line. It appears once it is complete.
fn create(path: &Path, experiment: &Experiment) -> Result<()> {
    let header = Header {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        settings: experiment.settings.clone(),
        cells: cell_configs(experiment)?,
    };
    let mut line = serde_json::to_vec(&header).map_err(|error| Error::Data(error.to_string()))?;
    line.push(b'\n');
    let mut file = NewFile::create(path, false)?;
    file.write(&line)?;
    file.finish()
}

/// The results in `bytes`, which must be whole lines.
fn read(path: &Path, bytes: &[u8], experiment: &Experiment) -> Result<Vec<TrialResult>> {
    let mut lines = bytes.split_inclusive(|&byte| byte == b'\n');
    let header: Option<Header> = lines.next().and_then(|line| serde_json::from_slice(line).ok());
    let header = header.filter(|header| header.format == FORMAT);
    let Some(header) = header else {
        return Err(Error::file(path, "is not a results file of spherec"));
    };
    if header.format_version != FORMAT_VERSION {
        let message = format!("has format version {}, but must have {FORMAT_VERSION}", header.format_version);
        return Err(Error::file(path, message));
    }
    let mut differences = BTreeSet::new();
    note_differences("", &Value::Object(header.settings), &json!(experiment.settings), &mut differences);
    let cells = cell_configs(experiment)?;
    if header.cells.len() == cells.len() {
        header
            .cells
            .iter()
            .zip(&cells)
            .for_each(|(old, new)| note_differences("", old, new, &mut differences));
    } else {
        differences.insert(format!("there were {} cells, now there are {}", header.cells.len(), cells.len()));
    }
    if !differences.is_empty() {
        const SHOWN: usize = 5;
        let more = match differences.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let message = format!(
            "holds results of other settings: {}{more}; use the same settings, or another folder (-o)",
            Vec::from_iter(differences.into_iter().take(SHOWN)).join("; ")
        );
        return Err(Error::file(path, message));
    }
    let names: BTreeSet<String> = experiment.cells.iter().map(|cell| experiment.name(cell)).collect();
    let mut trials = Vec::new();
    for (line, number) in lines.zip(2..) {
        let row = |message: String| Error::Row { path: path.to_owned(), line: number, message };
        let trial: TrialResult = serde_json::from_slice(line)
            .map_err(|error| row(format!("is not a result: {}", excerpt(&error.to_string()))))?;
        if let Some(fault) = trial.measured.fault() {
            return Err(row(format!("is not a result: {fault}")));
        }
        if trial.measured.metrics.is_some() == trial.measured.failure.is_some() {
            return Err(row("is not a result: it must have either metrics or a failure".to_owned()));
        }
        if !names.contains(&trial.cell) || trial.fold >= experiment.repeats.count() {
            let cell = excerpt(&trial.cell);
            let word = experiment.repeats.word();
            let message = format!("is not a run of this experiment: {cell}, {word} {}", trial.fold);
            return Err(row(message));
        }
        trials.push(trial);
    }
    Ok(trials)
}

/// Adds "schedule.learning-rate was 0.001, now 0.01" for each setting that differs, however deep it lies; `name` is
/// where `old` and `new` lie. A difference that several cells share is told once.
fn note_differences(name: &str, old: &Value, new: &Value, differences: &mut BTreeSet<String>) {
    match (old, new) {
        _ if old == new => {}
        (Value::Object(old), Value::Object(new)) => {
            for key in old.keys().chain(new.keys()) {
                let value = |of: &Map<String, Value>| of.get(key).cloned().unwrap_or(Value::Null);
                let path = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                note_differences(&path, &value(old), &value(new), differences);
            }
        }
        // A checksum would tell the user nothing.
        _ if name == "data" => {
            differences.insert("the data was different".to_owned());
        }
        _ => {
            let text = |value: &Value| match value {
                Value::Null => "not given".to_owned(),
                Value::String(text) => text.clone(),
                value => value.to_string(),
            };
            let (old, new) = (text(old), text(new));
            let name = name.replace('_', "-");
            differences.insert(format!("{} was {}, now {}", excerpt(&name), excerpt(&old), excerpt(&new)));
        }
    }
}
