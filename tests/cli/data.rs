//! `spherec data` and the flags that say how data is read: inspected, filtered, split and trained on.

use crate::support::{
    SMALL, TWO_STAGE, assert_line, contents, fail, place, shared, spherec, succeed, text, trained,
};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

fn json(folder: &Path, args: &[&str]) -> Value {
    let (out, _) = succeed(folder, &[&["data", "inspect"], args, &["--json"]].concat());
    serde_json::from_str(&out).unwrap()
}

/// The rows of a CSV file without its header.
fn rows(path: &Path) -> BTreeSet<String> {
    let lines = fs::read_to_string(path).unwrap();
    assert!(lines.starts_with("user,item\n"), "{lines}");
    lines.lines().skip(1).map(str::to_owned).collect()
}

const BOOKS: &str = "\"User-ID\";\"ISBN\";\"Book-Rating\"\n\"1\";\"a\";\"8\"\n\"1\";\"a\";\"0\"\n\"1\";\"b\";\"5\"\n\
                     \"2\";\"a\";\"4\"\n\"2\";\"\";\"9\"\n\"3\"\n";

#[test]
fn inspect_says_what_a_file_is_and_what_would_be_trained_on() {
    let place = place();
    fs::write(place.path().join("books.csv"), BOOKS).unwrap();
    let (out, err) = succeed(place.path(), &["data", "inspect", "books.csv", "--min-rating", "5"]);
    for parts in [
        &["`;`", "1 `User-ID`", "2 `ISBN`", "3 `Book-Rating`", "--format delimited"][..],
        &["columns ", "User-ID, ISBN, Book-Rating"],
        &["rows ", " 4"],
        &["repeated pairs ", " 1"],
        &["bad rows ", " 2"],
        &["line 6: ", "item id"],
        &["line 7: ", "1 field", "3"],
        &["ratings", "5"],
        &["trained on "],
    ] {
        assert_line(&out, parts);
    }
    assert_eq!(err, "");
    let value = json(place.path(), &["books.csv", "--min-rating", "5"]);
    assert_eq!((value["format"].as_str(), value["separator"].as_str()), (Some("delimited"), Some(";")));
    assert_eq!(value["header"][1], "ISBN");
    assert_eq!(
        (&value["rows"], &value["bad_rows"], &value["repeated_pairs"]),
        (&4.into(), &2.into(), &1.into())
    );
    assert_eq!(value["first_bad_rows"][0]["line"], 6);
    assert_eq!((&value["users"], &value["items"], &value["interactions"]), (&2.into(), &2.into(), &3.into()));
    assert_eq!(value["density"], 0.75);
    assert_eq!(value["trained_on"]["interactions"], 2);
    assert_eq!(value["trained_on"]["users"], 1);
    assert_eq!(value["filters"][0]["left"]["rows"], 2);
    assert_eq!(value["options"]["min-rating"], 5.0);
}

#[test]
fn standard_input_is_read_up_to_a_limit() {
    let place = place();
    let inspect = |limit: &str| {
        spherec(place.path(), &["data", "inspect", "-", "--max-input-bytes", limit])
            .write_stdin("user,item\n1,2\n".repeat(1000))
            .output()
            .unwrap()
    };
    assert!(inspect("14000").status.success());
    let output = inspect("13999");
    assert_eq!(output.status.code(), Some(1));
    assert_line(
        &text(&output.stderr),
        &["error: <stdin>: ", "more than 13999 bytes", "--max-input-bytes 13999"],
    );
    // The same flag holds for the test file of a model.
    let args = ["evaluate", shared("model"), shared("interactions.csv"), "--max-input-bytes", "100"];
    let err = fail(place.path(), &args, 1);
    assert_line(&err, &["error: ", "interactions.csv: ", "at most 100", "--max-input-bytes 100"]);
}

