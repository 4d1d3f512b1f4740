//! Damaged model folders: each is an error that names the file and what is wrong with it.

use crate::model_folder::{OF_FEATURES, biased_model, model, odd_model, with_features};
use proptest::prelude::*;
use serde_json::json;
use spherec::Error;
use spherec::data::IdTable;
use spherec::model::Model;
use spherec::step::Geometry;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Writes the checksums of the files that are in `folder`.
fn rehash(folder: &Path) {
    use sha2::Digest;
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    let line = |name: &str| {
        let bytes = fs::read(folder.join(name)).unwrap_or_default();
        let hex: String = sha2::Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex}  {name}\n")
    };
    let text: String = sums.lines().map(|old| line(old.split_once("  ").unwrap().1)).collect();
    fs::write(folder.join("SHA256SUMS"), text).unwrap();
}

/// Changes `model.json`, and updates the checksums.
fn edit(folder: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let path = folder.join("model.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut json);
    fs::write(&path, json.to_string()).unwrap();
    rehash(folder);
}

/// Writes the file `name`, and updates the checksums.
fn replace(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    fs::write(folder.join(name), bytes).unwrap();
    rehash(folder);
}

#[test]
fn damage_is_named() {
    type Damage = fn(&Path);
    let cases: [(&str, &str, Damage); 29] = [
        ("users.txt", "cannot read", |f| fs::remove_file(f.join("users.txt")).unwrap()),
        ("model.json", "is missing", |f| fs::remove_file(f.join("model.json")).unwrap()),
        ("model.json", "truncated", |f| fs::write(f.join("model.json"), "{\"format\"").unwrap()),
        ("model.json", "not a spherec model", |f| fs::write(f.join("model.json"), "[]").unwrap()),
        ("model.json", "format version 99", |f| edit(f, |j| j["format_version"] = json!(99))),
        ("model.json", "damaged: missing field `dim`", |f| {
            edit(f, |j| drop(j.as_object_mut().unwrap().remove("dim")))
        }),
        ("model.json", "\"dim\" must be 1 to 1024, but is 0", |f| edit(f, |j| j["dim"] = json!(0))),
        ("SHA256SUMS", "does not name items.txt", |f| {
            let sums = fs::read_to_string(f.join("SHA256SUMS")).unwrap();
            let others = sums.lines().filter(|line| !line.ends_with("items.txt"));
            fs::write(f.join("SHA256SUMS"), others.map(|line| format!("{line}\n")).collect::<String>())
                .unwrap();
        }),
        ("items.txt", "SHA-256", |f| {
            let text = fs::read_to_string(f.join("items.txt")).unwrap();
            fs::write(f.join("items.txt"), text.replace("393", "394")).unwrap();
        }),
        ("model.safetensors", "truncated: 400 bytes", |f| {
            let bytes = fs::read(f.join("model.safetensors")).unwrap();
            fs::write(f.join("model.safetensors"), &bytes[..400]).unwrap();
        }),
        ("users.txt", "more than the 14 ids", |f| {
            let text = fs::read_to_string(f.join("users.txt")).unwrap();
            replace(f, "users.txt", text + "new\n");
        }),
        ("users.txt", "line 2: the id repeats", |f| replace(f, "users.txt", "a\na\nbbbbbbbbbbbb\n")),
        ("users.txt", "line 1: the id is not UTF-8", |f| replace(f, "users.txt", b"\xff\nbbbbbbbbbbbb\n")),
        ("users.txt", "line 2: the id is too long, or the line has no end", |f| {
            replace(f, "users.txt", "a\nbbbbbbbbbbbb");
        }),
        ("users.txt", "truncated: 2 bytes", |f| replace(f, "users.txt", "a\n")),
        ("users.txt", "line 1: the id is too long", |f| replace(f, "users.txt", "a".repeat(300_000))),
        ("users.txt", "too long: 4000000 bytes", |f| replace(f, "users.txt", "a".repeat(4_000_000))),
        ("model.json", "\"dim\" must be 1 to 1024, but is 2305843009213693952", |f| {
            edit(f, |j| j["dim"] = json!(1_u64 << 61));
        }),
        ("model.json", "\"user_count\" must be 1 to 4294967295, but is 0", |f| {
            edit(f, |j| j["user_count"] = json!(0));
        }),
        ("model.json", "\"item_count\" must be 1 to 4294967295, but is 18446744073709551615", |f| {
            edit(f, |j| j["item_count"] = json!(u64::MAX));
        }),
        ("model.json", "has 1000000000005 pairs, but 14 users and 14 items have at most 196", |f| {
            edit(f, |j| j["pair_count"]["train"] = json!(1_000_000_000_000_u64))
        }),
        ("model.json", "damaged: unknown field `files`", |f| edit(f, |j| j["files"] = json!({}))),
        ("model.json", "is larger than", |f| edit(f, |j| j["adapter"] = json!("a".repeat(2_000_000)))),
        ("model.safetensors", "`users` row 13 has length 463262", |f| {
            let mut bytes = fs::read(f.join("model.safetensors")).unwrap();
            let row: Vec<u8> = [463_262f32, 0.0, 0.0, 0.0].iter().flat_map(|x| x.to_le_bytes()).collect();
            let end = bytes.len();
            bytes[end - 16..].copy_from_slice(&row);
            replace(f, "model.safetensors", bytes);
        }),
        ("model.safetensors", "`users` is F32 of shape [14, 4]", |f| edit(f, |j| j["dim"] = json!(3))),
        ("model.safetensors", "`items` row 13 column 3 is NaN", |f| {
            let mut bytes = fs::read(f.join("model.safetensors")).unwrap();
            // Both tables have 14 x 4 numbers; sorted by name, the items come first.
            let end = bytes.len() - 14 * 4 * 4;
            bytes[end - 4..end].copy_from_slice(&f32::NAN.to_le_bytes());
            replace(f, "model.safetensors", bytes);
        }),
        ("interactions.safetensors", "not a whole safetensors file", |f| {
            replace(f, "interactions.safetensors", "garbage ".repeat(20))
        }),
        ("interactions.safetensors", "14 users and 14 items", |f| {
            let mut bytes = fs::read(f.join("interactions.safetensors")).unwrap();
            let end = bytes.len();
            bytes[end - 4..].copy_from_slice(&14u32.to_le_bytes());
            replace(f, "interactions.safetensors", bytes);
        }),
        ("interactions.safetensors", "`train_users` is U32", |f| {
            edit(f, |j| j["pair_count"]["train"] = json!(1))
        }),
    ];
    for (file, expected, damage) in cases {
        assert_named(&odd_model(), file, expected, damage);
    }
}

/// Damages a saved `model`: loading it must name the file and what is wrong.
fn assert_named(model: &Model, file: &str, expected: &str, damage: impl FnOnce(&Path)) {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("model");
    model.save(&folder, &[]).unwrap();
    damage(&folder);
    let error = Model::load(&folder).unwrap_err().to_string();
    let path = folder.join(file);
    assert!(error.starts_with(&*path.to_string_lossy()), "{error:?} does not name {file}");
    assert!(error.contains(expected), "{expected:?} is not in {error:?}");
}

#[test]
fn damage_to_the_item_bias_is_named() {
    let biased = biased_model(Geometry::Sphere);
    let set = |name: &'static str, value: serde_json::Value| {
        move |folder: &Path| edit(folder, |json| json[name] = value)
    };
    assert_named(&biased, "model.json", "from 0 to 1, but is 1.5", set("popularity", json!(1.5)));
    assert_named(&biased, "model.json", "damaged: ", set("popularity", json!("much")));
    assert_named(&biased, "model.json", "damaged: ", set("geometry", json!("cube")));
    for absent in [json!(null), json!("removed")] {
        assert_named(&biased, "model.safetensors", "has a tensor `item_bias`, but model.json", |folder| {
            edit(folder, |json| match absent.is_null() {
                true => json["popularity"] = absent.clone(),
                false => drop(json.as_object_mut().unwrap().remove("popularity")),
            });
        });
    }
    let promised = set("popularity", json!(0.5));
    assert_named(&odd_model(), "model.safetensors", "has no tensor `item_bias`", promised);
    assert_named(&biased, "model.safetensors", "`item_bias` row 13 column 0 is inf", |folder| {
        let mut bytes = fs::read(folder.join("model.safetensors")).unwrap();
        // The bias comes first, then both tables.
        let end = bytes.len() - 2 * 14 * 4 * 4;
        bytes[end - 4..end].copy_from_slice(&f32::INFINITY.to_le_bytes());
        replace(folder, "model.safetensors", bytes);
    });
    // A whole tensor of another length.
    assert_named(&biased, "model.safetensors", "`item_bias` is F32 of shape [14]", |folder| {
        fs::write(folder.join("items.txt"), "a\nb\n").unwrap();
        edit(folder, |json| json["item_count"] = json!(2));
    });
}

