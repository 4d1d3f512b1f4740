//! Metrics as a table.

use super::console;
use super::format::{decimal, grouped, percent};
use spherec::evaluate::Metrics;

/// A table of `rows`, each with the name of its part.
pub(crate) fn table(rows: &[(&'static str, Metrics)]) -> String {
    let rows: Vec<_> = rows.iter().map(|(part, metrics)| ((*part).to_owned(), *metrics)).collect();
    table_of(("part", false), &rows)
}

/// A table of `rows`, each at its popularity.
pub(crate) fn dial_table(rows: &[(f64, Metrics)]) -> String {
    let rows: Vec<_> = rows.iter().map(|(popularity, metrics)| (popularity.to_string(), *metrics)).collect();
    table_of(("popularity", true), &rows)
}

/// A table of `rows`, each with what stands in the first column, whose name is `first`.
fn table_of(first: (&'static str, bool), rows: &[(String, Metrics)]) -> String {
    let headings = [
        first,
        ("users", true),
        ("k", true),
        ("MAP", true),
        ("NDCG", true),
        ("recall", true),
        ("precision", true),
        ("MMR", true),
        ("coverage", true),
    ];
    let cells = |(name, m): &(String, Metrics)| {
        vec![
            name.clone(),
            grouped(m.users),
            m.k.to_string(),
            percent(m.map),
            percent(m.ndcg),
            percent(m.recall),
            percent(m.precision),
            decimal(m.mmr, 1),
            percent(m.coverage),
        ]
    };
    console::table(&headings, &rows.iter().map(cells).collect::<Vec<_>>())
}
