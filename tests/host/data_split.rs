//! Splits share nothing, lose nothing, have the right sizes, and depend only on the seed.

use proptest::collection::vec;
use proptest::prelude::*;
use spherec::data::{HeldOutUsers, Interactions, Protocol, Split, hold_out_users, split, split_from};
use std::collections::BTreeSet;

fn all_pairs(split: &Split) -> Vec<(u32, u32)> {
    let parts = [&split.train, &split.valid, &split.test];
    let mut pairs: Vec<(u32, u32)> = parts.iter().flat_map(|part| part.pairs()).collect();
    pairs.sort_unstable();
    pairs
}

fn protocol() -> impl Strategy<Value = Protocol> {
    let holdout = (0.0..0.999f64, 0.0..1.0f64).prop_map(|(test_fraction, share)| Protocol::Holdout {
        test_fraction,
        valid_fraction: (0.999 - test_fraction) * share,
    });
    let folds =
        (2..9usize, 0.0..0.999f64, any::<prop::sample::Index>()).prop_map(|(count, valid_fraction, fold)| {
            Protocol::Folds { count, fold: fold.index(count), valid_fraction }
        });
    let one = any::<bool>().prop_map(|valid| Protocol::LeaveOneOut { valid });
    let files = (0.0..0.999f64).prop_map(|valid_fraction| Protocol::Files { valid_fraction });
    prop_oneof![holdout, folds, one, files]
}

proptest! {
    #[test]
    fn parts_are_disjoint_and_whole(pairs in vec((0u32..12, 0u32..30), 0..200), protocol in protocol(), seed: u64) {
        let all = Interactions::from_pairs(12, 30, &pairs);
        let parts = split(&all, &protocol, seed).expect("a valid protocol");
        // The list keeps repeats, so that a shared pair would show.
        prop_assert_eq!(all_pairs(&parts), all.pairs().collect::<Vec<_>>());
        for user in 0..12 {
            prop_assert_eq!(parts.train.items_of(user).is_empty(), all.items_of(user).is_empty());
        }
        for part in [&parts.train, &parts.valid, &parts.test] {
            prop_assert_eq!((part.user_count(), part.item_count()), (12, 30));
        }
        let again = split(&all, &protocol, seed).expect("a valid protocol");
        prop_assert!(again.train == parts.train && again.valid == parts.valid && again.test == parts.test);
    }

    #[test]
    fn folds_divide_each_user_evenly(sizes in vec(0usize..40, 1..12), count in 2usize..7, seed: u64) {
        let pairs: Vec<(u32, u32)> = (0u32..).zip(&sizes).flat_map(|(u, &n)| (0..n as u32).map(move |i| (u, i))).collect();
        let all = Interactions::from_pairs(sizes.len(), 40, &pairs);
        let tests: Vec<Interactions> = (0..count)
            .map(|fold| split(&all, &Protocol::Folds { count, fold, valid_fraction: 0.2 }, seed).expect("valid").test)
            .collect();
        let mut seen = BTreeSet::new();
        for (user, &size) in sizes.iter().enumerate() {
            for test in &tests {
                let items = test.items_of(user as u32);
                if size > 1 {
                    prop_assert!(items.len() == size / count || items.len() == size.div_ceil(count));
                }
                for &item in items {
                    prop_assert!(seen.insert((user as u32, item)), "in two folds");
                }
            }
        }
        let expected: usize = sizes.iter().filter(|&&size| size > 1).sum();
        prop_assert_eq!(seen.len(), expected);
    }
}

fn many_users(user_count: u32, item_count: u32) -> Interactions {
    let pairs: Vec<(u32, u32)> = (0..user_count).flat_map(|u| (0..item_count).map(move |i| (u, i))).collect();
    Interactions::from_pairs(user_count as usize, item_count as usize, &pairs)
}

/// Checks that `count` of `total` is within five standard deviations of a draw with this probability.
#[allow(clippy::neg_cmp_op_on_partial_ord, reason = "NaN must fail")]
fn check_share(count: usize, total: usize, probability: f64) {
    let mean = total as f64 * probability;
    let tolerance = 5.0 * (mean * (1.0 - probability)).sqrt();
    let difference = (count as f64 - mean).abs();
    if !(difference <= tolerance) {
        panic!("{count} of {total}, expected {mean} +- {tolerance}");
    }
}

