//! The table of results of an experiment, as text, Markdown, CSV and JSON.

use super::statistics::{MEASURES, Mark, Measure, Spread, Summary, marks};
use crate::printable::excerpt;
use crate::{Error, Result};
use serde_json::{Map, Value, json};

/// A table of results, and how they were obtained.
#[derive(Debug, Clone)]
pub struct ResultTable<'a> {
    /// The flags in which the cells differ.
    pub columns: &'a [String],
    /// Number of folds.
    pub fold_count: usize,
    /// Length of the ranked lists.
    pub k: usize,
    /// Seed of the runs.
    pub seed: u64,
    /// Names and descriptions of the data, the split, the ranking and so on.
    pub protocol: Vec<(&'static str, String)>,
    /// The rows.
    pub rows: Vec<Summary<'a>>,
}

/// "12.34 ± 0.05", in percent if the measure is a share.
fn shown(measure: &Measure, spread: Option<Spread>) -> String {
    let Some(Spread { mean, deviation }) = spread else { return "-".to_owned() };
    let (scale, decimals) = if measure.is_share { (100.0, 2) } else { (1.0, 1) };
    match deviation {
        Some(deviation) => format!("{:.decimals$} ± {:.decimals$}", scale * mean, scale * deviation),
        None => format!("{:.decimals$}", scale * mean),
    }
}

fn title(measure: &Measure, k: usize) -> String {
    format!("{}@{k}{}", measure.title, if measure.is_share { " %" } else { "" })
}

