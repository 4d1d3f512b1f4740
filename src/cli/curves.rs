//! Draws curves from the `metrics.jsonl` of models.

use super::format::{counted, name_of};
use super::look_args::LookArgs;
use image::RgbImage;
use serde::Deserialize;
use spherec::plot::{Curves, Panel, Unit, draw_curves};
use spherec::{Error, Result, files};
use std::path::{Path, PathBuf};

/// A line of the file. Other keys and other events are ignored.
#[derive(Debug, Deserialize)]
struct Line {
    event: String,
    epoch: Option<u32>,
    loss: Option<f64>,
    gor: Option<f64>,
    covariance: Option<f64>,
    feature_loss: Option<f64>,
    active_share: Option<f64>,
    k: Option<usize>,
    map: Option<f64>,
    ndcg: Option<f64>,
    recall: Option<f64>,
    mmr: Option<f64>,
    coverage: Option<f64>,
}

/// Takes a chart's value from a line.
type Value = fn(&Line) -> Option<f64>;

/// The charts: event, title, unit, value. `@k` is replaced by the list lengths in the logs.
const PANELS: [(&str, &str, Unit, Value); 10] = [
    ("epoch", "loss", Unit::Plain, |line| line.loss),
    ("epoch", "active pairs", Unit::Percent, |line| line.active_share),
    // 0 without a regulariser: then there is no chart.
    ("epoch", "regulariser", Unit::Plain, |line| line.gor.filter(|gor| *gor != 0.0)),
    ("epoch", "covariance", Unit::Plain, |line| line.covariance.filter(|covariance| *covariance != 0.0)),
    ("epoch", "feature loss", Unit::Plain, |line| line.feature_loss.filter(|loss| *loss != 0.0)),
    ("evaluation", "MAP@k", Unit::Percent, |line| line.map),
    ("evaluation", "NDCG@k", Unit::Percent, |line| line.ndcg),
    ("evaluation", "recall@k", Unit::Percent, |line| line.recall),
    ("evaluation", "MMR@k", Unit::Plain, |line| line.mmr),
    ("evaluation", "coverage@k", Unit::Percent, |line| line.coverage),
];

/// Draws the curves of the models in `folders`.
pub(crate) fn picture(folders: &[PathBuf], look: &LookArgs) -> Result<RgbImage> {
    let logs = folders.iter().map(|folder| read(folder)).collect::<Result<Vec<Vec<Line>>>>()?;
    let mut cut_offs: Vec<usize> = logs.iter().flatten().filter_map(|line| line.k).collect();
    cut_offs.sort_unstable();
    cut_offs.dedup();
    let cut_offs: Vec<String> = cut_offs.iter().map(usize::to_string).collect();
    let at = if cut_offs.is_empty() { String::new() } else { format!("@{}", cut_offs.join("/")) };
    let lines_of = |event: &str, value: Value| -> Vec<Vec<(f64, f64)>> {
        let of_log = |log: &Vec<Line>| {
            let lines = log.iter().filter(|line| line.event == event);
            lines.filter_map(|line| Some((line.epoch?.into(), value(line)?))).collect()
        };
        logs.iter().map(of_log).collect()
    };
    let panels: Vec<Panel> = PANELS
        .iter()
        .map(|&(event, title, unit, value)| Panel {
            title: title.replace("@k", &at),
            unit,
            lines: lines_of(event, value),
        })
        .filter(|panel| panel.lines.iter().flatten().next().is_some())
        .collect();
    let runs = names(folders);
    let title = match &look.title {
        Some(title) => title.clone(),
        None if runs.len() == 1 => format!("Training of {}", runs[0]),
        None => format!("{} compared", counted(runs.len(), "training")),
    };
    let subtitle = "by epoch: means over the training pairs, and metrics on the validation part";
    draw_curves(&Curves { title: &title, subtitle, runs: &runs, panels: &panels }, &look.look())
}

/// The most bytes of a log.
const MOST: u64 = 1 << 28;

fn read(folder: &Path) -> Result<Vec<Line>> {
    let path = folder.join("metrics.jsonl");
    let text = files::read(&path, MOST)?;
    let mut lines = Vec::new();
    let is_blank = |line: &[u8]| line.trim_ascii().is_empty();
    for (number, line) in (1..).zip(text.split(|&byte| byte == b'\n')).filter(|(_, line)| !is_blank(line)) {
        lines.push(serde_json::from_slice::<Line>(line).map_err(|error| Error::Row {
            path: path.clone(),
            line: number,
            message: format!("is not a training event: {error}"),
        })?);
    }
    if !lines.iter().any(|line| line.event == "epoch" && line.epoch.is_some()) {
        return Err(Error::file(&path, "has no epoch, so there is nothing to draw"));
    }
    Ok(lines)
}

/// The names of the folders: the last part of the path, or the whole path if two end alike.
fn names(folders: &[PathBuf]) -> Vec<String> {
    let short: Vec<String> = folders.iter().map(|folder| name_of(folder)).collect();
    let is_unique = |name: &String| short.iter().filter(|other| *other == name).count() == 1;
    let name = |(short, folder): (&String, &PathBuf)| {
        if is_unique(short) { short.clone() } else { folder.display().to_string() }
    };
    short.iter().zip(folders).map(name).collect()
}
