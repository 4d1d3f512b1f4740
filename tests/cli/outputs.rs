//! Outputs: what they replace, what they are told apart from, and what of the data reaches a terminal.

use crate::support::{SMALL, TWO_STAGE, assert_line, fail, place, shared, spherec, succeed, text};
use std::fs;
use std::path::Path;

/// Every command that writes a file, with `-o OUTPUT`.
fn writers<'a>(model: &'a str, output: &'a str) -> Vec<Vec<&'a str>> {
    vec![
        vec!["recommend", model, "--user", "u0", "--format", "csv", "-o", output],
        vec!["similar", model, "--item", "i0", "--format", "csv", "-o", output],
        vec!["plot", model, "--method", "pca", "-o", output],
        vec!["explore", model, "--method", "pca", "-o", output],
    ]
}

#[cfg(unix)]
#[test]
fn force_replaces_regular_files_and_nothing_else() {
    use std::os::unix::fs::symlink;
    let place = place();
    let at = |name: &str| place.path().join(name);
    fs::write(at("mine.csv"), "mine").unwrap();
    symlink("mine.csv", at("link.csv")).unwrap();
    for name in ["folder", "parts"] {
        fs::create_dir(at(name)).unwrap();
    }
    symlink("../mine.csv", at("folder/items.tsv")).unwrap();
    symlink("../mine.csv", at("parts/train.csv")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("pipe.csv")).status().unwrap().success());
    let (model, data) = (shared("model"), shared("interactions.csv"));
    let mut calls = Vec::new();
    for (output, what) in [("link.csv", "is a link"), ("pipe.csv", "is a pipe")] {
        calls.extend(writers(model, output).into_iter().map(|args| (args, output, what)));
    }
    calls.push((vec!["generate", "-o", "link.csv"], "link.csv", "is a link"));
    calls.push((vec!["generate", "-o", "new.csv", "--labels", "link.csv"], "link.csv", "is a link"));
    calls.push((vec!["export", model, "-o", "folder"], "folder/items.tsv", "is a link"));
    calls.push((vec!["data", "split", data, "-o", "parts"], "parts/train.csv", "is a link"));
    symlink("../mine.csv", at("folder/table.csv")).unwrap();
    let compare = ["compare", data, "-o", "folder", "--samplers", "uniform"];
    let err = fail(place.path(), &compare, 1);
    // Before hours of work, not after them.
    assert_line(&err, &["error: folder/table.csv: ", "is a link"]);
    for (args, output, what) in calls {
        let err = fail(place.path(), &[&args[..], &["--force"]].concat(), 1);
        assert_line(&err, &[&format!("error: {output}: "), what]);
        // Commands that can print say so.
        assert_eq!(err.contains("leave out -o"), ["recommend", "similar"].contains(&args[0]), "{err}");
    }
    assert_eq!(fs::read(at("mine.csv")).unwrap(), b"mine");
    assert!(fs::symlink_metadata(at("link.csv")).unwrap().is_symlink());
    assert!(!at("new.csv").exists());
}

#[test]
fn an_output_is_no_input_and_no_other_output() {
    let place = place();
    let read = |name: &str| fs::read(place.path().join(name)).unwrap();
    fs::copy(shared("interactions.csv"), place.path().join("train.csv")).unwrap();
    fs::copy(shared("labels.csv"), place.path().join("items.csv")).unwrap();
    fs::write(place.path().join("users.csv"), "u0\n").unwrap();
    fs::create_dir(place.path().join("results")).unwrap();
    fs::copy(shared("interactions.csv"), place.path().join("results/table.csv")).unwrap();
    let model = shared("model");
    let inside = shared("model/items.txt");
    let before = ["train.csv", "items.csv", "users.csv", "results/table.csv"].map(read);
    let mut calls: Vec<Vec<&str>> = vec![
        vec!["generate", "-o", "a.csv", "--labels", "a.csv"],
        vec!["generate", "-o", "a.csv", "--labels", "./A.CSV"],
        vec!["generate", "-o", "made", "--labels", "made/interactions.csv"],
        vec!["data", "split", "train.csv", "-o", ".", "--force"],
        vec!["export", model, "-o", ".", "--format", "csv", "--labels", "items.csv", "--force"],
        vec!["plot", model, "--color", "items.csv", "-o", "./items.csv", "--force"],
        vec!["explore", model, "--labels", "items.csv", "-o", "items.csv", "--force"],
        vec!["recommend", model, "--users-file", "users.csv", "-o", "users.csv", "--force"],
        vec!["compare", "results/table.csv", "-o", "results"],
        vec!["tune", "results/table.csv", "-o", "results", "--grid", "dim=4,8"],
    ];
    let forced = writers(model, inside).into_iter().map(|args| [&args[..], &["--force"]].concat());
    calls.extend(forced);
    for args in calls {
        let err = fail(place.path(), &args, 1);
        assert!(
            ["is the same file as", "is read by this command", "which this command reads"]
                .iter()
                .any(|part| err.contains(part)),
            "{args:?}: {err}"
        );
        assert!(err.starts_with("error: ") && err.lines().count() == 1, "{err}");
    }
    assert_eq!(["train.csv", "items.csv", "users.csv", "results/table.csv"].map(read), before);
    assert!(!place.path().join("a.csv").exists() && !place.path().join("made").exists());
}

