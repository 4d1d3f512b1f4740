//! The features of a run, as its folder holds them: so a run goes on without the files that it began with.

use super::saved::size_of_file;
use crate::data::{FeatureValues, Features, Side};
use crate::model::tables;
use crate::{Error, Result, files};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use std::borrow::Cow;
use std::path::Path;

/// For each side the numbers, the names of the features, and the ids of new rows.
pub(super) fn names(side: Side) -> [&'static str; 3] {
    match side {
        Side::Items => ["item_features.safetensors", "item_features.txt", "new_items.txt"],
        Side::Users => ["user_features.safetensors", "user_features.txt", "new_users.txt"],
    }
}

/// How many rows and features there are.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counts {
    feature_count: usize,
    new_count: usize,
    is_dense: bool,
}

impl Counts {
    pub(super) fn of(features: &Features) -> Counts {
        Counts {
            feature_count: features.feature_count(),
            new_count: features.new_ids().len(),
            is_dense: matches!(features.values(), FeatureValues::Dense { .. }),
        }
    }
}

pub(super) fn write(folder: &Path, side: Side, features: &Features) -> Result<()> {
    let [numbers, of_features, of_ids] = names(side).map(|name| folder.join(name));
    tables::write_ids(&of_features, features.names())?;
    tables::write_ids(&of_ids, features.new_ids())?;
    let tensor = |name: &str, dtype, bytes, count| (name.to_owned(), dtype, vec![count], bytes);
    let values = |values: &'_ [f32]| -> Cow<'_, [u8]> {
        Cow::Owned(values.iter().flat_map(|value| value.to_le_bytes()).collect())
    };
    let tensors = match features.values() {
        FeatureValues::Sparse { starts, features, values: numbers } => {
            let ends = starts.iter().flat_map(|&start| (start as u64).to_le_bytes()).collect();
            vec![
                tensor("starts", Dtype::U64, Cow::Owned(ends), starts.len()),
                tensor("features", Dtype::U32, tables::little_endian(features), features.len()),
                tensor("values", Dtype::F32, values(numbers), numbers.len()),
            ]
        }
        FeatureValues::Dense { has, values: numbers } => {
            let has: Vec<u8> = has.iter().map(|&has| u8::from(has)).collect();
            let count = has.len();
            vec![
                tensor("has", Dtype::U8, Cow::Owned(has), count),
                tensor("values", Dtype::F32, values(numbers), numbers.len()),
            ]
        }
    };
    tables::write_tensors(&numbers, &tensors)
}

/// What [`write`] wrote, of `known_count` rows of the data set.
pub(super) fn read(folder: &Path, side: Side, counts: Counts, known_count: usize) -> Result<Features> {
    let [numbers, of_features, of_ids] = names(side).map(|name| folder.join(name));
    let names = tables::read_ids(&of_features, counts.feature_count)?;
    let new_ids = tables::read_ids(&of_ids, counts.new_count)?;
    let bytes = files::read(&numbers, size_of_file(&numbers)?)?;
    let tensors = tables::parse_tensors(&numbers, &bytes)?;
    let damaged = |what: &str| Error::file(&numbers, format!("is damaged: {what}"));
    let data = |name: &str| bytes_of(&tensors, name).ok_or_else(|| damaged(&format!("no tensor `{name}`")));
    let words = |name: &str| -> Result<Vec<[u8; 4]>> {
        Ok(data(name)?.chunks_exact(4).map(|b| [b[0], b[1], b[2], b[3]]).collect())
    };
    let values: Vec<f32> = words("values")?.into_iter().map(f32::from_le_bytes).collect();
    let row_count = known_count + new_ids.len();
    let values = if counts.is_dense {
        let has: Vec<bool> = data("has")?.iter().map(|&has| has != 0).collect();
        if has.len() != row_count || Some(values.len()) != row_count.checked_mul(names.len()) {
            return Err(damaged("its sizes are not those of the run"));
        }
        FeatureValues::Dense { has, values }
    } else {
        let words8 = data("starts")?.chunks_exact(8);
        let starts: Vec<usize> = words8
            .map(|b| u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as usize)
            .collect();
        let features: Vec<u32> = words("features")?.into_iter().map(u32::from_le_bytes).collect();
        let are_rows = starts.len() == row_count + 1
            && starts.first() == Some(&0)
            && starts.last() == Some(&features.len())
            && features.len() == values.len()
            && starts.windows(2).all(|row| {
                let row = features.get(row[0]..row[1]);
                row.is_some_and(|row| {
                    row.windows(2).all(|pair| pair[0] < pair[1])
                        && row.last().is_none_or(|&last| (last as usize) < names.len())
                })
            });
        if !are_rows {
            return Err(damaged("its rows are not those of the run"));
        }
        FeatureValues::Sparse { starts, features, values }
    };
    Ok(Features::new(known_count, new_ids, names, values))
}

fn bytes_of<'a>(tensors: &SafeTensors<'a>, name: &str) -> Option<&'a [u8]> {
    tensors.tensor(name).ok().map(|tensor| tensor.data())
}
