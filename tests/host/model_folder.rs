//! The model folder: round trips, and what happens to files that already exist.

use proptest::prelude::*;
use serde_json::json;
use spherec::Error;
use spherec::data::{IdTable, Interactions, Side, Split};
use spherec::model::{Embeddings, Known, Model, Network, Record, check_output};
use spherec::step::Geometry;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const ODD_IDS: [&[u8]; 14] = [
    b"",
    b" ",
    b"\\",
    b"\\n",
    b"\n",
    b"\r",
    b"\r\n",
    b"a\tb",
    b"\0",
    b"393\xdf704064",
    b"\\x41",
    b"A",
    "\u{2028}\u{85}\u{fffd}".as_bytes(),
    b"\xff\xfe",
];

fn table(ids: impl IntoIterator<Item = Vec<u8>>) -> IdTable {
    let mut table = IdTable::default();
    ids.into_iter().for_each(|id| {
        table.intern(&id);
    });
    table
}

pub(crate) fn model(users: IdTable, items: IdTable, dim: usize, pairs: &[(u32, u32)], seed: u32) -> Model {
    let (user_count, item_count) = (users.len(), items.len());
    let number = |at: usize| (((at as u32 + 1).wrapping_mul(2_654_435_761) ^ seed) as f32) / 4e9 - 0.5;
    let part = |which: usize| {
        let own: Vec<_> =
            pairs.iter().copied().filter(|(user, item)| (user + item) as usize % 3 == which).collect();
        Interactions::from_pairs(user_count, item_count, &own)
    };
    let config = json!({"dim": dim, "learning_rate": 1e-3, "name": "a \"b\"", "third": 0.1 + 0.2});
    let unit_rows = |count: usize, first: usize| {
        let mut rows: Vec<f32> = (first..first + count * dim).map(number).collect();
        rows.chunks_mut(dim).for_each(|row| Geometry::Sphere.to_point(row));
        rows
    };
    Model {
        embeddings: Embeddings {
            dim,
            users: unit_rows(user_count, 0),
            items: unit_rows(item_count, 7_000_000),
            ..Embeddings::default()
        },
        popularity: 1.0,
        users,
        items,
        split: Split { train: part(0).into(), valid: part(1), test: part(2) },
        record: Record {
            config,
            data: json!({"train": "a.csv", "options": {"min-rating": 4.0}}),
            metrics: json!({"map": 0.0481}),
            adapter: "llvmpipe (LLVM)".into(),
            ..Record::default()
        },
        ..Model::default()
    }
}

pub(crate) fn odd_model() -> Model {
    let ids = || table(ODD_IDS.map(<[u8]>::to_vec));
    model(ids(), ids(), 4, &[(0, 0), (0, 1), (0, 2), (3, 9), (3, 10), (13, 13), (13, 12)], 1)
}

/// [`odd_model`] with an item bias, of which three quarters count, and as `geometry` says.
pub(crate) fn biased_model(geometry: Geometry) -> Model {
    let mut model = odd_model();
    model.embeddings.geometry = geometry;
    let Embeddings { dim, users, items, .. } = &mut model.embeddings;
    // Rows of the ball are not longer than 1; the others stay as they are.
    if geometry == Geometry::Ball {
        users.chunks_mut(*dim).chain(items.chunks_mut(*dim)).for_each(|row| geometry.to_point(row));
    }
    model.embeddings.item_bias = (0..14).map(|item| (item as f32 * 0.37).sin()).collect();
    model.popularity = 0.75;
    model
}