#[test]
fn inspect_reads_standard_input_and_survives_filters_that_leave_nothing() {
    let place = place();
    let output = spherec(place.path(), &["data", "inspect", "-", "--preset", "book-crossing"])
        .write_stdin(BOOKS)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let out = text(&output.stdout);
    assert!(out.starts_with("file            <stdin>\n"), "{out}");
    let last: Vec<&str> = out.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(last[..5], ["trained", "on", "0", "0", "0"]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(BOOKS.as_bytes()).unwrap();
    let output = spherec(place.path(), &["data", "inspect", "-", "--json"])
        .write_stdin(gzip.finish().unwrap())
        .output()
        .unwrap();
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&value["is_gzip"], &value["rows"]), (&true.into(), &4.into()));
    // Training on it is refused, and says which filter it was.
    fs::write(place.path().join("books.csv"), BOOKS).unwrap();
    let args = ["train", "books.csv", "-o", "model", "--on-bad-row", "skip", "--preset", "book-crossing"];
    let err = fail(place.path(), &args, 1);
    assert_line(&err, &["error: ", "users", "11"]);
}

#[test]
fn a_published_size_stands_beside_the_data_s_own() {
    let place = place();
    fs::write(place.path().join("users.dat"), "2 1 2\n0\n1 2\n").unwrap();
    let (out, _) = succeed(place.path(), &["data", "inspect", "users.dat", "--preset", "citeulike"]);
    assert_line(&out, &["Wang et al. 2013", " 7,947 ", " 25,975 ", " 134,860"]);
    let value = json(place.path(), &["users.dat", "--preset", "citeulike"]);
    assert_eq!(
        (&value["published"]["items"], &value["published"]["source"]),
        (&25_975.into(), &"Wang et al. 2013".into())
    );
}

#[test]
fn bad_rows_stop_training_or_are_skipped() {
    let place = place();
    let good = fs::read_to_string(shared("interactions.csv")).unwrap();
    let mut data = good.replacen('\n', "\n,nobody\n", 1);
    data += &"lonely\n".repeat(7);
    fs::write(place.path().join("data.csv"), &data).unwrap();
    let train = [&["train", "data.csv", "-o", "model"], &SMALL[..], &TWO_STAGE].concat();
    let err = fail(place.path(), &train, 1);
    assert_line(&err, &["error: data.csv:2: "]);
    assert_line(&err, &["data.csv: ", "8", "5", "--on-bad-row skip"]);
    assert!(!place.path().join("model").exists());
    let (_, err) = succeed(place.path(), &[&train[..], &["--on-bad-row", "skip"]].concat());
    assert_line(&err, &["data.csv:2: ", "user id"]);
    assert_line(&err, &["warning: data.csv: ", "8 bad rows", "5"]);
    assert_eq!(
        contents(&place.path().join("model"))["model.safetensors"],
        contents(&trained().join("model"))["model.safetensors"],
    );
    let manifest: Value =
        serde_json::from_slice(&contents(&place.path().join("model"))["model.json"]).unwrap();
    assert_eq!(manifest["data"]["train"], "data.csv");
    assert_eq!(manifest["data"]["options"]["on-bad-row"], "skip");
}

