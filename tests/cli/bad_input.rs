//! Requests that cannot be met: a clear message, the right exit code, and whatever was there untouched.
//! And those that can be met after all, with a warning.

use crate::support::{
    SMALL, TWO_STAGE, assert_line, contents, copy_model, fail, has_line, place, shared, spherec, succeed,
    text, trained,
};
use std::fs;
use std::path::Path;

/// Trains on `data` over a model that exists; it must fail, name every one of `parts` and change nothing.
fn refuse(data: &str, flags: &[&str], parts: &[&str]) {
    let place = place();
    let model = copy_model(place.path());
    let before = contents(&model);
    fs::write(place.path().join("data.csv"), data).unwrap();
    let err = fail(place.path(), &[&["train", "data.csv", "-o", "model", "--force"], flags].concat(), 1);
    assert_line(&err, &[&["error: "], parts].concat());
    assert!(contents(&model) == before, "{flags:?} changed the model that was there");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2, "something was left behind");
}

fn refuse_data(data: &str, parts: &[&str]) {
    refuse(data, &[], parts);
}

fn refuse_flags(flags: &[&str], parts: &[&str]) {
    refuse("user,item\n1,1\n1,2\n2,2\n2,3\n", flags, parts);
}

#[test]
fn files_that_hold_no_interactions() {
    refuse_data("", &["data.csv: ", "empty"]);
    refuse_data("\n \n", &["data.csv: ", "empty"]);
    refuse_data("user,item\n", &["data.csv: ", "header"]);
    refuse_data("user,item\n1,2\n3\n", &["data.csv:3: ", "field", "2"]);
    refuse_data("user,item\n1,2\n,3\n", &["data.csv:3: ", "user id"]);
    let err = fail(trained(), &["train", "nowhere.csv", "-o", "new"], 1);
    assert_line(&err, &["error: nowhere.csv: "]);
}

#[test]
fn columns_and_ratings() {
    let rated = |rating: &str| format!("user,item,rating\n1,2,5\n1,3,{rating}\n");
    refuse(&rated("5"), &["--item-column", "film"], &["film"]);
    refuse(&rated("5"), &["--user-column", "9"], &["--user-column"]);
    refuse(&rated("good"), &["--min-rating", "4"], &["data.csv:3: ", "rating", "`good`"]);
    refuse(&rated("NaN"), &["--min-rating", "4"], &["data.csv:3: ", "rating", "`NaN`"]);
    refuse(&rated("3"), &["--min-rating", "6"], &["2 rows", "rating", "6"]);
    refuse(&rated("3"), &["--min-rating", "inf"], &["--min-rating", "finite"]);
    refuse(&rated("3"), &["--rating-column", "rating"], &["--rating-column", "--min-rating"]);
}

#[test]
fn ratings_that_are_not_read_are_told_of() {
    let place = place();
    let rows: String = (0..40).map(|row| format!("u{},i{},{}\n", row / 4, row % 7, 1 + row % 5)).collect();
    fs::write(place.path().join("rated.csv"), format!("user,item,rating\n{rows}")).unwrap();
    let train = |flags: &[&str]| {
        let args = ["train", "rated.csv", "-o", "model", "--force", "--epochs", "1", "--dim", "4"];
        succeed(place.path(), &[&args[..], flags].concat()).1
    };
    let unread = ["column 3", "--min-rating", "--min-count"];
    let err = train(&[]);
    assert_line(&err, &unread);
    assert!(!err.contains("replace"), "{err}");
    let err = train(&["--min-rating", "3"]);
    assert!(!has_line(&err, &unread), "{err}");
    assert_line(&err, &["model", "replace"]);
}

#[test]
fn places_are_judged_before_the_work() {
    let place = place();
    for args in [["plot", "-o", "nowhere/map.png"], ["explore", "-o", "nowhere/map.html"]] {
        let err = fail(place.path(), &[&args[..], &[shared("model")]].concat(), 1);
        assert_line(&err, &["error: ", args[2]]);
    }
    fs::create_dir(place.path().join("empty")).unwrap();
    for args in [&["show", "empty"][..], &["recommend", "empty", "--user", "1"]] {
        let err = fail(place.path(), args, 1);
        assert_line(&err, &["error: empty/model.json: "]);
    }
}

