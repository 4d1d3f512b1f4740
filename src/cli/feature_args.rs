//! The flags for features of items and users, and what was read, in words.

use super::format::{counted, grouped};
use super::load_args::{BadRowAction, LoadArgs, bad_rows, shown_path};
use super::model_args::ModelArgs;
use serde_json::{Value, json};
use spherec::Error;
use spherec::Result;
use spherec::data::{
    Dataset, FeatureFormat, FeatureOptions, FeatureReport, Features, FeaturesBy, IdTable, OnBadRow,
    Separator, Side, read_features,
};
use spherec::printable::printable;
use spherec::train::{NO_USER_POINTS, RunConfig, RunRecipe, SideFeatures};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Features")]
pub(crate) struct FeatureArgs {
    /// File of tags, words or numbers of the items: text with an id and a tag on each line, and perhaps the tag's value; or
    /// with an id and all its tags; a .npy array; or Parquet (if built in). May be gzip-compressed. Ids that the
    /// interactions lack become cold items
    #[arg(long, value_name = "FILE")]
    pub(crate) item_features: Option<PathBuf>,
    /// File of features of the users, in the same formats
    #[arg(long, value_name = "FILE")]
    pub(crate) user_features: Option<PathBuf>,
    /// Format of the feature files: auto, delimited (a tag a line, in columns), adjacency-id (an id a line, then its tags),
    /// adjacency-count (a count a line, then the tags; the id is the line number from 0), npy or parquet
    #[arg(long, value_name = "FORMAT", default_value = "auto", hide_default_value = true)]
    pub(crate) feature_format: FeatureFormat,
    /// What stands first on a line of a feature file: `id`, or `feature`, whose ids follow (as in citeulike-t's
    /// tag-item.dat)
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = By::Id)]
    pub(crate) features_by: By,
    /// What divides several tags in one field, such as `|` in the genres of MovieLens [default: a field is one tag]
    #[arg(long, value_name = "CHAR", allow_hyphen_values = true)]
    pub(crate) feature_separator: Option<Separator>,
    /// Drop tags that fewer items (or users) have
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) min_feature_count: usize,
    /// Ids of the rows of a .npy file of item features, one a line [default: the file beside it that ends in .txt]
    #[arg(long, value_name = "FILE", requires = "item_features")]
    pub(crate) item_feature_ids: Option<PathBuf>,
    /// Ids of the rows of a .npy file of user features [default: the file beside it that ends in .txt]
    #[arg(long, value_name = "FILE", requires = "user_features")]
    pub(crate) user_feature_ids: Option<PathBuf>,
}

/// [`FeaturesBy`] on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum By {
    Id,
    Feature,
}

impl FeatureArgs {
    /// Reads the features of the items or the users, `known`, if there is a file.
    pub(crate) fn read(
        &self,
        kind: Side,
        known: &IdTable,
        load: &LoadArgs,
    ) -> Result<Option<(Features, FeatureReport)>> {
        let Some(path) = self.path(kind) else { return Ok(None) };
        let ids = match kind {
            Side::Items => &self.item_feature_ids,
            Side::Users => &self.user_feature_ids,
        };
        let options = FeatureOptions {
            format: self.feature_format,
            by: match self.features_by {
                By::Id => FeaturesBy::Id,
                By::Feature => FeaturesBy::Feature,
            },
            separator: self.feature_separator,
            min_count: self.min_feature_count,
            ids: ids.clone(),
            on_bad_row: match load.on_bad_row {
                BadRowAction::Error => OnBadRow::Error,
                BadRowAction::Skip => OnBadRow::Skip,
            },
            max_input_bytes: load.max_input_bytes,
            ..FeatureOptions::of(kind)
        };
        read_features(path, known, &options).map(Some)
    }

    /// Whether any file is given.
    pub(crate) fn is_given(&self) -> bool {
        self.item_features.is_some() || self.user_features.is_some()
    }

