//! A grid of settings, written in one line: `learning-rate=1e-4,5e-4; beta=0.8,1.0`.

use crate::random::{Purpose, Stream};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Settings, each with the values to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// Names and values, in the order of the text.
    pub settings: Vec<(String, Vec<String>)>,
}

/// The most combinations that a grid may have.
const MOST: usize = 1_000_000;

impl FromStr for Grid {
    type Err = String;

    fn from_str(text: &str) -> Result<Grid, String> {
        let mut settings: Vec<(String, Vec<String>)> = Vec::new();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let Some((name, values)) = part.split_once('=') else {
                return Err(format!("`{part}` has no `=`: write `name=value,value`"));
            };
            let name = name.trim().trim_start_matches("--");
            if name.is_empty() {
                return Err(format!("`{part}` has no name before its `=`"));
            }
            if settings.iter().any(|(known, _)| known == name) {
                return Err(format!("`{name}` is given twice: write all its values together, `{name}=1,2`"));
            }
            let values: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).collect();
            if values.iter().any(String::is_empty) {
                return Err(format!("`{part}` has an empty value"));
            }
            let mut seen = BTreeSet::new();
            if let Some(value) = values.iter().find(|value| !seen.insert(value.as_str())) {
                return Err(format!("`{name}` has the value {value} twice"));
            }
            settings.push((name.to_owned(), values));
        }
        if settings.is_empty() {
            return Err("no settings: write for example `learning-rate=1e-4,5e-4; beta=0.8,1.0`".to_owned());
        }
        let grid = Grid { settings };
        match grid.point_count() {
            Some(count) if count <= MOST => Ok(grid),
            _ => Err(format!("there are more than {MOST} combinations")),
        }
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, values)) in self.settings.iter().enumerate() {
            write!(f, "{}{name}={}", if place > 0 { "; " } else { "" }, values.join(","))?;
        }
        Ok(())
    }
}

impl Grid {
    fn point_count(&self) -> Option<usize> {
        self.settings.iter().try_fold(1usize, |count, (_, values)| count.checked_mul(values.len()))
    }

    /// The number of combinations.
    pub fn count(&self) -> usize {
        self.point_count().unwrap_or(usize::MAX)
    }

    /// Combination `number`, from 0: the place of each setting's value. The last setting changes fastest.
    pub fn point(&self, mut number: usize) -> Vec<usize> {
        let mut places = Vec::with_capacity(self.settings.len());
        for (_, values) in self.settings.iter().rev() {
            places.push(number % values.len());
            number /= values.len();
        }
        places.reverse();
        places
    }
}

/// The numbers below `count` in a random order.
pub fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    Stream::new(seed, Purpose::Display, 0).shuffle(&mut order);
    order
}
