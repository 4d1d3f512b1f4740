//! The filters of published experiments, by name, and the sizes that they were published to lead to.

use super::LoadOptions;
use super::report::Counts;
use std::fmt;
use std::str::FromStr;

/// A published way to make interactions of a public data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Amazon movies (Tran et al. 2019, 4.1.1): rating > 4, users of at least 20.
    AmazonMovies,
    /// Book-Crossing (Tran et al. 2019, 4.1.1): rating >= 5, users of more than 10.
    ///
    /// Extrapolated from the first fifth of the file, this threshold does not lead to the paper's Table 1;
    /// about 20 does.
    BookCrossing,
    /// Echo Nest Taste Profile (Tran et al. 2019, 4.1.1): count >= 5, users of more than 20, items of at
    /// least 5.
    EchoNest,
    /// MovieLens: rating >= 4, users of more than 10.
    MovieLens,
    /// CiteULike-t (Wang et al. 2013, used by Hsieh et al. 2017): all of it.
    CiteULike,
}

/// The presets with their names.
const PRESETS: [(Preset, &str); 5] = [
    (Preset::AmazonMovies, "amazon-movies"),
    (Preset::BookCrossing, "book-crossing"),
    (Preset::EchoNest, "echonest"),
    (Preset::MovieLens, "movielens"),
    (Preset::CiteULike, "citeulike"),
];

/// The size of a data set as somebody published it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Where.
    pub source: &'static str,
    /// What it says; its ratings are `interactions` here.
    pub counts: Counts,
}

impl Preset {
    /// `options` with the filters of this preset wherever they have none of their own.
    pub fn apply(self, options: LoadOptions) -> LoadOptions {
        let (min_rating, min_count, min_users, min_items) = match self {
            // Stars are whole: above 4 is 5.
            Preset::AmazonMovies => (Some(5.0), None, Some(20), None),
            Preset::BookCrossing => (Some(5.0), None, Some(11), None),
            Preset::EchoNest => (None, Some(5.0), Some(21), Some(5)),
            Preset::MovieLens => (Some(4.0), None, Some(11), None),
            Preset::CiteULike => (None, None, None, None),
        };
        // Ratings and counts are one column: a threshold of either kind stands for both.
        let has_threshold = options.min_rating.is_some() || options.min_count.is_some();
        let unless = |preset: Option<f64>| if has_threshold { None } else { preset };
        LoadOptions {
            min_rating: options.min_rating.or(unless(min_rating)),
            min_count: options.min_count.or(unless(min_count)),
            min_user_interactions: options.min_user_interactions.or(min_users),
            min_item_interactions: options.min_item_interactions.or(min_items),
            ..options
        }
    }

    /// The published size, where it is known for certain.
    pub fn published(self) -> Option<Published> {
        match self {
            // Some of these items have no user.
            Preset::CiteULike => Some(Published {
                source: "Wang et al. 2013",
                counts: Counts { users: 7_947, items: 25_975, interactions: 134_860, rows: 134_860 },
            }),
            _ => None,
        }
    }
}

impl FromStr for Preset {
    type Err = String;

    /// `amazon-movies`, `book-crossing`, `echonest`, `movielens` or `citeulike`.
    fn from_str(text: &str) -> std::result::Result<Preset, String> {
        let found = PRESETS.iter().find(|(_, name)| *name == text);
        found.map(|&(preset, _)| preset).ok_or_else(|| {
            "a preset is amazon-movies, book-crossing, echonest, movielens or citeulike".to_owned()
        })
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PRESETS.iter().find(|(preset, _)| preset == self).map_or("", |&(_, name)| name))
    }
}
