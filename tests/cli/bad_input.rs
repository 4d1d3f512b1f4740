//! Requests that cannot be met: a clear message, the right exit code, and whatever was there untouched.
//! And those that can be met after all, with a warning.

use crate::support::{SMALL, contents, copy_model, fail, place, shared, spherec, succeed, text, trained};
use std::fs;
use std::path::Path;

/// Trains on `data` over a model that exists; it must fail with `code`, say `message` and change nothing.
fn refuse(data: &str, flags: &[&str], code: i32, message: &str) {
    let place = place();
    let model = copy_model(place.path());
    let before = contents(&model);
    fs::write(place.path().join("data.csv"), data).unwrap();
    let err = fail(place.path(), &[&["train", "data.csv", "-o", "model"], flags].concat(), code);
    assert!(
        err.lines().any(|line| line.starts_with("error: ") && line.contains(message)),
        "no {message:?} in {err}"
    );
    assert!(contents(&model) == before, "{flags:?} changed the model that was there");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2, "something was left behind");
}

fn refuse_data(data: &str, message: &str) {
    refuse(data, &[], 1, message);
}

fn refuse_flags(flags: &[&str], message: &str) {
    refuse("user,item\n1,1\n1,2\n2,2\n2,3\n", flags, 1, message);
}

#[test]
fn files_that_hold_no_interactions() {
    refuse_data("", "data.csv: is empty");
    refuse_data("\n \n", "data.csv: is empty");
    refuse_data("user,item\n", "data.csv: has a header, but no rows");
    refuse_data("user,item\n1,2\n3\n", "data.csv:3: 1 field, but at least 2 expected");
    refuse_data("user,item\n1,2\n,3\n", "data.csv:3: user id is empty");
    let err = fail(trained(), &["train", "nowhere.csv", "-o", "new"], 1);
    assert!(err.contains("error: nowhere.csv: cannot read: "), "{err}");
}

#[test]
fn columns_and_ratings() {
    let rated = |rating: &str| format!("user,item,rating\n1,2,5\n1,3,{rating}\n");
    refuse(&rated("5"), &["--item-column", "film"], 1, "film");
    refuse(&rated("5"), &["--user-column", "9"], 1, "--user-column");
    refuse(&rated("good"), &["--min-rating", "4"], 1, "data.csv:3: rating is not a number: `good`");
    refuse(&rated("NaN"), &["--min-rating", "4"], 1, "data.csv:3: rating is not finite: `NaN`");
    refuse(&rated("3"), &["--min-rating", "6"], 1, "none of its 2 rows has a rating of at least 6");
    refuse(&rated("3"), &["--min-rating", "inf"], 1, "--min-rating must be a finite number");
    refuse(&rated("3"), &["--rating-column", "rating"], 1, "--rating-column is read only for --min-rating");
}

#[test]
fn ratings_that_are_not_read_are_told_of() {
    let place = place();
    let rows: String = (0..40).map(|row| format!("u{},i{},{}\n", row / 4, row % 7, 1 + row % 5)).collect();
    fs::write(place.path().join("rated.csv"), format!("user,item,rating\n{rows}")).unwrap();
    let train = |flags: &[&str]| {
        let args = ["train", "rated.csv", "-o", "model", "--epochs", "1", "--dim", "4"];
        succeed(place.path(), &[&args[..], flags].concat()).1
    };
    let err = train(&[]);
    assert!(err.contains("every row counts: the ratings in column 3 are not read"), "{err}");
    assert!(!err.contains("will replace"), "{err}");
    let err = train(&["--min-rating", "3"]);
    assert!(!err.contains("every row counts"), "{err}");
    assert!(err.contains("model holds a model, which this training will replace"), "{err}");
}

#[test]
fn places_are_judged_before_the_work() {
    let place = place();
    for args in [["plot", "-o", "nowhere/map.png"], ["explore", "-o", "nowhere/map.html"]] {
        let err = fail(place.path(), &[&args[..], &[shared("model")]].concat(), 1);
        assert!(err.contains("cannot be written: there is no folder nowhere"), "{err}");
    }
    fs::create_dir(place.path().join("empty")).unwrap();
    for args in [&["show", "empty"][..], &["recommend", "empty", "--user", "1"]] {
        let err = fail(place.path(), args, 1);
        assert!(
            err.contains("error: empty/model.json: is missing, so empty is not a spherec model"),
            "{err}"
        );
    }
}

