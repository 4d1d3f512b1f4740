//! Items and people who were not there in training: features place them, from the files to lists, pages and exports.

use crate::support::{SMALL, assert_line, contents, fail, has_line, place, shared, succeed};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use tempfile::TempDir;

/// The network of the tests, and what else is not as usual.
const NETWORK: [&str; 6] = ["--hidden", "32", "--dropout", "0.2", "--feature-weight", "2"];
const FEATURES: [&str; 4] = ["--item-features", "item-tags.csv", "--user-features", "user-tags.csv"];

/// Every eighth item is left out of the interactions, and has an odd id; and every tenth user.
fn is_cold_item(id: &str) -> bool {
    id.starts_with("né, ")
}

fn is_cold_user(id: &str) -> bool {
    id.ends_with('0')
}

fn odd(id: &str) -> String {
    match id[1..].parse::<u32>().unwrap() {
        number if number.is_multiple_of(8) => format!("né, {number}"),
        _ => id.to_owned(),
    }
}

/// The rows of a CSV file, without the header.
fn rows(path: &Path) -> Vec<[String; 2]> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.records().map(|row| row.map(|row| [row[0].to_owned(), row[1].to_owned()]).unwrap()).collect()
}

fn write<'a>(path: &Path, header: [&str; 2], rows: impl IntoIterator<Item = &'a [String; 2]>) {
    let mut writer = csv::Writer::from_path(path).unwrap();
    writer.write_record(header).unwrap();
    rows.into_iter().for_each(|row| writer.write_record(row).unwrap());
    writer.flush().unwrap();
}

/// Made-up data whose clusters are known, and a model of all but some items and users.
pub(crate) struct World {
    place: TempDir,
    /// The cluster of each item.
    clusters: HashMap<String, String>,
    /// The clusters of at least a fifth of each user's items.
    tastes: HashMap<String, BTreeSet<String>>,
}

impl World {
    pub(crate) fn folder(&self) -> &Path {
        self.place.path()
    }

    /// Whether a user has many items of the cluster of `item`.
    pub(crate) fn is_to_taste(&self, user: &str, item: &str) -> bool {
        self.tastes[user].contains(&self.clusters[item])
    }
}

pub(crate) fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let place = place();
        let folder = place.path();
        let sizes = ["--users", "300", "--items", "200", "--clusters", "5", "--noise", "0.05"];
        succeed(folder, &[&["generate", "-o", "."][..], &sizes].concat());
        let tags: Vec<_> =
            rows(&folder.join("item-tags.csv")).into_iter().map(|[id, tag]| [odd(&id), tag]).collect();
        write(&folder.join("item-tags.csv"), ["item", "tag"], &tags);
        let labels = rows(&folder.join("labels.csv")).into_iter().map(|[id, cluster]| [odd(&id), cluster]);
        let clusters: HashMap<_, _> = labels.map(|[id, cluster]| (id, cluster)).collect();
        let pairs = rows(&folder.join("interactions.csv"));
        let pairs: Vec<_> = pairs.into_iter().map(|[user, item]| [user, odd(&item)]).collect();
        let known = pairs.iter().filter(|[user, item]| !is_cold_user(user) && !is_cold_item(item));
        write(&folder.join("known.csv"), ["user", "item"], known);
        let new = pairs.iter().filter(|[user, item]| !is_cold_user(user) && is_cold_item(item));
        write(&folder.join("new.csv"), ["user", "item"], new);
        let mut counts: HashMap<String, BTreeMap<String, usize>> = HashMap::new();
        for [user, item] in &pairs {
            *counts.entry(user.clone()).or_default().entry(clusters[item].clone()).or_default() += 1;
        }
        let taste = |counts: BTreeMap<String, usize>| {
            let all: usize = counts.values().sum();
            counts.into_iter().filter(|(_, count)| 5 * count >= all).map(|(cluster, _)| cluster).collect()
        };
        let tastes = counts.into_iter().map(|(user, counts)| (user, taste(counts))).collect();
        train(folder, "model", "item-tags.csv");
        World { place, clusters, tastes }
    })
}

fn train(folder: &Path, output: &str, tags: &str) -> String {
    let features = ["--item-features", tags, "--user-features", "user-tags.csv"];
    succeed(folder, &[&["train", "known.csv", "-o", output][..], &features, &SMALL, &NETWORK].concat()).1
}

/// The answers of each query in a list of JSON lines.
pub(crate) fn lists(jsonl: &str, query: &str, answer: &str) -> Vec<(String, Vec<String>)> {
    let mut lists: Vec<(String, Vec<String>)> = Vec::new();
    for line in jsonl.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let [query, answer] = [query, answer].map(|name| line[name].as_str().unwrap().to_owned());
        match lists.last_mut() {
            Some((last, answers)) if *last == query => answers.push(answer),
            _ => lists.push((query, vec![answer])),
        }
    }
    lists
}

