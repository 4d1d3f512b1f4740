//! `compare --models` as a user drives it.

use crate::support::{assert_line, fail, place, shared, succeed};
use serde_json::Value;
use std::fs;
use std::path::Path;

const RUN: [&str; 8] = ["--dim", "8", "--epochs", "2", "--learning-rate", "0.02", "--seeds", "2"];

fn compare(folder: &Path, output: &str, more: &[&str]) -> (String, String) {
    let args = ["compare", shared("interactions.csv"), "-o", output, "--models", "softmax,wrmf,popularity"];
    succeed(folder, &[&args[..], &RUN, more].concat())
}

#[test]
fn models_are_compared_beside_the_paper_and_an_interruption_changes_nothing() {
    let place = place();
    let (table, err) = compare(place.path(), "whole", &["--published", "citeulike"]);
    assert_line(&err, &["6 runs: ", "3 cells", "2 seeds"]);
    assert_line(&err, &["6/6 ", "model=popularity", "seed 1"]);
    assert_line(&table, &["recall@50 %", "recall@100 %", "NDCG@50 %", "MAP@50 %", "Hsieh 2017, CiteULike"]);
    assert_line(&table, &["wrmf", "2/2", "WRMF 24.37 / 31.12", "softmax"]);
    // Counts do not depend on the seed.
    assert_line(&table, &["popularity", "2/2", "± 0.00"]);
    for text in ["Wilcoxon", "test 0.2, validation 0.2, seed 0", "fewer than 5", "seeds 0 to 1", "one split"]
    {
        assert!(table.contains(text), "no {text:?} in {table}");
    }
    let read = |folder: &str, name: &str| fs::read_to_string(place.path().join(folder).join(name)).unwrap();
    assert_eq!(table, read("whole", "table.txt"));
    let lines: Vec<String> = read("whole", "results.jsonl").lines().take(4).map(str::to_owned).collect();
    fs::create_dir(place.path().join("stopped")).unwrap();
    let torn = format!("{}\n{{\"cell\":\"mod", lines.join("\n"));
    fs::write(place.path().join("stopped/results.jsonl"), torn).unwrap();
    let (_, err) = compare(place.path(), "stopped", &["--published", "CiteULike"]);
    assert_line(&err, &["stopped: ", "3 of 6 runs"]);
    for name in ["table.txt", "table.md", "table.csv", "table.json"] {
        assert_eq!(read("whole", name), read("stopped", name), "{name}");
    }
    // Another model to test against, and a further seed, need no new folder.
    let (json, err) =
        compare(place.path(), "whole", &["--against", "popularity", "--seeds", "3", "--print", "json"]);
    assert_line(&err, &["whole: ", "6 of 9 runs"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rows"][0]["wilcoxon"]["against"], "popularity");
    assert_eq!((&json["rows"][2]["wilcoxon"], &json["rows"][2]["seeds"]), (&Value::Null, &3.into()));
    assert!(json["rows"][0]["recall"]["mean"].as_f64() > Some(0.0), "{json}");
    let args = ["compare", shared("interactions.csv"), "-o", "whole", "--models", "softmax,wrmf,popularity"];
    let err = fail(place.path(), &[&args[..], &RUN, &["--hold-out-from", "3"]].concat(), 1);
    assert_line(&err, &["error: ", "results.jsonl", "hold-out-from was 5, now 3"]);
}

#[test]
fn a_model_is_compared_with_features_and_history() {
    let place = place();
    let tags: String = (0..100).map(|item| format!("i{item},tag{}\n", item % 7)).collect();
    fs::write(place.path().join("tags.csv"), tags).unwrap();
    let models = ["softmax", "softmax+history", "softmax+features+history"];
    let args = ["compare", shared("interactions.csv"), "-o", "out", "--models", &models.join(",")];
    let more =
        ["--item-features", "tags.csv", "--seeds", "1", "--dim", "8", "--epochs", "2", "--print", "json"];
    let (json, _) = succeed(place.path(), &[&args[..], &more].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    let recalls: Vec<f64> = (0..3).map(|row| json["rows"][row]["recall"]["mean"].as_f64().unwrap()).collect();
    assert!(recalls.windows(2).all(|two| two[0] != two[1]) && recalls[0] != recalls[2], "{recalls:?}");
    for (row, model) in models.iter().enumerate() {
        assert_eq!(json["rows"][row]["model"], *model, "{json}");
    }
}

#[test]
fn a_comparison_of_models_that_makes_no_sense_is_refused_before_the_first_training() {
    let place = place();
    let start = ["compare", shared("interactions.csv"), "-o", "out"];
    for (more, code, parts) in [
        (&["--models", "softmax,x"][..], 1, &["--models", "`x`", "softmax, ", "popularity"][..]),
        (&["--models", "softmax,softmax"], 1, &["--models", "softmax twice"]),
        (&["--models", "softmax+x"], 1, &["--models", "softmax+x", "+features", "+history"]),
        (&["--models", "softmax+history+history"], 1, &["--models", "+features", "+history"]),
        (&["--models", "softmax+features"], 1, &["--models", "softmax+features", "--item-features"]),
        (&["--models", "softmax", "--history", "1"], 1, &["--history", "+history"]),
        (&["--models", "wrmf+history"], 1, &["--models", "wrmf+history", "steps"]),
        (&["--models", "softmax", "--against", "wrmf"], 1, &["--against", "wrmf"]),
        (&["--models", "wrmf", "--published", "Netflix"], 2, &["--published", "BookCX"]),
        (&["--models", "wrmf", "--published", "BookCX", "-k", "10"], 1, &["--published", "-k", "10"]),
        (&["--models", "wrmf", "--temperature", "0.1"], 1, &["--temperature", "wrmf"]),
        (&["--models", "wrmf", "--dim", "0"], 1, &["--models wrmf: --dim", "0"]),
        (&["--models", "wrmf", "--seeds", "0"], 1, &["--seeds"]),
        (&["--models", "wrmf", "--hold-out-from", "1000"], 1, &["--hold-out-from", "1000"]),
        (&["--models", "wrmf", "--test-fraction", "0.9"], 1, &["--test-fraction"]),
        (&["--models", "wrmf", "--samplers", "uniform"], 2, &["--models", "--samplers"]),
        (&["--models", "wrmf", "--recipe", "softmax"], 2, &["--models", "--recipe"]),
        (&["--seeds", "4"], 2, &["--models"]),
    ] {
        let err = fail(place.path(), &[&start[..], more].concat(), code);
        assert!(parts.iter().all(|part| err.contains(part)), "{more:?}: {err}");
    }
    assert!(!place.path().join("out/results.jsonl").exists());
}
