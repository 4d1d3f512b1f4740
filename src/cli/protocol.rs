//! How the numbers of a report came about, in words: split, seed, users, k, ties, what was left out.

use super::format::counted;
use spherec::data::Protocol;

/// Ties of a ranking.
pub(crate) const TIES: &str = "by the order of the items";

/// How the interactions were divided.
pub(crate) fn split_text(protocol: &Protocol, seed: u64) -> String {
    match *protocol {
        Protocol::Holdout { test_fraction, valid_fraction } => {
            format!("split by user, test {test_fraction}, validation {valid_fraction}, seed {seed}")
        }
        Protocol::Folds { count, fold, valid_fraction } => {
            format!("fold {fold} of {count} by user, validation {valid_fraction}, seed {seed}")
        }
        Protocol::LeaveOneOut { .. } => format!("one of each user held out, seed {seed}"),
        Protocol::Files { valid_fraction } => {
            format!("parts given as files, validation {valid_fraction} of the training file, seed {seed}")
        }
    }
}

/// What a user's ranking lacks.
pub(crate) fn left_out(has_valid: bool) -> &'static str {
    if has_valid { "the user's training and validation items" } else { "the user's training items" }
}

/// "200 users evaluated", or the fewest and the most of several parts.
pub(crate) fn users_text(fewest: usize, most: usize) -> String {
    if fewest == most { counted(most, "user") } else { format!("{fewest} to {}", counted(most, "user")) }
}
