//! Exported files, read back.

use crate::layouts::numbers;
use crate::model_folder::{biased_model, model, odd_model};
use bstr::ByteVec;
use spherec::data::IdTable;
use spherec::export::{ExportFormat, ExportOptions, What, csv_safe, export, exported_paths};
use spherec::labels::{LabelColumn, LabelTable};
use spherec::model::{Metric, Model};
use spherec::step::Geometry;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PLAIN: ExportOptions = ExportOptions {
    what: What::Items,
    format: ExportFormat::Tsv,
    labels: &[],
    csv_safe: false,
    metric: None,
    popularity: None,
};

fn export_tsv(model: &Model, what: What, folder: &Path, force: bool) -> spherec::Result<Vec<PathBuf>> {
    Ok(export(model, &ExportOptions { what, ..PLAIN }, folder, force)?.paths)
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
    // Rows of any length.
    model.embeddings.geometry = Geometry::Dot;
    let odd = [-0.0, 1.0, 1e-45, -3.4028235e17, 0.1, 1.0 / 3.0, 1e-7, 123456.79];
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
        let paths = export(&model, &options, &folder, false).unwrap().paths;
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

/// Ids and labels that a reader could take for quotes, formulas or more cells.
const TRICKY: [&str; 9] =
    ["\"=1+1\"", "\"open", "7\" single", "\"\"", "a\tb\nc\r", "\\x22", "=1+1", "\u{1b}[31m", "plain"];

#[test]
fn metadata_reads_alike_for_those_who_know_quotes_and_those_who_split_at_tabs() {
    let mut ids = IdTable::default();
    TRICKY.iter().for_each(|id| assert!(ids.intern(id.as_bytes()) < 9));
    let names: Vec<String> = TRICKY.map(str::to_owned).to_vec();
    let groups: Vec<Option<u32>> = (0..9).map(|row| Some(8 - row)).collect();
    let columns = [LabelColumn { name: "\"label".to_owned(), groups, names }];
    let model = model(ids.clone(), ids, 4, &[(0, 0)], 1);
    for (format, csv_safe) in
        [(ExportFormat::Tsv, false), (ExportFormat::Tsv, true), (ExportFormat::Projector, true)]
    {
        let place = TempDir::new().unwrap();
        let options = ExportOptions { format, csv_safe, labels: &columns, ..PLAIN };
        export(&model, &options, place.path(), false).unwrap();
        let name = if format == ExportFormat::Tsv { "items-metadata.tsv" } else { "metadata.tsv" };
        let text = fs::read_to_string(place.path().join(name)).unwrap();
        let split: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.delimiter(b'\t').has_headers(false).from_reader(text.as_bytes());
        let quoted: Vec<csv::StringRecord> = reader.into_records().map(Result::unwrap).collect();
        assert_eq!(quoted.iter().map(|row| row.iter().collect::<Vec<_>>()).collect::<Vec<_>>(), split);
        assert_eq!((split.len(), split[0][1]), (10, "\\x22label"));
        for (row, id) in TRICKY.iter().enumerate() {
            for cell in [split[1 + row][0], split[9 - row][1]] {
                let bare = if csv_safe { cell.strip_prefix('\'').unwrap_or(cell) } else { cell };
                assert_eq!(Vec::unescape_bytes(bare), id.as_bytes());
                let is_formula = cell.trim_start_matches('"').starts_with(['=', '+', '-', '@']);
                assert!(!(csv_safe && is_formula), "{cell}");
                assert!(!cell.chars().any(char::is_control), "{cell}");
            }
        }
    }
}

#[test]
fn ids_and_labels_of_a_csv_file_are_single_lines_without_escapes() {
    let place = TempDir::new().unwrap();
    let mut columns = [labels("two\nlines")];
    columns[0].names = vec!["\u{1b}[31mred".to_owned(), "a\nb\\".to_owned()];
    let options = ExportOptions { format: ExportFormat::Csv, labels: &columns, ..PLAIN };
    export(&odd_model(), &options, place.path(), false).unwrap();
    let text = fs::read_to_string(place.path().join("items.csv")).unwrap();
    assert!(text.starts_with("id,two\\nlines,d0,"), "{text}");
    assert!(text.contains(",\\x1B[31mred,") && text.contains(",a\\nb\\\\,"), "{text}");
    assert_eq!(text.lines().count(), 15);
    assert!(!text.replace('\n', "").chars().any(char::is_control), "{text}");
}

#[test]
fn a_table_without_rows_is_not_exported() {
    let place = TempDir::new().unwrap();
    let mut empty = model(IdTable::default(), IdTable::default(), 4, &[], 1);
    // As a folder can claim.
    empty.embeddings.dim = 1 << 61;
    for format in [ExportFormat::Tsv, ExportFormat::Csv, ExportFormat::Npy] {
        let options = ExportOptions { format, what: What::Both, ..PLAIN };
        let error = export(&empty, &options, place.path(), false).unwrap_err().to_string();
        assert!(error.contains("has no users"), "{error}");
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn the_files_of_an_export_are_known_before() {
    let place = TempDir::new().unwrap();
    for what in [What::Users, What::Items, What::Both] {
        for format in
            [ExportFormat::Tsv, ExportFormat::Csv, ExportFormat::Safetensors, ExportFormat::Projector]
        {
            let options = ExportOptions { what, format, ..PLAIN };
            let exported = export(&odd_model(), &options, place.path(), true).unwrap();
            assert_eq!(exported.paths, exported_paths(what, format, place.path()));
        }
    }
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
    for (text, part) in [("", "empty"), ("id,label\n", "items"), ("z,x\n", "items"), ("a,\n", "items")] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains("labels.csv: ") && error.contains(part), "{text:?}: {error}");
    }
    // One stray quote does not swallow the lines up to the next one.
    let error = read("a,x\nb,\"y\nc,\"z\n").unwrap_err().to_string();
    assert!(error.contains("labels.csv:2: ") && error.contains("quote"), "{error}");
}

/// Twenty users and two hundred items in random directions (on the sphere), within the ball, or anywhere, with a random
/// bias.
fn random_model(geometry: Geometry) -> Model {
    let ids = |count: usize| {
        let mut ids = IdTable::default();
        for at in 0..count {
            ids.intern(at.to_string().as_bytes());
        }
        ids
    };
    let mut model = model(ids(20), ids(200), 6, &[(0, 0)], 1);
    let points = |count: usize, seed| {
        let mut rows = numbers(count * 6, seed);
        // Some of them reach the ball's border.
        if geometry == Geometry::Ball {
            rows.iter_mut().for_each(|x| *x *= 0.7);
        }
        rows.chunks_mut(6).for_each(|row| geometry.to_point(row));
        rows
    };
    let embeddings = &mut model.embeddings;
    embeddings.geometry = geometry;
    (embeddings.users, embeddings.items) = (points(20, 1), points(200, 2));
    embeddings.item_bias = numbers(200, 3);
    model.popularity = 0.6;
    model
}

/// Whether ranking `items` for each of `users` by `key`, lowest first, ranks them by the score, too: equal up
/// to the rounding of f32.
fn ranks_as_the_model(
    model: &Model,
    popularity: f64,
    users: &[Vec<f32>],
    items: &[Vec<f32>],
    key: fn(&[f32], &[f32]) -> f64,
) -> bool {
    let embeddings = &model.embeddings;
    (0..users.len()).all(|user| {
        let score = |item: usize| {
            let pairs = embeddings.user(user as u32).iter().zip(embeddings.item(item as u32));
            let dot: f64 = pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            let near = match embeddings.geometry {
                Geometry::Ball => -0.5 * distance(embeddings.user(user as u32), embeddings.item(item as u32)),
                _ => dot,
            };
            near + popularity * embeddings.item_bias.get(item).map_or(0.0, |&bias| f64::from(bias))
        };
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.sort_by(|&a, &b| key(&users[user], &items[a]).total_cmp(&key(&users[user], &items[b])));
        order.len() == 200 && order.windows(2).all(|pair| score(pair[0]) >= score(pair[1]) - 1e-6)
    })
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
}

fn minus_product(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| -f64::from(a) * f64::from(b)).sum()
}

