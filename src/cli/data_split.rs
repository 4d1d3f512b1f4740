//! `spherec data split`: splits a file into train, validation and test files that other programs can read
//! too.

use super::CommandResult;
use super::console::note;
use super::format::{counted, grouped};
use super::load_args::{LoadArgs, tell_data, tell_format, tell_published};
use super::output::check_distinct;
use spherec::data::{self, Dataset, HeldOutUsers, Interactions, Protocol, Split};
use spherec::export::check_free;
use spherec::{Error, Result};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

/// Split a file by user into train.csv, valid.csv and test.csv, keeping the ids
///
/// With the same seed, `train` splits the file the same way. Every user keeps at least one training
/// interaction. Train on the parts with `spherec train OUT/train.csv --valid OUT/valid.csv --test
/// OUT/test.csv`; the flags given here are not needed again.
///
/// With --hold-out-users, whole users are held out, as people who come after the training: they are not in train.csv,
/// and theirs are given.csv, by which they are placed, and test.csv. Measure a model on them with `spherec evaluate MODEL
/// --interactions OUT/given.csv --test OUT/test.csv`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// File of interactions, as for `train`; `-` is standard input
    data: PathBuf,
    /// Folder for the files; with --folds, it gets the folders fold-0, fold-1, ...
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
    #[command(flatten)]
    protocol: ProtocolArgs,
    /// With --hold-out-users: share of their interactions that is given; the rest is for the test. Each of them has at
    /// least one of both [default: 0.8]
    #[arg(long, value_name = "SHARE", requires = "hold_out_users")]
    given: Option<f64>,
    /// With --folds: share of a fold's training interactions used for validation [default: 0]
    #[arg(long, value_name = "SHARE", requires = "folds")]
    valid_fraction: Option<f64>,
    /// Seed of the split
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Users with fewer interactions are used for training only (Hsieh et al. 2017: 5)
    #[arg(long, value_name = "N", default_value_t = 2)]
    hold_out_from: usize,
    /// Replace existing files
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    load: LoadArgs,
}

const EXAMPLES: &str = "Examples:
  spherec data split ratings.csv -o parts --ratio 3:1:1 --hold-out-from 5     (Hsieh et al. 2017)
  spherec data split ratings.csv -o parts --folds 4                           (Tran et al. 2019)
  spherec data split ratings.csv -o parts --ratio 60/20/20 --min-rating 4
  spherec data split ratings.csv -o parts --hold-out-users 0.2 --given 0.8    (Liang et al. 2018)
  spherec train parts/train.csv --valid parts/valid.csv --test parts/test.csv -o model";

#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct ProtocolArgs {
    /// Shares of each user's interactions for train, validation and test, such as 3:1:1 or 60/20/20, or for
    /// train and test, such as 4:1 [default: 3:1:1]
    #[arg(long, value_name = "SHARES")]
    ratio: Option<Ratio>,
    /// Split each user's interactions into N folds; each is the test part once (Tran 4.1.1: 4)
    #[arg(long, value_name = "N")]
    folds: Option<usize>,
    /// Hold out one interaction of each user for the test, and one for validation if there are 3 or more
    #[arg(long)]
    leave_one_out: bool,
    /// Hold out this share of the users whole, as in strong generalisation (Liang et al. 2018). Users with fewer
    /// interactions than --hold-out-from stay in train.csv
    #[arg(long, value_name = "SHARE")]
    hold_out_users: Option<f64>,
}

/// The files that a split can have.
const PARTS: [&str; 4] = ["train.csv", "valid.csv", "given.csv", "test.csv"];

/// The share of a held-out user's interactions that is given (Liang et al. 2018, 4.1).
const GIVEN: f64 = 0.8;

/// What a folder gets: its parts in the order of [`PARTS`].
type Folder = (String, [Interactions; 4]);

/// Shares of train, validation and test, which sum to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ratio {
    valid: f64,
    test: f64,
}

impl FromStr for Ratio {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Ratio, String> {
        let shares: Option<Vec<f64>> = text
            .split([':', '/', ','])
            .map(|share| share.trim().parse().ok().filter(|share: &f64| share.is_finite() && *share >= 0.0))
            .collect();
        let (train, valid, test) = match shares.as_deref() {
            Some(&[train, valid, test]) => (train, valid, test),
            Some(&[train, test]) => (train, 0.0, test),
            _ => return Err("expected two or three shares, such as 3:1:1".to_owned()),
        };
        let sum = train + valid + test;
        if train <= 0.0 || !sum.is_finite() {
            return Err("the first share is for training and must be above 0".to_owned());
        }
        Ok(Ratio { valid: valid / sum, test: test / sum })
    }
}

