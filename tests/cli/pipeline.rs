//! From nothing to pictures: each command on what the one before it made.

use crate::support::{
    assert_line, contents, copy_model, fail, keys, place, shared, spherec, succeed, text, trained,
};
use serde_json::Value;
use std::fs;

const METRICS: [&str; 8] = ["users", "k", "map", "ndcg", "recall", "precision", "mmr", "coverage"];

#[test]
fn a_model_folder_holds_tables_ids_and_logs() {
    let files = contents(&trained().join("model"));
    for name in ["model.safetensors", "interactions.safetensors", "users.txt", "items.txt", "model.json"] {
        assert!(files.contains_key(name), "{name} is missing");
    }
    let manifest: Value = serde_json::from_slice(&files["model.json"]).unwrap();
    assert_eq!(manifest["config"]["dim"], 16);
    assert_eq!(manifest["config"]["negatives"]["kind"], "two-stage");
    assert_eq!(manifest["metrics"]["stop"], "epochs");
    for part in ["valid", "test"] {
        assert!(manifest["metrics"][part]["ndcg"].as_f64().unwrap() > 0.0, "{part}");
    }
    assert!(!manifest["adapter"].as_str().unwrap().is_empty());
}

#[test]
fn the_logs_have_a_line_an_epoch_and_an_evaluation() {
    let files = contents(&trained().join("model"));
    let lines: Vec<Value> =
        text(&files["metrics.jsonl"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert_eq!((of("epoch"), of("evaluation"), lines.len()), (12, 6, 18));
    assert!(lines[0]["loss"].as_f64().unwrap() > lines[16]["loss"].as_f64().unwrap(), "nothing was learned");

    let csv = text(&files["metrics.csv"]);
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let names =
        ["epoch", "loss", "gor", "covariance", "feature_loss", "active_share", "pairs_per_second", "seconds"];
    assert_eq!(rows[0][..8], names);
    assert_eq!((rows.len(), rows[1].len()), (13, 14));
    assert!(rows[1][8].is_empty(), "epoch 1 is not evaluated");
    assert!(rows[2][9].parse::<f64>().unwrap() > 0.0);
}

#[test]
fn evaluate_prints_exactly_the_promised_keys() {
    let (json, _) = succeed(trained(), &["evaluate", "model", "--json"]);
    assert_eq!(keys(&json), METRICS);
    let value: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["k"], 50);
    for name in ["map", "ndcg", "recall", "precision", "coverage"] {
        assert!((0.0..=1.0).contains(&value[name].as_f64().unwrap()), "{name} is no fraction: {value}");
    }

    let (json, _) = succeed(trained(), &["evaluate", "model", "--json", "-k", "5,20"]);
    let names: Vec<&str> = METRICS.into_iter().chain(["at"]).collect();
    assert_eq!(keys(&json), names);
    let value: Value = serde_json::from_str(&json).unwrap();
    let at = value["at"].as_array().unwrap();
    assert_eq!(at.iter().map(|one| one["k"].as_u64().unwrap()).collect::<Vec<_>>(), [5, 20]);
    assert_eq!(at[0].as_object().unwrap().len(), METRICS.len());
    assert_eq!(at[0]["ndcg"], value["ndcg"]);
}

#[test]
fn evaluate_says_what_training_said() {
    let manifest: Value = serde_json::from_slice(&contents(&trained().join("model"))["model.json"]).unwrap();
    let (json, _) = succeed(trained(), &["evaluate", "model", "--json", "-k", "10"]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), manifest["metrics"]["test"]);
}

#[test]
fn two_stage_recovers_the_clusters() {
    let (json, _) = succeed(trained(), &["evaluate", "model", "--json", "--labels", "labels.csv"]);
    let value: Value = serde_json::from_str(&json).unwrap();
    let (purity, chance) = (&value["neighbour_purity"], &value["neighbour_purity_by_chance"]);
    assert!(purity.as_f64().unwrap() > 0.8, "{value}");
    assert!((chance.as_f64().unwrap() - 0.2).abs() < 0.05, "{value}");
    let (table, _) = succeed(trained(), &["evaluate", "model", "--labels", "labels.csv"]);
    assert_line(&table, &["10 nearest items", "label"]);
}

