//! Trainings that are interrupted, killed, resumed and made longer. Nothing is lost, and nothing is left behind.

#![cfg(unix)]

use crate::support::{SMALL, assert_line, contents, fail, has_line, place, shared, succeed};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

/// A training of two seconds with a checkpoint at every epoch.
const FLAGS: [&str; 10] =
    ["--dim", "8", "--epochs", "60", "--batch-size", "16", "--checkpoint-every", "1", "-k", "10"];
/// One that would not end for hours.
const LONG: [&str; 6] = ["--epochs", "1000000", "--patience", "0", "--schedule", "constant"];
const TRAINING: &str = "model.training";
/// How the checksum of the name `model` begins.
const SHA256_OF_MODEL: &str = "9372c470eeadd5ec";

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("spherec"));
    command
        .args(args)
        .args(std::env::var("SPHEREC_ADAPTER").iter().flat_map(|adapter| ["--adapter", adapter]))
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn train(flags: &[&str]) -> Vec<&'static str> {
    let flags = flags.iter().map(|flag| &*flag.to_string().leak());
    ["train", shared("interactions.csv"), "-o", "model"].into_iter().chain(flags).collect()
}

/// A training that has said `sign`, and what it says.
fn start(folder: &Path, args: &[&str], sign: &str) -> (Child, BufReader<ChildStderr>, String) {
    start_command(&mut command(folder, args), sign)
}

fn start_command(command: &mut Command, sign: &str) -> (Child, BufReader<ChildStderr>, String) {
    let mut child = command.spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut seen = String::new();
    while !seen.contains(sign) {
        assert!(err.read_line(&mut seen).unwrap() > 0, "it ended early: {seen}");
    }
    (child, err, seen)
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Interrupts a training that has said `sign`; all that it said.
fn interrupted(folder: &Path, args: &[&str], sign: &str, name: &str) -> String {
    let (mut child, mut err, mut seen) = start(folder, args, sign);
    signal(&child, name);
    err.read_to_string(&mut seen).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{seen}");
    seen
}

/// The names in `folder`, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Every file of the model but for those with times in them.
fn lasting(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let timed = ["model.json", "metrics.jsonl", "metrics.csv", "SHA256SUMS"];
    contents(folder).into_iter().filter(|(name, _)| !timed.contains(&name.as_str())).collect()
}

/// The log without its times.
fn log(path: &Path) -> Vec<Value> {
    let lines = fs::read_to_string(path).unwrap();
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        for timed in ["seconds", "pairs_per_second"] {
            line.as_object_mut().unwrap().remove(timed);
        }
        line
    };
    lines.lines().map(line).collect()
}

#[track_caller]
fn assert_same_model(folder: &Path, other: &Path) {
    assert!(lasting(folder) == lasting(other), "the models differ");
    assert_eq!(log(&folder.join("metrics.jsonl")), log(&other.join("metrics.jsonl")));
    let metrics = |folder: &Path| {
        let text = fs::read_to_string(folder.join("model.json")).unwrap();
        let manifest: Value = serde_json::from_str(&text).unwrap();
        ["epoch", "epochs_done", "stop", "valid", "test"].map(|name| manifest["metrics"][name].clone())
    };
    assert_eq!(metrics(folder), metrics(other));
}

#[test]
fn an_interrupted_training_leaves_the_old_model_and_goes_on_to_the_same_bits() {
    let place = place();
    let folder = place.path();
    succeed(folder, &train(&FLAGS));
    fs::rename(folder.join("model"), folder.join("undisturbed")).unwrap();
    succeed(folder, &train(&[&SMALL[..], &["--epochs", "1"]].concat()));
    let old = contents(&folder.join("model"));
    for (sign, name) in [("epoch 2/", "-INT"), ("epoch 9/", "-TERM"), ("epoch 16/", "-HUP")] {
        let args = match name {
            "-INT" => train(&[&FLAGS[..], &["--force"]].concat()),
            _ => vec!["train", "--resume", "model", "--checkpoint-every", "1"],
        };
        let err = interrupted(folder, &args, sign, name);
        assert_line(&err, &[TRAINING, "--resume model", "--finish"]);
        assert_eq!(contents(&folder.join("model")), old, "{err}");
        assert_eq!(names(folder), ["model", TRAINING, "undisturbed"]);
    }
    // Neither can be lost by repeating the command.
    let err = fail(folder, &train(&FLAGS), 1);
    assert_line(&err, &["error: ", TRAINING, "--resume model", "--force"]);
    succeed(folder, &["train", "--resume", "model"]);
    assert_eq!(names(folder), ["model", "undisturbed"]);
    assert_same_model(&folder.join("model"), &folder.join("undisturbed"));
    succeed(folder, &["recommend", "model", "--user", "u0"]);
}