#[test]
fn stores_rank_exactly_as_a_model_with_a_bias_does() {
    let place = TempDir::new().unwrap();
    type Key = fn(&[f32], &[f32]) -> f64;
    let (l2, ip): ((Metric, Key), (Metric, Key)) =
        ((Metric::L2, distance), (Metric::InnerProduct, minus_product));
    for (geometry, metric, (expected, key)) in [
        (Geometry::Sphere, Some(Metric::L2), l2),
        (Geometry::Sphere, None, l2),
        (Geometry::Sphere, Some(Metric::InnerProduct), ip),
        (Geometry::Ball, Some(Metric::L2), l2),
        (Geometry::Ball, None, l2),
        (Geometry::Ball, Some(Metric::InnerProduct), ip),
        (Geometry::Dot, Some(Metric::InnerProduct), ip),
        (Geometry::Dot, None, ip),
    ] {
        let model = random_model(geometry);
        for popularity in [None, Some(0.0), Some(0.25), Some(1.0)] {
            let options = ExportOptions { what: What::Both, metric, popularity, ..PLAIN };
            let exported = export(&model, &options, place.path(), true).unwrap();
            assert_eq!((exported.dim, exported.metric), (7, Some(expected)));
            let [users, items] = ["users.tsv", "items.tsv"].map(|name| read_rows(&place.path().join(name)));
            let dial = popularity.unwrap_or(0.6);
            let ranks = |dial| ranks_as_the_model(&model, dial, &users, &items, key);
            assert!(ranks(dial), "{geometry:?} {metric:?} {popularity:?}");
            // The comparison can fail: at another dial the order is another.
            assert!(!ranks(dial - 0.1), "{geometry:?} {metric:?} {popularity:?}");
            // All but the last coordinate is the point.
            let point = &model.embeddings.item(7);
            assert_eq!(items[7][..6], point[..]);
        }
    }
}

