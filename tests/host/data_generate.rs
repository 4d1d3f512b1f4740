//! Generated data has planted clusters and angles, a power law and the given noise, and depends only on the seed.

use spherec::data::{
    self, Dataset, FeatureOptions, GenerateOptions, Generated, GeneratedFiles, LoadOptions, Side, Tag,
    generate,
};

fn options() -> GenerateOptions {
    GenerateOptions {
        user_count: 1500,
        item_count: 600,
        cluster_count: 12,
        seed: 5,
        ..GenerateOptions::default()
    }
}

fn made(options: &GenerateOptions) -> Generated {
    generate(options).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn shapes_and_ids() {
    let made = made(&options());
    let all = &made.dataset.interactions;
    assert_eq!(made.dataset.users.len(), 1500);
    assert_eq!((all.user_count(), all.item_count()), (1500, made.dataset.items.len()));
    assert_eq!((made.user_clusters.len(), made.item_clusters.len()), (1500, made.dataset.items.len()));
    assert_eq!(made.dataset.users.text(17), "u17");
    assert!(made.dataset.items.text(3).starts_with('i'));
    assert!((0..1500).all(|user| !all.items_of(user).is_empty()));
    assert!(all.item_frequencies().iter().all(|&count| count > 0), "an item without users");
    let largest = made.item_clusters.iter().chain(&made.user_clusters).max();
    assert_eq!(largest, Some(&11));
}

#[test]
fn the_mean_and_the_noise_are_as_asked() {
    // A user has one or two clusters. What lies outside a user's two commonest clusters is noise, and noise
    // is spread over all others.
    let options = GenerateOptions { noise: 0.2, interactions_per_user: 12.0, ..options() };
    let made = made(&options);
    let all = &made.dataset.interactions;
    let mean = all.len() as f64 / 1500.0;
    if !((11.5..=12.5).contains(&mean)) {
        panic!("{mean} interactions a user");
    }
    let mut in_favourite = 0;
    let mut in_best_two = 0;
    for user in 0..1500u32 {
        let mut counts = [0usize; 12];
        for &item in all.items_of(user) {
            counts[made.item_clusters[item as usize] as usize] += 1;
        }
        in_favourite += counts[made.user_clusters[user as usize] as usize];
        counts.sort_unstable();
        in_best_two += counts[10] + counts[11];
    }
    let share = |count: usize| count as f64 / all.len() as f64;
    // 0.8 times 1 (one favourite) or 2/3 (two): 0.8 * 5/6.
    if !((0.64..=0.69).contains(&share(in_favourite))) {
        panic!("{} in the favourite cluster", share(in_favourite));
    }
    if !((0.8..=0.88).contains(&share(in_best_two))) {
        panic!("{} in the two commonest clusters", share(in_best_two));
    }
}

#[test]
fn without_noise_a_user_has_two_clusters_at_most() {
    let made = made(&GenerateOptions { noise: 0.0, ..options() });
    let mut with_two = 0;
    for user in 0..1500u32 {
        let items = made.dataset.interactions.items_of(user);
        let mut clusters: Vec<u32> = items.iter().map(|&item| made.item_clusters[item as usize]).collect();
        clusters.sort_unstable();
        clusters.dedup();
        assert!(clusters.len() <= 2);
        with_two += usize::from(clusters.len() == 2);
    }
    assert!((600..=900).contains(&with_two), "{with_two} of 1500 users have two clusters");
}

#[test]
fn noise_lies_outside_the_favourites() {
    let made = made(&GenerateOptions { noise: 1.0, ..options() });
    for (user, item) in made.dataset.interactions.pairs() {
        assert_ne!(made.user_clusters[user as usize], made.item_clusters[item as usize]);
    }
}

#[test]
fn popularity_falls_as_a_power() {
    let counts = |popularity_exponent| {
        let options = GenerateOptions { popularity_exponent, interactions_per_user: 5.0, ..options() };
        let mut counts = made(&options).dataset.interactions.item_frequencies();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts
    };
    let (flat, steep) = (counts(0.0), counts(1.0));
    assert!(flat[0] < 5 * flat[flat.len() / 2], "{} and {}", flat[0], flat[flat.len() / 2]);
    assert!(steep[0] > 10 * steep[steep.len() / 2], "{} and {}", steep[0], steep[steep.len() / 2]);
}

#[test]
fn nearness_in_angle_decides_as_asked() {
    // With noise and popularity out of the way and few items taken of many, the mean cosine between a user's angle
    // and its items' is I1(focus) / I0(focus), the mean of the von Mises distribution: 0 at 0, 0.698 at 2.
    let mean_cosine = |focus| {
        let made = made(&GenerateOptions {
            item_count: 3000,
            cluster_count: 2,
            interactions_per_user: 5.0,
            popularity_exponent: 0.0,
            noise: 0.0,
            focus,
            ..options()
        });
        assert_eq!(made.item_angles.len(), made.dataset.items.len());
        let cosines =
            made.dataset.interactions.pairs().map(|(user, item)| {
                (made.user_angles[user as usize] - made.item_angles[item as usize]).cos()
            });
        cosines.sum::<f64>() / made.dataset.interactions.len() as f64
    };
    for (focus, expected) in [(0.0, 0.0), (2.0, 0.698)] {
        let mean = mean_cosine(focus);
        if !((mean - expected).abs() < 0.03) {
            panic!("focus {focus}: the mean cosine is {mean}, not {expected}");
        }
    }
}

#[test]
fn the_seed_decides() {
    let (first, again) = (made(&options()), made(&options()));
    assert_eq!(first.dataset.interactions, again.dataset.interactions);
    assert_eq!(first.item_clusters, again.item_clusters);
    assert_eq!(first.item_angles, again.item_angles);
    assert_eq!(first.dataset.items, again.dataset.items);
    assert_eq!((&first.item_tags, &first.user_tags), (&again.item_tags, &again.user_tags));
    let other = made(&GenerateOptions { seed: 6, ..options() });
    assert_ne!(first.dataset.interactions, other.dataset.interactions);
    assert_ne!(first.item_tags, other.item_tags);
}

#[test]
fn extremes_are_met() {
    // Users with as many items as a cluster holds: the draw must end, and must not repeat items.
    let full =
        GenerateOptions { interactions_per_user: 50.0, popularity_exponent: 4.0, focus: 100.0, ..options() };
    assert!(made(&full).dataset.interactions.len() > 1500 * 40);
    let single = GenerateOptions { cluster_count: 1, noise: 1.0, ..options() };
    assert!(made(&single).user_clusters.iter().all(|&cluster| cluster == 0));
    let least = GenerateOptions {
        user_count: 1,
        item_count: 1,
        cluster_count: 1,
        interactions_per_user: 1.0,
        ..options()
    };
    assert_eq!(made(&least).dataset.interactions.len(), 1);
}

#[test]
fn options_out_of_range_name_their_flag() {
    for (options, flag, limit, value) in [
        (GenerateOptions { user_count: 0, ..options() }, "--users ", "4294967295", " 0"),
        (GenerateOptions { item_count: 0, ..options() }, "--items ", "4294967295", " 0"),
        (GenerateOptions { cluster_count: 601, ..options() }, "--clusters ", "--items 600", " 601"),
        (
            GenerateOptions { interactions_per_user: 51.0, ..options() },
            "--interactions-per-user ",
            "1 to 50",
            " 51",
        ),
        (GenerateOptions { noise: f64::NAN, ..options() }, "--noise ", "0 to 1", " NaN"),
        (GenerateOptions { focus: 101.0, ..options() }, "--focus ", "0 to 100", " 101"),
        (
            GenerateOptions { popularity_exponent: -1.0, ..options() },
            "--popularity-exponent ",
            "0 to 4",
            " -1",
        ),
    ] {
        let error = generate(&options).expect_err("an error").to_string();
        assert!(error.starts_with(flag) && error.contains(limit) && error.ends_with(value), "{error}");
    }
}

#[test]
fn more_than_the_memory_holds_is_refused_before_it_is_taken() {
    let most = u32::MAX as usize;
    for (options, flag) in [
        (GenerateOptions { user_count: most, ..options() }, "--users 4294967295 "),
        (GenerateOptions { item_count: most, ..options() }, "--items 4294967295 "),
    ] {
        let error = generate(&options).expect_err("an error").to_string();
        assert!(error.starts_with(flag) && error.contains(" of memory, but this machine has "), "{error}");
    }
}

#[test]
fn generated_files_are_two_files_and_both_appear_or_none() {
    let made = made(&options());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pairs = folder.path().join("a.csv");
    let files = |labels| GeneratedFiles {
        interactions: pairs.clone(),
        labels: Some(folder.path().join(labels)),
        item_features: Some(folder.path().join("item-tags.csv")),
        user_features: None,
    };
    for labels in ["a.csv", "A.CSV", "./b/../a.csv", "item-tags.csv"] {
        let error = data::write_generated(&made, &files(labels), true).expect_err("an error");
        assert!(error.to_string().contains("is the same file as"), "{error}");
    }
    let wrong = spherec::data::Generated { item_clusters: vec![0], ..made.clone() };
    data::write_generated(&wrong, &files("labels.csv"), true).expect_err("an error");
    let left =
        std::fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").path());
    assert_eq!(left.filter(|path| path.is_file()).count(), 0);
}

#[test]
fn generated_files_are_read_back() {
    let made = made(&options());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("pairs.csv");
    let labels = folder.path().join("labels.csv");
    let [item_tags, user_tags] = ["item-tags.csv", "user-tags.csv"].map(|name| folder.path().join(name));
    let files = GeneratedFiles {
        interactions: path.clone(),
        labels: Some(labels.clone()),
        item_features: Some(item_tags.clone()),
        user_features: Some(user_tags.clone()),
    };
    data::write_generated(&made, &files, false).expect("written");
    let (read, report) = data::load(&path, &LoadOptions::default()).expect("readable");
    assert_eq!(report.row_count, made.dataset.interactions.len());
    assert_eq!(read.users, made.dataset.users);
    assert_eq!((read.items.len(), read.interactions.len()), (made.dataset.items.len(), report.row_count));
    let text = std::fs::read_to_string(&labels).expect("readable");
    assert_eq!(text.lines().next(), Some("item,cluster"));
    assert_eq!(text.lines().count(), 1 + made.dataset.items.len());
    let first = format!("{},{}", made.dataset.items.text(0), made.item_clusters[0]);
    assert_eq!(text.lines().nth(1), Some(first.as_str()));
    let read = |path, ids, kind| {
        let read = data::read_features(path, ids, &FeatureOptions::of(kind));
        read.unwrap_or_else(|error| panic!("{error}"))
    };
    let Dataset { users, items, .. } = &made.dataset;
    let (features, report) = read(&item_tags, items, Side::Items);
    assert_eq!((report.without_count, report.entry_count), (0, made.item_tags.len()));
    assert_eq!(features.row_count(), 600, "items that nobody takes have tags, too");
    let (features, report) = read(&user_tags, users, Side::Users);
    assert_eq!((report.without_count, report.new_count), (0, 0));
    assert_eq!((features.row_count(), report.entry_count), (1500, made.user_tags.len()));
}

#[test]
fn tags_tell_of_clusters_and_angles() {
    let made = made(&options());
    let clusters: std::collections::BTreeMap<String, (u32, f64)> = (0..made.dataset.items.len())
        .map(|row| (made.dataset.items.text(row as u32), (made.item_clusters[row], made.item_angles[row])))
        .collect();
    let (mut own, mut angle, mut idle) = (0, 0, 0);
    for &(item, tag) in &made.item_tags {
        let truth = clusters.get(&format!("i{item}"));
        match tag {
            Tag::Cluster(cluster, number) => {
                assert!(truth.is_none_or(|truth| truth.0 == cluster) && number < 8);
                own += 1;
            }
            Tag::Angle(part) => {
                let is_in =
                    |angle: f64| (angle / std::f64::consts::TAU * 12.0 - f64::from(part) - 0.5).abs() <= 0.5;
                assert!(truth.is_none_or(|truth| is_in(truth.1)));
                angle += 1;
            }
            Tag::Idle(number) => {
                assert!(number < 60);
                idle += 1;
            }
        }
    }
    let all = made.item_tags.len() as f64;
    // A mean of 5 drawn, of which repeats are left out: many of angles, fewer of clusters.
    for (count, expected) in [(all / 600.0, 4.5), (f64::from(own) / all, 0.5), (f64::from(idle) / all, 0.27)]
    {
        if !((count - expected).abs() < 0.06 * expected.max(1.0) * 2.0) {
            panic!("{count}, not {expected}");
        }
    }
    assert!(angle > 300, "{angle}");
    for (user, tag) in &made.user_tags {
        assert!(!matches!(tag, Tag::Cluster(cluster, _) if *cluster != made.user_clusters[*user as usize]));
    }
}
