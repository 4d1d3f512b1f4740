//! Splits interactions at random into training, validation and test parts, user by user.

use super::{Interactions, Split};
use crate::random::{Purpose, Stream};
use crate::{Error, Result};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How a user's items are divided.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Protocol {
    /// Random shares of each user's items.
    Holdout {
        /// `--test-fraction`, in 0..1.
        test_fraction: f64,
        /// `--valid-fraction`, in 0..1, of all items.
        valid_fraction: f64,
    },
    /// Deals each user's items into folds in turn; one fold is the test part. As in scikit-learn's `KFold`,
    /// the first folds get the remainder: the items of a user with 2 items are in folds 0 and 1.
    Folds {
        /// `--folds`, at least 2.
        count: usize,
        /// `--fold`, from 0.
        fold: usize,
        /// `--valid-fraction`, in 0..1, of the items outside the test fold.
        valid_fraction: f64,
    },
    /// `--leave-one-out`: one item of each user is in the test part.
    LeaveOneOut {
        /// Whether users with at least 3 items have another one in the validation part.
        valid: bool,
    },
    /// The test part, the validation part or both come from files. Nothing is held out for a test.
    Files {
        /// `--valid-fraction`, in 0..1; 0 if the validation part is a file.
        valid_fraction: f64,
    },
}

impl Protocol {
    /// Checks the settings.
    ///
    /// # Errors
    /// A fraction is outside 0..1, the fractions leave nothing to train on, there are fewer than 2 folds, or
    /// the fold does not exist.
    pub fn check(&self) -> Result<()> {
        match *self {
            Protocol::Holdout { test_fraction, valid_fraction } => {
                check_fraction("--test-fraction", test_fraction)?;
                check_fraction("--valid-fraction", valid_fraction)?;
                let sum = test_fraction + valid_fraction;
                if sum >= 1.0 {
                    let message =
                        format!("and --valid-fraction must add up to less than 1, but add up to {sum}");
                    return Err(Error::setting("--test-fraction", message));
                }
            }
            Protocol::Folds { count, fold, valid_fraction } => {
                check_fraction("--valid-fraction", valid_fraction)?;
                if count < 2 || u32::try_from(count).is_err() {
                    return Err(Error::setting(
                        "--folds",
                        format!("must be 2 to {}, but is {count}", u32::MAX),
                    ));
                }
                if fold >= count {
                    let message = format!("must be below --folds {count}, counting from 0, but is {fold}");
                    return Err(Error::setting("--fold", message));
                }
            }
            Protocol::LeaveOneOut { .. } => {}
            Protocol::Files { valid_fraction } => check_fraction("--valid-fraction", valid_fraction)?,
        }
        Ok(())
    }
}

fn check_fraction(flag: &'static str, fraction: f64) -> Result<()> {
    if (0.0..1.0).contains(&fraction) {
        return Ok(());
    }
    Err(Error::setting(flag, format!("must be at least 0 and below 1, but is {fraction}")))
}

/// Splits `all` at random. Each user has a random stream of its own, so that users do not affect each
/// other; the same seed gives the same split. The sizes of the parts are rounded at random, so that the
/// fractions hold on average. Each user keeps at least one item to train on, so a user with a single item is
/// never tested. With the same seed, the test parts of the folds share no pair; together they hold
/// everything but those single items.
///
/// # Errors
/// As [`Protocol::check`].
pub fn split(all: &Interactions, protocol: &Protocol, seed: u64) -> Result<Split> {
    split_from(all, protocol, seed, 2)
}

/// Like [`split`], but users with fewer than `least` items keep all of them to train on. (The released code
/// of Hsieh et al. 2017 does so with 5.)
///
/// # Errors
/// As [`Protocol::check`].
pub fn split_from(all: &Interactions, protocol: &Protocol, seed: u64, least: usize) -> Result<Split> {
    protocol.check()?;
    let (mut train, mut valid, mut test) = (Vec::with_capacity(all.len()), Vec::new(), Vec::new());
    let mut parts = Vec::new();
    for user in 0..all.user_count() as u32 {
        let items = all.items_of(user);
        let mut stream = Stream::new(seed, Purpose::Split, u64::from(user));
        parts.clear();
        parts.resize(items.len(), SplitPart::Train);
        if items.len() >= least.max(2) {
            assign(protocol, &mut stream, &mut parts);
        }
        for (&item, part) in items.iter().zip(&parts) {
            match part {
                SplitPart::Train => train.push((user, item)),
                SplitPart::Valid => valid.push((user, item)),
                SplitPart::Test => test.push((user, item)),
            }
        }
    }
    let part = |pairs: &[(u32, u32)]| Interactions::from_pairs(all.user_count(), all.item_count(), pairs);
    Ok(Split { train: Arc::new(part(&train)), valid: part(&valid), test: part(&test) })
}

/// People held out whole, and what of theirs is given to place them by: strong generalisation (Liang et al. 2018).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldOutUsers {
    /// The interactions of all others.
    pub train: Interactions,
    /// Those of the held-out users that are given.
    pub given: Interactions,
    /// Those that are to be found.
    pub test: Interactions,
}

