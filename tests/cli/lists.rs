//! Recommendations and neighbours: what is in them, their forms, unknown ids, and files.

use crate::support::{assert_line, fail, keys, place, shared, spherec, succeed, text, trained};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::fs;

/// The rows of a CSV file without its header.
fn rows(csv: &str, header: &str) -> Vec<Vec<String>> {
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some(header));
    lines.map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

const RECOMMENDED: &str = "user,rank,item,score,similarity,distance";

#[test]
fn recommendations_leave_out_what_was_trained_on_and_fall_in_score() {
    let (csv, err) = succeed(trained(), &["recommend", "model", "--user", "u0", "--user", "u1", "-k", "7"]);
    assert_eq!(err, "");
    let rows = rows(&csv, RECOMMENDED);
    assert_eq!(rows.len(), 14);
    assert_eq!(
        rows.iter().map(|row| row[1].as_str()).collect::<Vec<_>>()[..7],
        ["1", "2", "3", "4", "5", "6", "7"]
    );
    let [score, similarity] = [3, 4].map(|at| move |row: &Vec<String>| row[at].parse::<f32>().unwrap());
    assert!(rows[..7].is_sorted_by(|a, b| score(a) >= score(b)), "{csv}");
    for row in &rows {
        let distance: f32 = row[5].parse().unwrap();
        let gap = (distance * distance - (2.0 - 2.0 * similarity(row))).abs();
        // False for a gap that is not a number, too.
        assert!(gap < 1e-5, "distance and similarity disagree: {row:?}");
    }
}

/// All items but 80 % of a user's own are recommended, and none of those.
#[test]
fn all_users_get_every_item_that_they_have_not_seen() {
    let place = place();
    let args = ["recommend", shared("model"), "--all", "-k", "1000", "-o", "all.csv"];
    succeed(place.path(), &args);
    let rows = rows(&fs::read_to_string(place.path().join("all.csv")).unwrap(), RECOMMENDED);
    let item_count = fs::read_to_string(trained().join("model/items.txt")).unwrap().lines().count();
    let mut owned: HashMap<String, HashSet<String>> = HashMap::new();
    for line in fs::read_to_string(trained().join("interactions.csv")).unwrap().lines().skip(1) {
        let (user, item) = line.split_once(',').unwrap();
        owned.entry(user.to_owned()).or_default().insert(item.to_owned());
    }
    let mut lists: HashMap<&str, Vec<&str>> = HashMap::new();
    for row in &rows {
        lists.entry(&row[0]).or_default().push(&row[2]);
    }
    assert_eq!(lists.len(), owned.len());
    let mut held_out = 0;
    for (user, list) in &lists {
        let own_in_list = list.iter().filter(|&&item| owned[*user].contains(item)).count();
        assert_eq!(list.len(), item_count - owned[*user].len() + own_in_list, "{user}");
        held_out += own_in_list;
    }
    let manifest: Value =
        serde_json::from_str(&fs::read_to_string(trained().join("model/model.json")).unwrap()).unwrap();
    assert_eq!(held_out as u64, manifest["pair_count"]["test"].as_u64().unwrap());
}

#[test]
fn a_file_of_users_and_standard_input_give_the_same() {
    let place = place();
    fs::write(place.path().join("users.txt"), "u3\r\nu4\r\n\r\nu5").unwrap();
    let (by_file, _) = succeed(place.path(), &["recommend", shared("model"), "--users-file", "users.txt"]);
    assert_eq!(rows(&by_file, RECOMMENDED).len(), 30);
    let piped = spherec(place.path(), &["recommend", shared("model"), "--users-file", "-"])
        .write_stdin("u3\nu4\nu5\n")
        .output()
        .unwrap();
    assert_eq!(text(&piped.stdout), by_file);
    fs::write(place.path().join("empty.txt"), "\n\n").unwrap();
    let err = fail(place.path(), &["recommend", shared("model"), "--users-file", "empty.txt"], 1);
    assert_line(&err, &["error: empty.txt: "]);
}

