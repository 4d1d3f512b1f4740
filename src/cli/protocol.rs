//! The evaluation protocol in words: split, seed, users, ties, items left out.

use super::format::counted;
use spherec::data::Protocol;
use spherec::train::RunConfig;

/// How ties in a ranking are broken.
pub(crate) const TIES: &str = "by item order";

/// How the interactions were split.
pub(crate) fn split_text(config: &RunConfig) -> String {
    split_words(&config.protocol(), config.hold_out_from(), config.seed())
}

/// As [`split_text`], for the split alone.
pub(crate) fn split_words(protocol: &Protocol, hold_out_from: usize, seed: u64) -> String {
    let split = parts_text(protocol, seed);
    match hold_out_from {
        ..=2 => split,
        least => format!("{split}, users with fewer than {least} interactions in training only"),
    }
}

fn parts_text(protocol: &Protocol, seed: u64) -> String {
    match *protocol {
        Protocol::Holdout { test_fraction, valid_fraction } => {
            format!("split by user, test {test_fraction}, validation {valid_fraction}, seed {seed}")
        }
        Protocol::Folds { count, fold, valid_fraction } => {
            format!("fold {fold} of {count} by user, validation {valid_fraction}, seed {seed}")
        }
        Protocol::LeaveOneOut { .. } => format!("one interaction of each user held out, seed {seed}"),
        Protocol::Files { valid_fraction } => {
            format!("parts given as files, validation {valid_fraction} of the training file, seed {seed}")
        }
    }
}

/// The items left out of a user's ranking.
pub(crate) fn left_out(has_valid: bool) -> &'static str {
    if has_valid { "the user's training and validation items" } else { "the user's training items" }
}

/// "200 users", or "190 to 200 users" if the parts differ.
pub(crate) fn users_text(fewest: usize, most: usize) -> String {
    if fewest == most { counted(most, "user") } else { format!("{fewest} to {}", counted(most, "user")) }
}