/// SIGKILL at times spread over the whole run, the saving included. `SPHEREC_KILLS` asks for more of them.
#[test]
fn after_any_kill_the_training_goes_on_to_the_same_bits() {
    let kills: u64 = std::env::var("SPHEREC_KILLS").map_or(8, |kills| kills.parse().unwrap());
    let place = place();
    let folder = place.path();
    let began = std::time::Instant::now();
    succeed(folder, &train(&FLAGS));
    let whole = began.elapsed();
    fs::rename(folder.join("model"), folder.join("undisturbed")).unwrap();
    let (mut done, mut finished, mut resumed) = (0, 0, 0);
    let mut wait = 7u64;
    while done < kills || finished == 0 {
        let has_checkpoint = folder.join(TRAINING).is_dir()
            && names(&folder.join(TRAINING))
                .iter()
                .any(|name| name.starts_with("checkpoint-") && !name.ends_with(".part"));
        let args = match has_checkpoint {
            true => vec!["train", "--resume", "model", "--checkpoint-every", "1"],
            false => train(&FLAGS),
        };
        resumed += u64::from(has_checkpoint);
        let mut child = command(folder, &args).stderr(Stdio::null()).spawn().unwrap();
        if done < kills {
            // Spread, and the same in every run of the test.
            wait = (wait * 48_271) % 2_147_483_647;
            std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * (wait % 1000) as f64 / 900.0));
            child.kill().unwrap();
            done += 1;
        }
        let status = child.wait().unwrap();
        // Killed after the model was complete, but before its training was removed: it goes on once more.
        if status.success() || (folder.join("model").is_dir() && !folder.join(TRAINING).exists()) {
            assert_same_model(&folder.join("model"), &folder.join("undisturbed"));
            assert_eq!(names(folder), ["model", "undisturbed"], "after {done} kills");
            fs::remove_dir_all(folder.join("model")).unwrap();
            finished += 1;
        } else if folder.join("model").is_dir() {
            assert_same_model(&folder.join("model"), &folder.join("undisturbed"));
        }
    }
    println_kills(done, resumed, finished);
    assert!(resumed > 0, "no kill left a checkpoint");
}

#[allow(clippy::print_stdout)]
fn println_kills(kills: u64, resumed: u64, finished: u64) {
    println!("{kills} kills: {resumed} trainings went on, {finished} ended at the undisturbed bits");
}

#[test]
fn a_second_signal_ends_at_once_and_leaves_nothing_but_the_training() {
    let place = place();
    let (mut child, mut err, mut seen) =
        start(place.path(), &train(&[&FLAGS[..], &LONG].concat()), "epoch 2/");
    signal(&child, "-INT");
    signal(&child, "-INT");
    err.read_to_string(&mut seen).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{seen}");
    assert_eq!(names(place.path()), [TRAINING]);
    interrupted(place.path(), &["train", "--resume", "model"], "epoch 3/", "-INT");
}

