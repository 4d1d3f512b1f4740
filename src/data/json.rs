//! Reads JSON lines: one interaction per line, as an object with a member for the user and one for the item,
//! as in Amazon's `reviews_*_5.json`.

use super::collect::{Collector, parse_value};
use super::columns::Wanted;
use super::detect::FileFormat;
use super::report::FileLayout;
use super::text::{Text, lines};
use super::{LoadOptions, id_text};
use crate::Result;
use csv::ByteRecord;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Adds every object in `text` to `collector`. Returns the format, in words and as a [`FileLayout`].
pub(super) fn read(
    text: &Text,
    options: &LoadOptions,
    collector: &mut Collector<'_>,
) -> Result<(String, FileLayout)> {
    let objects = || lines(&text.data).filter(|(_, line)| !line.trim_ascii().is_empty());
    let names = names(objects().map(|(_, line)| line));
    if names.is_empty() {
        for (offset, line) in objects() {
            let message = parse(line, Names).err().unwrap_or_else(|| "the object is empty".to_owned());
            collector.add_bad(text, offset, message);
        }
        collector.check_any(text, "has no JSON objects")?;
    }
    let header = ByteRecord::from(names.iter().map(String::as_bytes).collect::<Vec<_>>());
    let columns = Wanted::new(options).by_name().resolve(text, &header, true)?;
    let members = Members {
        user: &names[columns.user],
        item: &names[columns.item],
        value: columns.value.map(|column| names[column].as_str()),
    };
    for (offset, line) in objects() {
        let added = parse(line, members).and_then(|[user, item, value]| {
            let (user, item) = (present(user, members.user)?, present(item, members.item)?);
            let value = match members.value {
                Some(name) => Some(parse_value(present(value, name)?.as_bytes())?),
                None => None,
            };
            collector.add_row(user.as_bytes(), item.as_bytes(), value)
        });
        if let Err(message) = added {
            collector.add_bad(text, offset, message);
        }
    }
    collector.check_any(text, "has no JSON objects")?;
    let shown = |column: usize| format!("`{}`", id_text(names[column].as_bytes()));
    let mut words = format!("JSON lines, user {}, item {}", shown(columns.user), shown(columns.item));
    if let Some(column) = columns.value {
        words += &format!(", rating {}", shown(column));
    }
    let layout = FileLayout {
        header: Some(names.iter().map(|name| id_text(name.as_bytes())).collect()),
        ..columns.layout(FileLayout::new(text, FileFormat::JsonLines))
    };
    Ok((words, layout))
}

/// The member names of the first objects, in order of appearance.
fn names<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    const LOOKED_AT: usize = 100;
    let mut names: Vec<String> = Vec::new();
    for name in lines.filter_map(|line| parse(line, Names).ok()).take(LOOKED_AT).flatten() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn present<'a>(field: Option<Cow<'a, str>>, name: &str) -> std::result::Result<Cow<'a, str>, String> {
    field.ok_or_else(|| format!("has no `{}`", id_text(name.as_bytes())))
}

/// Parses a line with `seed`.
fn parse<'a, T: DeserializeSeed<'a>>(line: &'a [u8], seed: T) -> std::result::Result<T::Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(line);
    let value = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    // Drop the position from the message: its line number is always 1.
    value.map_err(|error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        format!("is not a usable JSON object: {message} (column {})", error.column())
    })
}

/// Reads the names of an object's members.
struct Names;

impl<'de> DeserializeSeed<'de> for Names {
    type Value = Vec<String>;
    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<Vec<String>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Names {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Vec<String>, A::Error> {
        let mut names = Vec::new();
        while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            names.push(name);
        }
        Ok(names)
    }
}

/// Reads these members: user, item and, if a threshold needs it, the rating.
#[derive(Clone, Copy)]
struct Members<'a> {
    user: &'a str,
    item: &'a str,
    value: Option<&'a str>,
}

type Texts<'de> = [Option<Cow<'de, str>>; 3];

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = Texts<'de>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Texts<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Texts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Texts<'de>, A::Error> {
        let mut texts: Texts<'de> = [None, None, None];
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let wanted = [Some(self.user), Some(self.item), self.value];
            match wanted.iter().position(|wanted| *wanted == Some(&*name)) {
                Some(place) => texts[place] = map.next_value_seed(Scalar)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(texts)
    }
}

/// Reads a string as it is, a number as its text, and `null` as nothing.
struct Scalar;

impl<'de> DeserializeSeed<'de> for Scalar {
    type Value = Option<Cow<'de, str>>;
    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scalar {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a number")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> std::result::Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> std::result::Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> std::result::Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> std::result::Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }
}
