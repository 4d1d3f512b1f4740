//! Writes and reads the files beside `model.json`: tables, split and ids.

use super::Embeddings;
use super::manifest::Manifest;
use crate::data::{IdTable, Interactions, Split};
use crate::{Error, Result};
use bstr::ByteVec;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// The tensor of the item bias.
const BIAS: &str = "item_bias";

/// A tensor to write: its name, type, shape and little-endian bytes.
pub(crate) type Tensor<'a> = (String, Dtype, Vec<usize>, Cow<'a, [u8]>);

pub(crate) fn write_ids(path: &Path, ids: &IdTable) -> Result<()> {
    let mut file = BufWriter::new(File::create(path).map_err(Error::io(path, "create"))?);
    for row in 0..ids.len() as u32 {
        writeln!(file, "{}", ids.text(row)).map_err(Error::io(path, "write"))?;
    }
    file.flush().map_err(Error::io(path, "write"))
}

pub(crate) fn write_embeddings(path: &Path, embeddings: &Embeddings) -> Result<()> {
    let Embeddings { dim, users, items, item_bias, .. } = embeddings;
    let mut tensors: Vec<Tensor> = [("users", users), ("items", items)]
        .map(|(name, table)| {
            let shape = vec![table.len().checked_div(*dim).unwrap_or(0), *dim];
            (name.to_owned(), Dtype::F32, shape, little_endian(bytemuck::cast_slice(table)))
        })
        .into();
    if embeddings.has_bias() {
        let words = little_endian(bytemuck::cast_slice(item_bias));
        tensors.push((BIAS.to_owned(), Dtype::F32, vec![item_bias.len()], words));
    }
    write_tensors(path, &tensors)
}

pub(crate) fn write_split(path: &Path, split: &Split) -> Result<()> {
    let parts = [("train", split.train.as_ref()), ("valid", &split.valid), ("test", &split.test)];
    let users: Vec<Vec<u32>> =
        parts.iter().map(|(_, part)| part.pairs().map(|(user, _)| user).collect()).collect();
    let mut tensors = Vec::new();
    for ((name, part), users) in parts.iter().zip(&users) {
        let shape = vec![part.len()];
        tensors.push((format!("{name}_users"), Dtype::U32, shape.clone(), little_endian(users)));
        tensors.push((format!("{name}_items"), Dtype::U32, shape, little_endian(part.items())));
    }
    write_tensors(path, &tensors)
}

pub(crate) fn write_tensors(path: &Path, tensors: &[Tensor]) -> Result<()> {
    let views: std::result::Result<Vec<_>, _> = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), bytes.as_ref())?))
        })
        .collect();
    views
        .and_then(|views| safetensors::serialize_to_file(views, None, path))
        .map_err(|error| Error::file(path, format!("cannot be written: {error}")))
}

pub(crate) fn little_endian(words: &[u32]) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        Cow::Borrowed(bytemuck::cast_slice(words))
    } else {
        Cow::Owned(words.iter().flat_map(|word| word.to_le_bytes()).collect())
    }
}

/// The ids in `bytes`, the contents of the file `path`.
pub(crate) fn parse_ids(path: &Path, bytes: &[u8], expected_count: usize) -> Result<IdTable> {
    let mut ids = IdTable::default();
    let Some(lines) = bytes.strip_suffix(b"\n") else {
        return match (bytes, expected_count) {
            ([], 0) => Ok(ids),
            _ => Err(Error::file(path, "is truncated: the last line has no end")),
        };
    };
    for (line, text) in lines.split(|&byte| byte == b'\n').enumerate() {
        let row_error = |message: &str| Error::file(path, format!("line {}: the id {message}", line + 1));
        let text = std::str::from_utf8(text).map_err(|_| row_error("is not UTF-8"))?;
        if ids.intern(&Vec::unescape_bytes(text)) as usize != line {
            return Err(row_error("repeats an earlier one"));
        }
    }
    if ids.len() != expected_count {
        let found = ids.len();
        return Err(Error::file(path, format!("has {found} ids, but model.json says {expected_count}")));
    }
    Ok(ids)
}

/// The tables in `bytes`, the contents of the file `path`: (U, D) and (I, D). With them the item bias, (I),
/// which must be there if and only if the manifest says how much of it counts.
pub(super) fn parse_embeddings(path: &Path, bytes: &[u8], manifest: &Manifest) -> Result<Embeddings> {
    let tensors = parse_tensors(path, bytes)?;
    let (dim, item_count) = (manifest.dim, manifest.item_count);
    let numbers = |name: &str, shape: &[usize]| -> Result<Vec<f32>> {
        let bytes = tensor(path, &tensors, name, Dtype::F32, shape)?;
        let numbers: Vec<f32> =
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let width = shape.get(1).copied().unwrap_or(1);
        super::check_finite(name, &numbers, width).map_err(|message| Error::file(path, message))?;
        Ok(numbers)
    };
    let item_bias = match manifest.popularity {
        Some(_) => numbers(BIAS, &[item_count])?,
        None if tensors.names().contains(&BIAS) => {
            return Err(Error::file(
                path,
                format!("has a tensor `{BIAS}`, but model.json has no \"popularity\""),
            ));
        }
        None => Vec::new(),
    };
    Ok(Embeddings {
        dim,
        geometry: manifest.geometry,
        users: numbers("users", &[manifest.user_count, dim])?,
        items: numbers("items", &[item_count, dim])?,
        item_bias,
    })
}

/// One part of the split in `bytes`, the contents of the file `path`.
pub(crate) fn parse_part(
    path: &Path,
    tensors: &SafeTensors,
    name: &str,
    pair_count: usize,
    user_count: usize,
    item_count: usize,
) -> Result<Interactions> {
    let words = |side: &str| -> Result<Vec<u32>> {
        let bytes = tensor(path, tensors, &format!("{name}_{side}"), Dtype::U32, &[pair_count])?;
        Ok(bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    };
    let pairs: Vec<(u32, u32)> = words("users")?.into_iter().zip(words("items")?).collect();
    for (at, &(user, item)) in pairs.iter().enumerate() {
        if user as usize >= user_count || item as usize >= item_count {
            return Err(Error::file(
                path,
                format!(
                    "{name} pair {at} is user {user}, item {item}, but there are {user_count} users \
                     and {item_count} items"
                ),
            ));
        }
        if at > 0 && pairs[at - 1] >= (user, item) {
            return Err(Error::file(path, format!("{name} pair {at} is repeated or out of order")));
        }
    }
    Ok(Interactions::from_pairs(user_count, item_count, &pairs))
}

pub(crate) fn parse_tensors<'a>(path: &Path, bytes: &'a [u8]) -> Result<SafeTensors<'a>> {
    SafeTensors::deserialize(bytes)
        .map_err(|error| Error::file(path, format!("is not a whole safetensors file: {error}")))
}

pub(crate) fn tensor<'a>(
    path: &Path,
    tensors: &SafeTensors<'a>,
    name: &str,
    dtype: Dtype,
    shape: &[usize],
) -> Result<&'a [u8]> {
    let view = tensors.tensor(name).map_err(|_| Error::file(path, format!("has no tensor `{name}`")))?;
    if view.dtype() != dtype || view.shape() != shape {
        return Err(Error::file(
            path,
            format!(
                "`{name}` is {:?} of shape {:?}, but should be {dtype:?} of shape {shape:?} (model.json)",
                view.dtype(),
                view.shape()
            ),
        ));
    }
    Ok(view.data())
}