pub(crate) fn run(args: &Args) -> CommandResult {
    let protocols = match args.protocol.hold_out_users {
        Some(_) => Vec::new(),
        None => protocols(&args.protocol, args.valid_fraction.unwrap_or(0.0))?,
    };
    let folders = protocols.iter().map(|(folder, _)| folder.as_str());
    let folders = folders.chain(args.protocol.hold_out_users.map(|_| ""));
    // Check every name, even of parts that turn out empty: a part of an older split must not go unnoticed.
    for path in folders.flat_map(|folder| PARTS.map(|name| args.output.join(folder).join(name))) {
        check_distinct(&[&path], &[&args.data])?;
        check_free(&path, args.force)?;
    }
    let (dataset, report) = data::load(&args.data, &args.load.options())?;
    tell_format(&args.data, &report);
    tell_data(&report);
    tell_published(args.load.filters.preset);
    let all = &dataset.interactions;
    let mut splits: Vec<Folder> = Vec::new();
    if let Some(share) = args.protocol.hold_out_users {
        let given = args.given.unwrap_or(GIVEN);
        let HeldOutUsers { train, given, test } =
            data::hold_out_users(all, share, given, args.seed, args.hold_out_from)?;
        splits.push((String::new(), [train, Interactions::default(), given, test]));
    }
    for (folder, protocol) in protocols {
        let Split { train, valid, test } = data::split_from(all, &protocol, args.seed, args.hold_out_from)?;
        splits.push((folder, [Arc::unwrap_or_clone(train), valid, Interactions::default(), test]));
    }
    write(args, &dataset, &splits)?;
    Ok(())
}

/// The folders inside the output folder, each with its protocol.
fn protocols(args: &ProtocolArgs, valid_fraction: f64) -> Result<Vec<(String, Protocol)>> {
    if let Some(count) = args.folds {
        let fold = |fold| Protocol::Folds { count, fold, valid_fraction };
        fold(0).check()?;
        const MOST: usize = 1_000;
        if count > MOST {
            return Err(Error::setting("--folds", format!("must be 2 to {MOST}, but is {count}")));
        }
        return Ok((0..count).map(|number| (format!("fold-{number}"), fold(number))).collect());
    }
    let protocol = match args.ratio {
        _ if args.leave_one_out => Protocol::LeaveOneOut { valid: true },
        Some(Ratio { valid, test }) => Protocol::Holdout { test_fraction: test, valid_fraction: valid },
        None => Protocol::Holdout { test_fraction: 0.2, valid_fraction: 0.2 },
    };
    protocol.check()?;
    Ok(vec![(String::new(), protocol)])
}

/// Writes the parts that are not empty, and prints their paths.
fn write(args: &Args, dataset: &Dataset, splits: &[Folder]) -> Result<()> {
    let mut parts: Vec<(PathBuf, &Interactions)> = Vec::new();
    let mut lines = Vec::new();
    for (folder, of_folder) in splits {
        let before = parts.len();
        for (name, part) in PARTS.into_iter().zip(of_folder) {
            let path = args.output.join(folder).join(name);
            if !part.is_empty() {
                parts.push((path, part));
            } else if path.exists() {
                note(&format!(
                    "warning: {}: this split has no such part; the file is from an older split",
                    path.display()
                ));
            }
        }
        let written =
            parts[before..].iter().map(|(path, part)| format!("{} {}", path.display(), grouped(part.len())));
        lines.push(written.collect::<Vec<_>>().join(", "));
    }
    data::write_parts(&parts, &dataset.users, &dataset.items, args.force)?;
    lines.iter().for_each(|line| note(line));
    let users = 0..dataset.users.len() as u32;
    let count = |part: &Interactions| users.clone().filter(|&user| !part.items_of(user).is_empty()).count();
    if args.protocol.hold_out_users.is_some() {
        for (_, [.., test]) in splits {
            note(&format!("{} of {} held out", grouped(count(test)), counted(dataset.users.len(), "user")));
        }
        return Ok(());
    }
    let most = splits.iter().map(|(_, [.., test])| dataset.users.len() - count(test)).max().unwrap_or(0);
    if most > 0 {
        let each = if splits.len() > 1 { " in one of the folds" } else { "" };
        note(&format!(
            "{} without a test interaction{each}: they have too few interactions",
            counted(most, "user")
        ));
    }
    Ok(())
}
