//! People who were not there in training: lists by their items, people who join a model, and what a model is worth to
//! people held out whole.

use crate::support::{
    SMALL, assert_line, contents, copy_model, fail, keys, place, shared, spherec, succeed, text, trained,
};
use serde_json::Value;
use spherec::model::Model;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use tempfile::TempDir;

/// `parts`, of which a fifth of the users is held out, and `model`, trained on the others with histories and without
/// points of users.
fn world() -> &'static Path {
    static PLACE: OnceLock<TempDir> = OnceLock::new();
    PLACE
        .get_or_init(|| {
            let place = place();
            let split = ["data", "split", shared("interactions.csv"), "-o", "parts"];
            succeed(place.path(), &[&split[..], &["--hold-out-users", "0.2", "--given", "0.8"]].concat());
            let train = ["train", "parts/train.csv", "-o", "model", "--history", "1", "--no-user-points"];
            let whole = ["--test-fraction", "0", "--valid-fraction", "0"];
            succeed(place.path(), &[&train[..], &whole, &SMALL].concat());
            place
        })
        .path()
}

/// The items of each user in a CSV file.
fn by_user(path: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in fs::read_to_string(path).unwrap().lines().skip(1) {
        let (user, item) = line.split_once(',').unwrap();
        users.entry(user.to_owned()).or_default().insert(item.to_owned());
    }
    users
}

/// The lists in CSV by user, without their names and ranks: `item,score,similarity,distance`.
fn lists(csv: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in csv.lines().skip(1) {
        let mut parts = line.splitn(3, ',');
        let (user, _rank, rest) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        lists.entry(user).or_default().push(rest);
    }
    lists
}

/// The training made the users of their items, and nothing else.
#[test]
fn the_items_of_a_user_give_the_list_of_the_user_where_training_placed_them_so() {
    let train = by_user(&world().join("parts/train.csv"));
    for user in ["u0", "u2"] {
        let items: Vec<&str> = train[user].iter().map(String::as_str).collect();
        let (of_user, _) = succeed(world(), &["recommend", "model", "--user", user, "-k", "30"]);
        let (by_items, err) =
            succeed(world(), &["recommend", "model", "--items", &items.join(","), "-k", "30"]);
        assert_eq!(lists(&by_items)["new"], lists(&of_user)[user]);
        assert_eq!(lists(&of_user)[user].len(), 30);
        assert_line(&err, &["--items", "mean of their items", "as the training has it"]);
        // One by one, some twice, and in another order.
        let repeated = items.iter().rev().chain(&items[..2]).flat_map(|item| ["--items", item]);
        let args: Vec<&str> = ["recommend", "model", "-k", "30"].into_iter().chain(repeated).collect();
        assert_eq!(succeed(world(), &args).0, by_items);
    }
}

#[test]
fn many_people_get_lists_without_what_they_have() {
    let (place, given) = (place(), by_user(&world().join("parts/given.csv")));
    let model = world().join("model");
    let model = model.to_str().unwrap();
    let file = world().join("parts/given.csv");
    let ask = ["recommend", model, "--interactions", file.to_str().unwrap(), "-k", "1000"];
    let (csv, err) = succeed(place.path(), &ask);
    assert_line(&err, &["given.csv", "40 new users", "placed"]);
    let found = lists(&csv);
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), given.keys().collect::<Vec<_>>());
    for (user, list) in &found {
        let items: BTreeSet<&str> = list.iter().map(|row| row.split(',').next().unwrap()).collect();
        assert_eq!(items.len() + given[*user].len(), 100, "{user}");
        assert!(given[*user].iter().all(|item| !items.contains(item.as_str())), "{user}");
    }
    // The same people one by one, in other formats, and from standard input.
    let (user, items) = given.iter().next().unwrap();
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    let (one, _) = succeed(place.path(), &["recommend", model, "--items", &items.join(","), "-k", "1000"]);
    assert_eq!(lists(&one)["new"], found[user.as_str()]);
    let (jsonl, _) = succeed(place.path(), &[&ask[..], &["--format", "jsonl"]].concat());
    assert_eq!(jsonl.lines().count() + 1, csv.lines().count());
    assert_eq!(
        keys(jsonl.lines().next().unwrap()),
        ["user", "rank", "item", "score", "similarity", "distance"]
    );
    let rows: String = given
        .iter()
        .map(|(user, its)| {
            let its: Vec<String> = its.iter().map(|item| item[1..].to_owned()).collect();
            format!("{} {}\n", user, its.join(" "))
        })
        .collect();
    let piped =
        spherec(place.path(), &["recommend", model, "--interactions", "-", "--input-format", "adjacency-id"])
            .write_stdin(rows.replace(' ', " i"))
            .output()
            .unwrap();
    assert!(piped.status.success(), "{}", text(&piped.stderr));
    assert_eq!(lists(&text(&piped.stdout))[user.as_str()], found[user.as_str()][..10]);
}