/// The share of the cold items' ten nearest trained items that are of their cluster.
fn purity(folder: &Path, model: &str, clusters: &HashMap<String, String>) -> f64 {
    let cold: Vec<&String> = clusters.keys().filter(|id| is_cold_item(id)).collect();
    assert!(cold.len() >= 15, "{}", cold.len());
    let asked = cold.iter().flat_map(|id| ["--item", id.as_str()]);
    let args = ["similar", model, "--with-cold-items", "-k", "60", "--format", "jsonl"];
    let (out, _) = succeed(folder, &args.into_iter().chain(asked).collect::<Vec<_>>());
    let (mut same, mut all) = (0, 0);
    for (item, neighbours) in lists(&out, "item", "neighbour") {
        for neighbour in neighbours.iter().filter(|id| !is_cold_item(id)).take(10) {
            all += 1;
            same += usize::from(clusters[neighbour] == clusters[&item]);
        }
    }
    assert_eq!(all, 10 * cold.len());
    f64::from(same as u32) / f64::from(all as u32)
}

/// Of the lists' items that `counted` names, how many there are, and the share of them that is to the user's taste.
fn to_taste(lists: &[(String, Vec<String>)], counted: impl Fn(&str) -> bool) -> (usize, f64) {
    let world = world();
    let all = lists.iter().flat_map(|(user, items)| items.iter().map(move |item| (user, item)));
    let all: Vec<_> = all.filter(|(_, item)| counted(item) && world.clusters.contains_key(*item)).collect();
    let good = all.iter().filter(|(user, item)| world.is_to_taste(user, item)).count();
    (all.len(), good as f64 / all.len() as f64)
}

/// Untrained, the network would place items with like tags together, but anywhere: so trained items are counted. A fifth
/// is chance, which is what the tags of other items give. The tags of some items tell nothing of their cluster.
#[test]
fn cold_items_are_placed_among_the_trained_items_of_their_cluster() {
    let (world, other) = (world(), place());
    let placed = purity(world.folder(), "model", &world.clusters);
    let tags = rows(&world.folder().join("item-tags.csv"));
    let mut ids: Vec<&String> = tags.iter().map(|[id, _]| id).collect();
    ids.dedup();
    let next: HashMap<&String, &String> =
        ids.iter().copied().zip(ids.iter().copied().cycle().skip(77)).collect();
    let shuffled: Vec<_> = tags.iter().map(|[id, tag]| [next[id].clone(), tag.clone()]).collect();
    for name in ["known.csv", "user-tags.csv"] {
        fs::copy(world.folder().join(name), other.path().join(name)).unwrap();
    }
    write(&other.path().join("shuffled.csv"), ["item", "tag"], &shuffled);
    train(other.path(), "model", "shuffled.csv");
    let by_chance = purity(other.path(), "model", &world.clusters);
    assert!(placed > 0.55 && by_chance < 0.35, "{placed} with their tags, {by_chance} with those of others");
}

#[test]
fn cold_items_are_recommended_to_those_who_like_their_cluster_and_only_on_request() {
    let world = world();
    let recommend = |flags: &[&str]| {
        let args = ["recommend", "model", "--all", "--popularity", "0", "-k", "20", "--format", "jsonl"];
        lists(&succeed(world.folder(), &[&args[..], flags].concat()).0, "user", "item")
    };
    let (count, share) = to_taste(&recommend(&["--with-cold-items"]), is_cold_item);
    assert!(count > 300 && share > 0.7, "{count} cold items, {share} of them of the users' clusters");
    let plain = recommend(&[]);
    assert!(
        plain.iter().all(|(user, items)| !is_cold_user(user) && !items.iter().any(|id| is_cold_item(id)))
    );
    // Held out whole from training, and found: of 20 items of 200, chance finds a tenth.
    let evaluate = ["evaluate", "model", "new.csv", "-k", "20", "--popularity", "0"];
    let (json, _) = succeed(world.folder(), &[&evaluate[..], &["--with-cold-items", "--json"]].concat());
    let recall = serde_json::from_str::<Value>(&json).unwrap()["recall"].as_f64().unwrap();
    assert!(recall > 0.25, "{recall}");
    let (_, err) = succeed(world.folder(), &[&evaluate[..], &["--with-cold-items"]].concat());
    assert_line(&err, &["all items and 25 cold items are ranked"]);
    let err = fail(world.folder(), &evaluate, 1);
    assert_line(&err, &["--with-cold-items"]);
    assert_line(&err, &["error: new.csv", "no interaction"]);
}