#[test]
fn evaluate_takes_a_file_and_counts_what_it_does_not_know() {
    let place = place();
    // Two users and items of the model, one of neither.
    fs::write(place.path().join("test.csv"), "user,item\nu0,i1\nu1,i2\nnobody,i1\nu1,nothing\n").unwrap();
    let (json, err) = succeed(place.path(), &["evaluate", shared("model"), "test.csv", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["users"], 2);
    assert_line(&err, &["test.csv: ", "2 interactions", "1 user ", "1 item "]);

    fs::write(place.path().join("strange.csv"), "user,item\nnobody,nothing\n").unwrap();
    let err = fail(place.path(), &["evaluate", shared("model"), "strange.csv"], 1);
    assert_line(&err, &["error: strange.csv: "]);
}

#[test]
fn evaluate_states_its_protocol() {
    let (table, err) = succeed(trained(), &["evaluate", "model"]);
    assert_line(&err, &["test 0.2", "validation 0.1", "seed 0", "training and validation items"]);
    assert!(table.starts_with("part"), "{table}");
}

#[test]
fn export_writes_vectors_and_ids_and_replaces_nothing() {
    let place = place();
    let args = ["export", shared("model"), "-o", "out", "--what", "both"];
    let (out, _) = succeed(place.path(), &args);
    assert_eq!(out.lines().count(), 4);
    let files = contents(&place.path().join("out"));
    assert_eq!(text(&files["items.tsv"]).lines().count(), text(&files["items-metadata.tsv"]).lines().count());
    assert_eq!(text(&files["users.tsv"]).lines().next().unwrap().split('\t').count(), 16);
    let err = fail(place.path(), &args, 1);
    assert_line(&err, &["error: ", "--force"]);
    succeed(place.path(), &[&args[..], &["--force"]].concat());
}

#[test]
fn plot_draws_each_kind_of_map() {
    let place = place();
    let size = |name: &str| image::image_dimensions(place.path().join(name)).unwrap();
    let model = shared("model");
    let (_, err) = succeed(
        place.path(),
        &["plot", model, "-o", "map.png", "--labels", shared("labels.csv"), "--size", "400", "--scale", "1"],
    );
    assert_line(&err, &["t-SNE", "perplexity 30"]);
    assert_line(&err, &["5 labels"]);
    assert_eq!(size("map.png").0, 400);
    for (name, more) in [
        ("users", &["--what", "users"][..]),
        ("both", &["--users", "--color", "none", "--label-top", "3", "--theme", "dark"]),
        ("pca", &["--method", "pca", "--items", "50", "--title", "fifty"]),
        ("cluster", &["--color", "cluster", "--clusters", "3", "--perplexity", "5"]),
    ] {
        let output = format!("{name}.png");
        succeed(
            place.path(),
            &[&["plot", model, "-o", &output, "--size", "240", "--scale", "2"], more].concat(),
        );
        assert_eq!(size(&output).0, 480);
    }
    let err = fail(place.path(), &["plot", model, "-o", "map.png"], 1);
    assert_line(&err, &["error: map.png: ", "--force"]);
    assert_eq!(size("map.png").0, 400);

    fs::write(place.path().join("labels.csv"), "item,label\nnothing,red\n").unwrap();
    let err = fail(place.path(), &["plot", model, "-o", "other.png", "--color", "labels.csv"], 1);
    assert_line(&err, &["error: labels.csv: ", "label"]);
    let err = fail(place.path(), &["plot", model, "-o", "other.png", "--color", "nowhere.csv"], 1);
    assert_line(&err, &["error: nowhere.csv: "]);
    fail(place.path(), &["plot", model, "-o", "other.png", "--size", "10"], 2);
    fail(place.path(), &["plot", model, "-o", "other.png", "--perplexity", "0"], 2);
    assert!(!place.path().join("other.png").exists());
}

#[test]
fn plot_draws_the_curves_of_one_and_of_several_models() {
    let place = place();
    let copy = copy_model(place.path());
    let size = |name: &str| image::image_dimensions(place.path().join(name)).unwrap();
    succeed(place.path(), &["plot", "model", "--curves", "-o", "one.png", "--size", "500", "--scale", "1"]);
    assert_eq!(size("one.png").0, 500);
    succeed(
        place.path(),
        &["plot", "model", shared("model"), "--curves", "-o", "two.png", "--theme", "dark"],
    );
    assert_eq!(size("two.png").0, 2000);
    let err = fail(place.path(), &["plot", "model", shared("model"), "-o", "no.png"], 1);
    assert_line(&err, &["error: --curves ", "2"]);
    fail(place.path(), &["plot", "model", "--curves", "-o", "no.png", "--users"], 2);

    let log = copy.join("metrics.jsonl");
    fs::write(&log, "{\"event\":\"epoch\",\"epoch\":1,\"loss\":0.5}\n{\"event\":\n").unwrap();
    let err = fail(place.path(), &["plot", "model", "--curves", "-o", "no.png"], 1);
    assert_line(&err, &["error: ", "metrics.jsonl:2: "]);
    fs::write(&log, "{\"event\":\"other\"}\n").unwrap();
    let err = fail(place.path(), &["plot", "model", "--curves", "-o", "no.png"], 1);
    assert_line(&err, &["error: ", "metrics.jsonl: ", "epoch"]);
    fs::remove_file(&log).unwrap();
    let err = fail(place.path(), &["plot", "model", "--curves", "-o", "no.png"], 1);
    assert_line(&err, &["error: ", "metrics.jsonl: "]);
    assert!(!place.path().join("no.png").exists());
}

#[test]
fn explore_writes_one_page_and_replaces_nothing() {
    let place = place();
    let args =
        ["explore", shared("model"), "-o", "map.html", "--labels", shared("labels.csv"), "--users", "20"];
    let (out, err) = succeed(place.path(), &args);
    assert!(out.is_empty(), "{out}");
    assert_line(&err, &["map.html", "100 items", "20 users"]);
    let page = fs::read_to_string(place.path().join("map.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("\"cluster\""));
    let err = fail(place.path(), &args, 1);
    assert_line(&err, &["error: map.html: ", "--force"]);
    succeed(place.path(), &[&args[..], &["--force"]].concat());
    assert_eq!(fs::read_to_string(place.path().join("map.html")).unwrap(), page);
    fail(place.path(), &["explore", shared("model"), "-o", "no.html", "-k", "0"], 2);
    let err = fail(place.path(), &["explore", shared("model"), "-o", "no.html", "-k", "5000"], 1);
    assert_line(&err, &["error: -k ", "1000", "5000"]);
}

#[test]
fn generate_gives_the_same_for_the_same_seed_and_replaces_nothing() {
    let place = place();
    let args = |output: &'static str, seed: &'static str| {
        ["generate", "-o", output, "--users", "30", "--items", "40", "--clusters", "2", "--seed", seed]
    };
    succeed(place.path(), &args("one", "1"));
    succeed(place.path(), &args("same", "1"));
    succeed(place.path(), &args("other", "2"));
    let of = |name: &str| contents(&place.path().join(name));
    let names = ["interactions.csv", "item-tags.csv", "labels.csv", "user-tags.csv"];
    assert_eq!(of("one").keys().collect::<Vec<_>>(), names);
    assert_eq!(of("one"), of("same"));
    assert_ne!(of("one"), of("other"));
    let err = fail(place.path(), &args("one", "2"), 1);
    assert_line(&err, &["error: ", "--force"]);
    assert_eq!(of("one"), of("same"));
    succeed(place.path(), &[&args("single.csv", "1")[..], &["--item-features", "tags.csv"]].concat());
    for (name, whole) in [("single.csv", "interactions.csv"), ("tags.csv", "item-tags.csv")] {
        assert_eq!(fs::read(place.path().join(name)).unwrap(), of("one")[whole]);
    }
}

#[test]
fn doctor_lists_adapters_and_tests_kernels() {
    let (out, _) = succeed(trained(), &["doctor"]);
    assert!(out.contains("in use: "), "{out}");
    // A software adapter is as fast as its subgroups let it be: that is told.
    assert_eq!(out.contains("subgroups"), out.contains("software on the CPU"), "{out}");
    let (json, _) = succeed(trained(), &["doctor", "--json"]);
    let value: Value = serde_json::from_str(&json).unwrap();
    let chosen = value["chosen"].as_u64().unwrap();
    assert_eq!(value["adapters"][chosen as usize]["usable"], true);
    let (out, _) = succeed(trained(), &["doctor", "--selftest"]);
    let lines: Vec<&str> = out.lines().filter(|line| line.starts_with("ok ")).collect();
    assert!(lines.len() >= 10 && lines.iter().all(|line| line.contains("% of")), "{out}");
}

#[test]
fn what_is_piped_has_no_escape_codes() {
    let calls: [&[&str]; 5] = [
        &["--help"],
        &["train", "--help"],
        &["doctor"],
        &["evaluate", "model"],
        &["similar", "model", "--item", "i0", "--format", "table"],
    ];
    for args in calls {
        let (out, err) = succeed(trained(), args);
        assert!(!out.is_empty(), "{args:?} printed nothing");
        assert!(!format!("{out}{err}").contains('\u{1b}'), "{args:?}: {out}{err}");
    }
}

#[test]
fn help_gives_the_defaults_of_settings_that_no_recipe_has() {
    let (help, _) = succeed(trained(), &["train", "--help"]);
    let help: String = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for (flag, default, source) in [
        (
            "--margin",
            "[default: 1; Tran 4.1.3; recipe cml-2017: 0.5]",
            "of contrastive, a score [default: 0.9",
        ),
        ("--beta", "[default: 0.5", "shared 0]"),
        ("--hardness", "[default: 3", "Tran 3.2: paper"),
        ("--candidates", "[default: 2000; Tran 4.1.3", "shared 500]"),
        ("--item-bias-rate", "[default: 0.2]", "share of the learning rate"),
    ] {
        let start = help.find(&format!(" {flag} <")).unwrap_or_else(|| panic!("no {flag} in {help}"));
        let text = &help[start + flag.len()..];
        let text = &text[..text.find(" --").unwrap_or(text.len())];
        assert!(text.contains(default) && text.contains(source), "{flag}: {text}");
    }
    assert!(help.contains("Examples:"), "{help}");
}

#[test]
fn a_reader_who_has_enough_ends_the_command_quietly() {
    // A pipe whose reading end is closed before anything is written.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("spherec"));
    command.args(["recommend", "model", "--all"]).current_dir(trained()).stdout(writer);
    let output = command.stderr(std::process::Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn usage_errors_exit_with_2() {
    for args in [&["train"][..], &["recommend", "model"], &["nonsense"], &["evaluate", "model", "-k", "many"]]
    {
        assert!(fail(trained(), args, 2).contains("Usage") || !args.contains(&"train"), "{args:?}");
    }
    spherec(trained(), &["--version"]).assert().success();
}