#[test]
#[cfg(feature = "parquet")]
fn lists_can_be_parquet() {
    let place = place();
    let ask = ["recommend", shared("model"), "--all", "-k", "30", "-o"];
    succeed(place.path(), &[&ask[..], &["lists.parquet"]].concat());
    succeed(place.path(), &[&ask[..], &["lists.csv"]].concat());
    let inspect = |name, flags: &[&str]| {
        let (json, _) = succeed(place.path(), &[&["data", "inspect", name, "--json"], flags].concat());
        serde_json::from_str::<Value>(&json).unwrap()["trained_on"].clone()
    };
    assert_eq!(inspect("lists.parquet", &[])["interactions"], 200 * 30);
    assert_eq!(inspect("lists.parquet", &[]), inspect("lists.csv", &[]));
    for (column, least) in [("rank", "29"), ("score", "0.5"), ("similarity", "0.5"), ("distance", "1")] {
        let flags = ["--rating-column", column, "--min-rating", least];
        let kept = inspect("lists.parquet", &flags);
        assert_eq!(kept, inspect("lists.csv", &flags), "{column}");
        assert!((1..200 * 30).contains(&kept["interactions"].as_u64().unwrap()), "{column}: {kept}");
    }
    let err = fail(place.path(), &["recommend", shared("model"), "--all", "--format", "parquet"], 1);
    assert_line(&err, &["error: --format", "parquet", "-o"]);
}

#[test]
fn ids_that_the_model_lacks_are_named_and_people_without_others_left_out_or_given_popular_items() {
    let place = place();
    fs::write(place.path().join("some.csv"), "user,item\na,i1\na,x1\na,x2\nb,x1\nu0,x3\nu0,x4\nc,i2\n")
        .unwrap();
    let ask = ["recommend", shared("model"), "--interactions", "some.csv", "-k", "3"];
    let (csv, err) = succeed(place.path(), &ask);
    // A known user without a further item has the usual list.
    assert_eq!(lists(&csv).keys().copied().collect::<Vec<_>>(), ["a", "c", "u0"]);
    let (own, _) = succeed(place.path(), &["recommend", shared("model"), "--user", "u0", "-k", "3"]);
    assert_eq!(lists(&csv)["u0"], lists(&own)["u0"]);
    assert_line(&err, &["1 known user without further items stays"]);
    assert_line(&err, &["some.csv", "5 interactions", "4 items", "`x1`, `x2`, `x3`, ..."]);
    assert_line(&err, &["some.csv", "1 person is new", "`b`", "left out"]);
    assert_line(&err, &["2 new users", "approximation"]);
    let (csv, err) = succeed(place.path(), &[&ask[..], &["--unknown", "popular"]].concat());
    assert_eq!(lists(&csv).keys().copied().collect::<Vec<_>>(), ["a", "b", "c", "u0"]);
    assert!(lists(&csv)["b"].iter().all(|row| row.ends_with(",,,")), "{csv}");
    assert_line(&err, &["`b`", "popular items"]);
    let (_, err) = succeed(place.path(), &["recommend", shared("model"), "--items", "i1,x1"]);
    assert_line(&err, &["--items", "1 item ", "`x1`"]);
    let (trimmed, _) = succeed(place.path(), &["recommend", shared("model"), "--items", "i1, i2"]);
    let (plain, _) = succeed(place.path(), &["recommend", shared("model"), "--items", "i1,i2"]);
    assert_eq!(trimmed, plain);
    // Nobody can be placed, but everybody gets something.
    let nobody = ["recommend", shared("model"), "--items", "x1", "--unknown", "popular", "-k", "3"];
    assert_eq!(succeed(place.path(), &nobody).0.lines().count(), 4);
    // Ids may hold commas.
    let mut model = Model::load(&copy_model(place.path())).unwrap();
    let mut items = spherec::data::IdTable::default();
    (0..100u32).for_each(|item| {
        let id = if item == 7 { b"i1,i2".to_vec() } else { model.items.bytes(item).to_vec() };
        items.intern(&id);
    });
    model.items = items;
    model.save(&place.path().join("commas"), &[]).unwrap();
    let (csv, err) = succeed(place.path(), &["recommend", "commas", "--items", "i1,i2", "-k", "99"]);
    assert_eq!(csv.lines().count(), 100, "all but one");
    assert!(!err.contains("left out"), "{err}");
    let (csv, _) = succeed(place.path(), &["recommend", "commas", "--items", "i1,i2,", "-k", "99"]);
    assert_eq!(csv.lines().count(), 99, "all but two");
}