#[test]
fn the_best_so_far_can_be_taken() {
    let place = place();
    let folder = place.path();
    interrupted(folder, &train(&[&FLAGS[..], &LONG].concat()), "epoch 6/", "-INT");
    let (table, err) = succeed(folder, &["train", "--resume", "model", "--finish"]);
    assert_line(&err, &["the best was epoch"]);
    assert_line(&table, &["test"]);
    assert_eq!(names(folder), ["model"]);
    let manifest = fs::read_to_string(folder.join("model/model.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["metrics"]["stop"], "finished");
    assert_eq!(manifest["metrics"]["epoch"], 5);
    // Without a validation part the last rows are taken.
    let args = train(&[&FLAGS[..], &LONG, &["--valid-fraction", "0", "--force"]].concat());
    interrupted(folder, &args, "epoch 3/", "-INT");
    succeed(folder, &["train", "--resume", "model", "--finish"]);
    succeed(folder, &["evaluate", "model"]);
}

#[test]
fn a_damaged_checkpoint_is_named_and_the_one_before_is_taken() {
    let place = place();
    let folder = place.path();
    interrupted(folder, &train(&[&FLAGS[..], &LONG].concat()), "epoch 3/", "-INT");
    let training = folder.join(TRAINING);
    let checkpoints = |place: &Path| -> Vec<String> {
        names(place).into_iter().filter(|name| name.starts_with("checkpoint-")).collect()
    };
    let all = checkpoints(&training);
    assert_eq!(all.len(), 2, "{all:?}");
    let backup = folder.join("backup");
    fs::rename(&training, &backup).unwrap();
    // One byte of each file of the newest in turn: none goes unseen.
    let files = names(&backup.join(&all[1]));
    assert!(files.len() >= 6, "{files:?}");
    for name in files {
        copy(&backup, &training);
        let path = training.join(&all[1]).join(&name);
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let err = interrupted(folder, &["train", "--resume", "model"], ": loss", "-INT");
        assert_line(&err, &["warning: ", &all[1], "an earlier checkpoint is taken"]);
        assert!(name == "SHA256SUMS" || has_line(&err, &[&name, "is damaged"]), "{err}");
        // It is passed again, and then whole.
        let err = interrupted(folder, &["train", "--resume", "model"], ": loss", "-INT");
        assert!(!err.contains("an earlier checkpoint"), "{err}");
        fs::remove_dir_all(&training).unwrap();
    }
    // Without a whole one there is nothing to go on from.
    copy(&backup, &training);
    for name in &all {
        fs::write(training.join(name).join("state.json"), "{}").unwrap();
    }
    let err = fail(folder, &["train", "--resume", "model"], 1);
    assert_line(&err, &["error: ", TRAINING, "no checkpoint is whole", &all[0], &all[1]]);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_finished_training_can_be_made_longer() {
    let place = place();
    let folder = place.path();
    let constant = ["--schedule", "constant", "--evaluate-every", "4"];
    let long = [&FLAGS[..], &constant, &["--epochs", "12"]].concat();
    succeed(folder, &train(&long));
    fs::rename(folder.join("model"), folder.join("undisturbed")).unwrap();
    let short = [&FLAGS[..], &constant, &["--epochs", "6", "--keep-checkpoint"]].concat();
    let (_, err) = succeed(folder, &train(&short));
    assert_line(&err, &[TRAINING, "--resume model --epochs"]);
    assert_eq!(names(folder), ["model", TRAINING, "undisturbed"]);
    for (epochs, code) in [("6", 1), ("3", 1), ("0", 1), ("many", 2)] {
        let err = fail(folder, &["train", "--resume", "model", "--epochs", epochs], code);
        assert!(err.contains("--epochs") && err.contains(epochs), "{err}");
    }
    succeed(folder, &["train", "--resume", "model", "--epochs", "12"]);
    assert_eq!(names(folder), ["model", "undisturbed"]);
    assert!(lasting(&folder.join("model")) == lasting(&folder.join("undisturbed")));
}

#[test]
fn what_cannot_go_on_says_why() {
    let place = place();
    let folder = place.path();
    let err = fail(folder, &["train", "--resume", "model"], 1);
    assert_line(&err, &["error: ", TRAINING, "no training"]);
    succeed(folder, &train(&[&SMALL[..], &["--epochs", "1"]].concat()));
    let err = fail(folder, &["train", "--resume", "model"], 1);
    assert_line(&err, &["error: ", TRAINING, "finished"]);
    let err = fail(folder, &train(&SMALL), 1);
    assert_line(&err, &["error: model", "--force"]);
    // Data and settings are the old ones.
    for flags in
        [&["--dim", "4"][..], &["-o", "other"], &["data.csv"], &["--seed", "1"], &["--min-rating", "3"]]
    {
        let err = fail(folder, &[&["train", "--resume", "model"], flags].concat(), 2);
        assert!(err.contains("--resume"), "{err}");
    }
    assert!(fail(folder, &["train", "--finish"], 2).contains("--resume"));
    // The learning rate falls to the last epoch, which therefore stays.
    interrupted(folder, &train(&[&FLAGS[..], &["--epochs", "5000", "--force"]].concat()), "epoch 2/", "-INT");
    let err = fail(folder, &["train", "--resume", "model", "--epochs", "6000"], 1);
    assert_line(&err, &["error: --epochs", "5000", "6000", "--schedule linear"]);
    fs::write(folder.join(TRAINING).join("run.json"), "{}").unwrap();
    let err = fail(folder, &["train", "--resume", "model"], 1);
    assert_line(&err, &["error: ", "run.json", "is damaged"]);
}

/// As an unmounted disk: the training ends, and its model is saved where temporary files lie.
#[test]
fn a_training_whose_folder_goes_away_saves_its_model_elsewhere() {
    let place = place();
    let folder = place.path();
    let [here, away, temporary] = ["here", "away", "temporary"].map(|name| folder.join(name));
    fs::create_dir(&here).unwrap();
    fs::create_dir(&temporary).unwrap();
    let flags = ["--epochs", "40", "--patience", "0", "-o", "here/model"];
    let args = [&["train", shared("interactions.csv")], &FLAGS[..2], &FLAGS[4..], &flags].concat();
    let (mut child, mut err, mut seen) =
        start_command(command(folder, &args).env("TMPDIR", &temporary), "epoch 2/");
    fs::rename(&here, &away).unwrap();
    fs::write(&here, "a file").unwrap();
    err.read_to_string(&mut seen).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{seen}");
    assert_line(&seen, &["warning: no checkpoint", TRAINING, "training goes on"]);
    assert_line(&seen, &["warning: the checkpoint and the log cannot be found", "model"]);
    assert_line(&seen, &["error: here/model", "the model was saved as", "instead"]);
    let saved = names(&temporary);
    assert!(matches!(&saved[..], [name] if name.starts_with("spherec-model-")), "{saved:?}");
    succeed(folder, &["show", &format!("temporary/{}", saved[0])]);
    assert_eq!(names(folder), ["away", "here", "temporary"]);
    // The checkpoint from before is whole: it goes on to the same model.
    succeed(folder, &["train", "--resume", "away/model"]);
    assert_eq!(names(&away), ["model"]);
    assert!(lasting(&away.join("model")) == lasting(&temporary.join(&saved[0])), "the models differ");
}

#[test]
fn what_takes_the_place_of_a_model_meanwhile_is_left_alone() {
    let place = place();
    let folder = place.path();
    let args = train(&["--dim", "8", "--epochs", "40", "--patience", "0", "--checkpoint-every", "1000"]);
    let (mut child, mut err, mut seen) = start(folder, &args, "epoch 2/");
    fs::write(folder.join("model"), "mine").unwrap();
    err.read_to_string(&mut seen).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{seen}");
    assert_line(&seen, &["error: ", "model", "is not a folder", "the new model is ", "model.saved"]);
    assert_line(&seen, &["the log is in", TRAINING, "no checkpoint"]);
    assert_eq!(names(folder), ["model", "model.saved", TRAINING]);
    assert_eq!(fs::read(folder.join("model")).unwrap(), b"mine");
    succeed(folder, &["evaluate", "model.saved"]);
    // The next training does not take it for what a kill left.
    fs::remove_file(folder.join("model")).unwrap();
    succeed(folder, &train(&[&SMALL[..], &["--force"]].concat()));
    assert_eq!(names(folder), ["model", "model.saved"]);
}

#[test]
fn a_training_that_cannot_begin_leaves_nothing() {
    let place = place();
    let folder = place.path();
    interrupted(folder, &train(&[&FLAGS[..], &LONG].concat()), "epoch 2/", "-INT");
    // Its name is that of a killed save's folder, but it is a file.
    let odd = format!(".spherec-{SHA256_OF_MODEL}-odd");
    fs::write(folder.join(&odd), "").unwrap();
    let before = names(&folder.join(TRAINING));
    let err = fail(folder, &["train", "--resume", "model"], 1);
    assert_line(&err, &["error: ", &odd, "cannot remove"]);
    assert_eq!(names(&folder.join(TRAINING)), before, "the checkpoint is there");
    fs::remove_dir_all(folder.join(TRAINING)).unwrap();
    fail(folder, &train(&SMALL), 1);
    assert_eq!(names(folder), [odd]);
}

#[test]
fn a_training_with_features_goes_on_without_the_files_that_it_began_with() {
    let place = place();
    let folder = place.path();
    // Some items are cold.
    let all = fs::read_to_string(shared("interactions.csv")).unwrap();
    let known = all.lines().filter(|line| !line.ends_with('7')).map(|line| format!("{line}\n"));
    fs::write(folder.join("known.csv"), known.collect::<String>()).unwrap();
    for name in ["item-tags.csv", "user-tags.csv"] {
        fs::copy(shared(name), folder.join(name)).unwrap();
    }
    let features = ["--item-features", "item-tags.csv", "--user-features", "user-tags.csv", "--hidden", "16"];
    let args = [
        &["train", "known.csv", "-o", "model"][..],
        &FLAGS,
        &features,
        &["--epochs", "30", "--batch-size", "64"],
    ]
    .concat();
    succeed(folder, &args);
    fs::rename(folder.join("model"), folder.join("undisturbed")).unwrap();
    interrupted(folder, &args, "epoch 5/", "-INT");
    for name in ["known.csv", "item-tags.csv", "user-tags.csv"] {
        fs::remove_file(folder.join(name)).unwrap();
    }
    succeed(folder, &["train", "--resume", "model", "--checkpoint-every", "1"]);
    assert_same_model(&folder.join("model"), &folder.join("undisturbed"));
    assert!(fs::read_to_string(folder.join("model/cold_items.txt")).unwrap().lines().count() >= 9);
    assert_eq!(names(folder), ["model", "undisturbed"]);
}

#[test]
fn two_trainings_of_one_model_do_not_meet() {
    let place = place();
    let folder = place.path();
    let args = train(&[&FLAGS[..], &LONG].concat());
    let (mut child, _err, _) = start(folder, &args, "epoch 2/");
    for args in [train(&[&FLAGS[..], &["--force"]].concat()), vec!["train", "--resume", "model"]] {
        let err = fail(folder, &args, 1);
        assert_line(&err, &["error: ", TRAINING, "another process"]);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    interrupted(folder, &["train", "--resume", "model"], ": loss", "-INT");
}

#[test]
fn what_is_not_of_a_training_is_left_alone() {
    let place = place();
    let folder = place.path();
    fs::create_dir(folder.join(TRAINING)).unwrap();
    fs::write(folder.join(TRAINING).join("mine"), "mine").unwrap();
    let err = fail(folder, &train(&[&SMALL[..], &["--force"]].concat()), 1);
    assert_line(&err, &["error: ", TRAINING, "left alone"]);
    assert_eq!(names(&folder.join(TRAINING)), ["mine"]);
    fs::remove_dir_all(folder.join(TRAINING)).unwrap();
    // A file of the user's in a training's folder stays, and the folder with it.
    interrupted(folder, &train(&FLAGS), "epoch 2/", "-INT");
    fs::write(folder.join(TRAINING).join("mine"), "mine").unwrap();
    succeed(folder, &["train", "--resume", "model"]);
    assert_eq!(names(&folder.join(TRAINING)), ["mine"]);
}

#[test]
fn the_log_is_on_the_disk_while_the_training_runs() {
    let place = place();
    let (mut child, _err, seen) = start(place.path(), &train(&[&FLAGS[..], &LONG].concat()), "epoch 3/");
    assert!(seen.contains(TRAINING), "{seen}");
    child.kill().unwrap();
    child.wait().unwrap();
    let lines = log(&place.path().join(TRAINING).join("metrics.jsonl"));
    let epochs: Vec<&Value> = lines.iter().filter(|line| line["event"] == "epoch").collect();
    assert!(epochs.len() >= 3, "{lines:?}");
    for (epoch, number) in epochs.iter().zip(1..) {
        assert_eq!(epoch["epoch"], number);
        assert!(epoch["loss"].as_f64().unwrap() > 0.0, "{epoch}");
    }
    // Its curves can be drawn meanwhile.
    succeed(place.path(), &["plot", "--curves", TRAINING, "-o", "curves.png"]);
}

#[test]
fn a_replaced_folder_keeps_its_mode_and_the_users_files() {
    let place = place();
    let folder = place.path();
    succeed(folder, &train(&[&SMALL[..], &["--epochs", "1"]].concat()));
    let model = folder.join("model");
    fs::set_permissions(&model, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(model.join("notes.txt"), "mine").unwrap();
    succeed(folder, &train(&[&SMALL[..], &["--epochs", "1", "--force"]].concat()));
    assert_eq!(fs::metadata(&model).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read(model.join("notes.txt")).unwrap(), b"mine");
    assert_eq!(names(folder), ["model"]);
}

#[test]
fn a_name_of_240_characters_is_a_name() {
    let place = place();
    let name = "m".repeat(240);
    let args = ["train", shared("interactions.csv"), "-o", &name, "--epochs", "1", "--dim", "4"];
    succeed(place.path(), &args);
    succeed(place.path(), &[&args[..], &["--force"]].concat());
    assert_eq!(names(place.path()), [name]);
}
