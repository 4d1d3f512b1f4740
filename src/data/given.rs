//! Joins training, validation and test parts that come in separate files, by their ids.

use super::{Dataset, IdTable, Interactions, Split};
use std::sync::Arc;

/// What was left out of a held-out file, and what was new in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeldOut {
    /// Users that training lacks. Nothing is learned about them, so their pairs are left out.
    pub unknown_user_count: usize,
    /// Pairs of those users.
    pub unknown_user_pair_count: usize,
    /// Items that training lacks. They are ranked with the others, and count as missed.
    pub new_item_count: usize,
    /// Pairs left out because training has them, too (or, for the test part, validation).
    pub repeated_pair_count: usize,
}

/// Joins the training file `dataset`, divided by `split`, and held-out files into one data set. New items
/// get rows after those of the training file, so that they are ranked. A part without a file stays as it
/// is in `split`.
pub fn join(
    dataset: Dataset,
    split: &Split,
    valid: Option<&Dataset>,
    test: Option<&Dataset>,
) -> (Dataset, Split, [HeldOut; 2]) {
    let Dataset { users, mut items, interactions } = dataset;
    let has =
        |known: &Interactions, user, item| (item as usize) < known.item_count() && known.contains(user, item);
    let is_train = |user, item| has(&interactions, user, item);
    let (valid_pairs, valid_report) = part(valid, &users, &mut items, &is_train);
    let valid_set = Interactions::from_pairs(users.len(), items.len(), &valid_pairs);
    let is_seen = |user, item| is_train(user, item) || has(&valid_set, user, item);
    let (test_pairs, test_report) = part(test, &users, &mut items, &is_seen);
    let whole = |pairs: &[(u32, u32)]| Interactions::from_pairs(users.len(), items.len(), pairs);
    let pairs_of = |file: Option<&Dataset>, pairs: Vec<(u32, u32)>, part: &Interactions| match file {
        Some(_) => pairs,
        None => part.pairs().collect(),
    };
    let train: Vec<(u32, u32)> = split.train.pairs().collect();
    let valid = pairs_of(valid, valid_pairs, &split.valid);
    let test = pairs_of(test, test_pairs, &split.test);
    let all = [&train[..], &valid, &test].concat();
    let split = Split { train: Arc::new(whole(&train)), valid: whole(&valid), test: whole(&test) };
    let interactions = whole(&all);
    (Dataset { users, items, interactions }, split, [valid_report, test_report])
}

/// The pairs of `held_out`, as rows of `users` and `items`. Adds its new items to `items`.
fn part(
    held_out: Option<&Dataset>,
    users: &IdTable,
    items: &mut IdTable,
    is_seen: &dyn Fn(u32, u32) -> bool,
) -> (Vec<(u32, u32)>, HeldOut) {
    let mut report = HeldOut::default();
    let Some(held_out) = held_out else { return (Vec::new(), report) };
    let user_rows: Vec<Option<u32>> = held_out.users.iter().map(|id| users.find(id)).collect();
    report.unknown_user_count = user_rows.iter().filter(|row| row.is_none()).count();
    // Only items of known users get a row.
    let mut item_rows: Vec<Option<u32>> = vec![None; held_out.items.len()];
    let known_count = items.len();
    let mut pairs = Vec::with_capacity(held_out.interactions.len());
    for (user, item) in held_out.interactions.pairs() {
        let Some(user) = user_rows[user as usize] else {
            report.unknown_user_pair_count += 1;
            continue;
        };
        let row = &mut item_rows[item as usize];
        let item = *row.get_or_insert_with(|| items.intern(held_out.items.bytes(item)));
        if is_seen(user, item) {
            report.repeated_pair_count += 1;
        } else {
            pairs.push((user, item));
        }
    }
    report.new_item_count = items.len() - known_count;
    (pairs, report)
}