#[test]
fn without_a_bias_nothing_is_added_and_inner_products_have_no_distances() {
    let place = TempDir::new().unwrap();
    let mut model = random_model(Geometry::Sphere);
    model.embeddings.item_bias.clear();
    for metric in [None, Some(Metric::L2), Some(Metric::InnerProduct)] {
        let exported = export(&model, &ExportOptions { metric, ..PLAIN }, place.path(), true).unwrap();
        assert_eq!((exported.dim, exported.metric), (6, None));
        let rows = read_rows(&place.path().join("items.tsv"));
        assert_eq!(rows.concat(), model.embeddings.items);
    }
    model.embeddings.geometry = Geometry::Dot;
    let exported = export(&model, &PLAIN, place.path(), true).unwrap();
    assert_eq!((exported.dim, exported.metric), (6, Some(Metric::InnerProduct)));
    let mut biased = random_model(Geometry::Dot);
    for model in [&model, &biased] {
        let options = ExportOptions { metric: Some(Metric::L2), ..PLAIN };
        let error = export(model, &options, place.path(), true).unwrap_err().to_string();
        assert!(error.starts_with("--metric ") && error.contains("ip") && error.contains("dot"), "{error}");
    }
    let error = |model: &Model, popularity| {
        let options = ExportOptions { popularity, ..PLAIN };
        export(model, &options, place.path(), true).unwrap_err().to_string()
    };
    assert!(error(&biased, Some(2.0)).starts_with("--popularity "));
    biased.embeddings.item_bias.truncate(199);
    assert!(error(&biased, None).contains("199 numbers"));
}

#[test]
fn stores_rank_as_the_ball_does_without_a_bias() {
    let place = TempDir::new().unwrap();
    let mut model = random_model(Geometry::Ball);
    model.embeddings.item_bias.clear();
    type Key = fn(&[f32], &[f32]) -> f64;
    for (asked, dim, metric, key, other) in [
        (None, 6, Metric::L2, distance as Key, minus_product as Key),
        (Some(Metric::L2), 6, Metric::L2, distance, minus_product),
        (Some(Metric::InnerProduct), 7, Metric::InnerProduct, minus_product, distance),
    ] {
        let options = ExportOptions { what: What::Both, metric: asked, ..PLAIN };
        let exported = export(&model, &options, place.path(), true).unwrap();
        assert_eq!((exported.dim, exported.metric), (dim, Some(metric)));
        let [users, items] = ["users.tsv", "items.tsv"].map(|name| read_rows(&place.path().join(name)));
        assert!(ranks_as_the_model(&model, 1.0, &users, &items, key), "{asked:?}");
        assert!(!ranks_as_the_model(&model, 1.0, &users, &items, other), "{asked:?}");
        assert_eq!(items[7][..6], model.embeddings.item(7)[..]);
    }
}

#[test]
fn every_form_has_the_further_coordinate() {
    let place = TempDir::new().unwrap();
    let model = biased_model(Geometry::Sphere);
    for format in [ExportFormat::Npy, ExportFormat::Safetensors, ExportFormat::Csv, ExportFormat::Projector] {
        export(&model, &ExportOptions { format, what: What::Both, ..PLAIN }, place.path(), true).unwrap();
    }
    let read = |name: &str| fs::read(place.path().join(name)).unwrap();
    let text = |name: &str| String::from_utf8_lossy(&read(name)).into_owned();
    assert!(text("items.npy").contains("'shape': (14, 5)"));
    assert_eq!(read("items.npy").len() % 64, 14 * 5 * 4 % 64);
    assert!(text("users.safetensors").contains("\"shape\":[14,5]"));
    assert!(text("items.csv").starts_with("id,d0,d1,d2,d3,d4\n"));
    let config: serde_json::Value = serde_json::from_str(&text("config.json")).unwrap();
    assert_eq!(config["embeddings"][0]["tensorShape"], serde_json::json!([28, 5]));
    let rows = read_rows(&place.path().join("tensors.tsv"));
    assert_eq!((rows.len(), rows[0].len(), rows[27].len(), rows[27][4]), (28, 5, 5, 0.0));
    // The item of the greatest bias touches the sphere; the others stand over it.
    let bias = &model.embeddings.item_bias;
    let lowest = (0..14).max_by(|&a, &b| bias[a].total_cmp(&bias[b])).unwrap();
    assert!((0..14).all(|item| (rows[item][4] == 0.0) == (item == lowest)), "{rows:?}");
}
