//! What the fuzz targets of `fuzz/` do with a case. `tests/host/fuzz_cases.rs` replays the cases in
//! `tests/fuzz_cases/` through the same functions.
//!
//! Each function panics if a promise is broken, and returns whether the case was accepted as a whole file.

use serde_json::{Map, json};
use sha2::{Digest, Sha256};
use spherec::data::{
    self, Column, Dataset, FeatureFormat, FeatureOptions, FeatureValues, FeaturesBy, Format, IdTable,
    Interactions, LoadOptions, MAX_ID_BYTES, OnBadRow, Protocol, Separator, Side, Split,
};
use spherec::experiment::{Cell, Experiment, RESULTS, Repeats, ResultTable, Results, summarise};
use spherec::export::{ExportFormat, ExportOptions, What, export};
use spherec::labels::LabelTable;
use spherec::model::{Embeddings, Model};
use spherec::recommend::{popular, recommend, similar_items, similar_users};
use spherec::sampling::Negatives;
use spherec::step::Geometry;
use spherec::train::TrainConfig;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;

/// Choices, taken from the front of a case. A case that is too short makes the first choice.
struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    fn one_of<T: Clone>(&mut self, values: &[T]) -> T {
        values[usize::from(self.byte()) % values.len()].clone()
    }

    /// The next `count` bytes, or fewer at the end.
    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

/// A file with these bytes. It exists as long as the folder is held.
fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let place = TempDir::new().expect("a temporary folder");
    let path = place.path().join("file");
    fs::write(&path, bytes).expect("a written file");
    (place, path)
}

/// No options but a limit, so that the free memory makes no difference.
fn no_options() -> LoadOptions {
    LoadOptions { max_input_bytes: Some(1 << 20), ..LoadOptions::default() }
}

/// The pairs by their ids.
fn named(dataset: &Dataset) -> BTreeSet<(&[u8], &[u8])> {
    let pairs = dataset.interactions.pairs();
    pairs.map(|(user, item)| (dataset.users.bytes(user), dataset.items.bytes(item))).collect()
}

