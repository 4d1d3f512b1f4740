//! Filters against a plain oracle, in the documented order; presets; and what `inspect` reports of them.

use crate::data_load::{file, pairs};
use proptest::collection::vec;
use proptest::prelude::*;
use spherec::data::{self, Counts, LoadOptions, Preset};
use std::collections::{BTreeMap, BTreeSet};

type Pairs = BTreeSet<(String, String)>;

fn degrees(pairs: &Pairs, of_user: bool) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for (user, item) in pairs {
        *counts.entry(if of_user { user.as_str() } else { item.as_str() }).or_default() += 1;
    }
    counts
}

fn keep(pairs: &Pairs, of_user: bool, least: usize) -> Pairs {
    let counts = degrees(pairs, of_user);
    let is_kept = |(user, item): &&(String, String)| {
        counts[if of_user { user.as_str() } else { item.as_str() }] >= least
    };
    pairs.iter().filter(is_kept).cloned().collect()
}

/// The filters in plain words.
fn oracle(rows: &[(u8, u8, u8)], options: &LoadOptions) -> Pairs {
    let name = |(user, item): (u8, u8)| (format!("u{user}"), format!("i{item}"));
    let mut sums: BTreeMap<(u8, u8), f64> = BTreeMap::new();
    for &(user, item, value) in rows {
        if options.min_rating.is_none_or(|least| f64::from(value) >= least) {
            *sums.entry((user, item)).or_default() += f64::from(value);
        }
    }
    let is_kept = |sum: f64| options.min_count.is_none_or(|least| sum >= least);
    let mut kept: Pairs =
        sums.into_iter().filter(|&(_, sum)| is_kept(sum)).map(|(pair, _)| name(pair)).collect();
    if let Some(least) = options.min_user_interactions {
        kept = keep(&kept, true, least);
    }
    if let Some(least) = options.min_item_interactions {
        kept = keep(&kept, false, least);
    }
    while let Some(core) = options.k_core {
        let smaller = keep(&keep(&kept, true, core), false, core);
        if smaller == kept {
            break;
        }
        kept = smaller;
    }
    kept
}

fn filters() -> impl Strategy<Value = LoadOptions> {
    let size = || prop::option::of(0usize..5);
    let threshold = prop_oneof![
        Just((None, None)),
        (0..6u8).prop_map(|least| (Some(f64::from(least)), None)),
        (0..12u8).prop_map(|least| (None, Some(f64::from(least)))),
    ];
    (threshold, size(), size(), size()).prop_map(|((min_rating, min_count), users, items, k_core)| {
        LoadOptions {
            min_rating,
            min_count,
            min_user_interactions: users,
            min_item_interactions: items,
            k_core,
            ..LoadOptions::default()
        }
    })
}

proptest! {
    #[test]
    fn what_is_left_is_what_the_oracle_leaves(rows in vec((0u8..9, 0u8..9, 0u8..6), 1..80), options in filters()) {
        let mut text = String::from("user,item,rating\n");
        rows.iter().for_each(|(user, item, value)| text += &format!("u{user},i{item},{value}\n"));
        let options = LoadOptions {
            rating_column: (options.min_rating.is_some() || options.min_count.is_some())
                .then_some(data::Column::Number(3)),
            ..options
        };
        let (_folder, path) = file(text.as_bytes());
        let expected = oracle(&rows, &options);
        let inspection = data::inspect(&path, &options).expect("readable");
        prop_assert_eq!(inspection.report.kept.interactions, expected.len());
        prop_assert_eq!(inspection.all.rows, rows.len());
        match data::load(&path, &options) {
            Err(error) => prop_assert!(expected.is_empty(), "{error}"),
            Ok((dataset, report)) => {
                let found: BTreeSet<String> = pairs(&dataset).into_iter().collect();
                let expected_text: BTreeSet<String> =
                    expected.iter().map(|(user, item)| format!("{user}>{item}")).collect();
                prop_assert_eq!(found, expected_text);
                // Nobody without interactions is left, and the counts agree with the data set.
                let counts = Counts {
                    users: degrees(&expected, true).len(),
                    items: degrees(&expected, false).len(),
                    interactions: expected.len(),
                    rows: report.kept.rows,
                };
                prop_assert_eq!(report.kept, counts);
                prop_assert_eq!((dataset.users.len(), dataset.items.len()), (counts.users, counts.items));
                prop_assert_eq!(report.duplicate_count, report.kept.rows - report.kept.interactions);
            }
        }
    }
}

