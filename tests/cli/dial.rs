//! The dial of popularity, and points that are not on the sphere: what each command makes of them.

use crate::support::{assert_line, fail, has_line, keys, place, shared, succeed, trained};
use serde_json::Value;
use spherec::model::Model;
use spherec::step::Geometry;
use std::fs;
use std::path::Path;

/// The shared model as `folder/NAME`, with the logarithm of its count as each item's bias, of which a half
/// counts. In inner products, rows have many lengths.
fn save(folder: &Path, name: &str, geometry: Geometry, with_bias: bool) {
    let mut model = Model::load(&trained().join("model")).unwrap();
    let counts = model.split.train.item_frequencies();
    let embeddings = &mut model.embeddings;
    if with_bias {
        embeddings.item_bias = counts.iter().map(|&count| (count as f32 + 1.0).ln()).collect();
        model.popularity = 0.5;
    }
    if geometry == Geometry::Dot {
        embeddings.geometry = Geometry::Dot;
        for (at, row) in embeddings.items.chunks_mut(embeddings.dim).enumerate() {
            row.iter_mut().for_each(|x| *x *= 0.2 + (at % 7) as f32);
        }
    }
    model.save(&folder.join(name), &[]).unwrap();
}

fn biased() -> tempfile::TempDir {
    let place = place();
    save(place.path(), "biased", Geometry::Sphere, true);
    place
}

fn json(folder: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&succeed(folder, args).0).unwrap()
}

/// The columns of numbers of a list.
fn numbers(csv: &str) -> Vec<[f64; 3]> {
    let rows = csv.lines().skip(1).map(|line| line.split(',').skip(3).map(|x| x.parse().unwrap()));
    rows.map(|row| row.collect::<Vec<f64>>().try_into().unwrap()).collect()
}

#[test]
fn evaluate_shows_what_popularity_brings_and_costs() {
    let place = biased();
    let dials = ["evaluate", "biased", "--popularity", "0,0.25,0.5,0.75,1", "-k", "10"];
    let (table, _) = succeed(place.path(), &dials);
    let rows: Vec<&str> = table.lines().filter(|line| line.contains('%')).collect();
    assert_line(&table, &["popularity", "MAP", "NDCG", "recall", "MMR", "coverage"]);
    assert_eq!(rows.len(), 5, "{table}");
    for (row, dial) in rows.iter().zip(["0", "0.25", "0.5", "0.75", "1"]) {
        assert_eq!(row.split_whitespace().next(), Some(dial), "{table}");
    }
    let all = json(place.path(), &[&dials[..], &["--json"]].concat());
    let at = all["at"].as_array().unwrap();
    let of = |name: &str| -> Vec<f64> { at.iter().map(|row| row[name].as_f64().unwrap()).collect() };
    assert_eq!(of("popularity"), [0.0, 0.25, 0.5, 0.75, 1.0]);
    // The bias is the count's logarithm: the more of it counts, the more popular are the lists.
    assert!(of("mmr").is_sorted() && of("mmr")[0] + 5.0 < of("mmr")[4], "{all}");
    assert_eq!((&all["popularity"], &all["mmr"]), (&at[0]["popularity"], &at[0]["mmr"]));

    // Without the flag: as the model says.
    let own = json(place.path(), &["evaluate", "biased", "--json", "-k", "10"]);
    assert_eq!(own, at[2]);
    let (_, err) = succeed(place.path(), &["evaluate", "biased"]);
    assert_line(&err, &["popularity 0.5"]);
    // At 0 it is the model without a bias.
    let mut none = json(place.path(), &["evaluate", "biased", "--json", "-k", "10", "--popularity", "0"]);
    none.as_object_mut().unwrap().remove("popularity");
    assert_eq!(none, json(trained(), &["evaluate", "model", "--json", "-k", "10"]));
    // Several lengths, too.
    let both = json(
        place.path(),
        &[
            "evaluate",
            "biased",
            "--json",
            "-k",
            "5,10",
            "--popularity",
            "1,0",
            "--labels",
            shared("labels.csv"),
        ],
    );
    let pairs: Vec<_> =
        both["at"].as_array().unwrap().iter().map(|row| (&row["popularity"], &row["k"])).collect();
    let [one, zero, five, ten] = [Value::from(1.0), Value::from(0.0), Value::from(5), Value::from(10)];
    assert_eq!(pairs, [(&one, &five), (&one, &ten), (&zero, &five), (&zero, &ten)]);
    assert!(both["neighbour_purity"].as_f64().unwrap() > 0.8);
}

