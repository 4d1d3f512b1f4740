//! What the tests of the binary share: a place to work in, how to call it, and a trained model.

use assert_cmd::Command;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;

/// The flags of a training that takes a second and learns the clusters of [`data`].
pub(crate) const SMALL: [&str; 10] =
    ["--dim", "16", "--epochs", "12", "--batch-size", "64", "--learning-rate", "0.02", "-k", "10"];

/// The recipe that gives a model without item biases.
pub(crate) const TWO_STAGE: [&str; 2] = ["--recipe", "two-stage-2019"];

/// A folder of a test's own.
pub(crate) fn place() -> TempDir {
    TempDir::new().unwrap()
}

/// The binary, in `folder`.
pub(crate) fn spherec(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("spherec").unwrap();
    command.current_dir(folder).env_remove("SPHEREC_LOG").args(args);
    if let Ok(adapter) = std::env::var("SPHEREC_ADAPTER")
        && matches!(args.first(), Some(&("train" | "bench" | "compare" | "tune")))
        && !args.contains(&"--adapter")
    {
        command.args(["--adapter", &adapter]);
    }
    command
}

/// What a successful call wrote to standard output and standard error.
pub(crate) fn succeed(folder: &Path, args: &[&str]) -> (String, String) {
    let output = spherec(folder, args).output().unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{args:?}: {:?}\n{out}{err}", output.status);
    (out, err)
}

/// What a call that must fail with `code` wrote to standard error.
pub(crate) fn fail(folder: &Path, args: &[&str], code: i32) -> String {
    let output = spherec(folder, args).output().unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}{err}");
    err
}

/// Some line of `text` has every one of `parts`.
pub(crate) fn has_line(text: &str, parts: &[&str]) -> bool {
    text.lines().any(|line| parts.iter().all(|part| line.contains(part)))
}

/// Fails unless some line of `text` has every one of `parts`: flags, values and numbers, not whole sentences.
#[track_caller]
pub(crate) fn assert_line(text: &str, parts: &[&str]) {
    assert!(has_line(text, parts), "no line with {parts:?} in {text}");
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Generated interactions (`interactions.csv`) and labels (`labels.csv`), and the model trained on them by the recipe
/// [`TWO_STAGE`] (`model`); made once and only read.
pub(crate) fn trained() -> &'static Path {
    static PLACE: OnceLock<TempDir> = OnceLock::new();
    PLACE
        .get_or_init(|| {
            let place = place();
            let sizes = ["--users", "200", "--items", "100", "--clusters", "5", "--noise", "0.05"];
            succeed(place.path(), &[&["generate", "-o", "."][..], &sizes[..]].concat());
            let train = ["train", "interactions.csv", "-o", "model"];
            succeed(place.path(), &[&train[..], &SMALL[..], &TWO_STAGE[..]].concat());
            place
        })
        .path()
}

/// The path of a file beside the shared model.
pub(crate) fn shared(name: &str) -> &'static str {
    trained().join(name).to_str().unwrap().to_owned().leak()
}

/// A copy of the shared model as `folder/model`.
pub(crate) fn copy_model(folder: &Path) -> PathBuf {
    let copy = folder.join("model");
    fs::create_dir(&copy).unwrap();
    for entry in fs::read_dir(trained().join("model")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    copy
}

/// The contents of the files in `folder` by name.
pub(crate) fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files: BTreeMap<String, Vec<u8>> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

/// The keys of a JSON object in the order of the text.
pub(crate) fn keys(json: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    let object = value.as_object().unwrap();
    let mut keys: Vec<String> = object.keys().cloned().collect();
    keys.sort_by_key(|key| json.find(&format!("\"{key}\":")).unwrap());
    keys
}