const TEXT: &[u8] = b"user,item,rating\na,x,5\na,y,5\na,z,5\na,x,4\nb,x,5\nb,y,2\nc,x,5\nc,w,5\n";

#[test]
fn each_filter_says_what_it_left() {
    let options = LoadOptions {
        min_rating: Some(4.0),
        min_user_interactions: Some(2),
        min_item_interactions: Some(2),
        k_core: Some(2),
        ..LoadOptions::default()
    };
    let (_folder, path) = file(TEXT);
    let inspection = data::inspect(&path, &options).expect("readable");
    let steps: Vec<(&str, [usize; 4])> = inspection
        .report
        .steps
        .iter()
        .map(|step| {
            let Counts { users, items, interactions, rows } = step.left;
            (step.filter.as_str(), [users, items, interactions, rows])
        })
        .collect();
    let expected = [
        ("ratings of at least 4", [3, 4, 6, 7]),
        ("users with at least 2 interactions", [2, 4, 5, 6]),
        ("items with at least 2 interactions", [2, 1, 2, 3]),
        ("2-core", [0, 0, 0, 0]),
    ];
    assert_eq!(steps, expected);
    assert_eq!(inspection.all, Counts { users: 3, items: 4, interactions: 7, rows: 8 });
    assert_eq!(inspection.report.duplicate_count, 1);
    let error = data::load(&path, &options).expect_err("nothing is left").to_string();
    assert!(error.contains("8 rows") && error.contains("2-core"), "{error}");
}

#[test]
fn play_counts_of_a_pair_are_summed() {
    let options = LoadOptions { min_count: Some(5.0), ..LoadOptions::default() };
    let load = |text: &str| {
        let (_folder, path) = file(text.as_bytes());
        data::load(&path, &options)
            .map(|(dataset, report)| (pairs(&dataset), report))
            .map_err(|e| e.to_string())
    };
    let (found, report) = load("user,song,plays\na,x,2\nb,y,4\na,x,3\nb,z,5\n").expect("readable");
    assert_eq!(found, ["a>x", "b>z"]);
    assert_eq!((report.below_count_count, report.duplicate_count, report.kept.rows), (1, 1, 3));
    // A log without counts: each row is one play.
    let log = "user,song\n".to_owned() + &"a,x\n".repeat(5) + &"a,y\n".repeat(4);
    assert_eq!(load(&log).expect("readable").0, ["a>x"]);
    let error = load("user,song\na,x\n").expect_err("nothing is left");
    assert!(error.contains("1 rows") && error.contains("count of at least 5"), "{error}");
    // It is not guessed that an unknown column holds the counts.
    let error = load("user,song,when\na,x,7\n").expect_err("an error");
    assert!(error.starts_with("--min-count ") && error.contains("--rating-column"), "{error}");
    let both = LoadOptions { min_rating: Some(1.0), ..options.clone() };
    let (_folder, path) = file(b"user,song,plays\na,x,2\n");
    let error = data::load(&path, &both).expect_err("an error").to_string();
    assert!(error.starts_with("--min-count and --min-rating "), "{error}");
}

#[test]
fn presets_give_way_to_flags() {
    let thresholds = |preset: Preset, options: LoadOptions| {
        let LoadOptions { min_rating, min_count, min_user_interactions, min_item_interactions, .. } =
            preset.apply(options);
        (min_rating, min_count, min_user_interactions, min_item_interactions)
    };
    let none = LoadOptions::default;
    assert_eq!(thresholds(Preset::AmazonMovies, none()), (Some(5.0), None, Some(20), None));
    assert_eq!(thresholds(Preset::BookCrossing, none()), (Some(5.0), None, Some(11), None));
    assert_eq!(thresholds(Preset::EchoNest, none()), (None, Some(5.0), Some(21), Some(5)));
    assert_eq!(thresholds(Preset::MovieLens, none()), (Some(4.0), None, Some(11), None));
    assert_eq!(thresholds(Preset::CiteULike, none()), (None, None, None, None));
    let twenty = LoadOptions { min_user_interactions: Some(20), ..none() };
    assert_eq!(thresholds(Preset::BookCrossing, twenty), (Some(5.0), None, Some(20), None));
    let counts = LoadOptions { min_count: Some(2.0), ..none() };
    assert_eq!(thresholds(Preset::MovieLens, counts), (None, Some(2.0), Some(11), None));
    for name in ["amazon-movies", "book-crossing", "echonest", "movielens", "citeulike"] {
        assert_eq!(name.parse::<Preset>().map(|preset| preset.to_string()), Ok(name.to_owned()));
    }
    assert!("netflix".parse::<Preset>().is_err());
}