/// `model` with networks that project features of items and of users, and with cold ones of both.
pub(crate) fn with_features(mut model: Model) -> Model {
    let dim = model.embeddings.dim;
    let number = |at: usize| (at as f32 * 0.77).cos();
    for (side, hidden, names, cold) in [
        (Side::Items, 4, vec!["tag", "a\nb", "caf\u{e9}"], vec![&b"new"[..], b"\xff \\", b"cold, too"]),
        // Linear.
        (Side::Users, 0, vec!["old"], vec![b"new"]),
    ] {
        let ids = |ids: Vec<&[u8]>| table(ids.into_iter().map(<[u8]>::to_vec));
        let names = ids(names.iter().map(|name| name.as_bytes()).collect());
        model.embeddings.networks.push(Network {
            side,
            hidden,
            dim,
            input: (0..(names.len() + 1) * if hidden == 0 { dim } else { hidden }).map(number).collect(),
            output: (0..if hidden == 0 { 0 } else { (hidden + 1) * dim })
                .map(|at| 0.3 * number(100 + at))
                .collect(),
        });
        let mut cold_points: Vec<f32> = (0..cold.len() * dim).map(|at| number(300 + at)).collect();
        cold_points.chunks_mut(dim).for_each(|row| Geometry::Sphere.to_point(row));
        model.features.push(Known { side, names, cold_ids: ids(cold), cold_points });
    }
    model
}

fn assert_same(left: &Model, right: &Model) {
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(left.embeddings.dim, right.embeddings.dim);
    assert_eq!(bits(&left.embeddings.users), bits(&right.embeddings.users));
    assert_eq!(bits(&left.embeddings.items), bits(&right.embeddings.items));
    assert_eq!(bits(&left.embeddings.item_bias), bits(&right.embeddings.item_bias));
    assert_eq!(left.embeddings.geometry, right.embeddings.geometry);
    assert_eq!(left.popularity.to_bits(), right.popularity.to_bits());
    for (left, right) in [(&left.users, &right.users), (&left.items, &right.items)] {
        assert_eq!(left.len(), right.len());
        for row in 0..left.len() as u32 {
            assert_eq!(left.bytes(row), right.bytes(row));
            assert_eq!(right.find(left.bytes(row)), Some(row));
        }
    }
    assert_eq!(left.split.train, right.split.train);
    assert_eq!(left.split.valid, right.split.valid);
    assert_eq!(left.split.test, right.split.test);
    assert_eq!(left.record, right.record);
    assert_eq!(left.embeddings.networks.len(), right.embeddings.networks.len());
    for (left, right) in left.embeddings.networks.iter().zip(&right.embeddings.networks) {
        assert_eq!((left.side, left.hidden, left.dim), (right.side, right.hidden, right.dim));
        assert_eq!((bits(&left.input), bits(&left.output)), (bits(&right.input), bits(&right.output)));
    }
    assert_eq!(left.features.len(), right.features.len());
    for (left, right) in left.features.iter().zip(&right.features) {
        assert_eq!((left.side, &left.names, &left.cold_ids), (right.side, &right.names, &right.cold_ids));
        assert_eq!(bits(&left.cold_points), bits(&right.cold_points));
    }
}

/// The files of a model with features of both sides, beside those of any model.
pub(crate) const OF_FEATURES: [&str; 6] = [
    "item_features.txt",
    "cold_items.txt",
    "cold_items.safetensors",
    "user_features.txt",
    "cold_users.txt",
    "cold_users.safetensors",
];

#[test]
fn features_come_back_and_go_with_their_model() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("model");
    odd_model().save(&folder, &[]).unwrap();
    // A file of the user's that a model without features does not own.
    fs::write(folder.join("cold_items.txt"), "mine").unwrap();
    let has = |name: &&str| folder.join(name).exists();
    for geometry in [Geometry::Sphere, Geometry::Ball, Geometry::Dot] {
        let model = with_features(biased_model(geometry));
        model.save(&folder, &[("metrics.csv", b"")]).unwrap();
        assert_same(&model, &Model::load(&folder).unwrap());
        assert!(OF_FEATURES.iter().all(has));
    }
    assert_eq!(fs::read_to_string(folder.join("cold_items.txt.1")).unwrap(), "mine");
    // Features of one side alone.
    let mut model = with_features(odd_model());
    model.features.remove(0);
    model.embeddings.networks.remove(0);
    model.save(&folder, &[]).unwrap();
    assert_same(&model, &Model::load(&folder).unwrap());
    assert!(!OF_FEATURES[..3].iter().any(has) && OF_FEATURES[3..].iter().all(has));
    odd_model().save(&folder, &[]).unwrap();
    assert!(!OF_FEATURES.iter().any(has));
    assert_eq!(names(place.path()), ["model"]);
}