#[test]
fn cold_people_are_not_unknown() {
    let world = world();
    let args =
        ["recommend", "model", "-k", "10", "--popularity", "0", "--format", "jsonl", "--unknown", "skip"];
    let (out, err) =
        succeed(world.folder(), &[&args[..], &["--users-file", "model/cold_users.txt"]].concat());
    let cold = lists(&out, "user", "item");
    assert_eq!(cold.len(), 30);
    assert!(cold.iter().all(|(user, items)| is_cold_user(user) && items.len() == 10));
    let (_, share) = to_taste(&cold, |_| true);
    assert!(share > 0.7, "{share}");
    assert_line(&err, &["30 cold users", "u0"]);
    assert!(!err.contains("left out"), "{err}");
    let (out, err) = succeed(world.folder(), &[&args[..], &["--user", "u10", "--user", "nobody"]].concat());
    assert_eq!(out.lines().count(), 10);
    assert_line(&err, &["nobody", "left out"]);
    let similar = ["similar", "model", "--user", "u10"];
    assert_line(&fail(world.folder(), &similar, 1), &["error: ", "u10", "cold", "--with-cold-users"]);
    let (out, _) = succeed(world.folder(), &[&similar[..], &["--with-cold-users"]].concat());
    assert_eq!(out.lines().count(), 11);
}

#[test]
fn exports_and_pages_have_cold_items_on_request() {
    let (world, place) = (world(), place());
    let model = world.folder().join("model");
    let model = model.to_str().unwrap();
    let ids = |folder: &str, name: &str, flags: &[&str]| {
        let args = ["export", model, "-o", folder, "--what", "both", "--format", "csv"];
        succeed(place.path(), &[&args[..], flags].concat());
        rows(&place.path().join(folder).join(name)).into_iter().map(|[id, _]| id).collect::<Vec<_>>()
    };
    let (plain, cold) = (ids("a", "items.csv", &[]), ids("b", "items.csv", &["--with-cold-items"]));
    assert_eq!(cold.len(), plain.len() + 25);
    assert_eq!(cold[..plain.len()], plain);
    assert!(cold[plain.len()..].iter().all(|id| is_cold_item(id)));
    let (plain, cold) = (ids("a2", "users.csv", &[]), ids("c", "users.csv", &["--with-cold-users"]));
    assert_eq!((plain.len(), cold.len()), (270, 300));
    let page = |flags: &[&str]| {
        let args = ["explore", model, "-o", "page.html", "--method", "pca", "--force"];
        let (_, err) = succeed(place.path(), &[&args[..], flags].concat());
        (fs::read_to_string(place.path().join("page.html")).unwrap(), err)
    };
    let (plain, told) = page(&[]);
    let (cold, told_cold) = page(&["--with-cold-items"]);
    assert!(!plain.contains("né, 16") && cold.contains("né, 16"));
    let count = |told: &str| {
        let line = told.lines().find(|line| line.contains("laid out")).unwrap();
        line.split(' ').find_map(|word| word.parse::<usize>().ok()).unwrap()
    };
    assert_eq!(count(&told_cold), count(&told) + 25);
}

#[test]
fn what_the_flags_need_is_said() {
    let world = world();
    let item = ["similar", "model", "--item", "né, 8"];
    assert_line(&fail(world.folder(), &item, 1), &["error: ", "né, 8", "cold", "--with-cold-items"]);
    let item = ["similar", "model", "--item", "né, 9", "--with-cold-items"];
    assert_line(&fail(world.folder(), &item, 1), &["error: ", "does not know", "né, 9"]);
    for args in [
        &["recommend", shared("model"), "--all"][..],
        &["similar", shared("model"), "--item", "i1"],
        &["export", shared("model"), "-o", "nowhere"],
        &["explore", shared("model"), "-o", "nowhere.html"],
        &["evaluate", shared("model")],
    ] {
        let err = fail(world.folder(), &[args, &["--with-cold-items"]].concat(), 1);
        assert_line(&err, &["error: --with-cold-items", "--item-features", "model"]);
        assert!(!world.folder().join("nowhere").exists() && !world.folder().join("nowhere.html").exists());
    }
    let err = fail(world.folder(), &["similar", shared("model"), "--user", "u1", "--with-cold-users"], 1);
    assert_line(&err, &["error: --with-cold-users", "--user-features"]);
}