/// Loads `path`, and checks what was loaded. Nothing if it is refused.
fn load(path: &Path, options: &LoadOptions) -> Option<Dataset> {
    let (dataset, report) = match data::load(path, options) {
        Ok(loaded) => loaded,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    let Dataset { users, items, interactions } = &dataset;
    assert!(!interactions.is_empty());
    assert_eq!((users.len(), items.len()), (interactions.user_count(), interactions.item_count()));
    assert!((0..users.len() as u32).all(|user| !interactions.items_of(user).is_empty()), "an unused user");
    assert!(interactions.item_frequencies().iter().all(|&count| count > 0), "an unused item");
    assert!(users.iter().chain(items.iter()).all(|id| (1..=MAX_ID_BYTES).contains(&id.len())));
    assert_eq!(report.kept.interactions, interactions.len());
    assert_eq!(report.kept.rows - report.duplicate_count, interactions.len());
    Some(dataset)
}

/// A file of interactions in any format.
pub(crate) fn interactions(bytes: &[u8]) -> bool {
    let (_place, path) = file(bytes);
    let loaded = load(&path, &no_options());
    let skip = LoadOptions { on_bad_row: OnBadRow::Skip, ..no_options() };
    let skipped = load(&path, &skip);
    let inspected = data::inspect(&path, &no_options()).ok();
    if let Some(dataset) = &skipped {
        let kept = inspected.expect("what can be loaded can be inspected").report.kept;
        assert_eq!(kept.interactions, dataset.interactions.len());
    }
    if let Some(dataset) = &loaded {
        assert_eq!(named(dataset), named(&skipped.expect("no row is bad")));
    }
    loaded.is_some()
}

/// Bytes that say how to read the text after them.
pub(crate) fn options(bytes: &[u8]) -> bool {
    let mut choices = Choices(bytes);
    let formats =
        [Format::Auto, Format::Delimited, Format::AdjacencyCount, Format::AdjacencyId, Format::JsonLines];
    let format = choices.one_of(&formats);
    let separators = [None, Some(b','), Some(b';'), Some(b'\t'), Some(b' '), Some(b':'), Some(b'"')];
    let separator = match choices.byte() {
        byte @ 0..14 => separators[usize::from(byte) % separators.len()].map(Separator::Byte),
        14..32 => Some(Separator::DoubleColon),
        byte => Some(Separator::Byte(byte)),
    };
    let maybe = [None, Some(false), Some(true)];
    let (header, backslash_escapes) = (choices.one_of(&maybe), choices.one_of(&maybe));
    let [user_column, item_column, rating_column] = [(); 3].map(|()| match choices.byte() {
        0..128 => None,
        byte @ 128..192 => Some(Column::Number(usize::from(byte % 8))),
        byte @ 192..224 => {
            Some(Column::Name(["user", "item", "a", "r\u{e9}"][usize::from(byte % 4)].to_owned()))
        }
        byte => {
            Some(Column::Name(String::from_utf8_lossy(choices.bytes(usize::from(byte % 4))).into_owned()))
        }
    });
    let on_bad_row = choices.one_of(&[OnBadRow::Error, OnBadRow::Skip]);
    let thresholds = [None, Some(0.0), Some(3.5), Some(-1e300), Some(f64::NAN)];
    let (min_rating, min_count) = match choices.byte() {
        byte if byte % 2 == 0 => (thresholds[usize::from(byte / 2) % thresholds.len()], None),
        byte => (None, thresholds[usize::from(byte / 2) % thresholds.len()]),
    };
    let [min_user_interactions, min_item_interactions, k_core] =
        [(); 3].map(|()| choices.one_of(&[None, None, None, Some(0), Some(1), Some(2), Some(usize::MAX)]));
    let is_compressed = choices.byte() % 4 == 3;
    let options = LoadOptions {
        format,
        format_flag: None,
        separator,
        header,
        backslash_escapes,
        user_column,
        item_column,
        rating_column,
        on_bad_row,
        max_input_bytes: no_options().max_input_bytes,
        min_rating,
        min_count,
        min_user_interactions,
        min_item_interactions,
        k_core,
    };
    let (place, path) = file(choices.0);
    let inspected = data::inspect(&path, &options);
    let Some(dataset) = load(&path, &options) else { return false };
    inspected.expect("what can be loaded can be inspected");
    if is_compressed {
        let path = place.path().join("compressed");
        let file = fs::File::create(&path).expect("a new file");
        let mut file = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        file.write_all(choices.0).and_then(|()| file.finish().map(drop)).expect("written");
        let again = load(&path, &options).expect("the same file, compressed");
        assert_eq!((&again.users, &again.items), (&dataset.users, &dataset.items));
        assert_eq!(again.interactions, dataset.interactions);
    }
    // What is written is read back.
    let written = place.path().join("written.csv");
    let parts = [(written.clone(), &dataset.interactions)];
    data::write_parts(&parts, &dataset.users, &dataset.items, false).expect("written");
    let again = load(&written, &no_options()).expect("a file of spherec");
    assert_eq!(named(&again), named(&dataset));
    true
}

/// JSON lines. The first byte says what is read.
pub(crate) fn json_rows(bytes: &[u8]) -> bool {
    let mut choices = Choices(bytes);
    let choice = choices.byte();
    let name = |text: &str| Some(Column::Name(text.to_owned()));
    let is_named = choice & 1 == 1;
    let options = LoadOptions {
        format: Format::JsonLines,
        user_column: name("user").filter(|_| is_named),
        item_column: name("item").filter(|_| is_named),
        min_rating: Some(3.0).filter(|_| choice & 2 == 2),
        on_bad_row: if choice & 4 == 4 { OnBadRow::Skip } else { OnBadRow::Error },
        ..no_options()
    };
    let (_place, path) = file(choices.0);
    let Ok((_, report)) = data::load(&path, &options) else { return false };
    load(&path, &options).expect("as before");
    let text = choices.0.strip_prefix(b"\xef\xbb\xbf").unwrap_or(choices.0);
    if !text.starts_with(b"\x1f\x8b") {
        let lines = text.split(|&byte| byte == b'\n' || byte == b'\r');
        let line_count = lines.filter(|line| !line.trim_ascii().is_empty()).count();
        assert_eq!(report.row_count + report.bad_rows.count, line_count, "a row was lost or made up");
    }
    true
}

/// A Parquet file. Its reader panics on some damaged files; `load` makes that an error.
#[cfg(feature = "parquet")]
pub(crate) fn parquet(bytes: &[u8]) -> bool {
    let (_place, path) = file(bytes);
    let skip = LoadOptions { format: Format::Parquet, on_bad_row: OnBadRow::Skip, ..no_options() };
    let loaded = load(&path, &skip);
    load(&path, &LoadOptions { min_rating: Some(3.0), ..skip });
    loaded.is_some()
}

/// A file of labels for a few items.
pub(crate) fn labels(bytes: &[u8]) -> bool {
    let mut ids = IdTable::default();
    for id in [&b"a"[..], b"b", b"item", b"1", b"\\x41", b"A", b"\xff", b" ", b""] {
        ids.intern(id);
    }
    let (_place, path) = file(bytes);
    let Ok(table) = LabelTable::read(&path, &ids, "item") else { return false };
    assert!(!table.columns.is_empty());
    for column in &table.columns {
        assert_eq!(column.groups.len(), ids.len());
        let labelled = (0..ids.len() as u32).filter(|&row| column.label(row).is_some()).count();
        assert_eq!(labelled, column.labelled_count());
        assert!(column.names.iter().all(|name| !name.is_empty()));
        let mut names = column.names.clone();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), column.names.len(), "a label stands twice");
    }
    true
}

