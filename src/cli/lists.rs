//! Ranked lists as CSV, JSON lines or a table, on standard output or in a file.

use super::console;
use super::format::decimal;
use super::output::{Sink, check_distinct};
use super::{CommandResult, Failure};
use clap::ValueEnum;
use spherec::data::IdTable;
use spherec::export::csv_safe;
use spherec::printable::printable_json;
use spherec::recommend::{Neighbour, Popular};
use spherec::{Error, Result};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct ListArgs {
    /// Length of each list
    #[arg(short, value_name = "K", default_value_t = 10)]
    pub(crate) k: usize,
    /// File to write; it appears once it is complete [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Output format [default: by the ending of the file; without a file, table on a terminal, else csv]
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<ListFormat>,
    /// In CSV, put an apostrophe before ids that a spreadsheet would run as a formula
    #[arg(long)]
    csv_safe: bool,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    Csv,
    Jsonl,
    Table,
}

impl ListArgs {
    /// Checks that the output can be written. `inputs` are what the command reads. To be called before the work starts.
    pub(crate) fn check_output(&self, inputs: &[&Path]) -> Result<()> {
        let Some(path) = &self.output else { return Ok(()) };
        check_distinct(&[path], inputs)?;
        Sink::check(path, self.force)?;
        format(self).map(drop)
    }
}

/// Queries answered at once, to limit the memory.
pub(crate) const BLOCK: usize = 1024;

/// A column of numbers: its name, and what it shows of a neighbour.
type Number = (&'static str, fn(&Neighbour) -> f32);

/// The columns of numbers. A list that is ranked by similarity leaves out the score.
pub(crate) const NUMBERS: [Number; 3] = [
    ("score", |neighbour| neighbour.score),
    ("similarity", |neighbour| neighbour.similarity),
    ("distance", |neighbour| neighbour.distance),
];

/// One line of a list. Popular items that stand in for neighbours have no numbers.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) query: String,
    pub(crate) rank: usize,
    pub(crate) id: String,
    pub(crate) numbers: Option<Neighbour>,
}

impl Entry {
    /// The entries of one list, best first.
    pub(crate) fn list<'a>(
        query: &'a str,
        neighbours: &'a [Neighbour],
        id: impl Fn(u32) -> String + 'a,
    ) -> impl Iterator<Item = Entry> + 'a {
        neighbours.iter().enumerate().map(move |(index, neighbour)| Entry {
            query: query.to_owned(),
            rank: index + 1,
            id: id(neighbour.row),
            numbers: Some(*neighbour),
        })
    }

    /// The entries of a list of popular `items`, most popular first.
    pub(crate) fn popular<'a>(
        query: &'a str,
        popular: &'a [Popular],
        items: &'a IdTable,
    ) -> impl Iterator<Item = Entry> + 'a {
        popular.iter().enumerate().map(move |(index, popular)| Entry {
            query: query.to_owned(),
            rank: index + 1,
            id: items.text(popular.item),
            numbers: None,
        })
    }

    /// The finite number of the column `number`.
    fn number(&self, (_, number): Number) -> Option<f32> {
        self.numbers.as_ref().map(number).filter(|x| x.is_finite())
    }
}