/// As on a full disk: the error of a write, and not a signal, ends the command. The commands use no adapter: lavapipe
/// keeps its memory in files, which the limit is for, too.
#[cfg(unix)]
#[test]
fn a_file_that_grows_too_large_is_an_error_and_leaves_no_temporary_name() {
    for (command, output) in [("generate", "large.csv"), ("data split train.csv", "parts")] {
        let place = place();
        fs::copy(shared("interactions.csv"), place.path().join("train.csv")).unwrap();
        let names = || {
            let names = fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name());
            names.collect::<std::collections::BTreeSet<_>>()
        };
        let before = names();
        let limited = |limit: &str| {
            let text = format!("ulimit -f {limit}; exec \"$0\" {command} -o {output}");
            let mut shell = std::process::Command::new("bash");
            shell.args(["-c", &text]).arg(assert_cmd::cargo::cargo_bin("spherec")).current_dir(place.path());
            let output = shell.output().unwrap();
            (output.status.code(), String::from_utf8(output.stderr).unwrap())
        };
        let (code, err) = limited("8");
        assert_eq!(code, Some(1), "{err}");
        assert_line(&err, &["error: ", output, "File too large"]);
        assert_eq!(names(), before);
        let (code, err) = limited("unlimited");
        assert_eq!(code, Some(0), "{err}");
        assert!(place.path().join(output).exists());
        assert_eq!(names().len(), before.len() + 1);
    }
}

/// What must not reach a terminal as it is: an escape, a line end, and a mark that turns the text.
const HOSTILE: &str = "\u{1b}[31m\u{202e}\u{9b}2J";

#[track_caller]
fn assert_safe(args: &[&str], output: &str) {
    let is_unsafe = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!output.chars().any(is_unsafe), "{args:?}: {output:?}");
    assert!(!output.lines().any(|line| line.starts_with("forged")), "{args:?}: {output}");
}

/// The output of any call, checked: [`HOSTILE`] is never in it, and no line begins with "forged".
fn say(folder: &Path, args: &[&str]) -> String {
    let output = spherec(folder, args).output().unwrap();
    let all = text(&output.stdout) + &text(&output.stderr);
    assert_safe(args, &all);
    all
}

