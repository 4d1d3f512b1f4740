//! Reads JSON lines: one interaction per line, as an object with a member for the user and one for the item,
//! as in Amazon's `reviews_*_5.json`.

use super::collect::{Collector, parse_value};
use super::columns::Wanted;
use super::detect::FileFormat;
use super::report::FileLayout;
use super::rows::MAX_FIELDS;
use super::text::{Text, lines, shown};
use super::{LoadOptions, id_text};
use crate::Result;
use csv::ByteRecord;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashSet;
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
                Some(name) => Some(parse_value("rating", present(value, name)?.as_bytes())?),
                None => None,
            };
            collector.add_row(user.as_bytes(), item.as_bytes(), value)
        });
        if let Err(message) = added {
            collector.add_bad(text, offset, message);
        }
        collector.check_room(text)?;
    }
    collector.check_any(text, "has no JSON objects")?;
    let name = |column: usize| shown(names[column].as_bytes());
    let mut words = format!("JSON lines, user {}, item {}", name(columns.user), name(columns.item));
    if let Some(column) = columns.value {
        words += &format!(", rating {}", name(column));
    }
    let layout = FileLayout {
        header: Some(names.iter().map(|name| id_text(name.as_bytes())).collect()),
        ..columns.layout(FileLayout::new(text, FileFormat::JsonLines))
    };
    Ok((words, layout))
}

/// The member names of the first objects, in order of appearance; no more than a row may have fields.
fn names<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    const LOOKED_AT: usize = 100;
    let mut names: Vec<String> = Vec::new();
    let mut known = HashSet::new();
    for name in lines.filter_map(|line| parse(line, Names).ok()).take(LOOKED_AT).flatten() {
        if names.len() < MAX_FIELDS && known.insert(name.clone()) {
            names.push(name);
        }
    }
    names
}

fn present<'a>(field: Option<Cow<'a, str>>, name: &str) -> std::result::Result<Cow<'a, str>, String> {
    field.ok_or_else(|| format!("has no {}", shown(name.as_bytes())))
}

/// Parses a line with `seed`.
fn parse<'a, T: DeserializeSeed<'a>>(line: &'a [u8], seed: T) -> std::result::Result<T::Value, String> {
    if !line.trim_ascii_start().starts_with(b"{") {
        return Err(format!("is not a JSON object: {}", shown(line)));
    }
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
            if names.len() == MAX_FIELDS {
                return Err(A::Error::custom(format!("more than {MAX_FIELDS} members")));
            }
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
                Some(place) => texts[place] = scalar(map.next_value()?).map_err(A::Error::custom)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(texts)
    }
}

/// The text of a string or a number, and nothing for `null`.
///
/// A number keeps its digits: as a floating-point number it could become equal to another. Only zeros at the end of
/// a fraction are dropped, so that `7.0` is 7.
fn scalar(value: &RawValue) -> std::result::Result<Option<Cow<'_, str>>, String> {
    let text = value.get();
    match text.as_bytes() {
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => {
            Ok(Some(Cow::Borrowed(&text[1..text.len() - 1])))
        }
        [b'"', ..] => {
            let text = serde_json::from_str(text).map_err(|error| error.to_string())?;
            Ok(Some(Cow::Owned(text)))
        }
        [b'-' | b'0'..=b'9', ..] if text.contains('.') && !text.contains(['e', 'E']) => {
            Ok(Some(Cow::Borrowed(text.trim_end_matches('0').trim_end_matches('.'))))
        }
        [b'-' | b'0'..=b'9', ..] => Ok(Some(Cow::Borrowed(text))),
        b"null" => Ok(None),
        _ => Err(format!("expected a string or a number, found {}", shown(text.as_bytes()))),
    }
}