#[test]
fn fractions_hold_in_expectation_for_users_with_few_items() {
    let all = many_users(20_000, 3);
    let protocol = Protocol::Holdout { test_fraction: 0.1, valid_fraction: 0.25 };
    let parts = split(&all, &protocol, 3).expect("valid");
    check_share(parts.test.len(), all.len(), 0.1);
    check_share(parts.valid.len(), all.len(), 0.25);
    // All items of a user are equally likely to be held out.
    for item in 0..3 {
        check_share(parts.test.item_frequencies()[item] as usize, 20_000, 0.1);
    }
    let folds = Protocol::Folds { count: 4, fold: 0, valid_fraction: 0.1 };
    let parts = split(&all, &folds, 3).expect("valid");
    // As in scikit-learn, the first fold gets the remainder: one of three items.
    check_share(parts.test.len(), all.len(), 1.0 / 3.0);
    check_share(parts.valid.len(), all.len(), 2.0 / 3.0 * 0.1);
}

#[test]
fn seeds_and_users_differ() {
    let all = many_users(50, 20);
    let protocol = Protocol::Holdout { test_fraction: 0.5, valid_fraction: 0.0 };
    let first = split(&all, &protocol, 0).expect("valid").test;
    let second = split(&all, &protocol, 1).expect("valid").test;
    assert_ne!(first, second);
    let distinct: BTreeSet<&[u32]> = (0..50).map(|user| first.items_of(user)).collect();
    assert!(distinct.len() > 45, "{} of 50 users are split differently", distinct.len());
    // A user's split does not depend on who else is there.
    let fewer = split(&many_users(10, 20), &protocol, 0).expect("valid").test;
    assert_eq!(fewer.items_of(9), first.items_of(9));
}

#[test]
fn protocols_out_of_range_name_their_flag() {
    let holdout = |test_fraction, valid_fraction| Protocol::Holdout { test_fraction, valid_fraction };
    let folds = |count, fold, valid_fraction| Protocol::Folds { count, fold, valid_fraction };
    for (protocol, flag, value) in [
        (holdout(1.0, 0.0), "--test-fraction ", " 1"),
        (holdout(-0.1, 0.0), "--test-fraction ", " -0.1"),
        (holdout(f64::NAN, 0.0), "--test-fraction ", " NaN"),
        (holdout(0.0, 2.0), "--valid-fraction ", " 2"),
        (holdout(0.5, 0.5), "--test-fraction and --valid-fraction ", " 1"),
        (folds(1, 0, 0.0), "--folds ", " 1"),
        (folds(4, 4, 0.0), "--fold ", " 4"),
        (folds(4, 0, 1.0), "--valid-fraction ", " 1"),
    ] {
        let error = split(&many_users(2, 2), &protocol, 0).expect_err("an error").to_string();
        assert!(error.starts_with(flag) && error.ends_with(value), "{error}");
    }
}

#[test]
fn nothing_to_split_is_no_error() {
    let protocol = Protocol::Holdout { test_fraction: 0.2, valid_fraction: 0.1 };
    let empty = split(&Interactions::default(), &protocol, 0).expect("valid");
    assert!(empty.train.is_empty() && empty.valid.is_empty() && empty.test.is_empty());
    let one = split(&many_users(1, 1), &protocol, 0).expect("valid");
    assert_eq!((one.train.len(), one.valid.len(), one.test.len()), (1, 0, 0));
}

#[test]
fn a_split_stays_what_it_was() {
    // Published results name a seed: these bits must not change.
    let all = many_users(3, 8);
    let folds = split(&all, &Protocol::Folds { count: 4, fold: 0, valid_fraction: 0.2 }, 7).expect("valid");
    let holdout = Protocol::Holdout { test_fraction: 0.25, valid_fraction: 0.1 };
    let holdout = split(&all, &holdout, 7).expect("valid");
    let pairs = |part: &Interactions| part.pairs().collect::<Vec<_>>();
    // From a second implementation of the stream and the deal.
    assert_eq!(pairs(&folds.test), [(0, 1), (0, 3), (1, 1), (1, 5), (2, 0), (2, 1)]);
    assert_eq!(pairs(&folds.valid), [(0, 4), (1, 7), (2, 4)]);
    assert_eq!(pairs(&holdout.test), [(0, 3), (0, 4), (1, 5), (1, 7), (2, 1), (2, 4)]);
    assert_eq!(pairs(&holdout.valid), [(0, 5), (1, 4), (2, 5)]);
}

#[test]
fn leave_one_out_takes_one_and_one_more_for_validation() {
    let sizes = [0u32, 1, 2, 3, 9];
    let pairs: Vec<(u32, u32)> = (0u32..).zip(sizes).flat_map(|(u, n)| (0..n).map(move |i| (u, i))).collect();
    let all = Interactions::from_pairs(sizes.len(), 9, &pairs);
    let parts = |valid| split(&all, &Protocol::LeaveOneOut { valid }, 3).expect("valid");
    let sizes = |part: &Interactions| (0..5).map(|user| part.items_of(user).len()).collect::<Vec<_>>();
    let with = parts(true);
    assert_eq!(sizes(&with.test), [0, 0, 1, 1, 1]);
    assert_eq!(sizes(&with.valid), [0, 0, 0, 1, 1]);
    let without = parts(false);
    assert_eq!(without.test, with.test);
    assert!(without.valid.is_empty());
    // Each of a user's items is equally likely to be picked.
    let all = many_users(9_000, 3);
    let test = split(&all, &Protocol::LeaveOneOut { valid: true }, 1).expect("valid").test;
    for count in test.item_frequencies() {
        check_share(count as usize, 9_000, 1.0 / 3.0);
    }
}

