//! `spherec bench`: its table, its JSON, and requests that it refuses.

use crate::support::{assert_line, fail, place, succeed};
use serde_json::Value;

const TINY: [&str; 11] = [
    "bench",
    "--items",
    "60,90",
    "--dim",
    "8",
    "--batch-size",
    "32",
    "--candidates",
    "20",
    "--seconds",
    "0.01",
];

/// What scripts rely on, in this order.
const KEYS: [&str; 9] = [
    "sampler",
    "items",
    "dim",
    "batch",
    "negatives",
    "candidates",
    "ms_per_step",
    "score_gflops",
    "dense_adam_ms",
];

fn positive(step: &Value, key: &str) {
    let number = step[key].as_f64().unwrap_or(f64::NAN);
    assert!(number > 0.0 && number.is_finite(), "{key}: {step}");
}

#[test]
fn json_has_every_combination_with_finite_figures() {
    let place = place();
    let (out, err) =
        succeed(place.path(), &[&TINY[..], &["--negatives", "1,3", "--stages", "--json"]].concat());
    assert_eq!(err, "");
    let value: Value = serde_json::from_str(&out).unwrap();
    assert!(!value["adapter"]["name"].as_str().unwrap().is_empty());
    let steps = value["steps"].as_array().unwrap();
    // Items, then samplers, then negatives; shared ones are no pair's own.
    let expected = [60, 90].iter().flat_map(|items| {
        let own = ["two-stage", "uniform", "popularity"].into_iter();
        let own = own.flat_map(move |sampler| [1, 3].map(|negatives| (sampler, *items, negatives)));
        [("shared", *items, 0)].into_iter().chain(own)
    });
    let seen = |step: &Value| {
        let number = |key: &str| step[key].as_u64().unwrap();
        assert_eq!((number("dim"), number("batch")), (8, 32));
        (step["sampler"].as_str().unwrap().to_owned(), number("items"), number("negatives"))
    };
    let seen: Vec<_> = steps.iter().map(seen).collect();
    assert_eq!(seen, expected.map(|(name, items, n)| (name.to_owned(), items, n)).collect::<Vec<_>>());
    for step in steps {
        let is_shared = step["sampler"] == "shared";
        let has_candidates = is_shared || step["sampler"] == "two-stage";
        for key in ["ms_per_step", "dense_adam_ms", "planning_us", "dispatches", "shards", "rows", "steps"] {
            positive(step, key);
        }
        assert_eq!(step["candidates"], if has_candidates { 20 } else { 0 });
        if has_candidates {
            positive(step, "score_gflops");
        } else {
            assert_eq!(step["score_gflops"], 0.0);
        }
        let share = step["queue_empty_share"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&share), "{share}");
        let stages = step["stages"].as_object().unwrap();
        assert_eq!(stages.keys().any(|name| name.starts_with("candidate_score")), has_candidates);
        assert_eq!(stages.keys().any(|name| name.starts_with("user_gradient")), is_shared);
        assert_eq!(stages.contains_key("softmax_loss"), is_shared);
        assert_eq!(stages.contains_key("triplet_loss"), !is_shared);
        assert!(stages.contains_key("row_load") && stages.contains_key("row_adam"), "{step}");
        stages.keys().for_each(|name| positive(&step["stages"], name));
    }
}

#[test]
fn a_step_has_the_keys_that_scripts_read_and_stages_only_on_request() {
    let place = place();
    let (out, _) = succeed(place.path(), &[&TINY[..], &["--samplers", "uniform", "--json"]].concat());
    let all: Value = serde_json::from_str(&out).unwrap();
    let steps = all["steps"].as_array().unwrap();
    assert!(!steps.is_empty() && !all["adapter"]["name"].is_null(), "{out}");
    for step in steps {
        assert!(KEYS.iter().all(|key| !step[*key].is_null()) && step["stages"].is_null(), "{out}");
    }
}

#[test]
fn shared_candidates_take_a_loss_and_lists_of_sizes() {
    let place = place();
    let args = ["--samplers", "shared", "--loss", "hinge-sum", "--candidates", "10,20", "--stages", "--json"];
    let tiny: Vec<&str> = TINY.into_iter().filter(|arg| !["--candidates", "20"].contains(arg)).collect();
    let (out, _) = succeed(place.path(), &[&tiny[..], &args].concat());
    let all: Value = serde_json::from_str(&out).unwrap();
    let steps = all["steps"].as_array().unwrap();
    let sizes: Vec<_> =
        steps.iter().map(|step| (step["items"].as_u64(), step["candidates"].as_u64())).collect();
    assert_eq!(sizes, [(60, 10), (60, 20), (90, 10), (90, 20)].map(|(items, c)| (Some(items), Some(c))));
    for step in steps {
        assert_eq!((&step["sampler"], &step["negatives"]), (&"shared".into(), &0.into()));
        positive(&step["stages"], "hinge_sum_loss");
        positive(step, "score_gflops");
    }
}

#[test]
fn a_pipe_gets_a_plain_table() {
    let place = place();
    let (out, err) =
        succeed(place.path(), &[&TINY[..], &["--samplers", "two-stage,uniform", "--stages"]].concat());
    assert_eq!(err, "");
    let rows = |name: &str| out.lines().filter(|line| line.starts_with(name)).count();
    // A row and a line of stages for each of two sizes.
    assert_eq!((rows("two-stage"), rows("uniform"), rows("popularity")), (4, 4, 0), "{out}");
    assert!(out.contains("ms/step") && out.contains("point_gradient"), "{out}");
}

#[test]
fn impossible_sizes_are_refused_before_anything_is_measured() {
    let refuse = |flags: &[&str], code: i32, parts: &[&str]| {
        let place = place();
        let err = fail(place.path(), &[&["bench"], flags].concat(), code);
        assert_line(&err, parts);
    };
    refuse(&["--items", "0"], 2, &["--items"]);
    refuse(&["--items", "10,,20"], 2, &["--items"]);
    refuse(&["--items", "10,many"], 2, &["many"]);
    refuse(&["--samplers", "best"], 2, &["two-stage"]);
    refuse(&["--loss", "warp"], 1, &["--sampler", "shared", "--loss warp", "uniform"]);
    refuse(&["--loss", "best"], 2, &["best"]);
    refuse(&["--items", "10000,1"], 1, &["--items", "2", "1"]);
    refuse(&["--items", "1000"], 1, &["--candidates", "1000", "2000"]);
    refuse(&["--candidates", "3", "--negatives", "5"], 1, &["--candidates", "5", "3"]);
    refuse(&["--dim", "128,5000"], 1, &["--dim", "1024", "5000"]);
    refuse(&["--items", "4", "--samplers", "uniform", "--negatives", "3"], 1, &["--negatives", "2", "3"]);
    refuse(&["--items", "2", "--samplers", "uniform", "--batch-size", "9000"], 1, &["--batch-size", "9000"]);
    for seconds in ["0", "NaN", "inf"] {
        refuse(&["--seconds", seconds], 1, &["--seconds", "3600", seconds]);
    }
    refuse(&["--adapter", "no such adapter"], 3, &["no such adapter"]);
}