/// A file of features for a few items. The first byte says how it is read.
pub(crate) fn features(bytes: &[u8]) -> bool {
    let mut choices = Choices(bytes);
    let choice = choices.byte();
    let mut ids = IdTable::default();
    for id in [&b"a"[..], b"b", b"item", b"1", b"\\x41", b"A", b"\xff", b" ", b"0"] {
        ids.intern(id);
    }
    let (place, path) = file(choices.0);
    let ids_path = place.path().join("ids");
    fs::write(&ids_path, "a\nnew\nb\n").expect("a written file");
    let options = FeatureOptions {
        by: if choice & 1 == 1 { FeaturesBy::Feature } else { FeaturesBy::Id },
        min_count: if choice & 2 == 2 { 2 } else { 1 },
        on_bad_row: if choice & 4 == 4 { OnBadRow::Skip } else { OnBadRow::Error },
        format: if choice & 8 == 8 { FeatureFormat::AdjacencyId } else { FeatureFormat::Auto },
        separator: Some(Separator::Byte(b'|')).filter(|_| choice & 16 == 16),
        ids: Some(ids_path),
        max_input_bytes: no_options().max_input_bytes,
        ..FeatureOptions::of(Side::Items)
    };
    let (features, report) = match data::read_features(&path, &ids, &options) {
        Ok(read) => read,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return false;
        }
    };
    assert_eq!(features.row_count(), ids.len() + features.new_ids().len());
    assert!(
        (ids.len()..features.row_count()).all(|row| features.has(row as u32)),
        "a new row without features"
    );
    assert!(features.new_ids().iter().all(|id| ids.find(id).is_none()), "an id has two rows");
    let (mut entry_count, mut uses) = (0, vec![0; features.feature_count()]);
    for row in 0..features.row_count() as u32 {
        let mut before = None;
        for (feature, value) in features.row(row).iter() {
            assert!(value.is_finite() && before.is_none_or(|before| before < feature));
            before = Some(feature);
            uses[feature as usize] += 1;
            entry_count += 1;
        }
    }
    assert!(uses.iter().all(|&count| count >= options.min_count), "a rare feature");
    assert_eq!(report.with_count + report.without_count, ids.len());
    if let FeatureValues::Sparse { .. } = features.values() {
        let kept = report.entry_count - report.repeated_count - report.rare_entry_count;
        assert!(
            entry_count <= kept && (report.bad_rows.count > 0 || entry_count == kept),
            "a feature is lost"
        );
    }
    report.bad_rows.count == 0
}

/// The files of a model. The last one has the checksums of the others.
const MODEL_FILES: [&str; 6] =
    ["model.json", "model.safetensors", "interactions.safetensors", "users.txt", "items.txt", "SHA256SUMS"];