// Windows has no such file names.
#[cfg(unix)]
#[test]
fn nothing_of_the_data_moves_the_cursor_or_forges_a_line() {
    let place = place();
    let folder = place.path();
    let data = format!("da{HOSTILE}\nforged.csv");
    let made = fs::read_to_string(shared("interactions.csv")).unwrap();
    // The first user and item have names of all that is hostile; the file has a header of that kind, too.
    let hostile = |id: &str| format!("\"{id}{HOSTILE}\nforged: line\"");
    let mut csv = format!("{},{}\n", hostile("user"), hostile("item"));
    for line in made.lines().skip(1) {
        let (user, item) = line.split_once(',').unwrap();
        let name = |id: &str| if id == "u0" || id == "i0" { hostile(id) } else { id.to_owned() };
        csv += &format!("{},{}\n", name(user), name(item));
    }
    fs::write(folder.join(&data), &csv).unwrap();
    let train = ["train", &data, "-o", "model", "--header"];
    let train = [&train[..], &SMALL, &["--epochs", "1"], &TWO_STAGE].concat();
    assert_line(&say(folder, &train), &["\\u{1b}[31m\\u{202e}"]);
    assert!(folder.join("model/model.json").exists());

    let id = |id: &str| format!("{id}{HOSTILE}\nforged: line");
    let (user, item) = (id("u0"), id("i0"));
    fs::write(folder.join("users.txt"), format!("unknown{HOSTILE}\rforged: line\n")).unwrap();
    fs::write(folder.join("labels.csv"), format!("{},\"red{HOSTILE}\nforged\"\nu1,x\ni1,x\n", hostile("i0")))
        .unwrap();
    let damaged = format!("user,item\nu1,i1\nu2\n{HOSTILE}\n");
    fs::write(folder.join("bad.csv"), damaged).unwrap();
    fs::write(folder.join("flag.toml"), "\"\\u001b[31m\\nforged\" = 1\n").unwrap();
    fs::write(folder.join("value.toml"), "recipe = \"\\u001b[31m\\nforged\"\n").unwrap();
    fs::create_dir(folder.join("results")).unwrap();
    let header = "{\"format\":\"spherec-results\",\"format_version\":2,\"settings\":{\"\\u001b[31m\\nforged\":\"\\u202e\\nforged\"},\"cells\":[]}\n";
    fs::write(folder.join("results/results.jsonl"), header).unwrap();
    let calls: Vec<Vec<&str>> = vec![
        vec!["data", "inspect", &data],
        vec!["data", "inspect", &data, "--json"],
        vec!["data", "inspect", "bad.csv"],
        vec!["data", "split", &data, "-o", "parts"],
        vec!["show", "model"],
        vec!["show", "model", "--json"],
        vec!["evaluate", "model"],
        vec!["evaluate", "model", &data],
        vec!["evaluate", "model", "--labels", "labels.csv", "--json"],
        vec!["recommend", "model", "--user", &user, "--format", "table", "-k", "80"],
        vec!["recommend", "model", "--user", &user, "--format", "jsonl", "-k", "80"],
        vec!["recommend", "model", "--users-file", "users.txt"],
        vec!["recommend", "model", "--users-file", "users.txt", "--unknown", "popular", "--format", "jsonl"],
        vec!["similar", "model", "--item", &item, "--format", "table"],
        vec!["similar", "model", "--item", &data],
        vec!["export", "model", "-o", &data, "--labels", "labels.csv"],
        vec!["export", "model", "-o", "new\nforged", "--labels", "labels.csv"],
        vec![
            "plot",
            "model",
            "-o",
            "a\nforged.png",
            "--method",
            "pca",
            "--labels",
            "labels.csv",
            "--size",
            "240",
        ],
        vec!["explore", "model", "-o", "a\nforged.html", "--method", "pca", "--labels", "labels.csv"],
        vec!["explore", "model", "-o", "no\nforged/a.html"],
        vec!["train", &data, "-o", "other", "--config", "flag.toml"],
        vec!["train", &data, "-o", "other", "--config", "value.toml"],
        vec!["train", &data, "-o", "other", "--recipe", &user],
        vec!["train", &data, "-o", "other", "--epochs", &user],
        vec![&data],
        vec!["compare", &data, "-o", "results", "--header"],
    ];
    for args in calls {
        let all = say(folder, &args);
        assert!(!all.is_empty(), "{args:?} says nothing");
    }
    // Of these, the text is there, escaped.
    assert_line(&say(folder, &["similar", "model", "--item", &data]), &["\\u{1b}[31m", "\\nforged"]);
    assert_line(&say(folder, &["train", "x", "--config", "flag.toml"]), &["\\u{1b}[31m", "not a flag"]);
    assert_line(&say(folder, &["train", "x", "--recipe", &user]), &["\\u{1b}[31m", "--recipe"]);
    assert_line(&say(folder, &["compare", &data, "-o", "results", "--header"]), &["\\u{1b}[31m"]);
    // Data that is piped or written is whole.
    let (csv, _) = succeed(folder, &["recommend", "model", "--user", &user, "-k", "1"]);
    assert!(csv.contains("u0\\x1B[31m\u{202e}\\xC2\\x9B2J\\nforged: line,1,"), "{csv}");
    let (jsonl, _) =
        succeed(folder, &["recommend", "model", "--user", &user, "-k", "1", "--format", "jsonl"]);
    let line: serde_json::Value = serde_json::from_str(&jsonl).unwrap();
    assert_eq!(line["user"], "u0\\x1B[31m\u{202e}\\xC2\\x9B2J\\nforged: line");
}