#[test]
fn those_who_join_a_model_are_served_as_all_others_and_nobody_else_moves() {
    let place = place();
    let before = copy_model(place.path());
    let old = Model::load(&before).unwrap();
    let user = old.users.text(0);
    // The items of user 0 that are not in training; one of them is held out for the test.
    let has = |item: u32| old.split.train.contains(0, item) || old.split.valid.contains(0, item);
    let further: Vec<u32> = (0..100).filter(|&item| !has(item)).collect();
    let tested = old.split.test.items_of(0)[0];
    assert!(further.contains(&tested));
    let [one, two] = [further[0], tested].map(|item| old.items.text(item));
    fs::write(
        place.path().join("more.csv"),
        format!("user,item\nnew,i1\nnew,i2\n\"b,ob\",i3\n{user},{one}\n{user},{two}\nnone,x\n"),
    )
    .unwrap();
    let fold = ["fold-in", "model", "more.csv", "-o", "model2"];
    let (out, err) = succeed(place.path(), &fold);
    assert_eq!(out, "");
    assert_line(&err, &["more.csv", "2 new users and 1 known user with further items", "approximation"]);
    assert_line(&err, &["model2", "202 users"]);
    let new = Model::load(&place.path().join("model2")).unwrap();
    for row in 1..200 {
        assert_eq!(new.embeddings.user(row), old.embeddings.user(row));
    }
    assert_ne!(new.embeddings.user(0), old.embeddings.user(0));
    assert_eq!((&new.embeddings.items, new.users.text(201)), (&old.embeddings.items, "b,ob".to_owned()));
    assert_eq!(new.split.test.len() + 1, old.split.test.len());
    let ask = ["-k", "5", "--interactions", "more.csv"];
    let (lists, _) = succeed(place.path(), &[&["recommend", "model"][..], &ask].concat());
    let asked = ["--user", "new", "--user", "b,ob", "--user", &user];
    let (served, err) = succeed(place.path(), &[&["recommend", "model2", "-k", "5"][..], &asked].concat());
    assert_eq!(served, lists);
    assert_eq!(err, "");
    // Someone without a name does not take that of a user.
    let (nameless, _) = succeed(place.path(), &["recommend", "model2", "--items", "i1", "-k", "1"]);
    assert_line(&nameless, &["new-2,1,"]);
    // The logs came along, and what was folded in is told.
    let (a, b) = (contents(&before), contents(&place.path().join("model2")));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    assert!(a["metrics.jsonl"] == b["metrics.jsonl"] && a["items.txt"] == b["items.txt"]);
    let (shown, _) = succeed(place.path(), &["show", "model2"]);
    assert_line(&shown, &["data", "interactions.csv, more.csv"]);
    assert_line(&shown, &["fold-in", "from before"]);
    succeed(place.path(), &["evaluate", "model2", "-k", "10"]);
    succeed(place.path(), &["similar", "model2", "--user", "new"]);
    succeed(place.path(), &["explore", "model2", "-o", "page.html", "--method", "pca"]);
    succeed(place.path(), &["export", "model2", "-o", "out", "--what", "users", "--format", "csv"]);
    assert_eq!(fs::read_to_string(place.path().join("out/users.csv")).unwrap().lines().count(), 1 + 202);
    // Nothing is replaced unasked; the model itself may be.
    let err = fail(place.path(), &fold, 1);
    assert_line(&err, &["error: model2", "--force"]);
    assert!(contents(&place.path().join("model2")) == b);
    let itself = ["fold-in", "model", "more.csv", "-o", "model", "--force"];
    succeed(place.path(), &itself);
    assert!(contents(&before) == b);
    // A second time there is nothing new.
    let (_, err) = succeed(place.path(), &itself);
    assert_line(&err, &["known users without further items stay in place"]);
    assert!(contents(&before)["model.safetensors"] == b["model.safetensors"]);
}