#[test]
fn an_id_of_ten_megabytes() {
    let data = format!("user,item\n1,2\n2,{}\n", "x".repeat(10_000_000));
    refuse_data(&data, "data.csv:3: item id is 10000000 bytes long, but at most 65536 are allowed");
}

#[test]
fn data_without_negatives() {
    refuse_data("user,item\n1,1\n2,1\n3,1\n", "a metric needs at least 2 items, but the data has 1");
    let everything = "user,item\n1,1\n1,2\n1,3\n2,1\n2,2\n2,3\n";
    refuse(everything, &["--test-fraction", "0", "--valid-fraction", "0"], 1, "there are no negatives");
    // One user who has all there is: the same.
    refuse(
        "user,item\n1,1\n1,2\n",
        &["--test-fraction", "0", "--valid-fraction", "0"],
        1,
        "there are no negatives",
    );
}

#[test]
fn settings_out_of_range() {
    refuse_flags(&["--dim", "0"], "--dim must be at least 1, but is 0");
    refuse_flags(&["--batch-size", "0"], "--batch-size must be at least 1, but is 0");
    refuse_flags(&["--negatives", "0"], "--negatives must be at least 1, but is 0");
    refuse_flags(&["--epochs", "0"], "--epochs must be at least 1, but is 0");
    refuse_flags(&["-k", "0"], "-k must be at least 1, but is 0");
    refuse_flags(&["--learning-rate", "NaN"], "--learning-rate must be above 0, but is NaN");
    refuse_flags(&["--margin", "0"], "--margin must be above 0, but is 0");
    refuse_flags(&["--betas", "0.999,0.9"], "--betas must satisfy 0 < b1 < sqrt(b2) < 1");
    refuse_flags(&["--test-fraction", "1"], "--test-fraction must be at least 0 and below 1, but is 1");
    refuse_flags(
        &["--folds", "4", "--fold", "4"],
        "--fold must be below --folds 4, counting from 0, but is 4",
    );
    refuse_flags(
        &["--negatives", "5", "--candidates", "2"],
        "--candidates must be at least --negatives 5, but is 2",
    );
}

#[test]
fn flags_that_would_change_nothing() {
    refuse_flags(
        &["--sampler", "uniform", "--hardness", "2"],
        "--hardness has no meaning with --sampler uniform",
    );
    refuse_flags(&["--sampler", "uniform", "--beta", "1"], "--beta has no meaning with --sampler uniform");
    refuse_flags(
        &["--sampler", "popularity", "--candidates", "9"],
        "--candidates has no meaning with --sampler popularity",
    );
    refuse_flags(
        &["--optimizer", "sgd", "--betas", "0.9,0.99"],
        "--betas has no meaning with --optimizer sgd",
    );
    let err = fail(trained(), &["evaluate", "model", "--min-rating", "4"], 1);
    assert!(err.contains("error: --min-rating is about a test file, but none is given"), "{err}");
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
    assert!(err.contains("letters: exists and is not a spherec model: it has no model.json"), "{err}");
    assert_eq!(contents(&folder)["dear.txt"], b"you");
    let err = fail(place.path(), &["train", "missing.csv", "-o", "letters/dear.txt"], 1);
    assert!(err.contains("exists and is not a folder, so it is not a spherec model"), "{err}");
}

/// Even the superuser cannot write here.
#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_cannot_be_written() {
    let err = fail(trained(), &["train", "interactions.csv", "-o", "/proc/model"], 1);
    assert!(err.contains("error: /proc: cannot write in"), "{err}");
    let err = fail(trained(), &["recommend", "model", "--user", "u0", "-o", "/proc/lists.csv"], 1);
    assert!(err.contains("error: /proc: cannot write in"), "{err}");
}

#[test]
fn models_that_are_missing_or_damaged() {
    let place = place();
    let err = fail(place.path(), &["evaluate", "nowhere"], 1);
    assert!(err.contains("error: nowhere: there is no such folder"), "{err}");
    let model = copy_model(place.path());
    let mut table = fs::read(model.join("model.safetensors")).unwrap();
    *table.last_mut().unwrap() ^= 1;
    fs::write(model.join("model.safetensors"), table).unwrap();
    for args in
        [&["evaluate", "model"][..], &["recommend", "model", "--all"], &["export", "model", "-o", "out"]]
    {
        let err = fail(place.path(), args, 1);
        assert!(err.contains("model.safetensors: is damaged"), "{err}");
    }
}