#[test]
fn recommend_ranks_by_the_score_and_shows_it() {
    let place = biased();
    let list = |more: &[&str]| {
        let args = ["recommend", "biased", "--user", "u0", "-k", "20"];
        succeed(place.path(), &[&args[..], more].concat()).0
    };
    let own = list(&[]);
    assert_eq!(own.lines().next(), Some("user,rank,item,score,similarity,distance"));
    assert_eq!(own, list(&["--popularity", "0.5"]));
    let rows = numbers(&own);
    assert!(rows.is_sorted_by(|a, b| a[0] >= b[0]) && !rows.is_sorted_by(|a, b| a[1] >= b[1]), "{own}");
    for [score, similarity, distance] in &rows {
        assert!((distance * distance - (2.0 - 2.0 * similarity)).abs() < 1e-5, "{own}");
        // Half the logarithm of a count between 1 and 200 users.
        assert!((0.34..2.7).contains(&(score - similarity)), "{own}");
    }
    let plain = succeed(trained(), &["recommend", "model", "--user", "u0", "-k", "20"]).0;
    let items = |csv: &str| -> Vec<String> {
        csv.lines().map(|line| line.split(',').nth(2).unwrap().to_owned()).collect()
    };
    assert_eq!(items(&list(&["--popularity", "0"])), items(&plain));
    assert_ne!(items(&own), items(&plain));
    // Neighbours do without the bias.
    let near = |folder: &Path, name: &str| succeed(folder, &["similar", name, "--item", "i3"]).0;
    assert_eq!(near(place.path(), "biased"), near(trained(), "model"));
}

#[test]
fn a_dial_out_of_range_or_without_a_bias_is_refused() {
    let place = biased();
    let commands: [&[&str]; 5] = [
        &["recommend", "MODEL", "--user", "u0"],
        &["evaluate", "MODEL"],
        &["explore", "MODEL", "-o", "page.html", "--method", "pca"],
        &["plot", "MODEL", "-o", "trade.png"],
        &["export", "MODEL", "-o", "out"],
    ];
    for command in commands {
        let with = |model: &'static str, dial: &'static str| {
            let named = command.iter().map(|&word| if word == "MODEL" { model } else { word });
            named.chain(["--popularity", dial]).collect::<Vec<&str>>()
        };
        for dial in ["1.5", "-0.25", "NaN"] {
            let err = fail(place.path(), &with("biased", dial), 1);
            assert_line(&err, &["error: --popularity ", "from 0 to 1", dial]);
        }
        let err = fail(place.path(), &with(shared("model"), "0.5"), 1);
        assert_line(&err, &["error: --popularity ", "item bias", "model"]);
        fail(place.path(), &with("biased", "much"), 2);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "{command:?} left something behind");
        succeed(place.path(), &with("biased", "0.5"));
        for made in ["page.html", "trade.png", "out"] {
            let made = place.path().join(made);
            if made.is_dir() { fs::remove_dir_all(made).unwrap() } else { drop(fs::remove_file(made)) }
        }
    }
    for dials in ["0,0.5,2", "0,,1"] {
        let output = fail(
            place.path(),
            &["evaluate", "biased", "--popularity", dials],
            if dials.contains('2') { 1 } else { 2 },
        );
        assert!(output.starts_with("error: "), "{output}");
    }
}

#[test]
fn show_says_geometry_bias_and_popularity() {
    let place = biased();
    save(place.path(), "dot", Geometry::Dot, false);
    let report = json(place.path(), &["show", "biased", "--json"]);
    assert_eq!((&report["geometry"], &report["item_bias"]), (&"sphere".into(), &true.into()));
    assert_eq!(report["popularity"], 0.5);
    let report = json(place.path(), &["show", "dot", "--json"]);
    assert_eq!((&report["geometry"], &report["item_bias"]), (&"dot".into(), &false.into()));
    assert!(report["popularity"].is_null());
    let (table, _) = succeed(place.path(), &["show", "biased"]);
    assert_line(&table, &["geometry", "sphere"]);
    assert_line(&table, &["item bias", "popularity 0.5"]);
    let (table, _) = succeed(place.path(), &["show", "dot"]);
    assert_line(&table, &["geometry", "dot"]);
    assert_line(&table, &["item bias", "none"]);
    assert!(!has_line(&table, &["geometry", "sphere"]), "{table}");
}

#[test]
fn export_says_what_the_store_must_compare_by() {
    let place = biased();
    save(place.path(), "dot", Geometry::Dot, false);
    let width = |out: &str| {
        let text = fs::read_to_string(place.path().join(out).join("items.tsv")).unwrap();
        text.lines().next().unwrap().split('\t').count()
    };
    let export = |model: &str, out: &str, more: &[&str]| {
        let (paths, err) = succeed(place.path(), &[&["export", model, "-o", out], more].concat());
        assert_eq!(paths.lines().count(), 2, "{paths}");
        (err, width(out))
    };
    for (model, out, flags, said, columns) in [
        ("biased", "a", &[][..], "L2", 17),
        ("biased", "b", &["--metric", "ip", "--popularity", "1"], "inner product", 17),
        (shared("model"), "c", &["--metric", "l2"], "any metric", 16),
        ("dot", "d", &[], "inner product", 16),
    ] {
        let (err, found) = export(model, out, flags);
        assert_line(&err, &["set the store to", said]);
        assert_eq!(found, columns, "{out}");
    }
    let bytes = |out: &str| fs::read(place.path().join(out).join("items.tsv")).unwrap();
    assert!(bytes("a") != bytes("b"));
    let err = fail(place.path(), &["export", "dot", "-o", "e", "--metric", "l2"], 1);
    assert_line(&err, &["error: --metric ", "ip", "dot"]);
    assert!(!place.path().join("e").exists());
}

