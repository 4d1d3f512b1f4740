//! Exported files, read back.

use crate::model_folder::odd_model;
use bstr::ByteVec;
use spherec::export::{ExportFormat, ExportOptions, What, csv_safe, export};
use spherec::labels::{LabelColumn, LabelTable};
use spherec::model::Model;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PLAIN: ExportOptions =
    ExportOptions { what: What::Items, format: ExportFormat::Tsv, labels: &[], csv_safe: false };

fn export_tsv(model: &Model, what: What, folder: &Path, force: bool) -> spherec::Result<Vec<PathBuf>> {
    export(model, &ExportOptions { what, ..PLAIN }, folder, force)
}

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
    assert!(error.contains("items-metadata.tsv: ") && error.contains("--force"), "{error}");
    assert_eq!(fs::read_to_string(&taken).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1);

    export_tsv(&odd_model(), What::Both, folder, true).unwrap();
    assert_ne!(fs::read_to_string(&taken).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 4);

    fs::remove_file(folder.join("users.tsv")).unwrap();
    fs::create_dir(folder.join("users.tsv")).unwrap();
    let error = export_tsv(&odd_model(), What::Users, folder, true).unwrap_err().to_string();
    assert!(error.contains("users.tsv: ") && error.contains("folder"), "{error}");

    let error = export_tsv(&odd_model(), What::Users, &taken, true).unwrap_err().to_string();
    assert!(error.contains("items-metadata.tsv: ") && error.contains("not a folder"), "{error}");
}

/// A column of labels for the items of [`odd_model`]: none for the first.
fn labels(name: &str) -> LabelColumn {
    let groups = (0..14).map(|row| (row > 0).then_some(row % 2)).collect();
    LabelColumn { name: name.to_owned(), groups, names: vec!["=even".to_owned(), "a\tb".to_owned()] }
}

#[test]
fn labels_are_joined_and_every_form_has_its_files() {
    let place = TempDir::new().unwrap();
    let model = odd_model();
    let columns = [labels("kind"), labels("second")];
    let names = |format, what, labels| {
        let folder = place.path().join(format!("{format:?}{what:?}"));
        let options = ExportOptions { format, what, labels, ..PLAIN };
        let paths = export(&model, &options, &folder, false).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), paths.len());
        paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(ExportFormat::Npy, What::Items, &columns), ["items.npy", "items-metadata.tsv"]);
    assert_eq!(
        names(ExportFormat::Safetensors, What::Users, &[]),
        ["users.safetensors", "users-metadata.tsv"]
    );
    assert_eq!(
        names(ExportFormat::Projector, What::Items, &columns),
        ["tensors.tsv", "metadata.tsv", "config.json"]
    );
    let metadata = fs::read_to_string(place.path().join("ProjectorItems/metadata.tsv")).unwrap();
    let lines: Vec<Vec<&str>> = metadata.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.len(), 15);
    assert_eq!(lines[0], ["id", "kind", "second"]);
    assert_eq!(lines[1][1..], ["", ""]);
    assert_eq!(lines[2][1..], ["a\\tb", "a\\tb"]);
    assert_eq!(lines[3][1..], ["=even", "=even"]);

    // If items are exported, too, users have no labels.
    assert_eq!(names(ExportFormat::Csv, What::Both, &columns), ["users.csv", "items.csv"]);
    let header = |name: &str| {
        let text = fs::read_to_string(place.path().join("CsvBoth").join(name)).unwrap();
        text.lines().next().unwrap().to_owned()
    };
    assert!(header("items.csv").starts_with("id,kind,second,"), "{}", header("items.csv"));
    assert!(header("users.csv").starts_with("id,") && !header("users.csv").contains("kind"));
    assert_eq!(
        names(ExportFormat::Projector, What::Both, &columns),
        ["tensors.tsv", "metadata.tsv", "config.json"]
    );
    let metadata = fs::read_to_string(place.path().join("ProjectorBoth/metadata.tsv")).unwrap();
    let lines: Vec<Vec<&str>> = metadata.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!((lines.len(), &lines[0][..]), (29, &["id", "kind", "kind", "second"][..]));
    assert_eq!(lines[3][1..], ["item", "=even", "=even"]);
    assert_eq!(lines[15][1..], ["user", "", ""]);
}

#[test]
fn numpy_files_have_the_header_of_format_1() {
    let place = TempDir::new().unwrap();
    let model = odd_model();
    export(&model, &ExportOptions { format: ExportFormat::Npy, ..PLAIN }, place.path(), false).unwrap();
    let bytes = fs::read(place.path().join("items.npy")).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((10 + length) % 64, 0);
    let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    assert!(
        header.contains("'descr': '<f4'") && header.contains("'shape': (14, 4)") && header.ends_with('\n')
    );
    let values: Vec<f32> = bytes[10 + length..]
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    assert_eq!(values, model.embeddings.items);
}

#[test]
fn text_that_a_spreadsheet_would_run_is_defused_where_asked() {
    for text in ["=1+1", "+1", "-1", "@a", "\ta", "\ra", "\u{ff1d}1"] {
        assert_eq!(csv_safe(text), format!("'{text}"));
    }
    for text in ["", "a=1", "1", "'=1", " =1"] {
        assert_eq!(csv_safe(text), text);
    }
    let place = TempDir::new().unwrap();
    let columns = [labels("=kind")];
    let options = ExportOptions { format: ExportFormat::Csv, labels: &columns, csv_safe: true, ..PLAIN };
    export(&odd_model(), &options, place.path(), false).unwrap();
    let text = fs::read_to_string(place.path().join("items.csv")).unwrap();
    assert!(text.starts_with("id,'=kind,d0,d1,d2,d3\n"), "{text}");
    assert!(text.contains(",'=even,") && !text.contains(",=even,"), "{text}");
}

#[test]
fn files_of_labels_are_read_with_and_without_a_header() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("labels.csv");
    let mut ids = spherec::data::IdTable::default();
    for id in ["a", "b", "c", "d"] {
        ids.intern(id.as_bytes());
    }
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        LabelTable::read(&path, &ids, "item")
    };
    let table = read("item,genre,year\nb,drama,1999\na,crime\nb,other,2000\nz,drama,1\nc,drama,\n").unwrap();
    let [genre, year] = &table.columns[..] else { panic!("{table:?}") };
    assert_eq!((genre.name.as_str(), year.name.as_str()), ("genre", "year"));
    assert_eq!(genre.names, ["drama", "crime"]);
    assert_eq!(genre.groups, [Some(1), Some(0), Some(0), None]);
    assert_eq!(year.groups, [None, Some(0), None, None]);
    assert_eq!((genre.labelled_count(), genre.label(1), genre.label(3)), (3, Some("drama"), None));
    // Without a header. In the second file the table lacks the first record's id.
    let names = |text: &str| read(text).unwrap().columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(names("a\tx\ty\nb\tx\tz\n"), ["label", "label2"]);
    assert_eq!(names("gone,x\na,x\n"), ["label"]);
    let error = read("a,x\nb\n").unwrap_err().to_string();
    assert!(error.contains("labels.csv:2: "), "{error}");
    for text in ["", "id,label\n", "z,x\n", "a,\n"] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains("labels.csv: ") && error.contains("items"), "{text:?}: {error}");
    }
}