#[test]
fn a_model_tells_of_its_features_and_trains_again_from_what_it_tells() {
    let (world, place) = (world(), place());
    let folder = world.folder();
    let (shown, _) = succeed(folder, &["show", "model"]);
    assert_line(&shown, &["data", "known.csv, item-tags.csv, user-tags.csv"]);
    assert_line(&shown, &["item features", "32 hidden units", "25 cold items"]);
    assert_line(&shown, &["user features", "32 hidden units", "30 cold users"]);
    let (json, _) = succeed(folder, &["show", "model", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["features"]["items"]["cold"], 25);
    assert_eq!(json["features"]["users"]["hidden"], 32);
    let (plain, _) = succeed(folder, &["show", shared("model"), "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&plain).unwrap()["features"], serde_json::json!({}));

    let (toml, _) = succeed(folder, &["show", "model", "--toml"]);
    fs::write(place.path().join("shown.toml"), &toml).unwrap();
    for name in ["known.csv", "item-tags.csv", "user-tags.csv"] {
        fs::copy(folder.join(name), place.path().join(name)).unwrap();
    }
    let (_, err) = succeed(place.path(), &["train", "known.csv", "-o", "again", "--config", "shown.toml"]);
    let [model, again] = [&folder.join("model"), &place.path().join("again")].map(|folder| contents(folder));
    for name in ["model.safetensors", "cold_items.safetensors", "cold_users.safetensors", "cold_items.txt"] {
        assert!(model[name] == again[name], "{name} differs: {toml}");
    }

    // How well the networks fit is in the log and on the screen.
    assert_line(&err, &["epoch 2/12: loss ", ", features "]);
    let lines = String::from_utf8(again["metrics.jsonl"].clone()).unwrap();
    let epochs = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let losses: Vec<f64> = epochs.filter_map(|line| line["feature_loss"].as_f64()).collect();
    assert!(losses.len() == 12 && losses[11] > 0.0 && losses[11] < 0.7 * losses[0], "{losses:?}");
    succeed(place.path(), &["plot", "--curves", "again", "-o", "curves.png"]);
}

#[test]
fn features_that_cannot_be_used_are_refused_and_nothing_is_lost() {
    let (world, place) = (world(), place());
    for name in ["known.csv", "item-tags.csv", "user-tags.csv"] {
        fs::copy(world.folder().join(name), place.path().join(name)).unwrap();
    }
    fs::write(place.path().join("strangers.csv"), "item,tag\nx1,a\nx2,b\n").unwrap();
    fs::write(place.path().join("values.csv"), "item,tag,value\ni1,a,NaN\n").unwrap();
    let flags =
        [&["train", "known.csv", "-o", "model", "--epochs", "1", "--dim", "4"][..], &FEATURES].concat();
    succeed(place.path(), &flags);
    let before = contents(&place.path().join("model"));
    let train = ["train", "known.csv", "-o", "model", "--force"];
    let cases: [(&[&str], &[&str]); 14] = [
        (&["--item-features", "item-tags.csv", "--hidden", "6"], &["--hidden", "multiple of 4", "6"]),
        (&["--item-features", "item-tags.csv", "--hidden", "0"], &["--hidden", "at least 4", "0"]),
        (&["--item-features", "item-tags.csv", "--hidden", "2000"], &["--hidden", "1024", "2000"]),
        (&["--item-features", "item-tags.csv", "--dropout", "1"], &["--dropout", "0.95", "1"]),
        (&["--item-features", "item-tags.csv", "--dropout", "NaN"], &["--dropout", "NaN"]),
        (&["--item-features", "item-tags.csv", "--feature-weight", "0"], &["--feature-weight", "above 0"]),
        (&["--item-features", "item-tags.csv", "--feature-weight", "inf"], &["--feature-weight", "inf"]),
        (&["--item-features", "item-tags.csv", "--recipe", "wrmf"], &["--item-features", "--recipe wrmf"]),
        (&["--user-features", "user-tags.csv", "--recipe", "popularity"], &["--user-features", "popularity"]),
        (&["--hidden", "64"], &["--hidden", "--item-features", "--user-features"]),
        (&["--recipe", "cml-f-2017"], &["--item-features", "cml-f-2017"]),
        (&["--item-features", "strangers.csv"], &["strangers.csv", "x1", "no features for any item"]),
        (&["--item-features", "values.csv"], &["values.csv:2", "NaN"]),
        (&["--item-features", "-", "--user-features", "-"], &["standard input"]),
    ];
    for (flags, parts) in cases {
        let err = fail(place.path(), &[&train[..], flags].concat(), 1);
        let errors: Vec<&str> = err.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{err}");
        assert_line(errors[0], parts);
        assert!(contents(&place.path().join("model")) == before, "{flags:?} changed the model");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 6, "{flags:?} left something");
    }
    // Another model takes the place of one with features, and nothing of that one stays.
    succeed(place.path(), &[&train[..], &["--epochs", "1", "--dim", "4"]].concat());
    let files = contents(&place.path().join("model"));
    assert!(
        !files.keys().any(|name| name.contains("cold") || name.contains("features")),
        "{:?}",
        files.keys()
    );
    assert!(!has_line(&succeed(place.path(), &["show", "model"]).0, &["hidden"]));
}
