//! Metrics as a table.

use super::console;
use super::format::{grouped, percent};
use spherec::evaluate::Metrics;

/// A table of `rows`, each with the name of its part.
pub(crate) fn table(rows: &[(&'static str, Metrics)]) -> String {
    let headings = [
        ("part", false),
        ("users", true),
        ("k", true),
        ("MAP", true),
        ("NDCG", true),
        ("recall", true),
        ("precision", true),
        ("MMR", true),
        ("coverage", true),
    ];
    let cells = |(part, m): &(&'static str, Metrics)| {
        vec![
            (*part).to_owned(),
            grouped(m.users),
            m.k.to_string(),
            percent(m.map),
            percent(m.ndcg),
            percent(m.recall),
            percent(m.precision),
            format!("{:.1}", m.mmr),
            percent(m.coverage),
        ]
    };
    console::table(&headings, &rows.iter().map(cells).collect::<Vec<_>>())
}