#[test]
fn features_that_do_not_fit_are_not_saved() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("model");
    let whole = with_features(odd_model());
    whole.save(&folder, &[]).unwrap();
    type Change = fn(&mut Model);
    let together = "the network and the features of the items do not fit together";
    let changes: [(&str, Change); 15] = [
        ("the cold item in row 1 column 2 is NaN", |model| model.features[0].cold_points[6] = f32::NAN),
        ("the cold user in row 0 has length 0.0", |model| model.features[1].cold_points.fill(0.0)),
        ("the cold item in row 3 was there in training, too", |model| {
            model.features[0].cold_ids.intern(b"A");
            model.features[0].cold_points.extend([1.0, 0.0, 0.0, 0.0]);
        }),
        ("cold items and their points do not fit", |model| {
            model.features[0].cold_ids.intern(b"one more");
        }),
        ("cold users and their points do not fit", |model| model.features[1].cold_points.truncate(3)),
        (together, |model| {
            model.features[0].names.intern(b"one more");
        }),
        (together, |model| model.embeddings.networks[0].output.truncate(19)),
        (together, |model| model.embeddings.networks[0].dim = 8),
        (together, |model| drop(model.features.remove(0))),
        ("features without a network", |model| drop(model.embeddings.networks.remove(0))),
        ("`item_features.input` row 3 column 1 is NaN", |model| {
            model.embeddings.networks[0].input[13] = f32::NAN;
        }),
        ("`item_features.output` row 0 column 0 is inf", |model| {
            model.embeddings.networks[0].output[0] = f32::INFINITY;
        }),
        ("`user_features.input` row 1 column 2 is inf", |model| {
            model.embeddings.networks[1].input[6] = f32::INFINITY;
        }),
        ("the network and the features of the users do not fit", |model| {
            model.embeddings.networks[1].output.push(0.0);
        }),
        ("the network and the features of the users do not fit", |model| {
            model.embeddings.networks[1].input.push(0.0);
        }),
    ];
    for (expected, change) in changes {
        let mut model = whole.clone();
        change(&mut model);
        let error = model.save(&folder, &[]).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected:?} is not in {error:?}");
    }
    assert_same(&whole, &Model::load(&folder).unwrap());
}

/// The names in `folder`, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_model_comes_back_as_it_was() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("not/yet/model");
    let model = odd_model();
    assert!(!model.split.train.is_empty() && !model.split.valid.is_empty() && !model.split.test.is_empty());
    model.save(&folder, &[("metrics.jsonl", b"{}\n"), ("metrics.csv", b"")]).unwrap();
    assert_same(&model, &Model::load(&folder).unwrap());
    assert_eq!(
        names(&folder),
        [
            "SHA256SUMS",
            "interactions.safetensors",
            "items.txt",
            "metrics.csv",
            "metrics.jsonl",
            "model.json",
            "model.safetensors",
            "users.txt"
        ]
    );
    assert_eq!(fs::read(folder.join("metrics.jsonl")).unwrap(), b"{}\n");
    assert_eq!(names(folder.parent().unwrap()), ["model"], "nothing temporary is left");
    let text = fs::read_to_string(folder.join("users.txt")).unwrap();
    assert_eq!(text.lines().count(), ODD_IDS.len());
}