#[test]
fn users_with_few_items_can_be_kept_to_train_on() {
    let sizes = [4u32, 5, 6];
    let pairs: Vec<(u32, u32)> = (0u32..).zip(sizes).flat_map(|(u, n)| (0..n).map(move |i| (u, i))).collect();
    let all = Interactions::from_pairs(3, 6, &pairs);
    let protocol = Protocol::Holdout { test_fraction: 0.2, valid_fraction: 0.2 };
    let parts = split_from(&all, &protocol, 5, 5).expect("valid");
    assert_eq!(parts.train.items_of(0).len(), 4);
    // 3:1:1 of five items is exact, whatever the rounding.
    assert_eq!([&parts.train, &parts.valid, &parts.test].map(|part| part.items_of(1).len()), [3, 1, 1]);
    // Who is held out does not change how the others are split.
    assert_eq!(parts.test.items_of(2), split(&all, &protocol, 5).expect("valid").test.items_of(2));
}

#[test]
fn held_out_users_are_whole_and_each_has_given_and_test_items() {
    let sizes = |user: u32| user % 7;
    let pairs: Vec<(u32, u32)> = (0..700).flat_map(|u| (0..sizes(u)).map(move |i| (u, i))).collect();
    let all = Interactions::from_pairs(700, 7, &pairs);
    let parts = hold_out_users(&all, 0.2, 0.8, 3, 2).expect("valid");
    let HeldOutUsers { train, given, test } = &parts;
    let mut together: Vec<(u32, u32)> =
        [train, given, test].into_iter().flat_map(Interactions::pairs).collect();
    together.sort_unstable();
    assert!(together.into_iter().eq(all.pairs()), "the parts are disjoint and whole");
    let held: Vec<u32> = (0..700).filter(|&user| !test.items_of(user).is_empty()).collect();
    // Five in seven users have two items.
    assert_eq!(held.len(), 100);
    for user in 0..700 {
        let [train, given, test] = [train, given, test].map(|part| part.items_of(user).len());
        match held.contains(&user) {
            true => assert!(train == 0 && given > 0 && test > 0, "user {user}: {train} {given} {test}"),
            false => assert_eq!((train, given, test), (sizes(user) as usize, 0, 0), "user {user}"),
        }
    }
    let again = |users, given, seed, least| hold_out_users(&all, users, given, seed, least).expect("valid");
    assert_eq!(again(0.2, 0.8, 3, 0), parts);
    assert_ne!(again(0.2, 0.8, 4, 2).test, parts.test);
    let few = again(0.2, 0.8, 3, 6);
    assert_eq!((few.given.len() + few.test.len(), few.train.len()), (20 * 6, all.len() - 20 * 6));
    assert_eq!(again(1e-9, 0.8, 3, 2).test.pairs().map(|(user, _)| user).collect::<BTreeSet<_>>().len(), 1);
}

#[test]
fn the_given_share_holds_in_expectation_and_any_item_may_be_given() {
    let all = many_users(20_000, 4);
    let parts = hold_out_users(&all, 0.5, 0.6, 1, 2).expect("valid");
    let held = parts.given.len() + parts.test.len();
    assert_eq!(held, 40_000);
    check_share(parts.given.len(), held, 0.6);
    for item in 0..4 {
        check_share(parts.given.item_frequencies()[item] as usize, 10_000, 0.6);
    }
}

#[test]
fn users_that_cannot_be_held_out_are_told_of() {
    let all = many_users(4, 3);
    let error = |users, given, least| hold_out_users(&all, users, given, 0, least).unwrap_err().to_string();
    for (users, given, start, value) in [
        (0.0, 0.8, "--hold-out-users ", " 0"),
        (1.0, 0.8, "--hold-out-users ", " 1"),
        (f64::NAN, 0.8, "--hold-out-users ", " NaN"),
        (0.2, 0.0, "--given ", " 0"),
        (0.2, 1.5, "--given ", " 1.5"),
    ] {
        let error = error(users, given, 2);
        assert!(error.starts_with(start) && error.ends_with(value), "{error}");
    }
    assert!(error(0.2, 0.8, 4).contains("none has 4"), "{}", error(0.2, 0.8, 4));
    assert!(error(0.9, 0.8, 2).contains("nothing to train on"), "{}", error(0.9, 0.8, 2));
}