/// Holds out a share `users` of the users with at least `least` items, and at least 2, at random: they are not in the
/// training part at all. A share `given` of each one's items is given, the rest is the test part; each has at least one
/// of both. The number of users is rounded, and at least 1; that of each one's items is rounded at random, so that the
/// share holds in the mean. The same seed gives the same parts.
///
/// # Errors
/// [`Error::Setting`] for a share that is not between 0 and 1; [`Error::Data`] if nobody can be held out, or if nothing
/// would be left to train on.
pub fn hold_out_users(
    all: &Interactions,
    users: f64,
    given: f64,
    seed: u64,
    least: usize,
) -> Result<HeldOutUsers> {
    for (flag, share) in [("--hold-out-users", users), ("--given", given)] {
        if !(share > 0.0 && share < 1.0) {
            return Err(Error::setting(flag, format!("must be above 0 and below 1, but is {share}")));
        }
    }
    let least = least.max(2);
    let rows = 0..all.user_count() as u32;
    let mut able: Vec<u32> = rows.filter(|&user| all.items_of(user).len() >= least).collect();
    if able.is_empty() {
        return Err(Error::Data(format!("no user can be held out: none has {least} interactions")));
    }
    // A stream that no user has.
    Stream::new(seed, Purpose::Split, u64::MAX).shuffle(&mut able);
    able.truncate(((able.len() as f64 * users).round() as usize).max(1));
    let mut is_held = vec![false; all.user_count()];
    able.iter().for_each(|&user| is_held[user as usize] = true);
    let (mut train_pairs, mut given_pairs, mut test_pairs) = (Vec::new(), Vec::new(), Vec::new());
    for user in 0..all.user_count() as u32 {
        let items = all.items_of(user);
        let pairs = items.iter().map(|&item| (user, item));
        if !is_held[user as usize] {
            train_pairs.extend(pairs);
            continue;
        }
        let mut stream = Stream::new(seed, Purpose::Split, u64::from(user));
        let mut order: Vec<usize> = (0..items.len()).collect();
        stream.shuffle(&mut order);
        let shift: f64 = stream.random();
        let given_count = (items.len() as f64 * given + shift).floor() as usize;
        let given_count = given_count.clamp(1, items.len() - 1);
        for (place, &at) in order.iter().enumerate() {
            let part = if place < given_count { &mut given_pairs } else { &mut test_pairs };
            part.push((user, items[at]));
        }
    }
    if train_pairs.is_empty() {
        let message = format!("of {users} leaves nothing to train on: hold out fewer users");
        return Err(Error::setting("--hold-out-users", message));
    }
    let part = |pairs: &[(u32, u32)]| Interactions::from_pairs(all.user_count(), all.item_count(), pairs);
    Ok(HeldOutUsers { train: part(&train_pairs), given: part(&given_pairs), test: part(&test_pairs) })
}

/// The part of the split that an item goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SplitPart {
    Train,
    Valid,
    Test,
}

/// Fills `parts` with the part of each item of one user. There must be at least 2 items, all of them
/// training items so far.
fn assign(protocol: &Protocol, stream: &mut Stream, parts: &mut [SplitPart]) {
    let item_count = parts.len();
    let mut order: Vec<usize> = (0..item_count).collect();
    stream.shuffle(&mut order);
    match *protocol {
        Protocol::Holdout { test_fraction, valid_fraction } => {
            assign_shares([test_fraction, valid_fraction], &order, stream, parts);
        }
        Protocol::Files { valid_fraction } => assign_shares([0.0, valid_fraction], &order, stream, parts),
        Protocol::Folds { count, fold, valid_fraction } => {
            let shift: f64 = stream.random();
            let in_fold = |position: usize| position % count == fold;
            let (tested, rest): (Vec<usize>, Vec<usize>) = (0..item_count).partition(|&p| in_fold(p));
            tested.iter().for_each(|&position| parts[order[position]] = SplitPart::Test);
            let valid_count = (rest.len() as f64 * valid_fraction + shift).floor() as usize;
            let valid_count = valid_count.min(rest.len().saturating_sub(1));
            rest[..valid_count].iter().for_each(|&position| parts[order[position]] = SplitPart::Valid);
        }
        Protocol::LeaveOneOut { valid } => {
            parts[order[0]] = SplitPart::Test;
            if valid && item_count > 2 {
                parts[order[1]] = SplitPart::Valid;
            }
        }
    }
}

/// Fills `parts` by the shares of test and validation items, taken in `order`.
fn assign_shares([test, valid]: [f64; 2], order: &[usize], stream: &mut Stream, parts: &mut [SplitPart]) {
    // Round both borders by the same shift, so that each part and their sum are right on average.
    let shift: f64 = stream.random();
    let item_count = order.len();
    let border = |share: f64| ((item_count as f64 * share + shift).floor() as usize).min(item_count - 1);
    let test_end = border(test);
    let valid_end = border(test + valid).max(test_end);
    order[..test_end].iter().for_each(|&item| parts[item] = SplitPart::Test);
    order[test_end..valid_end].iter().for_each(|&item| parts[item] = SplitPart::Valid);
}