#[test]
fn splits_are_by_user_seeded_and_whole() {
    let place = place();
    let all = rows(&trained().join("interactions.csv"));
    let split = |output: &str, flags: &[&str]| {
        let args = [&["data", "split", shared("interactions.csv"), "-o", output], flags].concat();
        succeed(place.path(), &args).1
    };
    let part = |path: &str| rows(&place.path().join(path));
    let err = split("a", &[]);
    assert!(err.contains("a/train.csv "), "{err}");
    split("b", &["--ratio", "60/20/20"]);
    split("c", &["--seed", "1"]);
    let [train, valid, test] = ["train", "valid", "test"].map(|name| part(&format!("a/{name}.csv")));
    assert_eq!(train.len() + valid.len() + test.len(), all.len());
    assert_eq!([&train, &valid, &test].into_iter().flatten().cloned().collect::<BTreeSet<_>>(), all);
    let share = |part: &BTreeSet<String>| part.len() as f64 / all.len() as f64;
    assert!(
        (share(&valid) - 0.2).abs() < 0.03 && (share(&test) - 0.2).abs() < 0.03,
        "{} {}",
        valid.len(),
        test.len()
    );
    assert_eq!(part("b/test.csv"), test);
    assert_ne!(part("c/test.csv"), test);

    split("folds", &["--folds", "4"]);
    let mut together = BTreeSet::new();
    for fold in 0..4 {
        let test = part(&format!("folds/fold-{fold}/test.csv"));
        let train = part(&format!("folds/fold-{fold}/train.csv"));
        assert!(train.is_disjoint(&test));
        assert_eq!(train.len() + test.len(), all.len());
        assert!(!place.path().join(format!("folds/fold-{fold}/valid.csv")).exists());
        together.extend(test);
    }
    assert!(together.len() > all.len() * 9 / 10);

    split("with", &["--folds", "4", "--valid-fraction", "0.1"]);
    assert!(!part("with/fold-3/valid.csv").is_empty());
    assert_eq!(part("with/fold-3/test.csv"), part("folds/fold-3/test.csv"));

    split("one", &["--leave-one-out"]);
    let users = |part: BTreeSet<String>| {
        part.iter().map(|row| row.split(',').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let held_out = users(part("one/test.csv"));
    assert_eq!(held_out.iter().collect::<BTreeSet<_>>().len(), held_out.len());
}

#[test]
fn a_split_replaces_nothing_unless_told_to() {
    let place = place();
    let args = ["data", "split", shared("interactions.csv"), "-o", "parts", "--ratio", "4:1"];
    succeed(place.path(), &args);
    fs::write(place.path().join("parts/valid.csv"), "mine").unwrap();
    let before = contents(&place.path().join("parts"));
    let err = fail(place.path(), &args, 1);
    assert_line(&err, &["error: parts/train.csv: ", "--force"]);
    assert!(contents(&place.path().join("parts")) == before);
    let (_, err) = succeed(place.path(), &[&args[..], &["--force", "--seed", "2"]].concat());
    assert_line(&err, &["warning: parts/valid.csv: "]);
    let after = contents(&place.path().join("parts"));
    assert_eq!(after.len(), 3);
    assert!(after["train.csv"] != before["train.csv"] && after["valid.csv"] == b"mine");
    for (flags, code, parts) in [
        (&["--ratio", "0:1:1"][..], 2, &["--ratio", "'0:1:1'", "above 0"][..]),
        (&["--ratio", "3"], 2, &["--ratio", "'3'", "3:1:1"]),
        (&["--ratio", "3:1", "--folds", "4"], 2, &["--ratio", "--folds"]),
        (&["--folds", "1"], 1, &["--folds", "2", "1"]),
        (&["--folds", "5000"], 1, &["--folds", "1000", "5000"]),
    ] {
        let args = [&["data", "split", shared("interactions.csv"), "-o", "never"], flags].concat();
        let err = fail(place.path(), &args, code);
        assert_line(&err, parts);
        assert!(!place.path().join("never").exists());
    }
}

#[test]
fn given_files_are_trained_and_tested_on_as_they_are() {
    let place = place();
    let flags = ["--seed", "7", "--folds", "4"];
    succeed(
        place.path(),
        &[&["data", "split", shared("interactions.csv"), "-o", "parts"], &flags[..]].concat(),
    );
    let train =
        [&["train", "parts/fold-1/train.csv", "--test", "parts/fold-1/test.csv", "-o", "model"], &SMALL[..]];
    let (_, err) = succeed(place.path(), &train.concat());
    let count = |name: &str| rows(&place.path().join("parts/fold-1").join(name)).len();
    let manifest: Value =
        serde_json::from_slice(&contents(&place.path().join("model"))["model.json"]).unwrap();
    assert_eq!(manifest["pair_count"]["train"], count("train.csv"), "{err}");
    assert_eq!(manifest["pair_count"]["test"], count("test.csv"));
    assert_eq!(manifest["pair_count"]["valid"], 0);
    assert_eq!(manifest["data"]["test"], "parts/fold-1/test.csv");
    assert_eq!(manifest["config"]["protocol"]["kind"], "files");
    // The same metrics when the file is named again.
    let (held_out, err) = succeed(place.path(), &["evaluate", "model", "--json"]);
    assert_eq!(err, "");
    let (file, _) = succeed(place.path(), &["evaluate", "model", "parts/fold-1/test.csv", "--json"]);
    assert_eq!(held_out, file);
    let (_, err) = succeed(place.path(), &["evaluate", "model"]);
    assert_line(&err, &["parts/fold-1/train.csv", "parts/fold-1/test.csv"]);
    assert_line(&err, &["files", "validation 0", "seed 0"]);
    // The split that `train` makes itself has the same pairs.
    let own = ["train", shared("interactions.csv"), "-o", "own", "--fold", "1", "--epochs", "1"];
    succeed(place.path(), &[&own[..], &flags[..]].concat());
    let own: Value = serde_json::from_slice(&contents(&place.path().join("own"))["model.json"]).unwrap();
    assert_eq!(own["pair_count"], manifest["pair_count"]);
}

#[test]
fn held_out_files_that_overlap_or_hold_strangers() {
    let place = place();
    let data = fs::read_to_string(shared("interactions.csv")).unwrap();
    fs::write(place.path().join("train.csv"), &data).unwrap();
    let pair = data.lines().nth(1).unwrap();
    let user = pair.split(',').next().unwrap();
    let held_out = format!("user,item\n{pair}\n{user},never seen\nstranger,{user}\n{user},other\n");
    fs::write(place.path().join("test.csv"), held_out).unwrap();
    let train =
        [&["train", "train.csv", "-o", "model", "--force", "--valid", "test.csv"], &SMALL[..]].concat();
    let (_, err) = succeed(place.path(), &train);
    for parts in [
        &["test.csv: ", "1 interaction", "1 user"][..],
        &["test.csv: ", "2 items"],
        &["warning: test.csv: ", "1 interaction"],
        &["split: ", " 2 for validation", " 0 for "],
    ] {
        assert_line(&err, parts);
    }
    fs::write(place.path().join("test.csv"), format!("user,item\n{pair}\n")).unwrap();
    let err = fail(place.path(), &train, 1);
    assert_line(&err, &["error: test.csv: "]);
    let err = fail(place.path(), &["train", "-", "--test", "-", "-o", "model", "--force"], 1);
    assert_line(&err, &["error: ", "standard input", "`-`"]);
    let err = fail(
        place.path(),
        &["train", "train.csv", "--test", "test.csv", "--folds", "4", "--fold", "0", "-o", "m"],
        2,
    );
    assert_line(&err, &["--test", "--folds"]);
}

#[test]
fn inspect_says_what_is_in_feature_files() {
    let folder = trained();
    let args = ["interactions.csv", "--item-features", "item-tags.csv", "--user-features", "user-tags.csv"];
    let (out, err) = succeed(folder, &[&["data", "inspect"][..], &args].concat());
    assert_line(&out, &["item-tags.csv: ", "a header", "item column 1, feature column 2"]);
    assert_line(&out, &["item-tags.csv: ", " features; 100 items with features, 0 without"]);
    assert_line(&out, &["user-tags.csv: ", " features; 200 users with features, 0 without"]);
    assert_eq!(err, "");
    let value = json(folder, &[&args[..], &["--min-feature-count", "4"]].concat());
    assert_eq!(value["item_features"]["with_count"], 100);
    assert!(value["item_features"]["rare_count"].as_u64() > Some(0), "{value}");
    assert!(value["user_features"]["feature_count"].as_u64() > Some(0), "{value}");

    let place = place();
    fs::write(place.path().join("pairs.csv"), "u,a\nu,b\nv,a\n").unwrap();
    fs::write(place.path().join("tags.dat"), "2 a b\n3 a x y\n2 a\n").unwrap();
    let call = ["data", "inspect", "pairs.csv", "--item-features", "tags.dat", "--features-by", "feature"];
    let by_count = [&call[..], &["--feature-format", "adjacency-count"]].concat();
    let err = fail(place.path(), &by_count, 1);
    assert_line(&err, &["tags.dat:3: ", "2 items", "1"]);
    let (out, _) = succeed(place.path(), &[&by_count[..], &["--on-bad-row", "skip"]].concat());
    assert_line(&out, &["warning: tags.dat: 1 bad row skipped"]);
    assert_line(&out, &["tags.dat: 2 features; 2 items with features, 0 without"]);
    assert_line(&out, &["tags.dat: 2 items not in the interactions: x, y"]);
    let by_id = ["data", "inspect", "pairs.csv", "--item-features", "by-tag.csv"];
    fs::write(place.path().join("by-tag.csv"), "t,a\nt,b\nu,b\na,t\n").unwrap();
    let (out, _) = succeed(place.path(), &by_id);
    assert_line(&out, &["warning: by-tag.csv: ", "--features-by feature"]);
    let err = fail(place.path(), &["data", "inspect", "pairs.csv", "--item-feature-ids", "x"], 2);
    assert_line(&err, &["--item-features"]);
}