#[test]
fn damage_to_features_is_named() {
    let whole = with_features(odd_model());
    for name in OF_FEATURES {
        assert_named(&whole, name, "cannot read", |f| fs::remove_file(f.join(name)).unwrap());
        assert_named(&whole, name, "SHA-256", |f| {
            let mut bytes = fs::read(f.join(name)).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(f.join(name), bytes).unwrap();
        });
        assert_named(&whole, "SHA256SUMS", &format!("does not name {name}, unlike model.json"), |f| {
            let sums = fs::read_to_string(f.join("SHA256SUMS")).unwrap();
            let others = sums.lines().filter(|line| !line.ends_with(&format!("  {name}")));
            fs::write(f.join("SHA256SUMS"), others.map(|line| format!("{line}\n")).collect::<String>())
                .unwrap();
        });
    }
    type Damage = fn(&Path);
    let cases: [(&str, &str, Damage); 17] = [
        ("item_features.txt", "more than the 3 ids", |f| {
            let text = fs::read_to_string(f.join("item_features.txt")).unwrap();
            replace(f, "item_features.txt", text + "new\n");
        }),
        (
            "model.safetensors",
            "`item_features.input` is F32 of shape [4, 4], but should be F32 of shape [3, 4]",
            |f| edit(f, |j| j["item_features"]["feature_count"] = json!(2)),
        ),
        ("model.json", "\"feature_count\" must be 1 to 2147483647, but is 0", |f| {
            edit(f, |j| j["item_features"]["feature_count"] = json!(0))
        }),
        ("model.json", "\"hidden\" must be 1 to 1024, but is 1152921504606846976", |f| {
            edit(f, |j| j["user_features"]["hidden"] = json!(1_u64 << 60))
        }),
        (
            "model.safetensors",
            "`item_features.input` is F32 of shape [4, 4], but should be F32 of shape [4, 3]",
            |f| edit(f, |j| j["item_features"]["hidden"] = json!(3)),
        ),
        ("model.json", "\"cold_count\" must be at most 4294967295", |f| {
            edit(f, |j| j["item_features"]["cold_count"] = json!(u64::MAX))
        }),
        ("cold_items.txt", "more than the 2 ids", |f| {
            edit(f, |j| j["item_features"]["cold_count"] = json!(2))
        }),
        ("cold_items.txt", "truncated: ", |f| replace(f, "cold_items.txt", "a\n")),
        ("model.json", "damaged: unknown field `depth`", |f| {
            edit(f, |j| j["item_features"]["depth"] = json!(2))
        }),
        ("SHA256SUMS", "names item_features.txt, unlike model.json", |f| {
            edit(f, |j| drop(j.as_object_mut().unwrap().remove("item_features")))
        }),
        ("cold_items.safetensors", "truncated", |f| {
            let bytes = fs::read(f.join("cold_items.safetensors")).unwrap();
            replace(f, "cold_items.safetensors", &bytes[..40]);
        }),
        ("cold_items.safetensors", "not a whole safetensors file", |f| {
            replace(f, "cold_items.safetensors", "garbage ".repeat(20))
        }),
        ("cold_items.safetensors", "the cold item in row 2 column 3 is NaN", |f| {
            let mut bytes = fs::read(f.join("cold_items.safetensors")).unwrap();
            let end = bytes.len();
            bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
            replace(f, "cold_items.safetensors", bytes);
        }),
        ("cold_users.safetensors", "the cold user in row 0 has length 463262", |f| {
            let mut bytes = fs::read(f.join("cold_users.safetensors")).unwrap();
            let end = bytes.len();
            let row = [463_262f32, 0.0, 0.0, 0.0].map(f32::to_le_bytes).concat();
            bytes[end - 16..].copy_from_slice(&row);
            replace(f, "cold_users.safetensors", bytes);
        }),
        // Swapped: of one row where three should be.
        ("cold_items.txt", "has 1 ids, but model.json says 3", |f| {
            fs::copy(f.join("cold_users.txt"), f.join("cold_items.txt")).unwrap();
            rehash(f);
        }),
        ("cold_users.safetensors", "the cold user in row 0 was there in training, too", |f| {
            replace(f, "cold_users.txt", "A\n")
        }),
        ("model.safetensors", "`user_features.input` row 1 column 3 is NaN", |f| {
            let mut bytes = fs::read(f.join("model.safetensors")).unwrap();
            // The tensors are sorted by name; behind the users' network there are the users.
            let end = bytes.len() - 14 * 4 * 4;
            bytes[end - 4..end].copy_from_slice(&f32::NAN.to_le_bytes());
            replace(f, "model.safetensors", bytes);
        }),
    ];
    for (file, expected, damage) in cases {
        assert_named(&whole, file, expected, damage);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn garbage_is_an_error_and_never_a_panic(
        which in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..4),
        truncate in any::<bool>(),
        rehashed in any::<bool>(),
    ) {
        let place = TempDir::new().unwrap();
        let folder = place.path().join("model");
        let model = with_features(biased_model(Geometry::Dot));
        model.save(&folder, &[]).unwrap();
        let names = ["model.json", "model.safetensors", "interactions.safetensors", "users.txt", "items.txt"];
        let path = folder.join(which.get(&[&names[..], &OF_FEATURES].concat()));
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        for (at, flip) in &flips {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        fs::write(&path, &bytes).unwrap();
        // With correct checksums the garbage reaches the parsers.
        if rehashed {
            rehash(&folder);
        }
        match Model::load(&folder) {
            Err(Error::File { .. } | Error::Row { .. } | Error::Io { .. }) => {}
            Err(other) => panic!("{other:?}"),
            // With a correct checksum, a flipped byte may give another valid model.
            Ok(_) => prop_assert!(rehashed || bytes == whole),
        }
    }
}

#[test]
fn every_changed_byte_and_every_cut_is_found() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("model");
    let ids = || IdTable::numbered(2);
    let mut tiny = model(ids(), ids(), 2, &[(0, 0), (1, 0), (1, 1)], 3);
    tiny.embeddings.item_bias = vec![0.5, -0.5];
    let tiny = with_features(tiny);
    tiny.save(&folder, &[("metrics.jsonl", b"{\"epoch\":1}\n"), ("metrics.csv", b"epoch\n1\n")]).unwrap();
    let mut found = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let whole = fs::read(&path).unwrap();
        let mut refuse = |bytes: &[u8], what: &str, at: usize| {
            fs::write(&path, bytes).unwrap();
            assert!(Model::load(&folder).is_err(), "{}: {what} at byte {at} was not seen", path.display());
            found += 1;
        };
        for at in 0..whole.len() {
            refuse(&whole[..at], "a cut", at);
            // One bit of each byte, another one from byte to byte; case and line ends are among them.
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            refuse(&bytes, "a change", at);
        }
        refuse(&[&whole[..], b"\n"].concat(), "more", whole.len());
        fs::remove_file(&path).unwrap();
        assert!(Model::load(&folder).is_err(), "without {}", path.display());
        fs::write(&path, &whole).unwrap();
    }
    assert!(found > 5_000, "{found} damaged models");
    Model::load(&folder).unwrap();
}

