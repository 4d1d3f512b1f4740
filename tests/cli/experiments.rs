//! `compare`, `tune` and `show` as a user drives them.

use crate::support::{assert_line, contents, copy_model, fail, place, shared, succeed};
use std::fs;
use std::path::Path;

const RUN: [&str; 12] = [
    "--dim",
    "8",
    "--epochs",
    "2",
    "--learning-rate",
    "0.02",
    "-k",
    "10",
    "--folds",
    "2",
    "--candidates",
    "50",
];

fn compare(folder: &Path, output: &str, more: &[&str]) -> (String, String) {
    let args = ["compare", shared("interactions.csv"), "-o", output, "--batch", "64,128", "--negatives", "1"];
    succeed(folder, &[&args[..], &["--samplers", "uniform,two-stage"], &RUN, more].concat())
}

#[test]
fn a_comparison_that_was_stopped_goes_on_to_the_same_table() {
    let place = place();
    let (table, err) = compare(place.path(), "whole", &[]);
    assert_line(&err, &["8/8 ", "sampler=two-stage", "batch-size=128", "negatives=1", "fold 1"]);
    assert_line(&err, &["1/8 ", "to go"]);
    for text in ["best uniform", "2 folds", "seed 0", "training items", "ties: "] {
        assert!(table.contains(text), "no {text:?} in {table}");
    }
    let read = |folder: &str, name: &str| fs::read_to_string(place.path().join(folder).join(name)).unwrap();
    assert_eq!(table, read("whole", "table.txt"));
    // What a process that was killed in its fourth run leaves.
    let lines: Vec<String> = read("whole", "results.jsonl").lines().take(4).map(str::to_owned).collect();
    fs::create_dir(place.path().join("stopped")).unwrap();
    let torn = format!("{}\n{{\"cell\":\"samp", lines.join("\n"));
    fs::write(place.path().join("stopped/results.jsonl"), torn).unwrap();
    let (_, err) = compare(place.path(), "stopped", &[]);
    assert_line(&err, &["stopped: ", "3 of 8 runs"]);
    for name in ["table.txt", "table.md", "table.csv", "table.json"] {
        assert_eq!(read("whole", name), read("stopped", name), "{name}");
    }
    let (csv, _) = compare(place.path(), "whole", &["--print", "csv"]);
    assert_eq!(csv.lines().count(), 5, "{csv}");
    let err = fail(
        place.path(),
        &[
            &["compare", shared("interactions.csv"), "-o", "whole", "--batch", "64,128", "--negatives", "1"]
                [..],
            &["--samplers", "uniform,two-stage"],
            &RUN,
            &["--learning-rate", "0.03"],
        ]
        .concat(),
        1,
    );
    assert_line(&err, &["error: ", "results.jsonl", "learning-rate", "0.02", "0.03"]);
    let (_, err) = succeed(place.path(), &["generate", "-o", "small", "--users", "90", "--items", "40"]);
    assert!(err.contains("small/interactions.csv: "), "{err}");
    let err =
        fail(
            place.path(),
            &[
                &[
                    "compare",
                    "small/interactions.csv",
                    "-o",
                    "whole",
                    "--batch",
                    "64,128",
                    "--negatives",
                    "1",
                ][..],
                &["--samplers", "uniform,two-stage"],
                &RUN,
            ]
            .concat(),
            1,
        );
    assert_line(&err, &["error: ", "results.jsonl", "data"]);
    assert!(!err.contains("learning-rate"), "{err}");
}

#[test]
fn a_model_is_no_place_for_results() {
    let place = place();
    let model = copy_model(place.path());
    let before = contents(&model);
    let err =
        fail(place.path(), &[&["compare", shared("interactions.csv"), "-o", "model"][..], &RUN].concat(), 1);
    assert_line(&err, &["error: model: ", "-o"]);
    assert!(contents(&model) == before);
}

