//! Properties that hold for any input: exports, labels, rankings and text for a terminal.

use crate::model_folder::model;
use bstr::ByteVec;
use proptest::collection::{hash_set, vec};
use proptest::prelude::*;
use spherec::data::{IdTable, Interactions};
use spherec::evaluate::Search;
use spherec::export::{ExportFormat, ExportOptions, What, export};
use spherec::labels::LabelTable;
use spherec::printable::{excerpt, printable};
use spherec::recommend::popular;
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

/// Ids in which what confuses readers of tables is common. None is empty.
fn ids() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let odd = prop::sample::select(b"\"\\,;\t\n\r '=x\0\xff\xc3".to_vec());
    let id = vec(prop_oneof![odd, any::<u8>()], 1..8);
    hash_set(id, 1..12).prop_map(|ids| ids.into_iter().collect())
}

fn table(ids: &[Vec<u8>]) -> IdTable {
    let mut table = IdTable::default();
    for id in ids {
        table.intern(id);
    }
    table
}

/// What can stand in a table of scores, most of it often.
fn score() -> impl Strategy<Value = f32> {
    let few = [0.0, -0.0, 1.0, -1.0, f32::MIN_POSITIVE, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
    prop_oneof![prop::sample::select(few.to_vec()), any::<f32>(), (-3i8..4).prop_map(f32::from)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn exported_tables_name_each_row_by_its_id(users in ids(), items in ids()) {
        let place = TempDir::new().unwrap();
        let model = model(table(&users), table(&items), 2, &[], 1);
        for format in [ExportFormat::Csv, ExportFormat::Tsv] {
            let options = ExportOptions {
                what: What::Both, format, labels: &[], csv_safe: false, metric: None, popularity: None,
            };
            export(&model, &options, place.path(), false).unwrap();
        }
        for (name, ids) in [("users", &users), ("items", &items)] {
            let mut reader = csv::Reader::from_path(place.path().join(format!("{name}.csv"))).unwrap();
            let found: Vec<Vec<u8>> =
                reader.records().map(|row| Vec::unescape_bytes(&row.unwrap()[0])).collect();
            prop_assert_eq!(&found, ids);
            let text = fs::read_to_string(place.path().join(format!("{name}-metadata.tsv"))).unwrap();
            let lines = text.strip_suffix('\n').unwrap().split('\n');
            let found: Vec<Vec<u8>> = lines.map(Vec::unescape_bytes).collect();
            prop_assert_eq!(&found, ids);
        }
    }

    #[test]
    fn labels_that_were_written_are_read(ids in ids(), labels in vec("[a-c\",\n é]{0,3}", 12)) {
        let place = TempDir::new().unwrap();
        let path = place.path().join("labels.csv");
        let mut writer = csv::Writer::from_path(&path).unwrap();
        writer.write_record(["the id of an item", "the label of an item"]).unwrap();
        let rows: BTreeMap<&Vec<u8>, &String> = ids.iter().zip(&labels).collect();
        for (id, label) in &rows {
            writer.write_record([id.as_slice(), label.as_bytes()]).unwrap();
        }
        writer.flush().unwrap();
        let ids = table(&ids);
        match LabelTable::read(&path, &ids, "item") {
            Err(error) => prop_assert!(rows.values().all(|label| label.is_empty()), "{error}"),
            Ok(table) => {
                let [column] = &table.columns[..] else { panic!("{:?}", table.columns) };
                prop_assert_eq!(&column.name, "the label of an item");
                for row in 0..ids.len() as u32 {
                    let label = rows[&ids.bytes(row).to_vec()].as_str();
                    prop_assert_eq!(column.label(row), Some(label).filter(|label| !label.is_empty()));
                }
            }
        }
    }

    #[test]
    fn the_best_are_the_first_of_all_sorted(scores in vec(score(), 1..200), k in 1usize..220) {
        let search = Search { query_table: &[1.0], queries: &[0], items: &scores, dim: 1, k };
        let best = search.run(|_, row| row % 5 == 4, |_, best| best.to_vec()).remove(0);
        let value = |row: u32| match scores[row as usize] {
            score if score.is_nan() => f32::NEG_INFINITY,
            score => score + 0.0, // the two zeros are equal
        };
        let mut sorted: Vec<u32> = (0..scores.len() as u32).filter(|row| row % 5 != 4).collect();
        sorted.sort_by(|&a, &b| value(b).total_cmp(&value(a)));
        sorted.truncate(k);
        prop_assert_eq!(best.iter().map(|scored| scored.row).collect::<Vec<_>>(), sorted);
        for scored in best {
            prop_assert_eq!(scored.score.to_bits(), value(scored.row).to_bits());
        }
    }

    #[test]
    fn the_popular_are_the_first_of_all_sorted(
        pairs in vec((0u32..9, 0u32..12), 0..60), k in 1usize..15, seen in vec(0u32..14, 0..5),
    ) {
        let train = Interactions::from_pairs(9, 12, &pairs);
        let count = |item: u32| train.pairs().filter(|pair| pair.1 == item).count();
        let mut sorted: Vec<u32> = (0..12).filter(|item| !seen.contains(item)).collect();
        sorted.sort_by_key(|&item| std::cmp::Reverse(count(item)));
        sorted.truncate(k);
        let found = popular(&train, k, &seen).unwrap();
        prop_assert_eq!(found.iter().map(|entry| entry.item).collect::<Vec<_>>(), sorted);
        prop_assert!(found.iter().all(|entry| entry.count as usize == count(entry.item)));
    }

    #[test]
    fn printable_text_is_one_safe_line_and_stays_as_it_is(
        text in "([\u{0}-\u{9f}\u{61c}\u{200b}-\u{202f}\u{2060}-\u{206f}]|.){0,40}",
    ) {
        let safe = printable(&text).into_owned();
        // Unicode's Bidi_Control, the line separators, and what `char` calls a control.
        let is_unsafe = |c: char| {
            c.is_control() || "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}".contains(c)
                || "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".contains(c)
        };
        prop_assert!(!safe.contains(is_unsafe), "{safe:?}");
        prop_assert_eq!(printable(&safe).into_owned(), safe.clone());
        let kept: String = text.chars().filter(|&c| !is_unsafe(c)).collect();
        if kept == text {
            prop_assert_eq!(&safe, &text);
        }
        prop_assert_eq!(excerpt(&text).into_owned(), safe);
    }
}