impl ResultTable<'_> {
    /// Whether uniform sampling is compared with another sampler.
    fn has_uniform_marks(&self) -> bool {
        let uniform = self.rows.iter().filter(|row| row.cell.config.has_uniform_negatives()).count();
        uniform > 0 && uniform < self.rows.len()
    }

    /// Explains the marks, which look like `overall` and `uniform`.
    fn legend(&self, overall: &str, uniform: &str) -> String {
        let uniform =
            if self.has_uniform_marks() { format!(", {uniform} best uniform") } else { String::new() };
        format!(
            "{overall} best overall{uniform} (for MMR, lowest is best); mean ± standard deviation (n - 1) \
             over the folds"
        )
    }

    /// The table for a terminal: headings, each with whether its column holds numbers; rows; and what is
    /// below them: the meaning of the marks, `*` and `u`, and the cells that failed.
    pub fn text(&self) -> (Vec<(String, bool)>, Vec<Vec<String>>, String) {
        let mut headings: Vec<(String, bool)> =
            self.columns.iter().map(|name| (name.clone(), false)).collect();
        headings.push(("folds".to_owned(), true));
        headings.extend(MEASURES.iter().map(|measure| (format!("{}   ", title(measure, self.k)), true)));
        let mark = |mark: Mark| match (mark.overall, mark.uniform && self.has_uniform_marks()) {
            (true, true) => " *u",
            (true, false) => " * ",
            (false, true) => " u ",
            (false, false) => "   ",
        };
        let rows = self.table(|text, marks| format!("{text}{}", mark(marks)));
        let below: Vec<String> = [self.legend("*", "u")].into_iter().chain(self.failures()).collect();
        (headings, rows, below.join("\n"))
    }

    /// A line for each cell that failed, with the reason.
    fn failures(&self) -> Vec<String> {
        let line = |row: &Summary| {
            let named = self.columns.iter().zip(&row.cell.labels);
            let cell: Vec<String> = named.map(|(name, value)| format!("{name}={value}")).collect();
            Some(format!("failed: {}: {}", cell.join(" "), excerpt(row.failure.as_ref()?)))
        };
        self.rows.iter().filter_map(line).collect()
    }

    fn table(&self, show: impl Fn(String, Mark) -> String) -> Vec<Vec<String>> {
        let row = |(row, marks): (&Summary, [Mark; MEASURES.len()])| {
            let mut cells = row.cell.labels.clone();
            cells.push(format!("{}/{}", row.folds_done, self.fold_count));
            let values = MEASURES.iter().zip(row.spreads).zip(marks);
            cells.extend(values.map(|((measure, spread), mark)| match row.failure {
                Some(_) => show("failed".to_owned(), mark),
                None => show(shown(measure, spread), mark),
            }));
            cells
        };
        self.rows.iter().zip(marks(&self.rows)).map(row).collect()
    }

    /// The table in Markdown, with the protocol below it.
    pub fn markdown(&self) -> String {
        let names = self.columns.iter().map(String::clone).chain(["folds".to_owned()]);
        let names: Vec<String> = names.chain(MEASURES.iter().map(|measure| title(measure, self.k))).collect();
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut text = line(&names) + "|" + &"---|".repeat(names.len()) + "\n";
        let uniform_marks = self.has_uniform_marks();
        let rows = self.table(|text, mark| match (mark.overall, mark.uniform && uniform_marks) {
            (true, true) => format!("**_{text}_**"),
            (true, false) => format!("**{text}**"),
            (false, true) => format!("_{text}_"),
            (false, false) => text,
        });
        rows.iter().for_each(|cells| text += &line(cells));
        text += &format!("\n{}\n\n", self.legend("**bold**:", "_italic_:"));
        self.failures().iter().for_each(|line| text += &format!("- {line}\n"));
        self.protocol.iter().for_each(|(name, value)| text += &format!("- {name}: {value}\n"));
        text
    }

    /// The table in CSV, one row per cell. Shares are fractions of 1.
    ///
    /// # Errors
    /// [`Error::Data`] if the text cannot be made, which should not happen.
    pub fn csv(&self) -> Result<Vec<u8>> {
        let fail = |error: csv::Error| Error::Data(error.to_string());
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut header: Vec<String> = self.columns.to_vec();
        header.extend(["folds", "users", "k", "seed"].map(str::to_owned));
        for measure in MEASURES {
            header.extend([format!("{}_mean", measure.name), format!("{}_sd", measure.name)]);
        }
        header.extend(["best", "best_uniform", "failure"].map(str::to_owned));
        writer.write_record(&header).map_err(fail)?;
        let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        for (row, marks) in self.rows.iter().zip(marks(&self.rows)) {
            let mut cells = row.cell.labels.clone();
            let users = row.users.map(|(_, most)| most.to_string()).unwrap_or_default();
            cells.extend([row.folds_done.to_string(), users, self.k.to_string(), self.seed.to_string()]);
            for spread in row.spreads {
                cells.push(number(spread.map(|spread| spread.mean)));
                cells.push(number(spread.and_then(|spread| spread.deviation)));
            }
            cells.extend(
                [marked(&marks, |mark| mark.overall), marked(&marks, |mark| mark.uniform)]
                    .map(|names| names.join(" ")),
            );
            cells.push(row.failure.as_deref().map(|text| excerpt(text).into_owned()).unwrap_or_default());
            writer.write_record(&cells).map_err(fail)?;
        }
        writer.into_inner().map_err(|error| Error::Data(error.to_string()))
    }

    /// The table and the protocol in JSON. Shares are fractions of 1.
    ///
    /// # Errors
    /// [`Error::Data`] if the text cannot be made, which should not happen.
    pub fn json(&self) -> Result<String> {
        let row = |(row, marks): (&Summary, [Mark; MEASURES.len()])| {
            let settings: Map<String, Value> =
                self.columns.iter().cloned().zip(row.cell.labels.iter().map(|label| json!(label))).collect();
            let mut value = json!({
                "settings": settings, "config": row.cell.config, "folds": row.folds_done, "epoch": row.epoch,
                "best": marked(&marks, |mark| mark.overall),
                "best_uniform": marked(&marks, |mark| mark.uniform),
                "users": row.users.map(|(fewest, most)| [fewest, most]),
                "failure": row.failure,
            });
            for (measure, spread) in MEASURES.iter().zip(row.spreads) {
                value[measure.name] = match spread {
                    Some(Spread { mean, deviation }) => json!({"mean": mean, "sd": deviation}),
                    None => Value::Null,
                };
            }
            value
        };
        let rows: Vec<Value> = self.rows.iter().zip(marks(&self.rows)).map(row).collect();
        let mut protocol: Map<String, Value> =
            self.protocol.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        protocol.insert("k".to_owned(), json!(self.k));
        protocol.insert("seed".to_owned(), json!(self.seed));
        protocol.insert("folds".to_owned(), json!(self.fold_count));
        let table = json!({"protocol": protocol, "rows": rows});
        let text = serde_json::to_string_pretty(&table).map_err(|error| Error::Data(error.to_string()))?;
        Ok(text + "\n")
    }
}

/// The names of the measures that have a mark.
fn marked(marks: &[Mark; MEASURES.len()], is_set: impl Fn(&Mark) -> bool) -> Vec<&'static str> {
    MEASURES.iter().zip(marks).filter(|(_, mark)| is_set(mark)).map(|(measure, _)| measure.name).collect()
}