#[test]
fn plot_draws_the_trade_of_one_and_of_several_models() {
    let place = biased();
    save(place.path(), "other", Geometry::Dot, true);
    let flags = ["--popularity", "0,0.5,1", "--size", "500", "--scale", "1", "-k", "10"];
    succeed(place.path(), &[&["plot", "biased", "-o", "one.png"], &flags[..]].concat());
    assert_eq!(image::image_dimensions(place.path().join("one.png")).unwrap().0, 500);
    succeed(place.path(), &[&["plot", "biased", "other", "-o", "two.png"], &flags[..]].concat());
    let read = |name: &str| image::open(place.path().join(name)).unwrap().into_rgb8();
    assert!(read("one.png") != read("two.png"));
    for flags in [&["--curves"][..], &["--users"], &["--color", "none"]] {
        let args = [&["plot", "biased", "-o", "no.png", "--popularity", "0,1"], flags].concat();
        fail(place.path(), &args, 2);
    }
    fail(place.path(), &["plot", "biased", "-o", "no.png", "-k", "5"], 2);
    assert!(!place.path().join("no.png").exists());
}

#[test]
fn the_page_has_a_dial_if_the_model_has_a_bias() {
    let place = biased();
    let data = |model: &str, name: &str, more: &[&str]| -> Value {
        let args = ["explore", model, "-o", name, "--method", "pca", "--users", "5"];
        succeed(place.path(), &[&args[..], more].concat());
        let page = fs::read_to_string(place.path().join(name)).unwrap();
        let (_, rest) = page.split_once("id=\"data\">").unwrap();
        serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
    };
    let own = data("biased", "own.html", &[]);
    assert_eq!((own["dials"].as_array().unwrap().len(), &own["dial"]), (5, &2.into()));
    let turned = data("biased", "turned.html", &["--popularity", "1"]);
    assert_eq!((&turned["dial"], &turned["near"]), (&4.into(), &own["near"]));
    let plain = data(shared("model"), "plain.html", &[]);
    assert_eq!(plain["dials"].as_array().unwrap().len(), 1);
}

#[test]
fn inner_products_rank_lists_and_angles_rank_neighbours() {
    let place = place();
    save(place.path(), "dot", Geometry::Dot, false);
    let (csv, _) = succeed(place.path(), &["recommend", "dot", "--user", "u0", "-k", "30"]);
    let rows = numbers(&csv);
    assert!(rows.is_sorted_by(|a, b| a[0] >= b[0]) && !rows.is_sorted_by(|a, b| a[1] >= b[1]), "{csv}");
    assert!(rows.iter().all(|row| row[1] <= 1.0 + 1e-6) && rows[0][0] > 1.5, "{csv}");
    // Lengths do not matter between items: their order is that of the unit rows.
    let near = |folder: &Path, name: &str| {
        let (jsonl, _) = succeed(folder, &["similar", name, "--item", "i3", "-k", "5", "--format", "jsonl"]);
        assert_eq!(
            keys(jsonl.lines().next().unwrap()),
            ["item", "rank", "neighbour", "similarity", "distance"]
        );
        let line = |line: &str| serde_json::from_str::<Value>(line).unwrap()["neighbour"].clone();
        jsonl.lines().map(line).collect::<Vec<Value>>()
    };
    assert_eq!(near(place.path(), "dot"), near(trained(), "model"));
    // What a map shows is near by angle, too.
    let args = ["plot", "MODEL", "-o", "map.png", "--method", "pca", "--label-top", "0", "--size", "300"];
    let picture = |model: &'static str| {
        let mut args = args;
        args[1] = model;
        succeed(place.path(), &[&args[..], &["--title", "t", "--force"]].concat());
        image::open(place.path().join("map.png")).unwrap().into_rgb8()
    };
    let (dot, sphere) = (picture("dot"), picture(shared("model")));
    assert_eq!(dot.dimensions(), sphere.dimensions());
    let differing = dot.pixels().zip(sphere.pixels()).filter(|(a, b)| a != b).count();
    assert!(differing * 100 < dot.pixels().len(), "{differing} pixels differ");
}
