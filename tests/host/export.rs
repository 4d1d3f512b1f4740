//! Exported files, read back.

use crate::model_folder::odd_model;
use bstr::ByteVec;
use spherec::export::{What, export_tsv};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn read_rows(path: &Path) -> Vec<Vec<f32>> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'));
    text.lines().map(|line| line.split('\t').map(|value| value.parse().unwrap()).collect()).collect()
}

#[test]
fn vectors_and_ids_read_back_the_same() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("made/here");
    let mut model = odd_model();
    let odd = [-0.0, 1.0, 1e-45, -3.4028235e38, 0.1, 1.0 / 3.0, 1e-7, 123456.79];
    model.embeddings.items[..8].copy_from_slice(&odd);
    let paths = export_tsv(&model, What::Both, &folder, false).unwrap();
    let found: Vec<_> =
        paths.iter().map(|path| path.strip_prefix(&folder).unwrap().to_str().unwrap()).collect();
    assert_eq!(found, ["users.tsv", "users-metadata.tsv", "items.tsv", "items-metadata.tsv"]);
    for (name, table, ids) in
        [("users", &model.embeddings.users, &model.users), ("items", &model.embeddings.items, &model.items)]
    {
        let rows = read_rows(&folder.join(format!("{name}.tsv")));
        assert_eq!(rows.len(), 14);
        assert!(rows.iter().all(|row| row.len() == 4));
        let bits: Vec<u32> = rows.iter().flatten().map(|value| value.to_bits()).collect();
        assert_eq!(bits, table.iter().map(|value| value.to_bits()).collect::<Vec<_>>());
        let text = fs::read_to_string(folder.join(format!("{name}-metadata.tsv"))).unwrap();
        assert!(!text.contains(['\t', '\r']));
        let lines: Vec<&str> = text.strip_suffix('\n').unwrap().split('\n').collect();
        assert_eq!(lines.len(), ids.len());
        for (row, line) in lines.iter().enumerate() {
            assert_eq!(Vec::unescape_bytes(line), ids.bytes(row as u32));
        }
    }
}

#[test]
fn only_what_was_asked_for_is_written() {
    let place = TempDir::new().unwrap();
    let count = |what, name: &str| {
        let folder = place.path().join(name);
        export_tsv(&odd_model(), what, &folder, false).unwrap();
        assert!(folder.join(format!("{name}.tsv")).is_file());
        fs::read_dir(&folder).unwrap().count()
    };
    assert_eq!(count(What::Users, "users"), 2);
    assert_eq!(count(What::Items, "items"), 2);
}

#[test]
fn nothing_is_overwritten_unless_forced_and_nothing_is_left_half_done() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    let taken = folder.join("items-metadata.tsv");
    fs::write(&taken, "mine").unwrap();
    let error = export_tsv(&odd_model(), What::Both, folder, false).unwrap_err().to_string();
    assert!(error.contains("items-metadata.tsv: exists already"), "{error}");
    assert_eq!(fs::read_to_string(&taken).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1);

    export_tsv(&odd_model(), What::Both, folder, true).unwrap();
    assert_ne!(fs::read_to_string(&taken).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 4);

    fs::remove_file(folder.join("users.tsv")).unwrap();
    fs::create_dir(folder.join("users.tsv")).unwrap();
    let error = export_tsv(&odd_model(), What::Users, folder, true).unwrap_err().to_string();
    assert!(error.contains("is a folder"), "{error}");

    let error = export_tsv(&odd_model(), What::Users, &taken, true).unwrap_err().to_string();
    assert!(error.contains("exists and is not a folder"), "{error}");
}