#[test]
fn the_item_bias_and_the_geometry_come_back_and_only_a_bias_has_a_popularity() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("model");
    let manifest = || -> serde_json::Value {
        serde_json::from_slice(&fs::read(folder.join("model.json")).unwrap()).unwrap()
    };
    for (geometry, name) in [(Geometry::Sphere, "sphere"), (Geometry::Ball, "ball"), (Geometry::Dot, "dot")] {
        let model = biased_model(geometry);
        model.save(&folder, &[]).unwrap();
        assert_same(&model, &Model::load(&folder).unwrap());
        assert_eq!((&manifest()["geometry"], &manifest()["popularity"]), (&json!(name), &json!(0.75)));
    }
    let mut outside = biased_model(Geometry::Ball);
    outside.embeddings.users[..4].copy_from_slice(&[0.0, 1.2, 0.0, 0.0]);
    let error = outside.save(&folder, &[]).unwrap_err().to_string();
    assert!(
        error.contains("`users` row 0 has length 1.2") && error.contains("at most 1 in the ball"),
        "{error}"
    );
    odd_model().save(&folder, &[]).unwrap();
    assert_eq!(manifest().get("popularity"), None);
    let tables = fs::read(folder.join("model.safetensors")).unwrap();
    assert!(!String::from_utf8_lossy(&tables).contains("item_bias"));
}

#[cfg(unix)]
#[test]
fn every_file_has_the_permissions_of_an_ordinary_one() {
    use std::os::unix::fs::PermissionsExt;
    let place = TempDir::new().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (file, folder) = (place.path().join("file"), place.path().join("folder"));
    fs::write(&file, "").unwrap();
    fs::create_dir(&folder).unwrap();
    let saved = place.path().join("model");
    odd_model().save(&saved, &[]).unwrap();
    assert_eq!(mode(&saved), mode(&folder));
    for name in names(&saved) {
        assert_eq!(mode(&saved.join(&name)), mode(&file), "{name}");
    }
}

#[test]
fn saving_again_replaces_the_model_and_keeps_what_others_put_there() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("model");
    let (old, new) = (odd_model(), model(table([b"u".to_vec()]), table([b"i".to_vec()]), 8, &[(0, 0)], 2));
    old.save(&folder, &[("metrics.jsonl", b"old")]).unwrap();
    fs::write(folder.join("notes.txt"), "mine").unwrap();
    fs::write(folder.join("metrics.csv"), "mine too").unwrap();
    fs::create_dir(folder.join("export")).unwrap();
    fs::write(folder.join("export/items.tsv"), "1\n").unwrap();
    new.save(&folder, &[("metrics.csv", b"new")]).unwrap();
    assert_same(&new, &Model::load(&folder).unwrap());
    assert!(!folder.join("metrics.jsonl").exists(), "the old model's log went with it");
    for (name, text) in [
        ("notes.txt", "mine"),
        ("metrics.csv", "new"),
        ("metrics.csv.1", "mine too"),
        ("export/items.tsv", "1\n"),
    ] {
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), text, "{name}");
    }
    assert_eq!(names(place.path()), ["model"]);
}

/// A hostile model must not make a training delete what is the user's.
#[test]
fn only_files_of_a_model_are_replaced_whatever_its_checksums_name() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("model");
    odd_model().save(&folder, &[]).unwrap();
    fs::write(folder.join("thesis.tex"), "mine").unwrap();
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    for name in ["thesis.tex", "../model/thesis.tex", "metrics.csv/"] {
        fs::write(folder.join("SHA256SUMS"), format!("{sums}{}  {name}\n", "0".repeat(64))).unwrap();
        for error in [check_output(&folder).unwrap_err(), odd_model().save(&folder, &[]).unwrap_err()] {
            let error = error.to_string();
            assert!(error.contains(&format!("`{name}` is no file that belongs here")), "{error}");
        }
        assert_eq!(fs::read_to_string(folder.join("thesis.tex")).unwrap(), "mine");
    }
    // A folder in the place of a log.
    fs::write(folder.join("SHA256SUMS"), format!("{sums}{}  metrics.csv\n", "0".repeat(64))).unwrap();
    fs::create_dir(folder.join("metrics.csv")).unwrap();
    fs::write(folder.join("metrics.csv/thesis.tex"), "mine").unwrap();
    for error in [check_output(&folder).unwrap_err(), odd_model().save(&folder, &[]).unwrap_err()] {
        assert!(error.to_string().contains("metrics.csv in it is not a regular file"), "{error}");
    }
    assert_eq!(fs::read_to_string(folder.join("metrics.csv/thesis.tex")).unwrap(), "mine");
}

