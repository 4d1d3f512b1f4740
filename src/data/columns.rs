//! Finds the columns of the user, the item and the rating: by the names or numbers given, by known names,
//! or by position.

use super::LoadOptions;
use super::report::FileLayout;
use super::roles::{Role, normal};
use super::text::{Text, shown};
use crate::{Error, Result};
use csv::ByteRecord;
use std::str::FromStr;

/// A column, given by name or by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// Its name in the header. Upper and lower case, and RecBole's `:type` suffix, make no difference.
    Name(String),
    /// Its number, from 1.
    Number(usize),
}

impl FromStr for Column {
    type Err = String;

    /// A whole number of at least 1 is a column number; anything else is a name.
    fn from_str(text: &str) -> std::result::Result<Column, String> {
        match text.parse() {
            Ok(0) => Err("columns are numbered from 1".to_owned()),
            Ok(number) => Ok(Column::Number(number)),
            Err(_) if text.is_empty() => Err("a column needs a name or a number".to_owned()),
            Err(_) => Ok(Column::Name(text.to_owned())),
        }
    }
}

/// The columns in use, numbered from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) user: usize,
    pub(super) item: usize,
    /// The column of ratings or counts, if a threshold needs it.
    pub(super) value: Option<usize>,
    /// The column of ratings or counts, if one was found, needed or not.
    known_value: Option<usize>,
}

impl Columns {
    /// Fills these columns into `layout`.
    pub(super) fn layout(&self, layout: FileLayout) -> FileLayout {
        FileLayout {
            user_column: Some(self.user + 1),
            item_column: Some(self.item + 1),
            rating_column: self.known_value.map(|column| column + 1),
            ..layout
        }
    }
}

/// The columns asked for; `None` means that a column has to be found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    user: Option<&'a Column>,
    item: Option<&'a Column>,
    value: Option<&'a Column>,
    /// The flag of the threshold, and whether it applies to ratings or to counts.
    threshold: Option<(&'static str, Role)>,
    /// Whether to go by a column's position if its name is unknown.
    by_place: bool,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(options: &'a LoadOptions) -> Wanted<'a> {
        Wanted {
            user: options.user_column.as_ref(),
            item: options.item_column.as_ref(),
            value: options.rating_column.as_ref(),
            threshold: match (options.min_rating, options.min_count) {
                (Some(_), _) => Some(("--min-rating", Role::Rating)),
                (None, Some(_)) => Some(("--min-count", Role::Count)),
                (None, None) => None,
            },
            by_place: true,
        }
    }

    /// The same, for columns without an order.
    pub(super) fn by_name(self) -> Wanted<'a> {
        Wanted { by_place: false, ..self }
    }

    /// Finds the columns in the first row of the file, which is a header if `has_header`.
    pub(super) fn resolve(&self, text: &Text, first: &ByteRecord, has_header: bool) -> Result<Columns> {
        let finder = Finder { text, first, has_header };
        let user = finder.asked_or_known(Role::User, self.user)?;
        let item = finder.asked_or_known(Role::Item, self.item)?;
        let (user, item) = match (user, item) {
            (Some(user), Some(item)) => (user, item),
            (None, _) if !self.by_place => return Err(finder.unknown(Role::User)),
            (_, None) if !self.by_place => return Err(finder.unknown(Role::Item)),
            (Some(user), None) => (user, finder.other(Role::Item, user, 1)?),
            (None, Some(item)) => (finder.other(Role::User, item, 0)?, item),
            (None, None) => (finder.at(Role::User, 0)?, finder.at(Role::Item, 1)?),
        };
        if user == item {
            let message = format!("and --item-column are both column {} of {}", user + 1, finder.list());
            return Err(Error::setting("--user-column", message));
        }
        let role = self.threshold.map_or(Role::Rating, |(_, role)| role);
        let usual =
            Some(2).filter(|&usual| !has_header && user != usual && item != usual && first.len() > usual);
        let known_value = finder.asked_or_known(role, self.value)?.or(usual);
        let value = match (self.threshold, known_value) {
            (None, _) => None,
            (Some(_), Some(column)) => Some(column),
            // There are only users and items, so each row is one play.
            (Some((_, Role::Count)), None) if first.len() == 2 => None,
            (Some((flag, _)), None) => {
                let message =
                    format!("needs a --rating-column; {} has {}", text.path.display(), finder.list());
                return Err(Error::setting(flag, message));
            }
        };
        Ok(Columns { user, item, value, known_value })
    }
}

struct Finder<'a> {
    text: &'a Text,
    first: &'a ByteRecord,
    has_header: bool,
}

impl Finder<'_> {
    fn asked_or_known(&self, role: Role, asked: Option<&Column>) -> Result<Option<usize>> {
        let found = match asked {
            None if self.has_header => return Ok(role.find(self.first)),
            None => return Ok(None),
            Some(Column::Number(number)) => number.checked_sub(1).filter(|&column| column < self.first.len()),
            Some(Column::Name(_)) if !self.has_header => {
                return Err(Error::setting(
                    role.flag(),
                    "is a name, but the file has no header: give a number",
                ));
            }
            Some(Column::Name(name)) => {
                let same = self.first.iter().position(|column| column == name.as_bytes());
                same.or_else(|| {
                    let name = normal(name.as_bytes());
                    self.first.iter().position(|column| normal(column) == name)
                })
            }
        };
        match (found, asked) {
            (Some(column), _) => Ok(Some(column)),
            (None, Some(Column::Name(name))) => Err(self.missing(role, &shown(name.as_bytes()))),
            (None, Some(Column::Number(number))) => Err(self.missing(role, &number.to_string())),
            (None, None) => Ok(None),
        }
    }

    /// Finds the column of `role` when only the other one of user and item is known. It is the usual place
    /// if the known column is in its own usual place, the other one of two columns, or, without a header,
    /// the usual place if that is free. Anything else would be a guess, and fails.
    fn other(&self, role: Role, known: usize, usual: usize) -> Result<usize> {
        if known + usual == 1 {
            return self.at(role, usual);
        }
        if self.first.len() == 2 && known < 2 {
            return Ok(1 - known);
        }
        if !self.has_header && known != usual {
            return self.at(role, usual);
        }
        Err(self.unknown(role))
    }

    fn unknown(&self, role: Role) -> Error {
        let message = format!("has no known {} column: name it with {}", role.word(), role.flag());
        self.text.error(format!("{message}; the file has {}", self.list()))
    }

    fn at(&self, role: Role, column: usize) -> Result<usize> {
        if column < self.first.len() {
            Ok(column)
        } else {
            Err(self.missing(role, &(column + 1).to_string()))
        }
    }

    fn missing(&self, role: Role, column: &str) -> Error {
        self.text.error(format!("has no column {column} ({}); the file has {}", role.flag(), self.list()))
    }

    /// "the columns `user`, `item`", or "2 columns" if they have no names.
    fn list(&self) -> String {
        const LISTED: usize = 20;
        if !self.has_header {
            return super::text::counted(self.first.len(), "column");
        }
        let names: Vec<String> = self.first.iter().take(LISTED).map(shown).collect();
        let rest = match self.first.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("the columns {}{rest}", names.join(", "))
    }
}
