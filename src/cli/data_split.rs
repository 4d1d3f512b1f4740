//! `spherec data split`: splits a file into train, validation and test files that other programs can read
//! too.

use super::CommandResult;
use super::console::note;
use super::format::{counted, grouped};
use super::load_args::{LoadArgs, tell_data, tell_format, tell_published};
use super::output::check_distinct;
use spherec::data::{self, Dataset, Interactions, Protocol, Split};
use spherec::export::check_free;
use spherec::{Error, Result};
use std::path::PathBuf;
use std::str::FromStr;

/// Split a file by user into train.csv, valid.csv and test.csv, keeping the ids
///
/// With the same seed, `train` splits the file the same way. Every user keeps at least one training
/// interaction. Train on the parts with `spherec train OUT/train.csv --valid OUT/valid.csv --test
/// OUT/test.csv`; the flags given here are not needed again.
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
}

/// The files of a split.
const PARTS: [&str; 3] = ["train.csv", "valid.csv", "test.csv"];

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
    let protocols = protocols(&args.protocol, args.valid_fraction.unwrap_or(0.0))?;
    // Check every name, even of parts that turn out empty: a part of an older split must not go unnoticed.
    for path in protocols.iter().flat_map(|(folder, _)| PARTS.map(|name| args.output.join(folder).join(name)))
    {
        check_distinct(&[&path], &[&args.data])?;
        check_free(&path, args.force)?;
    }
    let (dataset, report) = data::load(&args.data, &args.load.options())?;
    tell_format(&args.data, &report);
    tell_data(&report);
    tell_published(args.load.filters.preset);
    let mut splits = Vec::new();
    for (folder, protocol) in protocols {
        splits.push((
            folder,
            data::split_from(&dataset.interactions, &protocol, args.seed, args.hold_out_from)?,
        ));
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
fn write(args: &Args, dataset: &Dataset, splits: &[(String, Split)]) -> Result<()> {
    let mut parts: Vec<(PathBuf, &Interactions)> = Vec::new();
    let mut lines = Vec::new();
    for (folder, Split { train, valid, test }) in splits {
        let before = parts.len();
        for (name, part) in PARTS.into_iter().zip([train.as_ref(), valid, test]) {
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
    let untested = |split: &Split| {
        (0..split.test.user_count() as u32).filter(|&user| split.test.items_of(user).is_empty()).count()
    };
    let most = splits.iter().map(|(_, split)| untested(split)).max().unwrap_or(0);
    if most > 0 {
        let each = if splits.len() > 1 { " in one of the folds" } else { "" };
        note(&format!(
            "{} without a test interaction{each}: they have too few interactions",
            counted(most, "user")
        ));
    }
    Ok(())
}