#[test]
fn sha256sum_checks_a_model() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("model");
    odd_model().save(&folder, &[("metrics.jsonl", b"{}\n")]).unwrap();
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    let mut named: Vec<&str> = sums.lines().map(|line| &line[66..]).collect();
    named.push("SHA256SUMS");
    named.sort_unstable();
    assert_eq!(named, names(&folder), "every file has a checksum");
    let mut check = std::process::Command::new("sha256sum");
    match check.args(["--strict", "-c", "SHA256SUMS"]).current_dir(&folder).output() {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        // Not every system has the program.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
    }
}

#[test]
fn a_model_that_does_not_fit_together_is_not_saved() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("model");
    odd_model().save(&folder, &[]).unwrap();
    type Change = fn(&mut Model);
    let changes: [(&str, Change); 12] = [
        ("row 1 column 2 is NaN", |model| model.embeddings.users[6] = f32::NAN),
        ("`items` row 0 column 0 is inf", |model| model.embeddings.items[0] = f32::INFINITY),
        ("`users` row 2 has length 463262", |model| {
            model.embeddings.users[8..12].copy_from_slice(&[463_262.0, 0.0, 0.0, 0.0]);
        }),
        ("`items` row 13 has length 0.0,", |model| model.embeddings.items[52..].fill(0.0)),
        ("`items` row 1 has length 2e18", |model| {
            model.embeddings.geometry = Geometry::Dot;
            model.embeddings.items[4..8].fill(1e18);
        }),
        ("are not 14 rows of dimension 4", |model| model.embeddings.users.truncate(55)),
        ("15 rows", |model| {
            model.items.intern(b"one more");
        }),
        ("dimension 0", |model| model.embeddings = Embeddings::default()),
        ("item bias has 13 numbers, but there are 14 items", |model| {
            model.embeddings.item_bias = vec![0.0; 13];
        }),
        ("`item_bias` row 3 column 0 is NaN", |model| {
            model.embeddings.item_bias = vec![0.0; 14];
            model.embeddings.item_bias[3] = f32::NAN;
        }),
        ("--popularity must be from 0 to 1, but is 1.5", |model| model.popularity = 1.5),
        ("the valid part", |model| model.split.valid = Interactions::default()),
    ];
    for (expected, change) in changes {
        let mut model = odd_model();
        change(&mut model);
        let error = model.save(&folder, &[]).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected:?} is not in {error:?}");
    }
    for name in ["model.json", "users.txt", "notes.txt", "../x", "a/b", "", ".", "/etc/x", "a/"] {
        assert!(odd_model().save(&folder, &[(name, b"")]).is_err(), "{name:?}");
    }
    assert_same(&odd_model(), &Model::load(&folder).unwrap());
    assert_eq!(names(place.path()), ["model"]);
}

#[test]
fn a_save_that_fails_leaves_what_was_there() {
    let place = TempDir::new().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "mine").unwrap();
    let foreign = place.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("thesis.tex"), "mine").unwrap();

    assert!(odd_model().save(&file.join("model"), &[]).is_err());
    for (folder, kept) in [(&file, &file), (&foreign, &foreign.join("thesis.tex"))] {
        // The new model is not lost either, and one that was kept before is not replaced.
        let name = folder.file_name().unwrap().to_str().unwrap();
        for saved in [format!("{name}.saved"), format!("{name}.saved.1")] {
            let error = odd_model().save(folder, &[]).unwrap_err();
            assert!(error.to_string().contains("not a spherec model"), "{error}");
            let Error::Kept { path, .. } = error else { panic!("{error:?}") };
            assert_eq!(path.file_name().unwrap(), &*saved);
            assert_same(&odd_model(), &Model::load(&path).unwrap());
        }
        assert_eq!(fs::read_to_string(kept).unwrap(), "mine");
    }
    let all = ["file", "file.saved", "file.saved.1", "foreign", "foreign.saved", "foreign.saved.1"];
    assert_eq!(names(place.path()), all);
}