#[test]
fn people_held_out_whole_are_placed_by_their_given_items_and_measured_on_the_others() {
    let (place, folder) = (place(), world());
    let parts = ["train", "given", "test"].map(|part| by_user(&folder.join(format!("parts/{part}.csv"))));
    let all = by_user(&trained().join("interactions.csv"));
    let [train, given, test] = &parts;
    assert_eq!((train.len(), given.len(), test.len()), (160, 40, 40));
    for (user, items) in &all {
        let mut together: Vec<&String> = parts.iter().filter_map(|part| part.get(user)).flatten().collect();
        together.sort();
        assert!(together.into_iter().eq(items), "{user}");
        assert!(train.contains_key(user) != given.contains_key(user), "{user}");
    }
    let ask =
        ["evaluate", "model", "--interactions", "parts/given.csv", "--test", "parts/test.csv", "-k", "10,20"];
    let (tables, err) = succeed(folder, &ask);
    assert_line(&err, &["40 users evaluated", "given file"]);
    assert_line(&tables, &["given items", "users", "NDCG@10", "recall@10"]);
    let (json, _) = succeed(folder, &[&ask[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    // Of 100 items ten, less those that are given: chance is about an eighth.
    assert!(json["recall"].as_f64().unwrap() > 0.5, "{json}");
    let groups = json["by_given"].as_array().unwrap();
    let users = groups.iter().map(|group| group["users"].as_u64().unwrap());
    assert_eq!(users.clone().sum::<u64>(), 40);
    let sum: f64 =
        users.zip(groups).map(|(users, group)| users as f64 * group["ndcg"].as_f64().unwrap()).sum();
    assert!((sum / 40.0 - json["ndcg"].as_f64().unwrap()).abs() < 1e-12, "{json}");
    let expected =
        |least, most| given.values().filter(|its| (least..=most).contains(&its.len())).count() as u64;
    for group in groups {
        let (least, most) = match group["given"].as_str().unwrap() {
            "1" => (1, 1),
            "2" => (2, 2),
            "3-5" => (3, 5),
            "6-10" => (6, 10),
            other => (if other == "more" { 11 } else { usize::MAX }, usize::MAX),
        };
        assert_eq!(group["users"], expected(least, most), "{group}");
    }
    // The same as folding them in, but for the counts that popularity is measured by.
    let model2 = place.path().join("model2");
    let model2 = model2.to_str().unwrap();
    succeed(folder, &["fold-in", "model", "parts/given.csv", "-o", model2]);
    let (folded, _) = succeed(folder, &["evaluate", model2, "parts/test.csv", "-k", "10,20", "--json"]);
    let folded: Value = serde_json::from_str(&folded).unwrap();
    for name in ["users", "map", "ndcg", "recall", "precision", "coverage"] {
        assert_eq!(folded[name], json[name], "{name}");
    }
    assert!(folded["mmr"].as_f64() > json["mmr"].as_f64());
    // Others in the test file are not measured; and the dial gives its table.
    let mixed = place.path().join("mixed.csv");
    let text = fs::read_to_string(folder.join("parts/test.csv")).unwrap();
    fs::write(&mixed, text + "u0,i0\n").unwrap();
    let ask = ["evaluate", "model", mixed.to_str().unwrap(), "--interactions", "parts/given.csv"];
    let (table, err) = succeed(folder, &[&ask[..], &["--popularity", "0,1"]].concat());
    let is_held = given.contains_key("u0");
    assert_eq!(err.contains("left out 1 interaction of people"), !is_held, "{err}");
    assert_line(&table, &["popularity", "NDCG"]);
    assert_line(&err, &["40 users evaluated"]);
}

#[test]
fn what_cannot_be_asked_is_refused_in_a_line_and_nothing_is_lost() {
    let place = place();
    let model = shared("model");
    let write = |name: &str, text: &str| fs::write(place.path().join(name), text).unwrap();
    write("empty.csv", "");
    write("strangers.csv", "user,item\na,x\nb,y\n");
    write("good.csv", "user,item\na,i1\n");
    write("numbers.txt", "2 1 2\n1 5\n3 1 2 7\n");
    let cases: [(&[&str], &[&str]); 15] = [
        (&["recommend", model, "--items", "x,y"], &["--items", "no item that the model has", "`x`", "`y`"]),
        (&["recommend", model, "--items", ""], &["--items", "no item"]),
        (&["recommend", model, "--items", ",,"], &["--items", "no item"]),
        (&["recommend", model, "--interactions", "empty.csv"], &["empty.csv"]),
        (&["recommend", model, "--interactions", "strangers.csv"], &["strangers.csv", "no item", "`x`"]),
        (&["recommend", model, "--interactions", "missing.csv"], &["missing.csv"]),
        (&["recommend", model, "--items", "i1", "--separator", ";"], &["--separator", "--interactions"]),
        (&["recommend", model, "--items", "i1", "--input-format", "parquet"], &["--input-format"]),
        (
            &["recommend", model, "--interactions", "numbers.txt", "--min-rating", "3"],
            &["numbers.txt", "--min-rating", "--input-format delimited"],
        ),
        (&["fold-in", model, "empty.csv", "-o", "m"], &["empty.csv"]),
        (&["fold-in", model, "strangers.csv", "-o", "m"], &["strangers.csv", "no item"]),
        (&["fold-in", model, "good.csv", "-o", "good.csv"], &["good.csv", "not a folder"]),
        (&["evaluate", model, "--interactions", "good.csv"], &["--interactions", "test file"]),
        (&["evaluate", model, "good.csv", "--interactions", "good.csv"], &["--interactions", "one file"]),
        (
            &["evaluate", model, "strangers.csv", "--interactions", "good.csv"],
            &["strangers.csv", "no interaction"],
        ),
    ];
    for (args, parts) in cases {
        let err = fail(place.path(), args, 1);
        let errors: Vec<&str> = err.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{err}");
        assert_line(errors[0], parts);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 4, "{args:?} left something");
    }
    for args in [
        &["recommend", model, "--items", "i1", "--user", "u0"][..],
        &["recommend", model, "--items", "i1", "--all"],
        &["recommend", model, "--items", "i1", "--interactions", "good.csv"],
        &["evaluate", model, "good.csv", "--test", "good.csv"],
        &["data", "split", "good.csv", "-o", "p", "--hold-out-users", "0.2", "--folds", "4"],
        &["data", "split", "good.csv", "-o", "p", "--hold-out-users", "0.2", "--ratio", "3:1"],
        &["data", "split", "good.csv", "-o", "p", "--hold-out-users", "0.2", "--leave-one-out"],
        &["data", "split", "good.csv", "-o", "p", "--given", "0.8"],
    ] {
        let err = fail(place.path(), args, 2);
        assert_line(&err, &["error: "]);
    }
    for (flags, parts) in [
        (&["--hold-out-users", "0"][..], &["--hold-out-users", "0"][..]),
        (&["--hold-out-users", "0.2", "--given", "1"], &["--given", "1"]),
        (&["--hold-out-users", "0.2"], &["no user", "2 interactions"]),
    ] {
        let err = fail(place.path(), &[&["data", "split", "good.csv", "-o", "p"], flags].concat(), 1);
        assert_line(&err, parts);
        assert!(!place.path().join("p").exists());
    }
}

/// Nobody's list is longer than the catalogue: repeats cost only the reading.
#[test]
fn a_list_of_ten_million_items_is_refused_by_its_bytes_or_read_at_once() {
    let place = place();
    let line = "x".to_owned() + &" i7 i8 i9 z".repeat(2_500_000) + "\n";
    fs::write(place.path().join("long.txt"), line).unwrap();
    let ask = [
        "recommend",
        shared("model"),
        "--interactions",
        "long.txt",
        "--input-format",
        "adjacency-id",
        "-k",
        "2",
    ];
    let (csv, err) = succeed(place.path(), &ask);
    assert_eq!(csv.lines().count(), 3);
    assert_line(&err, &["1 item ", "`z`"]);
    let (short, _) = succeed(place.path(), &["recommend", shared("model"), "--items", "i7,i8,i9", "-k", "2"]);
    assert_eq!(lists(&csv)["x"], lists(&short)["new"]);
    let err = fail(place.path(), &[&ask[..], &["--max-input-bytes", "1000000"]].concat(), 1);
    assert_line(&err, &["error: long.txt", "--max-input-bytes 1000000"]);
}