/// The files of a whole model, in the order of [`MODEL_FILES`].
fn model_files() -> &'static [Vec<u8>] {
    static FILES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    FILES.get_or_init(|| {
        let ids = |names: [&str; 3]| {
            let mut table = IdTable::default();
            for name in names {
                table.intern(name.as_bytes());
            }
            table
        };
        let part = |pairs: &[(u32, u32)]| Interactions::from_pairs(3, 3, pairs);
        let model = Model {
            embeddings: Embeddings {
                dim: 2,
                geometry: Geometry::Sphere,
                users: vec![1.0, 0.0, 0.0, 1.0, 0.6, -0.8],
                items: vec![0.0, -1.0, 0.8, 0.6, -1.0, 0.0],
                item_bias: vec![0.5, -0.25, 0.0],
                ..Embeddings::default()
            },
            popularity: 0.5,
            users: ids(["u", "v", "\u{1b}w"]),
            items: ids(["x", "=y", "a\tb"]),
            split: Split {
                train: part(&[(0, 0), (1, 2)]).into(),
                valid: part(&[(2, 1)]),
                test: part(&[(0, 1)]),
            },
            ..Model::default()
        };
        let place = TempDir::new().expect("a temporary folder");
        let folder = place.path().join("model");
        model.save(&folder, &[]).expect("a saved model");
        MODEL_FILES.map(|name| fs::read(folder.join(name)).expect("a file of the model")).into()
    })
}

/// `SHA256SUMS` for the other files.
fn checksums(files: &[Vec<u8>]) -> Vec<u8> {
    let mut text = String::new();
    for (name, bytes) in MODEL_FILES.iter().zip(files).take(MODEL_FILES.len() - 1) {
        Sha256::digest(bytes).iter().for_each(|byte| text += &format!("{byte:02x}"));
        text += &format!("  {name}\n");
    }
    text.into_bytes()
}

/// A whole model of which some files are replaced: for each the number of the file, two bytes for the length of
/// the rest, and the bytes. The checksums are made right, unless they are replaced.
pub(crate) fn model(bytes: &[u8]) -> bool {
    let mut choices = Choices(bytes);
    let mut files = model_files().to_vec();
    let mut sums = None;
    while !choices.0.is_empty() {
        let which = usize::from(choices.byte()) % files.len();
        let length = usize::from(u16::from_le_bytes([choices.byte(), choices.byte()]));
        files[which] = choices.bytes(length).to_vec();
        if which == files.len() - 1 {
            sums = files.last().cloned();
        }
    }
    let sums = sums.unwrap_or_else(|| checksums(&files));
    let place = TempDir::new().expect("a temporary folder");
    let folder = place.path().join("model");
    fs::create_dir(&folder).expect("a new folder");
    for (name, bytes) in MODEL_FILES.iter().zip(files.iter().take(MODEL_FILES.len() - 1).chain([&sums])) {
        fs::write(folder.join(name), bytes).expect("a written file");
    }
    let model = match Model::load(&folder) {
        Ok(model) => model,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return false;
        }
    };
    model.check().expect("what was loaded is whole");
    use_model(&model, place.path());
    true
}

/// Does what can be done with a model.
fn use_model(model: &Model, place: &Path) {
    let Model { embeddings, split, .. } = model;
    let rows = |count: usize| (0..count.min(3) as u32).collect::<Vec<u32>>();
    let (users, items) = (rows(model.users.len()), rows(model.items.len()));
    let seen = [split.train.as_ref(), &split.valid];
    let lists = recommend(embeddings, model.popularity, &users, 3, &seen).expect("recommendations");
    for (&user, list) in users.iter().zip(&lists) {
        assert!(list.iter().all(|item| seen.iter().all(|set| !set.contains(user, item.row))));
    }
    similar_items(embeddings, &items, 2).expect("similar items");
    similar_users(embeddings, &users, 2).expect("similar users");
    popular(&split.train, 2, &[0]).expect("popular items");
    for format in [
        ExportFormat::Tsv,
        ExportFormat::Csv,
        ExportFormat::Npy,
        ExportFormat::Safetensors,
        #[cfg(feature = "parquet")]
        ExportFormat::Parquet,
        ExportFormat::Projector,
    ] {
        let options = ExportOptions {
            what: What::Both,
            format,
            labels: &[],
            csv_safe: true,
            metric: None,
            popularity: None,
        };
        export(model, &options, &place.join("export"), true).expect("an export");
    }
    let again = place.join("again");
    model.save(&again, &[]).expect("a saved model");
    let again = Model::load(&again).expect("a whole model");
    assert_eq!((&again.users, &again.items), (&model.users, &model.items));
    assert_eq!(again.embeddings, *embeddings);
    assert_eq!((&again.split.train, &again.split.test), (&split.train, &split.test));
}