#[test]
fn an_id_of_ten_megabytes() {
    let data = format!("user,item\n1,2\n2,{}\n", "x".repeat(10_000_000));
    refuse_data(&data, &["data.csv:3: ", "item id", "10000000", "65536"]);
}

/// A file without end, in every place where a file can be given.
#[test]
#[cfg(unix)]
fn devices_are_no_input() {
    let place = place();
    let data = shared("interactions.csv");
    fs::write(place.path().join("large.toml"), "#".repeat(2 << 20)).unwrap();
    for args in [
        &["data", "inspect", "/dev/zero"][..],
        &["data", "split", "/dev/zero", "-o", "out"],
        &["train", "/dev/zero", "-o", "new"],
        &["train", data, "--test", "/dev/zero", "-o", "new"],
        &["train", data, "--valid", "/dev/zero", "-o", "new"],
        &["train", data, "--config", "/dev/zero", "-o", "new"],
        &["compare", "/dev/zero", "-o", "new"],
        &["evaluate", shared("model"), "/dev/zero"],
        &["evaluate", shared("model"), "--labels", "/dev/zero"],
        &["recommend", shared("model"), "--users-file", "/dev/zero"],
        &["plot", shared("model"), "-o", "map.png", "--color", "/dev/zero"],
        &["explore", shared("model"), "-o", "map.html", "--labels", "/dev/zero"],
        &["export", shared("model"), "-o", "out", "--labels", "/dev/zero"],
    ] {
        let err = fail(place.path(), args, 1);
        assert_line(&err, &["error: /dev/zero: ", "device"]);
    }
    let err = fail(place.path(), &["train", data, "--config", "large.toml", "-o", "new"], 1);
    assert_line(&err, &["error: large.toml: ", "1048576 bytes"]);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "something was left behind");
}

#[test]
fn data_without_negatives() {
    refuse_data("user,item\n1,1\n2,1\n3,1\n", &["2 items", "1"]);
    // Every user has every item; then two users lack one item each, but need two.
    let everything = "user,item\n1,1\n1,2\n1,3\n2,1\n2,2\n2,3\n";
    let all = ["--test-fraction", "0", "--valid-fraction", "0"];
    for recipe in [&[][..], &TWO_STAGE] {
        refuse(everything, &[&all, recipe].concat(), &["every user", "3 items"]);
        refuse("user,item\n1,1\n1,2\n", &[&all, recipe].concat(), &["every user", "2 items"]);
    }
    let two = ["--sampler", "uniform", "--negatives", "2"];
    refuse("user,item\n1,1\n1,2\n2,2\n2,3\n", &[&all[..], &two].concat(), &["lower --negatives"]);
}

#[test]
fn settings_out_of_range() {
    for flag in ["--dim", "--batch-size", "--candidates", "--epochs", "-k"] {
        refuse_flags(&[flag, "0"], &[flag, "1", "0"]);
    }
    refuse_flags(&["--sampler", "uniform", "--negatives", "0"], &["--negatives", "1", "0"]);
    refuse_flags(&["--temperature", "0"], &["--temperature", "0.0001", "0"]);
    refuse_flags(&["--history", "-1"], &["--history", "0.000001 to 1000", "-1"]);
    refuse_flags(&["--history", "1", "--history-cap", "0"], &["--history-cap", "at least 1", "0"]);
    refuse_flags(&["--history-cap", "9"], &["--history-cap", "no meaning", "--history 0"]);
    refuse_flags(&["--no-user-points"], &["--no-user-points", "no meaning", "--history 0"]);
    refuse_flags(&["--start-norm", "0"], &["--start-norm", "1000000", "0"]);
    refuse_flags(&["--item-bias-rate", "0"], &["--item-bias-rate", "above 0"]);
    refuse_flags(&["--item-bias-start", "11"], &["--item-bias-start", "10", "11"]);
    refuse_flags(
        &["--loss", "contrastive", "--contrastive-weight", "0"],
        &["--contrastive-weight", "above 0"],
    );
    refuse_flags(&["--loss", "contrastive", "--margin", "-1"], &["--margin", "above -1"]);
    refuse_flags(&["--learning-rate", "NaN"], &["--learning-rate", "0", "NaN"]);
    refuse_flags(&["--loss", "triplet", "--margin", "0"], &["--margin", "above 0"]);
    refuse_flags(&["--betas", "0.999,0.9"], &["--betas", "b1", "b2"]);
    refuse_flags(&["--test-fraction", "1"], &["--test-fraction", "0", "1"]);
    refuse_flags(&["--folds", "4", "--fold", "4"], &["--fold ", "--folds 4"]);
    let few = [&TWO_STAGE[..], &["--negatives", "5", "--candidates", "2"]].concat();
    refuse_flags(&few, &["--candidates", "--negatives 5", "2"]);
}

