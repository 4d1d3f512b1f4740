//! What a column is for, and the names that public data sets give it.

use csv::ByteRecord;

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    User,
    Item,
    Rating,
    /// Play counts, which stand in the place of a rating.
    Count,
}

impl Role {
    /// The flag that names the column.
    pub(super) fn flag(self) -> &'static str {
        match self {
            Role::User => "--user-column",
            Role::Item => "--item-column",
            Role::Rating | Role::Count => "--rating-column",
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Item => "item",
            Role::Rating => "rating",
            Role::Count => "count",
        }
    }

    /// The names that mean this role, in [`normal`] form, likeliest first.
    fn known_names(self) -> &'static [&'static str] {
        match self {
            Role::User => &[
                "userid",
                "user",
                "uid",
                "users",
                "username",
                "reviewerid",
                "reviewer",
                "customerid",
                "customer",
                "memberid",
                "visitorid",
            ],
            Role::Item => &[
                "itemid",
                "item",
                "iid",
                "items",
                "productid",
                "product",
                "movieid",
                "movie",
                "isbn",
                "bookid",
                "book",
                "parentasin",
                "asin",
                "songid",
                "song",
                "trackid",
                "track",
                "artistid",
                "artist",
                "businessid",
                "business",
                "articleid",
                "article",
                "paperid",
                "paper",
                "docid",
                "videoid",
                "video",
                "gameid",
                "game",
                "placeid",
                "venueid",
                "locationid",
                "tagid",
            ],
            Role::Rating => &[
                "rating",
                "ratings",
                "bookrating",
                "score",
                "stars",
                "overall",
                "weight",
                "playcount",
                "plays",
                "count",
                "value",
            ],
            Role::Count => &[
                "playcount",
                "plays",
                "playscount",
                "listencount",
                "listens",
                "count",
                "weight",
                "frequency",
                "quantity",
                "times",
            ],
        }
    }

    /// The column of a header that has a known name for this role.
    pub(super) fn find(self, header: &ByteRecord) -> Option<usize> {
        find(header, self.known_names())
    }
}

/// The column of a header with one of `names`, which are in [`normal`] form, likeliest first.
pub(super) fn find(header: &ByteRecord, names: &[&str]) -> Option<usize> {
    let likelihood = |name: &[u8]| {
        let name = normal(name);
        names.iter().position(|known| *known == name)
    };
    let known = header.iter().enumerate().filter_map(|(column, name)| Some((likelihood(name)?, column)));
    known.min().map(|(_, column)| column)
}

/// A column name in lower case, without blanks, `_`, `-` and anything from a colon on.
pub(super) fn normal(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let text = text.split(':').next().unwrap_or_default();
    text.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// Whether a first row has known names for the user and for the item, or one known name ending in "id".
pub(super) fn has_known_names(row: &ByteRecord) -> bool {
    let user = Role::User.find(row);
    let item = Role::Item.find(row);
    let is_id = |column: Option<usize>| column.is_some_and(|column| normal(&row[column]).ends_with("id"));
    (user.is_some() && item.is_some() && user != item) || is_id(user) || is_id(item)
}