#[test]
fn a_model_without_a_test_part_has_nothing_to_evaluate() {
    let place = place();
    let args = ["train", shared("interactions.csv"), "-o", "model", "--test-fraction", "0"];
    succeed(place.path(), &[&args[..], &SMALL[..]].concat());
    let err = fail(place.path(), &["evaluate", "model"], 1);
    assert!(
        err.contains("error: model: holds no test part: train with --test-fraction, or name a test file"),
        "{err}"
    );
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
    for args in [&["train", shared("interactions.csv"), "-o", "model"][..], &["doctor"]] {
        let (code, err) = without_adapter(place.path(), args);
        assert_eq!(code, Some(3), "{err}");
        assert!(err.contains("error: no GPU adapter was found"), "{err}");
        assert!(err.contains("apt-get install mesa-vulkan-drivers libvulkan1"), "{err}");
    }
    assert!(contents(&model) == before);
    let args = ["train", shared("interactions.csv"), "-o", "model", "--adapter", "no such card"];
    if std::env::var_os("SPHEREC_ADAPTER").is_none() {
        let err = fail(place.path(), &args, 3);
        assert!(
            err.contains("--adapter \"no such card\" is not part of any adapter's name; there is number 0, "),
            "{err}"
        );
    }
}

/// Far more than the 128 MiB that a binding must be able to hold; a large card may take it.
#[test]
fn a_step_too_large_for_the_adapter() {
    let place = place();
    let sizes = ["--users", "700", "--items", "4000", "--clusters", "4", "--interactions-per-user", "40"];
    succeed(place.path(), &[&["generate", "-o", "data.csv"][..], &sizes[..]].concat());
    let flags = ["--batch-size", "16000", "--candidates", "4000", "--epochs", "1", "--dim", "4"];
    let output = spherec(place.path(), &[&["train", "data.csv", "-o", "model"][..], &flags[..]].concat())
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
    let err = fail(place().path(), &args, 4);
    assert!(err.contains("--dim") && (err.contains("free") || err.contains("no memory left")), "{err}");
}

#[test]
fn requests_that_can_be_met_are_met_with_a_warning() {
    let place = place();
    let train = ["train", shared("interactions.csv"), "-o", "model", "--epochs", "1"];
    let (_, err) = succeed(
        place.path(),
        &[&train[..], &["--dim", "7", "--batch-size", "50000", "--candidates", "9999"]].concat(),
    );
    assert!(err.contains("warning: --candidates 9999 is lowered to "), "{err}");
    assert!(err.contains("warning: --batch-size 50000 is lowered to "), "{err}");
    // The dimension is padded on the device only.
    succeed(place.path(), &["export", "model", "-o", "out"]);
    let vectors = fs::read_to_string(place.path().join("out/items.tsv")).unwrap();
    assert!(vectors.lines().all(|line| line.split('\t').count() == 7), "{vectors}");

    // A user who has every item is left out of training, but is in the model.
    let mut data = String::from("user,item\n");
    (0..30).for_each(|item| data += &format!("all,{item}\n"));
    (0..30).for_each(|user| data += &format!("u{user},{user}\nu{user},{}\n", (user + 1) % 30));
    fs::write(place.path().join("all.csv"), data).unwrap();
    let flags = ["--test-fraction", "0", "--valid-fraction", "0", "--epochs", "1", "--dim", "4"];
    let (_, err) = succeed(place.path(), &[&["train", "all.csv", "-o", "whole"][..], &flags[..]].concat());
    assert!(err.contains("warning: 1 user is left out of training"), "{err}");
    let (csv, _) = succeed(place.path(), &["recommend", "whole", "--user", "all"]);
    assert_eq!(csv, "user,rank,item,similarity,distance\n");
}

#[test]
fn one_user_is_enough_where_there_are_other_items() {
    let place = place();
    let items: String = (0..40).map(|item| format!("me,{item}\n")).collect();
    fs::write(place.path().join("one.csv"), format!("user,item\n{items}")).unwrap();
    succeed(place.path(), &["train", "one.csv", "-o", "model", "--epochs", "1", "--dim", "4"]);
}
