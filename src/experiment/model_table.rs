//! The table of a comparison of models, as text, Markdown, CSV and JSON: the table 2 of Hsieh et al. 2017.

use super::published::{Published, PublishedRow};
use super::statistics::Spread;
use super::wilcoxon::{SignedRanks, signed_ranks};
use super::{Experiment, Measured, Results};
use crate::evaluate::Metrics;
use crate::printable::excerpt;
use crate::{Error, Result};
use serde_json::{Map, Value, json};

/// A number of the table: its name in files, its name for people, and where it comes from.
struct Number {
    name: &'static str,
    title: &'static str,
    /// Whether it is of the deeper list.
    is_deep: bool,
    of: fn(&Metrics) -> f64,
}

/// The numbers of a model.
const NUMBERS: [Number; 4] = [
    Number { name: "recall", title: "recall", is_deep: false, of: |metrics| metrics.recall },
    Number { name: "deep_recall", title: "recall", is_deep: true, of: |metrics| metrics.recall },
    Number { name: "ndcg", title: "NDCG", is_deep: false, of: |metrics| metrics.ndcg },
    Number { name: "map", title: "MAP", is_deep: false, of: |metrics| metrics.map },
];

/// A table of models, and how their numbers were obtained.
#[derive(Debug, Clone)]
pub struct ModelTable {
    /// Lengths of the two ranked lists.
    pub depths: [usize; 2],
    /// How many seeds each model has.
    pub seed_count: usize,
    /// The data set of the paper whose numbers stand beside the models'.
    pub published: Option<Published>,
    /// Names and descriptions of the data, the split, the ranking and so on.
    pub protocol: Vec<(&'static str, String)>,
    /// The models that have a result.
    pub rows: Vec<ModelRow>,
}

/// One model.
#[derive(Debug, Clone)]
pub struct ModelRow {
    /// Its name.
    pub name: String,
    /// Seeds done.
    pub seeds_done: usize,
    /// Users measured.
    pub user_count: usize,
    /// Recall at both depths, NDCG and MAP, as fractions of 1; `None` if a run failed.
    pub numbers: [Option<Spread>; NUMBERS.len()],
    /// Why a run failed, if one did.
    pub failure: Option<String>,
    /// What the paper says.
    pub published: Option<PublishedRow>,
    /// Another model, and the test of the users' recall against that model's; `None` if there is none, or no user
    /// differs.
    pub test: Option<(String, SignedRanks)>,
}

/// The recall of each user at the first depth, as a mean over the seeds.
fn user_recalls(name: &str, runs: &[&Measured], relevant: &[usize]) -> Result<Option<Vec<f64>>> {
    if runs.is_empty() || runs.iter().any(|run| run.metrics.is_none()) {
        return Ok(None);
    }
    if let Some(run) = runs.iter().find(|run| run.hits.len() != relevant.len()) {
        let message =
            format!("{name} has hits of {} users, but {} are tested", run.hits.len(), relevant.len());
        return Err(Error::Data(message));
    }
    let recall = |(user, &relevant): (usize, &usize)| {
        let hits: u64 = runs.iter().map(|run| u64::from(run.hits[user])).sum();
        hits as f64 / (relevant * runs.len()) as f64
    };
    Ok(Some(relevant.iter().enumerate().map(recall).collect()))
}

impl ModelTable {
    /// The table of `results`. `relevant` is how many test items each tested user has, in the order of the rows, and
    /// `deep` the length of the second list. Each model is tested against the one named `against` or, if that is `None`,
    /// against the best other one by recall.
    ///
    /// # Errors
    /// [`Error::Data`] if the results are of other users.
    pub fn new(
        experiment: &Experiment,
        results: &Results,
        relevant: &[usize],
        deep: usize,
        against: Option<&str>,
        published: Option<Published>,
    ) -> Result<ModelTable> {
        let k = experiment.cells.first().map_or(0, |cell| cell.config.stopping().k);
        let depths = [k, deep];
        let (mut rows, mut recalls) = (Vec::new(), Vec::new());
        for cell in &experiment.cells {
            let name = cell.labels.join(" ");
            let runs: Vec<&Measured> =
                results.of(&experiment.name(cell)).map(|trial| &trial.measured).collect();
            if runs.is_empty() {
                continue;
            }
            recalls.push(user_recalls(&name, &runs, relevant)?);
            let number = |number: &Number| {
                let metrics = |run: &&Measured| match number.is_deep {
                    true => run.deeper.first().map(number.of),
                    false => run.metrics.as_ref().map(number.of),
                };
                let values: Option<Vec<f64>> = runs.iter().map(metrics).collect();
                values.and_then(|values| Spread::of(&values))
            };
            rows.push(ModelRow {
                seeds_done: runs.len(),
                user_count: relevant.len(),
                numbers: NUMBERS.each_ref().map(number),
                failure: runs.iter().find_map(|run| run.failure.clone()),
                published: published.and_then(|published| published.row(&name, depths)),
                test: None,
                name,
            });
        }
        let best_other = |row: usize| {
            let others = (0..rows.len()).filter(|&other| other != row);
            let recall = |other: usize| rows[other].numbers[0].map(|spread| spread.mean);
            let others = others.filter_map(|other| Some((recall(other)?, other)));
            // Of equal ones the first.
            others.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, other)| other)
        };
        let tests: Vec<Option<(String, SignedRanks)>> = (0..rows.len())
            .map(|row| {
                let other = match against {
                    Some(name) => rows.iter().position(|row| row.name == name),
                    None => best_other(row),
                };
                let other = other.filter(|&other| other != row)?;
                let (own, others) = (recalls[row].as_ref()?, recalls[other].as_ref()?);
                Some((rows[other].name.clone(), signed_ranks(own, others)?))
            })
            .collect();
        rows.iter_mut().zip(tests).for_each(|(row, test)| row.test = test);
        let seed_count = experiment.repeats.count();
        Ok(ModelTable { depths, seed_count, published, protocol: Vec::new(), rows })
    }

    fn title(&self, number: &Number) -> String {
        format!("{}@{} %", number.title, self.depths[usize::from(number.is_deep)])
    }

    /// Whether the model of `row` is the best of those with the most seeds, for each number.
    fn is_best(&self, row: &ModelRow) -> [bool; NUMBERS.len()] {
        let most = self.rows.iter().map(|row| row.seeds_done).max().unwrap_or(0);
        std::array::from_fn(|place| {
            let mean =
                |row: &ModelRow| row.numbers[place].filter(|_| row.seeds_done == most).map(|it| it.mean);
            let best = self.rows.iter().filter_map(mean).fold(f64::NEG_INFINITY, f64::max);
            mean(row) == Some(best)
        })
    }

    /// Headings, each with whether its column holds numbers, and rows. `mark` marks what is best.
    fn table(&self, mark: impl Fn(String, bool) -> String) -> (Vec<(String, bool)>, Vec<Vec<String>>) {
        let mut headings = vec![("model".to_owned(), false), ("seeds".to_owned(), true)];
        headings.extend(NUMBERS.iter().map(|number| (self.title(number), true)));
        if let Some(published) = self.published {
            headings.push((format!("Hsieh 2017, {published}"), false));
        }
        headings.push(("p, against".to_owned(), false));
        let row = |row: &ModelRow| {
            let mut cells = vec![row.name.clone(), format!("{}/{}", row.seeds_done, self.seed_count)];
            let numbers = row.numbers.iter().zip(self.is_best(row));
            cells.extend(numbers.map(|(spread, is_best)| match (spread, &row.failure) {
                (_, Some(_)) => mark("failed".to_owned(), false),
                (None, None) => mark("-".to_owned(), false),
                (Some(spread), None) => mark(shown(*spread), is_best),
            }));
            if self.published.is_some() {
                let text = |PublishedRow { model, recall: [first, second] }| {
                    format!("{model} {:.2} / {:.2}", 100.0 * first, 100.0 * second)
                };
                cells.push(row.published.map_or_else(|| "-".to_owned(), text));
            }
            let test = |(other, ranks): &(String, SignedRanks)| format!("{}, {other}", shown_p(ranks.p));
            cells.push(row.test.as_ref().map_or_else(|| "-".to_owned(), test));
            cells
        };
        (headings, self.rows.iter().map(row).collect())
    }

    fn legend(&self, best: &str) -> String {
        format!(
            "{best} best; mean ± standard deviation (n - 1) over the seeds of the models, on one split; p: Wilcoxon signed \
             rank test, two-sided, of each user's recall@{} (mean over the seeds) against another model's",
            self.depths[0]
        )
    }

    /// A line for each model that failed, with the reason.
    fn failures(&self) -> Vec<String> {
        let line = |row: &ModelRow| Some(format!("failed: {}: {}", row.name, excerpt(row.failure.as_ref()?)));
        self.rows.iter().filter_map(line).collect()
    }

    /// The table for a terminal: headings, each with whether its column holds numbers; rows; and what is below them.
    pub fn text(&self) -> (Vec<(String, bool)>, Vec<Vec<String>>, String) {
        let (headings, rows) =
            self.table(|text, is_best| format!("{text}{}", if is_best { " *" } else { "  " }));
        let below: Vec<String> = [self.legend("*")].into_iter().chain(self.failures()).collect();
        (headings, rows, below.join("\n"))
    }

    /// The table in Markdown, with the protocol below it.
    pub fn markdown(&self) -> String {
        let (headings, rows) = self.table(|text, is_best| if is_best { format!("**{text}**") } else { text });
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let names: Vec<String> = headings.into_iter().map(|(name, _)| name).collect();
        let mut text = line(&names) + "|" + &"---|".repeat(names.len()) + "\n";
        rows.iter().for_each(|cells| text += &line(cells));
        text += &format!("\n{}\n\n", self.legend("**bold**:"));
        self.failures().iter().for_each(|line| text += &format!("- {line}\n"));
        self.protocol.iter().for_each(|(name, value)| text += &format!("- {name}: {value}\n"));
        text
    }

    /// The table in CSV, one row per model. Shares are fractions of 1.
    ///
    /// # Errors
    /// [`Error::Data`] if the text cannot be made, which should not happen.
    pub fn csv(&self) -> Result<Vec<u8>> {
        let fail = |error: csv::Error| Error::Data(error.to_string());
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut header: Vec<String> = ["model", "seeds", "users", "k", "deep_k"].map(str::to_owned).to_vec();
        for Number { name, .. } in NUMBERS {
            header.extend([format!("{name}_mean"), format!("{name}_sd")]);
        }
        let more =
            ["published_model", "published_recall", "published_deep_recall", "against", "differing_users"];
        header.extend(more.map(str::to_owned));
        header.extend(["statistic", "z", "p", "failure"].map(str::to_owned));
        writer.write_record(&header).map_err(fail)?;
        let [k, deep] = self.depths;
        for row in &self.rows {
            let mut cells = vec![row.name.clone()];
            cells.extend([row.seeds_done, row.user_count, k, deep].map(|count| count.to_string()));
            let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
            for spread in row.numbers {
                cells.push(number(spread.map(|spread| spread.mean)));
                cells.push(number(spread.and_then(|spread| spread.deviation)));
            }
            cells.push(row.published.map(|row| row.model.to_owned()).unwrap_or_default());
            cells.extend([0, 1].map(|depth| number(row.published.map(|row| row.recall[depth]))));
            let ranks = row.test.as_ref().map(|(_, ranks)| ranks);
            cells.push(row.test.as_ref().map(|(other, _)| other.clone()).unwrap_or_default());
            cells.push(ranks.map(|ranks| ranks.count.to_string()).unwrap_or_default());
            let tested = ranks.map(|ranks| [ranks.statistic, ranks.z, ranks.p]);
            cells.extend([0, 1, 2].map(|place| number(tested.map(|tested| tested[place]))));
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
        let row = |row: &ModelRow| {
            let mut value = json!({
                "model": row.name, "seeds": row.seeds_done, "users": row.user_count, "failure": row.failure,
                "published": row.published.map(|row| {
                    json!({"model": row.model, "recall": row.recall[0], "deep_recall": row.recall[1]})
                }),
                "wilcoxon": row.test.as_ref().map(|(other, ranks)| {
                    let SignedRanks { count, statistic, z, p } = ranks;
                    json!({"against": other, "differing_users": count, "statistic": statistic, "z": z, "p": p})
                }),
            });
            for (Number { name, .. }, spread) in NUMBERS.iter().zip(row.numbers) {
                value[*name] = spread
                    .map_or(Value::Null, |Spread { mean, deviation }| json!({"mean": mean, "sd": deviation}));
            }
            value
        };
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        let mut protocol: Map<String, Value> =
            self.protocol.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        protocol.insert("k".to_owned(), json!(self.depths[0]));
        protocol.insert("deep_k".to_owned(), json!(self.depths[1]));
        protocol.insert("seeds".to_owned(), json!(self.seed_count));
        protocol.insert("published".to_owned(), json!(self.published.map(|published| published.to_string())));
        let table = json!({"protocol": protocol, "rows": rows});
        let text = serde_json::to_string_pretty(&table).map_err(|error| Error::Data(error.to_string()))?;
        Ok(text + "\n")
    }
}

/// "12.34 ± 0.05", in percent.
fn shown(Spread { mean, deviation }: Spread) -> String {
    match deviation {
        Some(deviation) => format!("{:.2} ± {:.2}", 100.0 * mean, 100.0 * deviation),
        None => format!("{:.2}", 100.0 * mean),
    }
}

fn shown_p(p: f64) -> String {
    match p {
        0.0001.. => format!("{p:.4}"),
        1e-300.. => format!("{p:.0e}"),
        _ => "< 1e-300".to_owned(),
    }
}