#[test]
fn an_output_folder_is_judged_before_the_training() {
    let place = TempDir::new().unwrap();
    let at = |name: &str| place.path().join(name);
    let refused = |name: &str, expected: &str| {
        let error = check_output(&at(name)).unwrap_err();
        assert!(matches!(error, Error::File { .. } | Error::Io { .. }), "{error:?}");
        let error = error.to_string();
        assert!(error.contains(expected), "{name}: {expected:?} is not in {error:?}");
        assert!(error.contains(&*at(name.split('/').next().unwrap()).to_string_lossy()), "{error}");
    };
    fs::write(at("file"), "").unwrap();
    for name in ["empty", "foreign", "broken", "other", "newer"] {
        fs::create_dir(at(name)).unwrap();
    }
    fs::write(at("foreign/thesis.tex"), "").unwrap();
    fs::write(at("broken/model.json"), "{").unwrap();
    fs::write(at("other/model.json"), "{\"format\": \"keras\"}").unwrap();
    fs::write(at("newer/model.json"), "{\"format\": \"spherec-model\", \"format_version\": 2}").unwrap();
    odd_model().save(&at("model"), &[]).unwrap();

    for name in ["new", "new/in/new", "empty", "model", "model/", "empty/inside"] {
        check_output(&at(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    refused("file", "exists and is not a folder");
    refused("file/model", "cannot use");
    refused("foreign", "has no model.json");
    refused("broken", "is not JSON");
    refused("other", "is not a spherec model");
    refused("newer", "format version 2");
    assert!(check_output(Path::new("/")).is_err());
    assert!(check_output(Path::new(".")).is_err());
    assert_eq!(names(place.path()), ["broken", "empty", "file", "foreign", "model", "newer", "other"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_that_takes_no_files_is_refused() {
    // Nobody, not even root, can create a file in /proc.
    let error = check_output(Path::new("/proc/model")).unwrap_err().to_string();
    assert!(error.contains("cannot write in"), "{error}");
}

#[cfg(unix)]
#[test]
fn links_to_a_model_stay_links() {
    let place = TempDir::new().unwrap();
    let (folder, link) = (place.path().join("model"), place.path().join("link"));
    odd_model().save(&folder, &[]).unwrap();
    std::os::unix::fs::symlink(&folder, &link).unwrap();
    odd_model().save(&link, &[]).unwrap();
    assert!(link.is_symlink() && folder.is_dir());
    fs::remove_dir_all(&folder).unwrap();
    assert!(check_output(&link).is_err(), "a link to nothing");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_model_comes_back_as_it_was(
        users in prop::collection::hash_set(prop::collection::vec(any::<u8>(), 0..6), 1..9),
        items in prop::collection::hash_set("[\\\\nrtx0-9 \t\n]{0,5}", 1..9),
        dim in 1usize..9,
        raw_pairs in prop::collection::vec((any::<u32>(), any::<u32>()), 0..40),
        seed in any::<u32>(),
        bias in prop::option::of(0f64..=1.0),
    ) {
        let users = table(users);
        let items = table(items.into_iter().map(String::into_bytes));
        let (user_count, item_count) = (users.len() as u32, items.len() as u32);
        let pairs: Vec<(u32, u32)> =
            raw_pairs.iter().map(|(user, item)| (user % user_count, item % item_count)).collect();
        let mut model = model(users, items, dim, &pairs, seed);
        if let Some(popularity) = bias {
            model.embeddings.item_bias = (0..item_count).map(|item| (item ^ seed) as f32).collect();
            model.popularity = popularity;
        }
        let place = TempDir::new().unwrap();
        let folder = place.path().join("model");
        model.save(&folder, &[]).unwrap();
        assert_same(&model, &Model::load(&folder).unwrap());
    }
}