#[test]
fn flags_that_would_change_nothing() {
    for (choice, flag, value) in [
        ("--sampler uniform", "--hardness", "2"),
        ("--sampler uniform", "--beta", "1"),
        ("--sampler popularity", "--candidates", "9"),
        ("--sampler shared", "--negatives", "3"),
        ("--sampler shared", "--hardness", "2"),
        ("--loss triplet", "--temperature", "0.2"),
        ("--loss triplet", "--contrastive-weight", "2"),
        ("--loss softmax", "--margin", "0.5"),
        ("--loss bpr", "--margin", "0.5"),
        ("--loss hinge-sum", "--rank-weight=true", ""),
        ("--item-bias=false", "--item-bias-rate", "0.3"),
        ("--item-bias=false", "--item-bias-start", "1"),
        ("--optimizer sgd", "--betas", "0.9,0.99"),
        ("--optimizer sgd", "--epsilon", "1e-6"),
    ] {
        let flags = choice.split(' ').chain([flag, value]).filter(|flag| !flag.is_empty());
        let (name, _) = flag.split_once('=').unwrap_or((flag, ""));
        refuse_flags(&flags.collect::<Vec<_>>(), &[name, "has no meaning with", choice]);
    }
    // What the recipe chose counts as what the flags choose.
    refuse_flags(&["--negatives", "3"], &["--negatives", "--sampler shared"]);
    refuse_flags(&[&TWO_STAGE[..], &["--temperature", "1"]].concat(), &["--temperature", "--loss triplet"]);
    refuse_flags(
        &[&TWO_STAGE[..], &["--item-bias-rate", "1"]].concat(),
        &["--item-bias-rate", "--item-bias=false"],
    );
    let err = fail(trained(), &["evaluate", "model", "--min-rating", "4"], 1);
    assert_line(&err, &["error: --min-rating "]);
}

#[test]
fn settings_that_do_not_fit_one_another_name_what_does() {
    for (flags, parts) in [
        (&["--loss", "warp"][..], &["--sampler", "shared", "--loss warp", "uniform or popularity"][..]),
        (
            &["--loss", "warp", "--geometry", "sphere", "--sampler", "two-stage"],
            &["--sampler", "two-stage", "--loss warp", "uniform or popularity"],
        ),
        (
            &["--loss", "bpr", "--sampler", "two-stage"],
            &["--sampler", "--geometry dot", "popularity or shared"],
        ),
        (
            &["--geometry", "ball", "--optimizer", "adam"],
            &["--optimizer", "must not be adam", "--geometry ball", "adagrad or sgd"],
        ),
        (&["--geometry", "ball"], &["--optimizer", "must not be adam", "--geometry ball", "adagrad or sgd"]),
        (
            &["--recipe", "cml-2017", "--sampler", "two-stage"],
            &["--sampler", "two-stage", "--geometry ball", "popularity or shared"],
        ),
        (&["--covariance-weight=-1"], &["--covariance-weight", "at least 0", "-1"]),
        (&["--optimizer", "adagrad", "--epsilon", "0"], &["--epsilon", "1e-30"]),
        (
            &["--optimizer", "adagrad", "--betas", "0.9,0.99"],
            &["--betas", "no meaning", "--optimizer adagrad"],
        ),
        (&["--gor-weight", "0.1"], &["--gor-weight", "--sampler shared", "0.1", "two-stage"]),
        (
            &["--loss", "triplet", "--item-bias-start", "1"],
            &["--item-bias-start", "--loss triplet", "softmax"],
        ),
    ] {
        refuse_flags(flags, parts);
    }
    // The table of a schedule has an entry for each step.
    let place = place();
    let args =
        ["train", shared("interactions.csv"), "-o", "model", "--epochs", "1000000", "--batch-size", "16"];
    let err = fail(place.path(), &args, 1);
    assert_line(&err, &["error: --schedule ", "linear", "--epochs", "constant"]);
    assert!(fs::read_dir(place.path()).unwrap().next().is_none(), "something was left behind");
}