/// Writes lists block by block.
pub(crate) struct ListWriter {
    sink: Sink,
    format: ListFormat,
    /// The names of the query's column and of the answer's.
    names: [&'static str; 2],
    numbers: &'static [Number],
    csv_safe: bool,
    is_begun: bool,
}

impl ListWriter {
    /// Opens the output that `args` name. `names` are the columns of the query and of the answer, `numbers`
    /// those that follow.
    pub(crate) fn open(
        args: &ListArgs,
        names: [&'static str; 2],
        numbers: &'static [Number],
    ) -> Result<ListWriter> {
        let format = format(args)?;
        Ok(ListWriter {
            sink: Sink::open(args.output.as_deref(), args.force)?,
            format,
            names,
            numbers,
            csv_safe: args.csv_safe,
            is_begun: false,
        })
    }

    /// Writes the entries of some queries.
    pub(crate) fn write(&mut self, entries: &[Entry]) -> CommandResult {
        let bytes = match self.format {
            ListFormat::Csv => self.csv(entries)?,
            ListFormat::Jsonl => self.jsonl(entries)?,
            ListFormat::Table => self.table(entries),
        };
        self.is_begun = true;
        self.sink.write(&bytes)
    }

    /// Gives a file its final name.
    pub(crate) fn finish(mut self) -> CommandResult {
        if !self.is_begun {
            self.write(&[])?;
        }
        Ok(self.sink.finish()?)
    }

    fn csv(&self, entries: &[Entry]) -> std::result::Result<Vec<u8>, Failure> {
        let number = |value: Option<f32>| value.map_or(String::new(), |value| value.to_string());
        let mut writer = csv::Writer::from_writer(Vec::new());
        let write = |writer: &mut csv::Writer<Vec<u8>>| -> csv::Result<()> {
            if !self.is_begun {
                let [query, answer] = self.names;
                let numbers = self.numbers.iter().map(|(name, _)| *name);
                writer.write_record([query, "rank", answer].into_iter().chain(numbers))?;
            }
            for entry in entries {
                let cell = |id| if self.csv_safe { csv_safe(id).into_owned() } else { id.to_owned() };
                let cells = [cell(&entry.query), entry.rank.to_string(), cell(&entry.id)].into_iter();
                let numbers = self.numbers.iter().map(|&column| number(entry.number(column)));
                writer.write_record(cells.chain(numbers))?;
            }
            Ok(())
        };
        write(&mut writer).map_err(|error| Failure::Output(error.into()))?;
        writer.into_inner().map_err(|error| Failure::Output(error.into_error()))
    }

    /// Keys in the order of the columns.
    fn jsonl(&self, entries: &[Entry]) -> std::result::Result<Vec<u8>, Failure> {
        let [query_name, id_name] = self.names;
        let mut text = String::new();
        for entry in entries {
            let (query, rank, id) = (json(&entry.query)?, entry.rank, json(&entry.id)?);
            text += &format!("{{\"{query_name}\":{query},\"rank\":{rank},\"{id_name}\":{id}");
            for &column in self.numbers {
                text += &format!(",\"{}\":{}", column.0, json(&entry.number(column))?);
            }
            text += "}\n";
        }
        Ok(text.into_bytes())
    }

    fn table(&self, entries: &[Entry]) -> Vec<u8> {
        let mut headings = vec![(self.names[0], false), ("rank", true), (self.names[1], false)];
        headings.extend(self.numbers.iter().map(|(name, _)| (*name, true)));
        let number = |value: Option<f32>| value.map_or("-".to_owned(), |value| decimal(value.into(), 4));
        let cells = |entry: &Entry| {
            let mut cells = vec![entry.query.clone(), entry.rank.to_string(), entry.id.clone()];
            cells.extend(self.numbers.iter().map(|&column| number(entry.number(column))));
            cells
        };
        console::table(&headings, &entries.iter().map(cells).collect::<Vec<_>>()).into_bytes()
    }
}

fn json(value: &impl serde::Serialize) -> std::result::Result<String, Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::Output(error.into()))?;
    Ok(printable_json(&text).into_owned())
}

fn format(args: &ListArgs) -> Result<ListFormat> {
    let by_ending = |path: &Path| match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => Some(ListFormat::Csv),
        Some("jsonl" | "ndjson") => Some(ListFormat::Jsonl),
        _ => None,
    };
    match (args.format, &args.output) {
        (Some(format), _) => Ok(format),
        (None, Some(path)) => by_ending(path).ok_or_else(|| {
            Error::file(path, "does not end in .csv or .jsonl: choose a format with --format")
        }),
        (None, None) if console::out_is_terminal() => Ok(ListFormat::Table),
        (None, None) => Ok(ListFormat::Csv),
    }
}
