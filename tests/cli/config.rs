//! Config files: flags in TOML, which the command line overrides.

use crate::support::{assert_line, fail, place, shared, succeed};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn manifest(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("model/model.json")).unwrap()).unwrap()
}

const CONFIG: &str = "# A run.
output = \"model\"
dim = 8
learning-rate = 2e-2
sampler = \"popularity\"
beta = 1
betas = [0.8, 0.99]
epochs = 1
batch-size = 64
k = 10
header = true
quiet = true
min-user-interactions = 2
";

#[test]
fn every_flag_can_stand_in_a_file_and_the_command_line_wins() {
    let place = place();
    fs::write(place.path().join("run.toml"), CONFIG).unwrap();
    let data = shared("interactions.csv");
    let (out, err) = succeed(place.path(), &["train", data, "--config", "run.toml"]);
    assert_eq!((out, err), (String::new(), String::new()));
    let first = manifest(place.path());
    assert_eq!(first["config"]["schedule"]["learning_rate"], 0.02);
    assert_eq!(first["config"]["negatives"]["kind"], "popularity");
    assert_eq!(first["config"]["optimizer"]["betas"][0], 0.8);
    assert_eq!((&first["config"]["stopping"]["k"], &first["dim"]), (&10.into(), &8.into()));
    assert_eq!(first["data"]["options"]["min-user-interactions"], 2);
    succeed(place.path(), &["train", "--dim", "4", "--config=run.toml", "-k", "5", "--force", data]);
    let second = manifest(place.path());
    assert_eq!((&second["config"]["stopping"]["k"], &second["dim"]), (&5.into(), &4.into()));
    assert_eq!(second["config"]["schedule"]["learning_rate"], 0.02);
}

#[test]
fn flags_that_take_true_or_false_stand_in_a_file() {
    let place = place();
    let data = shared("interactions.csv");
    let train = |text: &str, more: &[&str]| {
        fs::write(
            place.path().join("run.toml"),
            format!("{text}\nepochs = 1\ndim = 4\noutput = \"model\"\nforce = true"),
        )
        .unwrap();
        succeed(place.path(), &[&["train", data, "--config", "run.toml"], more].concat());
        manifest(place.path())["config"].clone()
    };
    let text = "item-bias = false\nloss = \"triplet\"\nrank-weight = true";
    let config = train(text, &[]);
    assert_eq!((&config["item_bias"], &config["loss"]["rank_weight"]), (&Value::Null, &true.into()));
    assert_eq!(config["negatives"]["kind"], "shared");
    // The command line wins, with and without a value.
    let config = train(text, &["--item-bias", "--rank-weight=false", "--item-bias-rate", "0.5"]);
    assert_eq!((&config["item_bias"]["rate"], &config["loss"]["rank_weight"]), (&0.5.into(), &false.into()));
    let config = train("recipe = \"two-stage-2019\"\nitem-bias = true\nsampler = \"uniform\"", &[]);
    assert_eq!(
        (&config["item_bias"]["start"], &config["negatives"]["kind"]),
        (&0.0.into(), &"uniform".into())
    );
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let place = place();
    let refuse = |text: &str, code: i32, parts: &[&str]| {
        fs::write(place.path().join("run.toml"), text).unwrap();
        let err = fail(
            place.path(),
            &["train", shared("interactions.csv"), "-o", "m", "--config", "run.toml"],
            code,
        );
        assert_line(&err, parts);
        assert!(!place.path().join("m").exists());
    };
    let file = "error: run.toml: ";
    refuse("dim = 8\nlearning-rate = \n", 1, &["error: run.toml:2: "]);
    refuse("learning_rate = 1\n", 1, &[file, "`learning_rate`", "`learning-rate`"]);
    refuse("learn = 1\n", 1, &[file, "`learn`", "--help"]);
    refuse("dim = 8\nepochs = \"three\"\n", 1, &[file, "'three'", "--epochs"]);
    refuse("config = \"other.toml\"\n", 1, &[file, "`config`"]);
    refuse("quiet = 3\n", 1, &[file, "`quiet`", "3"]);
    refuse("[train]\ndim = 8\n", 1, &[file, "`train`"]);
    refuse("dim = 2020-01-01\n", 1, &[file, "`dim`", "2020-01-01"]);
    refuse("dim = \"many\"\n", 1, &[file, "'many'", "--dim"]);
    refuse("folds = 4\n", 2, &["--fold"]);
    refuse("item-bias = \"maybe\"\n", 1, &[file, "'maybe'", "--item-bias"]);
    refuse("item-bias = false\nitem-bias-rate = 0.1\n", 1, &["--item-bias-rate", "--item-bias=false"]);
    refuse("beta = 1.0\nsampler = \"uniform\"\n", 1, &["--beta", "--sampler uniform"]);
    let err =
        fail(place.path(), &["train", shared("interactions.csv"), "-o", "m", "--config", "none.toml"], 1);
    assert_line(&err, &["error: none.toml: "]);
}