#[test]
fn an_unknown_user_is_an_error_left_out_or_answered_with_popular_items() {
    let ask = ["recommend", "model", "--user", "nobody", "--user", "u0", "-k", "3", "--unknown"];
    let with = |unknown: &'static str| [&ask[..], &[unknown]].concat();
    let err = fail(trained(), &with("error"), 1);
    assert_line(&err, &["error: ", "user `nobody`", "--unknown skip"]);
    assert_eq!(fail(trained(), &ask[..ask.len() - 1], 1), err);

    let (csv, err) = succeed(trained(), &with("skip"));
    assert_line(&err, &["`nobody`", "left out"]);
    assert!(rows(&csv, RECOMMENDED).iter().all(|row| row[0] == "u0"), "{csv}");

    let (csv, err) = succeed(trained(), &with("popular"));
    assert_line(&err, &["`nobody`", "popular items"]);
    let rows = rows(&csv, RECOMMENDED);
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>()[2..4], ["nobody", "u0"]);
    assert_eq!((rows.len(), rows[0][3..].concat().as_str()), (6, ""));

    let (jsonl, _) = succeed(trained(), &[&with("popular")[..], &["--format", "jsonl"]].concat());
    let first = jsonl.lines().next().unwrap();
    assert_eq!(keys(first), ["user", "rank", "item", "score", "similarity", "distance"]);
    assert_eq!(serde_json::from_str::<Value>(first).unwrap()["similarity"], Value::Null);
}

#[test]
fn the_ending_of_the_file_gives_the_form_and_nothing_is_replaced_unasked() {
    let place = place();
    let model = shared("model");
    let ask = |output: &'static str| ["recommend", model, "--user", "u0", "-o", output];
    let args = ask("lists.jsonl");
    let (out, _) = succeed(place.path(), &args);
    assert_eq!(out, "");
    let written = fs::read_to_string(place.path().join("lists.jsonl")).unwrap();
    let lines: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[9]["rank"]), (10, &Value::from(10)));

    let err = fail(place.path(), &args, 1);
    assert_line(&err, &["error: lists.jsonl: ", "--force"]);
    assert_eq!(fs::read_to_string(place.path().join("lists.jsonl")).unwrap(), written);
    succeed(place.path(), &[&args[..], &["--force", "-k", "2"]].concat());
    assert_eq!(fs::read_to_string(place.path().join("lists.jsonl")).unwrap().lines().count(), 2);

    let args = ask("lists.txt");
    assert_line(&fail(place.path(), &args, 1), &["error: lists.txt: ", "--format"]);
    succeed(place.path(), &[&args[..], &["--format", "csv"]].concat());
    let names: Vec<_> = fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "something was left behind: {names:?}");
}

#[test]
fn neighbours_of_items_and_users() {
    let (csv, _) = succeed(trained(), &["similar", "model", "--item", "i0", "-k", "4"]);
    let items = rows(&csv, "item,rank,neighbour,similarity,distance");
    assert_eq!(items.len(), 4);
    assert!(items.iter().all(|row| row[0] == "i0" && row[2] != "i0" && row[2].starts_with('i')), "{csv}");
    let (jsonl, _) = succeed(trained(), &["similar", "model", "--user", "u0", "--format", "jsonl"]);
    assert_eq!(jsonl.lines().count(), 10);
    assert_eq!(keys(jsonl.lines().next().unwrap()), ["user", "rank", "neighbour", "similarity", "distance"]);
    let err = fail(trained(), &["similar", "model", "--item", "nothing"], 1);
    assert_line(&err, &["error: ", "item `nothing`"]);
    fail(trained(), &["similar", "model", "--item", "i0", "--user", "u0"], 2);
}

#[test]
fn lists_of_no_length_are_refused() {
    for args in [&["recommend", "model", "--user", "u0"][..], &["similar", "model", "--item", "i0"]] {
        let err = fail(trained(), &[args, &["-k", "0"]].concat(), 1);
        assert_line(&err, &["error: -k ", "1", "0"]);
    }
}
