//! Metrics as a table and as JSON.

use super::console;
use super::format::{grouped, percent};
use serde_json::{Value, json};
use spherec::evaluate::Metrics;

/// A table of `rows`, each with the name of its part where there is more than one part.
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

/// Eight numbers, as fractions, in a fixed order.
pub(crate) fn json(metrics: &Metrics) -> Value {
    let Metrics { users, k, map, ndcg, recall, precision, mmr, coverage } = metrics;
    json!({
        "users": users, "k": k, "map": map, "ndcg": ndcg, "recall": recall, "precision": precision,
        "mmr": mmr, "coverage": coverage,
    })
}