    /// The first of the flags that name a file, if any is given.
    fn flag(&self) -> Option<&'static str> {
        let flags = [("--item-features", &self.item_features), ("--user-features", &self.user_features)];
        flags.into_iter().find(|(_, path)| path.is_some()).map(|(flag, _)| flag)
    }

    /// Gives `config`, made by `recipe`, the network for features that `model` describes, if there are any.
    pub(crate) fn apply(&self, config: &mut RunConfig, model: &ModelArgs, recipe: RunRecipe) -> Result<()> {
        match (config, self.flag()) {
            (RunConfig::Step(step), Some(_)) => {
                step.features = Some(model.feature_network(step.features));
                if self.user_features.is_some() && step.history.is_some_and(|history| !history.user_points) {
                    return Err(Error::setting("--no-user-points", NO_USER_POINTS));
                }
                step.check()
            }
            (RunConfig::Step(step), None) if step.features.is_some() => {
                let message = format!("is needed by --recipe {}, or else --user-features", recipe.name());
                Err(Error::setting("--item-features", message))
            }
            (RunConfig::Step(_), None) => Ok(()),
            (RunConfig::Wrmf(config), _) if config.features.is_some() => {
                let (refused, message) = match (&self.item_features, &self.user_features) {
                    (Some(_), None) => return Ok(()),
                    (None, None) => ("--item-features", "is needed by --recipe cdl"),
                    (_, Some(_)) => {
                        ("--user-features", "has no meaning with --recipe cdl: only items have a prior")
                    }
                };
                Err(Error::setting(refused, message))
            }
            (RunConfig::Wrmf(_), Some("--item-features")) => {
                let message = "has no meaning with --recipe wrmf: --recipe cdl is wrmf with item features";
                Err(Error::setting("--item-features", message))
            }
            (_, Some(flag)) => {
                Err(Error::setting(flag, format!("has no meaning with --recipe {}", recipe.name())))
            }
            (_, None) => Ok(()),
        }
    }

    /// Refuses files that none of `configs` uses, since they would change nothing.
    pub(crate) fn check_used(&self, configs: &[RunConfig]) -> Result<()> {
        match self.flag() {
            Some(flag) if configs.iter().all(|config| config.features().is_none()) => Err(Error::setting(
                flag,
                "is used by none of these models: add +features to one, or cml-f-2017, vbpr, fm or cdl"
                    .to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// The features of all rows of `dataset`, and what was read, in words.
    pub(crate) fn read_all(
        &self,
        dataset: &Dataset,
        load: &LoadArgs,
    ) -> Result<(Vec<SideFeatures>, Vec<String>)> {
        let (mut all, mut lines) = (Vec::new(), Vec::new());
        for (side, ids) in [(Side::Items, &dataset.items), (Side::Users, &dataset.users)] {
            let Some((features, report)) = self.read(side, ids, load)? else { continue };
            lines.extend(self.lines(side, &report));
            all.push((side, Arc::new(features)));
        }
        Ok((all, lines))
    }

    /// The files and how they are read, for a model's record; `None` without any.
    pub(crate) fn record(&self) -> Option<Value> {
        self.is_given().then(|| {
            let path = |path: &Option<PathBuf>| path.as_deref().map(shown_path);
            let entries = [
                ("item-features", json!(path(&self.item_features))),
                ("user-features", json!(path(&self.user_features))),
                ("item-feature-ids", json!(path(&self.item_feature_ids))),
                ("user-feature-ids", json!(path(&self.user_feature_ids))),
                ("feature-format", json!(self.feature_format.to_string())),
                ("features-by", json!(if self.features_by == By::Id { "id" } else { "feature" })),
                ("min-feature-count", json!(self.min_feature_count)),
            ];
            let given = entries.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(given.map(|(name, value)| (name.to_owned(), value)).collect())
        })
    }

    /// What was read, in words.
    pub(crate) fn lines(&self, kind: Side, report: &FeatureReport) -> Vec<String> {
        let name = self.path(kind).map(shown_path).unwrap_or_default();
        let word = kind.word();
        let gzip = if report.is_gzip { "gzip, " } else { "" };
        let mut lines = vec![format!("{name}: {gzip}{}", report.format)];
        lines.extend(bad_rows(&name, &report.bad_rows));
        let mut line = format!(
            "{name}: {}; {} with features, {} without",
            counted(report.feature_count, "feature"),
            counted(report.with_count, word),
            grouped(report.without_count),
        );
        let first = if self.features_by == By::Id { "ids" } else { "features" };
        let rare = counted(report.rare_entry_count, "use");
        for (count, what) in [
            (report.repeated_count, "entries repeated".to_owned()),
            (report.joined_count, format!("{first} with several lines, which are joined")),
            (report.rare_count, format!("features below --min-feature-count, with {rare}")),
        ] {
            if count > 0 {
                line += &format!("; {} {what}", grouped(count));
            }
        }
        lines.push(line);
        if report.new_count > 0 {
            let rest = if report.new_count > report.first_new.len() { ", ..." } else { "" };
            let (count, ids) = (counted(report.new_count, word), report.first_new.join(", "));
            lines.push(format!("{name}: {count} not in the interactions: {}{rest}", printable(&ids)));
        }
        if report.new_count > report.with_count && self.features_by == By::Id {
            let most = format!("warning: {name}: most {word}s are not in the interactions");
            lines.push(format!("{most}; if features stand first in it, add --features-by feature"));
        }
        lines
    }

    /// The file of the features of `kind`.
    pub(crate) fn path(&self, kind: Side) -> Option<&Path> {
        match kind {
            Side::Items => self.item_features.as_deref(),
            Side::Users => self.user_features.as_deref(),
        }
    }
}