#[test]
fn flags_that_contradict_each_other_are_usage_errors() {
    for flags in [
        &["--folds", "4"][..],
        &["--fold", "0"],
        &["--folds", "4", "--fold", "0", "--test-fraction", "0.2"],
        &["--sampler", "best"],
        &["--hardness", "hard"],
        &["--betas", "0.9"],
    ] {
        let args = [&["train", shared("interactions.csv"), "-o", "never"], flags].concat();
        let err = fail(trained(), &args, 2);
        assert!(err.starts_with("error: "), "{flags:?}: {err}");
        assert!(!trained().join("never").exists());
    }
}

#[test]
fn output_folders_that_are_something_else() {
    let place = place();
    let folder = place.path().join("letters");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("dear.txt"), "you").unwrap();
    // Refused before the data is looked at: there is none.
    let err = fail(place.path(), &["train", "missing.csv", "-o", "letters"], 1);
    assert_line(&err, &["error: ", "letters: ", "model.json"]);
    assert_eq!(contents(&folder)["dear.txt"], b"you");
    let err = fail(place.path(), &["train", "missing.csv", "-o", "letters/dear.txt"], 1);
    assert_line(&err, &["error: ", "letters/dear.txt: "]);
}

/// Even the superuser cannot write here.
#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_cannot_be_written() {
    let err = fail(trained(), &["train", "interactions.csv", "-o", "/proc/model"], 1);
    assert_line(&err, &["error: /proc: "]);
    let err = fail(trained(), &["recommend", "model", "--user", "u0", "-o", "/proc/lists.csv"], 1);
    assert_line(&err, &["error: /proc: "]);
}

#[test]
fn models_that_are_missing_or_damaged() {
    let place = place();
    let err = fail(place.path(), &["evaluate", "nowhere"], 1);
    assert_line(&err, &["error: nowhere: "]);
    let model = copy_model(place.path());
    let mut table = fs::read(model.join("model.safetensors")).unwrap();
    *table.last_mut().unwrap() ^= 1;
    fs::write(model.join("model.safetensors"), table).unwrap();
    for args in
        [&["evaluate", "model"][..], &["recommend", "model", "--all"], &["export", "model", "-o", "out"]]
    {
        let err = fail(place.path(), args, 1);
        assert_line(&err, &["error: ", "model.safetensors: "]);
    }
}

#[test]
fn a_model_without_a_test_part_has_nothing_to_evaluate() {
    let place = place();
    let args = ["train", shared("interactions.csv"), "-o", "model", "--force", "--test-fraction", "0"];
    succeed(place.path(), &[&args[..], &SMALL[..]].concat());
    let err = fail(place.path(), &["evaluate", "model"], 1);
    assert_line(&err, &["error: model: ", "--test-fraction"]);
}

/// No backend of this system is left.
fn without_adapter(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let backend = if cfg!(target_os = "macos") { "dx12" } else { "metal" };
    let output = spherec(folder, args).env("WGPU_BACKEND", backend).output().unwrap();
    (output.status.code(), text(&output.stderr))
}

