//! `segments`, and the lists that are made of them.

use crate::cold::world;
use crate::support::{assert_line, fail, place, shared, succeed};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs;

fn pairs(text: &str) -> Vec<Vec<String>> {
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn segments_have_items_of_their_own_and_are_made_once() {
    let place = place();
    let args = ["segments", shared("model"), "-k", "5", "--top", "7", "-o"];
    let (table, err) = succeed(place.path(), &[&args[..], &["segments"]].concat());
    assert_line(&table, &["segment", "people", "nearest items", "most popular items"]);
    assert_eq!(table.lines().count(), 6, "{table}");
    assert_line(&err, &["wrote", "segments.json"]);
    let read = |folder: &str, name: &str| fs::read_to_string(place.path().join(folder).join(name)).unwrap();
    succeed(place.path(), &[&args[..], &["again"]].concat());
    for name in ["segments.json", "segments.csv", "users.csv"] {
        assert_eq!(read("segments", name), read("again", name), "{name}");
    }
    let all: Value = serde_json::from_str(&read("segments", "segments.json")).unwrap();
    let segments = all["segments"].as_array().unwrap();
    let sizes: Vec<u64> = segments.iter().map(|segment| segment["size"].as_u64().unwrap()).collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b) && sizes.iter().sum::<u64>() == 200, "{sizes:?}");
    // What most people of a segment have, counted from the training data and the list of users.
    let of_user: HashMap<String, String> = pairs(&read("segments", "users.csv"))
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    assert_eq!(of_user.len(), 200);
    let (list, _) = succeed(
        place.path(),
        &[
            "recommend",
            shared("model"),
            "--segments",
            "segments",
            "--segment",
            "2",
            "--segment",
            "0",
            "-k",
            "7",
        ],
    );
    let rows = pairs(&list);
    assert_eq!(list.lines().next(), Some("segment,rank,item,score,similarity,distance"));
    assert_eq!((rows.len(), rows[0][0].as_str(), rows[7][0].as_str()), (14, "2", "0"));
    let expected = segments[2]["popular"].as_array().unwrap();
    let items: Vec<&str> = rows[..7].iter().map(|row| row[2].as_str()).collect();
    assert_eq!(items, expected.iter().map(|it| it["item"].as_str().unwrap()).collect::<Vec<_>>());
    // Users have two clusters at most, so each segment's items are of few.
    let labels: HashMap<String, String> = pairs(&fs::read_to_string(shared("labels.csv")).unwrap())
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    for segment in segments {
        let mut clusters: BTreeMap<&str, usize> = BTreeMap::new();
        for near in segment["nearest"].as_array().unwrap() {
            *clusters.entry(&labels[near["item"].as_str().unwrap()]).or_default() += 1;
        }
        assert!(clusters.values().max() >= Some(&4), "{clusters:?}");
    }
}

#[test]
fn cold_users_get_the_items_of_the_nearest_segment() {
    let (world, place) = (world(), place());
    let model = world.folder().join("model");
    let model = model.to_str().unwrap();
    let cold = world.folder().join("model/cold_users.txt");
    succeed(place.path(), &["segments", model, "-k", "5", "-o", "segments"]);
    let args = ["recommend", model, "--segments", "segments", "--unknown", "segment", "--format", "jsonl"];
    let lists = |more: &[&str]| {
        let (out, err) = succeed(place.path(), &[&args[..], more].concat());
        (crate::cold::lists(&out, "user", "item"), err)
    };
    let (mine, err) = lists(&["--users-file", cold.to_str().unwrap()]);
    assert_line(&err, &["features alone place 30 cold users"]);
    assert_eq!(mine.len(), 30);
    let (mut hits, mut count) = (0, 0);
    for (user, items) in &mine {
        count += items.len();
        hits += items.iter().filter(|item| world.is_to_taste(user, item)).count();
    }
    // The tastes of everyone are two clusters of five at most.
    assert!(count == 300 && hits as f64 > 0.7 * count as f64, "{hits} of {count}");
    let distinct: std::collections::BTreeSet<&Vec<String>> = mine.iter().map(|(_, items)| items).collect();
    assert!((2..=5).contains(&distinct.len()), "a list for each segment: {}", distinct.len());
    // A list is that of a segment, and known people get their own.
    let (of_segments, _) = succeed(
        place.path(),
        &[
            "recommend",
            model,
            "--segments",
            "segments",
            "--segment",
            "0",
            "--segment",
            "1",
            "--segment",
            "2",
            "--segment",
            "3",
            "--segment",
            "4",
            "--format",
            "jsonl",
        ],
    );
    let of_segments = crate::cold::lists(&of_segments, "segment", "item");
    assert!(mine.iter().all(|(_, items)| of_segments.iter().any(|(_, others)| others == items)));
    let (known, _) = lists(&["--user", "u1"]);
    let (plain, _) = succeed(place.path(), &["recommend", model, "--user", "u1", "--format", "jsonl"]);
    assert_eq!(known, crate::cold::lists(&plain, "user", "item"));
    let err = fail(place.path(), &[&args[..], &["--user", "nobody"]].concat(), 1);
    assert_line(&err, &["error: ", "nobody", "nor any features", "--unknown segment"]);
}

#[test]
fn what_cannot_be_is_said_in_a_line_and_nothing_is_written() {
    let (world, place) = (world(), place());
    let model = world.folder().join("model");
    let (model, plain) = (model.to_str().unwrap(), shared("model"));
    succeed(place.path(), &["segments", plain, "-k", "1", "-o", "one"]);
    let cases: [(&[&str], &[&str]); 12] = [
        (&["segments", plain, "-k", "0"], &["-k", "1 to 200", "0"]),
        (&["segments", plain, "-k", "201", "-o", "x"], &["-k", "1 to 200", "201"]),
        (&["segments", plain, "--top", "0"], &["--top", "at least 1"]),
        (&["segments", plain, "-k", "2", "-o", "one"], &["segments.json", "--force"]),
        (&["segments", "nowhere", "-o", "x"], &["nowhere"]),
        (&["recommend", plain, "--segments", "one", "--segment", "1"], &["--segment", "below 1", "1"]),
        (&["recommend", plain, "--segments", "one", "--user", "u0"], &["--segments", "--unknown segment"]),
        (&["recommend", plain, "--segments", "x", "--segment", "0"], &["segments.json"]),
        (&["recommend", model, "--segments", "one", "--segment", "0"], &["segments.json", "another model"]),
        (&["recommend", model, "--unknown", "segment", "--user", "u10"], &["--unknown", "--segments DIR"]),
        (
            &["recommend", plain, "--unknown", "segment", "--segments", "one", "--user", "u0"],
            &["--unknown", "--user-features"],
        ),
        (&["recommend", plain, "--segments", "one", "--segment", "0", "-k", "0"], &["-k", "at least 1"]),
    ];
    for (args, parts) in cases {
        let err = fail(place.path(), args, 1);
        assert_line(&err, &[&["error: "], parts].concat());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "{args:?} left something");
    }
    let err = fail(place.path(), &["recommend", plain, "--segment", "0"], 2);
    assert_line(&err, &["--segments"]);
}