fn experiment() -> Experiment {
    let protocol = Protocol::Folds { count: 2, fold: 0, valid_fraction: 0.0 };
    let cell = |count: usize| Cell {
        labels: vec![count.to_string()],
        config: TrainConfig { negatives: Negatives::Uniform { count }, protocol, ..TrainConfig::default() }
            .into(),
    };
    Experiment {
        columns: vec!["negatives".to_owned()],
        cells: vec![cell(1), cell(2)],
        repeats: Repeats::Folds { count: 2, valid_fraction: 0.0 },
        split_seed: 5,
        settings: Map::from_iter([("data".to_owned(), json!("0123"))]),
    }
}

/// The results of an experiment. If the first byte is odd, the right first line comes before the rest.
pub(crate) fn results(bytes: &[u8]) -> bool {
    let mut choices = Choices(bytes);
    let experiment = experiment();
    let place = TempDir::new().expect("a temporary folder");
    let path = place.path().join(RESULTS);
    if choices.byte() % 2 == 1 {
        drop(Results::open(place.path(), &experiment).expect("new results"));
        let mut file = fs::File::options().append(true).open(&path).expect("the results");
        file.write_all(choices.0).expect("written");
    } else {
        fs::write(&path, choices.0).expect("written");
    }
    let results = match Results::open(place.path(), &experiment) {
        Ok(results) => results,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return false;
        }
    };
    let rows = summarise(&experiment, &results);
    let columns = &experiment.columns;
    let table = ResultTable { columns, fold_count: 2, k: 50, seed: 1, protocol: Vec::new(), rows };
    table.text();
    table.markdown();
    table.csv().expect("CSV");
    table.json().expect("JSON");
    // Opening cut off what was no whole line.
    let again = Results::open(place.path(), &experiment).expect("results");
    assert_eq!(again.trials(), results.trials());
    true
}

/// Any ids and pairs are split, written and read back.
pub(crate) fn round_trip(bytes: &[u8]) -> bool {
    let mut choices = Choices(bytes);
    let share = |byte: u8| f64::from(byte) / 256.0;
    let protocol = match choices.byte() % 4 {
        0 => {
            Protocol::Holdout { test_fraction: share(choices.byte()), valid_fraction: share(choices.byte()) }
        }
        1 => Protocol::Folds {
            count: usize::from(choices.byte()),
            fold: usize::from(choices.byte()),
            valid_fraction: share(choices.byte()),
        },
        2 => Protocol::LeaveOneOut { valid: choices.byte() % 2 == 1 },
        _ => Protocol::Files { valid_fraction: share(choices.byte()) },
    };
    let seed = u64::from(choices.byte());
    let mut dataset = Dataset::default();
    let mut pairs = Vec::new();
    while !choices.0.is_empty() {
        let [user, item] = [(); 2].map(|()| {
            let length = 1 + usize::from(choices.byte() % 8);
            choices.bytes(length)
        });
        if !user.is_empty() && !item.is_empty() {
            pairs.push((dataset.users.intern(user), dataset.items.intern(item)));
        }
    }
    dataset.interactions = Interactions::from_pairs(dataset.users.len(), dataset.items.len(), &pairs);
    let Ok(split) = data::split(&dataset.interactions, &protocol, seed) else { return false };
    let parts = [split.train.as_ref(), &split.valid, &split.test];
    let place = TempDir::new().expect("a temporary folder");
    let paths = ["train.csv", "valid.csv", "test.csv"].map(|name| place.path().join(name));
    let files: Vec<(PathBuf, &Interactions)> = paths.iter().cloned().zip(parts).collect();
    data::write_parts(&files, &dataset.users, &dataset.items, false).expect("written");
    let mut seen = BTreeSet::new();
    for (path, part) in files {
        let expected = Dataset { interactions: part.clone(), ..dataset.clone() };
        match load(&path, &no_options()) {
            Some(found) => assert_eq!(named(&found), named(&expected)),
            None => assert!(part.is_empty()),
        }
        for pair in part.pairs() {
            assert!(seen.insert(pair), "a pair is in two parts");
        }
    }
    assert!(seen.into_iter().eq(dataset.interactions.pairs()), "a pair is lost");
    true
}