#[cfg(unix)]
#[test]
fn files_that_block_or_never_end_are_refused_and_links_to_whole_files_are_not() {
    use std::os::unix::fs::symlink;
    let place = TempDir::new().unwrap();
    let folder = place.path().join("model");
    with_features(odd_model()).save(&folder, &[("metrics.csv", b"epoch\n")]).unwrap();
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    for name in names {
        let (path, kept) = (folder.join(&name), place.path().join("kept"));
        fs::rename(&path, &kept).unwrap();
        // The test would hang at a FIFO that is opened, and fill the memory from an endless device.
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let error = Model::load(&folder).unwrap_err().to_string();
        assert!(error.contains("not a regular file") && error.contains(name.to_str().unwrap()), "{error}");
        fs::remove_file(&path).unwrap();
        symlink("/dev/zero", &path).unwrap();
        let error = Model::load(&folder).unwrap_err().to_string();
        assert!(error.contains("not a regular file") && error.contains(name.to_str().unwrap()), "{error}");
        fs::remove_file(&path).unwrap();
        symlink(&kept, &path).unwrap();
        Model::load(&folder).unwrap();
        fs::remove_file(&path).unwrap();
        fs::rename(&kept, &path).unwrap();
    }
}

#[test]
fn a_sparse_file_of_a_terabyte_takes_no_memory() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("model");
    let names = ["model.json", "SHA256SUMS", "users.txt", "model.safetensors", "interactions.safetensors"];
    for name in names.into_iter().chain(OF_FEATURES) {
        with_features(odd_model()).save(&folder, &[]).unwrap();
        fs::File::options().write(true).open(folder.join(name)).unwrap().set_len(1 << 40).unwrap();
        let error = Model::load(&folder).unwrap_err().to_string();
        assert!(error.contains("is too long") || error.contains("is larger than"), "{name}: {error}");
        fs::remove_dir_all(&folder).unwrap();
    }
}

#[test]
fn text_of_a_hostile_model_json_cannot_move_the_cursor() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("model");
    let hostile = "\u{1b}[31m\n\u{202e}";
    let changes: [fn(&mut serde_json::Value, &str); 3] = [
        |json, text| json[text] = json!(1),
        |json, text| json["geometry"] = json!(text),
        |json, text| json["format_version"] = json!(text.repeat(10_000)),
    ];
    for change in changes {
        odd_model().save(&folder, &[]).unwrap();
        edit(&folder, |json| change(json, hostile));
        let error = Model::load(&folder).unwrap_err().to_string();
        assert!(!error.contains(['\u{1b}', '\n', '\u{202e}']) && error.len() < 2_000, "{error:?}");
        fs::remove_dir_all(&folder).unwrap();
    }
    odd_model().save(&folder, &[]).unwrap();
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    fs::write(folder.join("SHA256SUMS"), format!("{sums}00  \u{1b}[31m\n")).unwrap();
    let error = Model::load(&folder).unwrap_err().to_string();
    assert!(error.contains("`\\u{1b}[31m` is no file that belongs here"), "{error:?}");
}
