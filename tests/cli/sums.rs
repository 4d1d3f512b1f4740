//! The recipes `vbpr` and `fm`, whose points are sums of a row and of what its features project to.

use crate::cold::{is_cold_item, lists, purity, to_taste, world};
use crate::support::{SMALL, assert_line, contents, fail, has_line, place, succeed};
use std::fs;

const FEATURES: [&str; 4] = ["--item-features", "item-tags.csv", "--user-features", "user-tags.csv"];
const INPUTS: [&str; 3] = ["known.csv", "item-tags.csv", "user-tags.csv"];

#[test]
fn both_recipes_place_trained_and_cold_items_and_train_again_from_what_they_tell() {
    let (world, place) = (world(), place());
    for name in INPUTS.iter().chain(&["new.csv"]) {
        fs::copy(world.folder().join(name), place.path().join(name)).unwrap();
    }
    for (recipe, loss, network, told) in
        [("vbpr", "bpr", "32", "32 hidden units"), ("fm", "warp", "0", "summed")]
    {
        let train = ["train", "known.csv", "-o", recipe, "--recipe", recipe, "--hidden", network];
        let (_, err) = succeed(place.path(), &[&train[..], &FEATURES, &SMALL].concat());
        assert_line(&err, &["recipe ", recipe, loss, "uniform negatives, features"]);
        // Nothing draws points anywhere.
        assert!(!has_line(&err, &["epoch ", ", features "]), "{err}");

        let placed = purity(place.path(), recipe, &world.clusters);
        assert!(placed > 0.5, "{recipe}: {placed} of those near cold items are of their cluster");
        let args = ["recommend", recipe, "--all", "--with-cold-items", "-k", "20", "--format", "jsonl"];
        let recommended = lists(&succeed(place.path(), &args).0, "user", "item");
        let (count, share) = to_taste(&recommended, is_cold_item);
        assert!(count > 100 && share > 0.7, "{recipe}: {count} cold items, {share} of the users' clusters");
        let (_, share) = to_taste(&recommended, |id| !is_cold_item(id));
        assert!(share > 0.7, "{recipe}: {share} of the trained items of the users' clusters");
        let (_, err) = succeed(place.path(), &["evaluate", recipe, "new.csv", "--with-cold-items"]);
        assert_line(&err, &["all items and 25 cold items are ranked"]);

        let (shown, _) = succeed(place.path(), &["show", recipe]);
        assert_line(&shown, &["item features", told, "25 cold items"]);
        assert_line(&shown, &["user features", told, "30 cold users"]);
        assert_line(&shown, &["features.role.kind", "added"]);
        let (toml, _) = succeed(place.path(), &["show", recipe, "--toml"]);
        assert_line(&toml, &["features-as = \"added\""]);
        fs::write(place.path().join("shown.toml"), &toml).unwrap();
        let again = ["train", "known.csv", "-o", "again", "--force", "--config", "shown.toml"];
        succeed(place.path(), &again);
        let [model, again] = [recipe, "again"].map(|folder| contents(&place.path().join(folder)));
        for name in ["model.safetensors", "cold_items.safetensors", "cold_users.safetensors"] {
            assert!(model[name] == again[name], "{recipe}: {name} differs: {toml}");
        }
    }
}

#[test]
fn a_kept_training_of_sums_goes_on_to_the_same_bytes() {
    let (world, place) = (world(), place());
    for name in INPUTS {
        fs::copy(world.folder().join(name), place.path().join(name)).unwrap();
    }
    for recipe in ["fm", "vbpr"] {
        let train = |output, epochs| {
            let train = ["train", "known.csv", "-o", output, "--recipe", recipe, "--epochs", epochs];
            let run = ["--schedule", "constant", "--evaluate-every", "1", "--dim", "8", "--keep-checkpoint"];
            succeed(place.path(), &[&train[..], &run, &FEATURES].concat());
        };
        let (whole, short) = (format!("{recipe}-whole"), format!("{recipe}-short"));
        train(&whole, "4");
        train(&short, "2");
        succeed(place.path(), &["train", "--resume", &short, "--epochs", "4"]);
        let [whole, resumed] = [whole, short].map(|folder| contents(&place.path().join(folder)));
        for name in ["model.safetensors", "cold_items.safetensors", "cold_users.safetensors"] {
            assert!(whole[name] == resumed[name], "{recipe}: {name} differs");
        }
    }
}

#[test]
fn models_of_sums_are_compared() {
    let (world, place) = (world(), place());
    for name in INPUTS {
        fs::copy(world.folder().join(name), place.path().join(name)).unwrap();
    }
    let compare = ["compare", "known.csv", "-o", "table", "--models", "popularity,fm,vbpr", "--seeds", "1"];
    let run = ["--epochs", "2", "--dim", "8", "-k", "50", "--published", "CiteULike"];
    let (table, _) = succeed(place.path(), &[&compare[..], &run, &FEATURES].concat());
    // The paper's recall stands beside them.
    for (name, published) in [("fm", "FM 16.68"), ("vbpr", "VBPR 28.07")] {
        assert_line(&table, &[name, published]);
    }
    let bare = fail(place.path(), &[&compare[..], &run].concat(), 1);
    assert_line(&bare, &["error: --item-features", "--recipe fm"]);
}

#[test]
fn what_sums_need_is_said_in_a_line() {
    let (world, place) = (world(), place());
    for name in INPUTS {
        fs::copy(world.folder().join(name), place.path().join(name)).unwrap();
    }
    let tags = ["--item-features", "item-tags.csv"];
    let cases: [(&[&str], &[&str]); 12] = [
        (&["--recipe", "vbpr"], &["--item-features", "--recipe vbpr", "--user-features"]),
        (&["--recipe", "fm"], &["--item-features", "--recipe fm", "--user-features"]),
        (&["--features-as", "added"], &["--features-as", "neither --item-features"]),
        (&[&tags[..], &["--features-as", "added"]].concat(), &["--features-as", "sphere", "--geometry dot"]),
        (
            &[&tags[..], &["--features-as", "added", "--geometry", "dot"]].concat(),
            &["--sampler", "shared", "take uniform or popularity"],
        ),
        (
            &[&tags[..], &["--recipe", "fm", "--geometry", "ball", "--optimizer", "sgd"]].concat(),
            &["--features-as", "ball", "dot"],
        ),
        (&[&tags[..], &["--recipe", "fm", "--sampler", "shared"]].concat(), &["--sampler", "uniform"]),
        (
            &[&tags[..], &["--recipe", "fm", "--dropout", "0.5"]].concat(),
            &["--dropout", "no meaning with --hidden 0"],
        ),
        (&[&tags[..], &["--recipe", "vbpr", "--hidden", "6"]].concat(), &["--hidden", "multiple of 4", "6"]),
        (
            &[&tags[..], &["--recipe", "vbpr", "--feature-weight", "2"]].concat(),
            &["--feature-weight", "no meaning with --features-as added"],
        ),
        (
            &[&tags[..], &["--recipe", "fm", "--features-as", "near"]].concat(),
            &["--hidden", "at least 4", "0"],
        ),
        (&[&tags[..], &["--recipe", "bpr", "--hidden", "0"]].concat(), &["--hidden", "at least 4", "0"]),
    ];
    for (flags, parts) in cases {
        let err = fail(place.path(), &[&["train", "known.csv", "-o", "model"][..], flags].concat(), 1);
        let errors: Vec<&str> = err.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{err}");
        assert_line(errors[0], parts);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), INPUTS.len(), "{flags:?} left something");
    }
}