#[test]
fn no_adapter_says_what_to_install() {
    let place = place();
    let model = copy_model(place.path());
    let before = contents(&model);
    for args in [&["train", shared("interactions.csv"), "-o", "model", "--force"][..], &["doctor"]] {
        let (code, err) = without_adapter(place.path(), args);
        assert_eq!(code, Some(3), "{err}");
        assert_line(&err, &["error: ", "adapter"]);
        assert!(err.contains("mesa-vulkan-drivers libvulkan1"), "{err}");
    }
    assert!(contents(&model) == before);
    let args = ["train", shared("interactions.csv"), "-o", "model", "--force", "--adapter", "no such card"];
    if std::env::var_os("SPHEREC_ADAPTER").is_none() {
        let err = fail(place.path(), &args, 3);
        assert_line(&err, &["error: --adapter ", "no such card", "0"]);
    }
}

/// Far more than the 128 MiB that a binding must be able to hold; a large card may take it.
#[test]
fn a_step_too_large_for_the_adapter() {
    let place = place();
    let sizes = ["--users", "700", "--items", "4000", "--clusters", "4", "--interactions-per-user", "40"];
    succeed(place.path(), &[&["generate", "-o", "data.csv"][..], &sizes[..]].concat());
    let flags = ["--batch-size", "16000", "--candidates", "4000", "--epochs", "1", "--dim", "4"];
    let output =
        spherec(place.path(), &[&["train", "data.csv", "-o", "model", "--force"][..], &flags[..]].concat())
            .output()
            .unwrap();
    let err = text(&output.stderr);
    match output.status.code() {
        Some(0) => assert!(place.path().join("model").exists()),
        Some(4) => assert!(err.contains("--candidates") && !place.path().join("model").exists(), "{err}"),
        code => panic!("{code:?}: {err}"),
    }
}

/// Tables of more bytes than this machine has. No adapter is known to have as many.
#[test]
fn tables_too_large_for_the_memory() {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let item_count = system.total_memory() * 5 / 4 / (3 * 4 * 1024);
    let args = ["bench", "--items", &item_count.to_string(), "--dim", "1024", "--samplers", "uniform"];
    let err = fail(place().path(), &args, 6);
    assert_line(&err, &["error: ", "--dim"]);
}

#[test]
fn requests_that_can_be_met_are_met_with_a_warning() {
    let place = place();
    let train = ["train", shared("interactions.csv"), "-o", "model", "--force", "--epochs", "1"];
    let (_, err) = succeed(
        place.path(),
        &[&train[..], &["--dim", "7", "--batch-size", "50000", "--candidates", "9999"]].concat(),
    );
    assert_line(&err, &["warning: ", "--candidates 9999"]);
    assert_line(&err, &["warning: ", "--batch-size 50000"]);
    // The dimension is padded on the device only; the eighth number is for the item bias.
    succeed(place.path(), &["export", "model", "-o", "out"]);
    let vectors = fs::read_to_string(place.path().join("out/items.tsv")).unwrap();
    assert!(vectors.lines().all(|line| line.split('\t').count() == 8), "{vectors}");

    // A user who has every item is left out of training, but is in the model.
    let mut data = String::from("user,item\n");
    (0..30).for_each(|item| data += &format!("all,{item}\n"));
    (0..30).for_each(|user| data += &format!("u{user},{user}\nu{user},{}\n", (user + 1) % 30));
    fs::write(place.path().join("all.csv"), data).unwrap();
    let flags = ["--test-fraction", "0", "--valid-fraction", "0", "--epochs", "1", "--dim", "4"];
    let train = [&["train", "all.csv", "-o", "whole"], &flags[..], &TWO_STAGE].concat();
    let (_, err) = succeed(place.path(), &train);
    assert_line(&err, &["warning: ", "1 user"]);
    let (csv, _) = succeed(place.path(), &["recommend", "whole", "--user", "all"]);
    assert_eq!(csv, "user,rank,item,score,similarity,distance\n");
}

#[test]
fn one_user_is_enough_where_there_are_other_items() {
    let place = place();
    let items: String = (0..40).map(|item| format!("me,{item}\n")).collect();
    fs::write(place.path().join("one.csv"), format!("user,item\n{items}")).unwrap();
    succeed(place.path(), &["train", "one.csv", "-o", "model", "--epochs", "1", "--dim", "4"]);
}