#[test]
fn a_search_ends_in_a_config_that_train_takes_and_show_gives_back() {
    let place = place();
    let grid = "hardness=1,2; sampler=uniform,two-stage";
    let args = ["tune", shared("interactions.csv"), "-o", "search", "--grid", grid, "--batch-size", "64"];
    let (table, _) = succeed(place.path(), &[&args[..], &RUN].concat());
    // Uniform sampling has no hardness: three combinations, not four.
    assert_eq!(table.lines().filter(|line| line.contains("2/2")).count(), 3, "{table}");
    assert_line(&table, &["test part", "0.2", "2 folds"]);
    let (again, err) = succeed(place.path(), &[&args[..], &RUN].concat());
    assert_eq!(again, table);
    assert_line(&err, &["search: ", "6 of 6 runs"]);
    let data = shared("interactions.csv");
    succeed(place.path(), &["train", data, "-o", "model", "--config", "search/best.toml"]);
    let (toml, _) = succeed(place.path(), &["show", "model", "--toml"]);
    fs::write(place.path().join("shown.toml"), &toml).unwrap();
    succeed(place.path(), &["train", data, "-o", "again", "--config", "shown.toml"]);
    assert_eq!(succeed(place.path(), &["show", "again", "--toml"]).0, toml);
    let tables = |model: &str| fs::read(place.path().join(model).join("model.safetensors")).unwrap();
    assert!(tables("model") == tables("again"), "the same settings gave another model");
    let (text, _) = succeed(place.path(), &["show", "model"]);
    for name in ["spherec 0.", "learning_rate", "split by user, test 0.2", "model.safetensors", "NDCG"] {
        assert!(text.contains(name), "no {name:?} in {text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&succeed(place.path(), &["show", "model", "--json"]).0).unwrap();
    assert_eq!(json["config"]["stopping"]["epochs"], 2);
    assert_eq!(json["users"], 200);
}

#[test]
fn a_search_shows_a_dash_where_a_setting_is_not_used() {
    let place = place();
    let grid = "loss=softmax,triplet; temperature=0.1,0.3; item-bias=true,false";
    let args = ["tune", shared("interactions.csv"), "-o", "search", "--grid", grid, "--batch-size", "64"];
    succeed(place.path(), &[&args[..], &RUN, &["--epochs", "1"]].concat());
    let csv = fs::read_to_string(place.path().join("search/table.csv")).unwrap();
    let labels = |line: &str| line.split(',').take(3).collect::<Vec<_>>().join(" ");
    let mut rows: Vec<String> = csv.lines().skip(1).map(labels).collect();
    rows.sort();
    let expected = [
        "softmax 0.1 false",
        "softmax 0.1 true",
        "softmax 0.3 false",
        "softmax 0.3 true",
        "triplet - false",
        "triplet - true",
    ];
    assert_eq!(rows, expected, "{csv}");
    let best = fs::read_to_string(place.path().join("search/best.toml")).unwrap();
    assert_eq!(best.contains("temperature = "), best.contains("loss = \"softmax\""), "{best}");
    assert_line(&best, &["sampler = \"shared\""]);
}

#[test]
fn shared_candidates_are_compared_once_for_all_numbers_of_negatives() {
    let place = place();
    let args = ["compare", shared("interactions.csv"), "-o", "table", "--batch", "64", "--negatives", "1,2"];
    let flags = ["--samplers", "shared,uniform", "--epochs", "1", "--print", "csv"];
    let (csv, _) = succeed(place.path(), &[&args[..], &RUN, &flags].concat());
    let labels = |line: &str| line.split(',').take(3).collect::<Vec<_>>().join(" ");
    let rows: Vec<String> = csv.lines().map(labels).collect();
    assert_eq!(
        rows,
        ["sampler batch-size negatives", "shared 64 -", "uniform 64 1", "uniform 64 2"],
        "{csv}"
    );
    let results = fs::read_to_string(place.path().join("table/results.jsonl")).unwrap();
    // The recipe is that of the paper, whatever the sampler.
    assert!(results.contains("triplet") && !results.contains("softmax"), "{results}");
    let err = fail(
        place.path(),
        &[&args[..], &["--samplers", "shared", "--recipe", "softmax", "--loss", "warp"]].concat(),
        1,
    );
    assert_line(&err, &["--sampler", "--loss warp", "uniform"]);
}

#[test]
fn searches_that_make_no_sense_are_refused() {
    let place = place();
    let refuse = |more: &[&str], code: i32, parts: &[&str]| {
        let args = ["tune", shared("interactions.csv"), "-o", "search"];
        let err = fail(place.path(), &[&args[..], more].concat(), code);
        assert_line(&err, parts);
        assert!(!place.path().join("search").exists());
    };
    refuse(&[], 2, &["--grid"]);
    refuse(&["--grid", "beta"], 2, &["`beta`", "`=`"]);
    refuse(&["--grid", "seed=1,2"], 1, &["--grid", "`seed`"]);
    refuse(&["--grid", "beta=much"], 1, &["--grid", "`beta`", "much"]);
    refuse(&["--grid", "dim=0"], 1, &["--dim", "1", "0"]);
    refuse(&["--grid", "hardness=1", "--sampler", "uniform"], 1, &["--hardness", "--sampler uniform"]);
    refuse(&["--grid", "beta=0.5,1", "--random", "3"], 1, &["--random", "1 to 2", "3"]);
    // Uniform sampling has no hardness: three combinations, not four.
    let same = "hardness=1,2; sampler=uniform,two-stage";
    let flags = ["--recipe", "two-stage-2019", "--random", "4"];
    refuse(&[&["--grid", same][..], &flags].concat(), 1, &["--random", "1 to 3", "4"]);
    let values: Vec<String> = (1..=150).map(|n| format!("{n}e-4")).collect();
    let many = format!("learning-rate={0}; start-norm={0}", values.join(","));
    refuse(&["--grid", &many], 1, &["--grid", "22500", "10000", "--random"]);
    refuse(&["--grid", "beta=1", "--folds", "1000"], 1, &["--folds", "at most", "1000"]);
    refuse(
        &["--grid", "sampler=uniform; negatives=1,99", "--recipe", "two-stage-2019"],
        1,
        &["negatives=99", "99"],
    );
    let args = ["compare", shared("interactions.csv"), "-o", "search"];
    let err = fail(place.path(), &[&args[..], &["--samplers", "uniform,clever"]].concat(), 1);
    assert_line(&err, &["--samplers", "`clever`"]);
    let err = fail(place.path(), &[&args[..], &["--samplers", "uniform", "--beta", "1"]].concat(), 1);
    assert_line(&err, &["--beta", "--sampler uniform"]);
}

#[test]
fn a_comparison_that_the_data_do_not_allow_is_refused_before_the_first_training() {
    let place = place();
    let args =
        ["compare", shared("interactions.csv"), "-o", "table", "--samplers", "uniform", "--batch", "64"];
    for (more, parts) in [
        (["--folds", "100", "--negatives", "1"], ["--folds", "at most", "100"]),
        (
            ["--folds", "2", "--negatives", "1,99"],
            ["negatives=99, fold 0", "99 of the 100 items", "--negatives"],
        ),
    ] {
        let err = fail(place.path(), &[&args[..], &more].concat(), 1);
        assert_line(&err, &parts);
        assert!(!err.contains("adapter: ") && !place.path().join("table").exists(), "{err}");
    }
    let numbers: Vec<String> = (1..=200).map(|n| n.to_string()).collect();
    let (batch, negatives) = (numbers.join(","), numbers.join(","));
    let many = ["--samplers", "uniform", "--batch-size", &batch, "--negatives", &negatives];
    let args = ["compare", shared("interactions.csv"), "-o", "table"];
    let err = fail(place.path(), &[&args[..], &many].concat(), 1);
    assert_line(&err, &["1 x 200 x 200", "10000"]);
}

#[test]
fn settings_that_cannot_be_trained_are_shown_as_failed_and_never_the_best() {
    let place = place();
    let args = ["tune", shared("interactions.csv"), "-o", "search", "--recipe", "two-stage-2019"];
    let flags = ["--folds", "2", "--epochs", "4", "--dim", "8", "--candidates", "50", "-k", "10"];
    let grid = ["--grid", "learning-rate=1e38,1e-3"];
    let (table, err) = succeed(place.path(), &[&args[..], &flags, &grid].concat());
    assert_line(&table, &["1e38", "2/2", "failed"]);
    assert_line(&table, &["failed: learning-rate=1e38: "]);
    assert_line(&err, &["learning-rate=1e38", "failed: "]);
    let best = fs::read_to_string(place.path().join("search/best.toml")).unwrap();
    assert_line(&best, &["learning-rate = 0.001"]);
    succeed(
        place.path(),
        &["train", shared("interactions.csv"), "-o", "model", "--config", "search/best.toml"],
    );
    // Nothing is best where everything failed; a comparison with a cell that failed is not whole.
    for (grid, error) in [
        ("learning-rate=1e38", "no combination could be trained"),
        ("epsilon=1e39", "--epsilon"),
        ("gor-weight=1e39", "--gor-weight"),
    ] {
        let output = format!("none-{grid}");
        let args = ["tune", shared("interactions.csv"), "-o", &output, "--recipe", "two-stage-2019"];
        let err = fail(place.path(), &[&args[..], &flags, &["--grid", grid]].concat(), 1);
        assert_line(&err, &["error: ", error]);
        assert!(!place.path().join(&output).join("best.toml").exists());
    }
    let args =
        ["compare", shared("interactions.csv"), "-o", "table", "--samplers", "uniform", "--batch", "64"];
    let more = ["--negatives", "1", "--learning-rate", "1e38", "--folds", "2", "--epochs", "1", "--dim", "8"];
    let err = fail(place.path(), &[&args[..], &more].concat(), 1);
    assert_line(&err, &["error: 1 of 1 cell failed"]);
    let table = fs::read_to_string(place.path().join("table/table.txt")).unwrap();
    assert_line(&table, &["failed: sampler=uniform batch-size=64 negatives=1: "]);
}

#[test]
fn a_random_search_draws_first_and_reads_only_what_it_drew() {
    let place = place();
    let values: Vec<String> = (1..=1000).map(|n| format!("{n}e-6")).collect();
    let grid =
        format!("learning-rate={}; epochs=1,2,3,4,5; start-norm={}", values.join(","), values.join(","));
    let args = ["tune", shared("interactions.csv"), "-o", "search", "--random", "1", "--grid"];
    let err = fail(place.path(), &[&args[..], &[&grid]].concat(), 2);
    assert_line(&err, &["more than 1000000 combinations"]);
    // A million combinations, some of which are impossible.
    let values = values[..999].join(",");
    let grid = format!("start-norm=0,{values}; learning-rate={values}");
    let run = ["--folds", "2", "--epochs", "1", "--seed", "3", "-k", "10", "--dim", "8"];
    let (table, _) = succeed(place.path(), &[&args[..], &[&grid], &run].concat());
    assert_eq!(table.lines().filter(|line| line.contains("2/2")).count(), 1, "{table}");
    let best = || fs::read_to_string(place.path().join("search/best.toml")).unwrap();
    let (first, again) = (best(), succeed(place.path(), &[&args[..], &[&grid], &run].concat()).0);
    assert_eq!((first, again), (best(), table));
    // A flag that the drawn combination does not use is used by others.
    let args =
        ["tune", shared("interactions.csv"), "--recipe", "two-stage-2019", "--random", "1", "--dim", "8"];
    for seed in 0..4 {
        let (output, seed) = (format!("search-{seed}"), seed.to_string());
        let more = ["--grid", "sampler=uniform,two-stage", "--hardness", "2", "-o", &output, "--seed", &seed];
        succeed(place.path(), &[&args[..], &more, &run[..4], &["--candidates", "50"]].concat());
    }
}
