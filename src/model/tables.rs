//! Writes and reads the files beside `model.json`: tables, split and ids.

use super::manifest::{MANIFEST, MOST_LINE_BYTES, Sizes};
use super::{Embeddings, Network};
use crate::data::{IdTable, Interactions, Side, Split};
use crate::printable::excerpt;
use crate::{Error, Result, files};
use bstr::ByteVec;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::ops::RangeInclusive;
use std::path::Path;

/// The tensor of the item bias.
const BIAS: &str = "item_bias";

/// The tensor of cold points.
const COLD: &str = "points";

/// The tensors of a network's two layers.
pub(super) fn network_tensors(side: Side) -> [&'static str; 2] {
    match side {
        Side::Items => ["item_features.input", "item_features.output"],
        Side::Users => ["user_features.input", "user_features.output"],
    }
}

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
    let Embeddings { dim, users, items, item_bias, networks, .. } = embeddings;
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
    for network in networks {
        let layers = [(&network.input, network.width()), (&network.output, network.dim)];
        let has_layer = |(_, (layer, _)): &(_, (&Vec<f32>, _))| !layer.is_empty();
        for (name, (layer, width)) in network_tensors(network.side).into_iter().zip(layers).filter(has_layer)
        {
            let shape = vec![layer.len().checked_div(width).unwrap_or(0), width];
            let bytes = little_endian(bytemuck::cast_slice(layer));
            tensors.push((name.to_owned(), Dtype::F32, shape, bytes));
        }
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

/// The size of the file `path`, which must be in `bytes`.
pub(super) fn check_size(path: &Path, bytes: RangeInclusive<u64>) -> Result<u64> {
    let size = files::open(path)?.metadata().map_err(Error::io(path, "read"))?.len();
    let (least, most) = bytes.into_inner();
    let message = match size {
        _ if size < least => format!("is truncated: {size} bytes, but {MANIFEST} needs at least {least}"),
        _ if size > most => format!("is too long: {size} bytes, but {MANIFEST} allows at most {most}"),
        _ => return Ok(size),
    };
    Err(Error::file(path, message))
}

/// The ids in the file `path`, which must have `expected_count` of them.
pub(crate) fn read_ids(path: &Path, expected_count: usize) -> Result<IdTable> {
    let (mut file, mut ids, mut line) = (BufReader::new(files::open(path)?), IdTable::default(), Vec::new());
    loop {
        line.clear();
        let mut longest = (&mut file).take(MOST_LINE_BYTES);
        longest.read_until(b'\n', &mut line).map_err(Error::io(path, "read"))?;
        if line.is_empty() {
            break;
        }
        let number = ids.len() + 1;
        let row_error = |message: &str| Error::file(path, format!("line {number}: the id {message}"));
        if number > expected_count {
            return Err(Error::file(path, format!("has more than the {expected_count} ids of {MANIFEST}")));
        }
        if line.pop() != Some(b'\n') {
            return Err(row_error("is too long, or the line has no end"));
        }
        let text = std::str::from_utf8(&line).map_err(|_| row_error("is not UTF-8"))?;
        ids.intern(&Vec::unescape_bytes(text));
        if ids.len() != number {
            return Err(row_error("repeats an earlier one"));
        }
    }
    if ids.len() != expected_count {
        let found = ids.len();
        return Err(Error::file(path, format!("has {found} ids, but {MANIFEST} says {expected_count}")));
    }
    Ok(ids)
}

/// The tables in the file `path` of `size` bytes: (U, D) and (I, D). With them the item bias, (I), which must be
/// there if and only if `sizes` says so.
pub(crate) fn read_embeddings(path: &Path, size: u64, sizes: &Sizes) -> Result<Embeddings> {
    let bytes = files::read(path, size)?;
    let tensors = parse_tensors(path, &bytes)?;
    let (dim, geometry) = (sizes.dim, sizes.geometry);
    let (user_count, item_count) = (sizes.user_count, sizes.item_count);
    let has_bias = sizes.has_bias;
    if !has_bias && tensors.names().contains(&BIAS) {
        return Err(Error::file(
            path,
            format!("has a tensor `{BIAS}`, but {MANIFEST} has no \"popularity\""),
        ));
    }
    let layer_counts = sizes.networks.iter().flatten().map(|network| network.layers(dim).len());
    check_count(path, &tensors, 2 + usize::from(has_bias) + layer_counts.sum::<usize>())?;
    let numbers = |name: &str, shape: &[usize]| -> Result<Vec<f32>> {
        let bytes = tensor(path, &tensors, name, Dtype::F32, shape)?;
        Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    };
    let item_bias = if has_bias { numbers(BIAS, &[item_count])? } else { Vec::new() };
    let (users, items) = (numbers("users", &[user_count, dim])?, numbers("items", &[item_count, dim])?);
    let mut networks = Vec::new();
    for (side, network) in Side::ALL.into_iter().zip(sizes.networks) {
        let Some(network) = network else { continue };
        let layers = network_tensors(side).into_iter().zip(network.layers(dim));
        let mut layers = layers.map(|(name, shape)| numbers(name, &shape));
        let (input, output) = (layers.next(), layers.next());
        let (input, output) =
            (input.transpose()?.unwrap_or_default(), output.transpose()?.unwrap_or_default());
        networks.push(Network { side, hidden: network.hidden, dim, input, output });
    }
    Ok(Embeddings { dim, geometry, users, items, item_bias, networks })
}

/// Where a network places those who were not there in training, (C, D).
pub(super) fn write_cold(path: &Path, points: &[f32], dim: usize) -> Result<()> {
    let shape = vec![points.len() / dim.max(1), dim];
    let bytes = little_endian(bytemuck::cast_slice(points));
    write_tensors(path, &[(COLD.to_owned(), Dtype::F32, shape, bytes)])
}

/// What [`write_cold`] wrote, of `count` rows.
pub(super) fn read_cold(path: &Path, size: u64, count: usize, dim: usize) -> Result<Vec<f32>> {
    let bytes = files::read(path, size)?;
    let tensors = parse_tensors(path, &bytes)?;
    check_count(path, &tensors, 1)?;
    let bytes = tensor(path, &tensors, COLD, Dtype::F32, &[count, dim])?;
    Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

/// The split in the file `path` of `size` bytes.
pub(crate) fn read_split(path: &Path, size: u64, sizes: &Sizes) -> Result<Split> {
    let bytes = files::read(path, size)?;
    let tensors = parse_tensors(path, &bytes)?;
    check_count(path, &tensors, 6)?;
    let counts = sizes.pair_count;
    let part = |name, pair_count| part(path, &tensors, name, pair_count, sizes);
    let (train, valid, test) =
        (part("train", counts.train)?, part("valid", counts.valid)?, part("test", counts.test)?);
    Ok(Split { train: train.into(), valid, test })
}

/// One part of a split.
fn part(
    path: &Path,
    tensors: &SafeTensors,
    name: &str,
    pair_count: usize,
    sizes: &Sizes,
) -> Result<Interactions> {
    let (user_count, item_count) = (sizes.user_count, sizes.item_count);
    let words = |side: &str| -> Result<_> {
        let bytes = tensor(path, tensors, &format!("{name}_{side}"), Dtype::U32, &[pair_count])?;
        Ok(bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])))
    };
    let mut last = None;
    for (at, (user, item)) in words("users")?.zip(words("items")?).enumerate() {
        if user as usize >= user_count || item as usize >= item_count {
            return Err(Error::file(
                path,
                format!(
                    "{name} pair {at} is user {user}, item {item}, but there are {user_count} users \
                     and {item_count} items"
                ),
            ));
        }
        if last >= Some((user, item)) {
            return Err(Error::file(path, format!("{name} pair {at} is repeated or out of order")));
        }
        last = Some((user, item));
    }
    Ok(Interactions::from_sorted(user_count, item_count, words("users")?, words("items")?.collect()))
}

pub(crate) fn parse_tensors<'a>(path: &Path, bytes: &'a [u8]) -> Result<SafeTensors<'a>> {
    SafeTensors::deserialize(bytes).map_err(|error| {
        let reason = error.to_string();
        Error::file(path, format!("is not a whole safetensors file: {}", excerpt(&reason)))
    })
}

/// Checks that there are no other tensors than those that are read.
fn check_count(path: &Path, tensors: &SafeTensors, count: usize) -> Result<()> {
    match tensors.len() {
        found if found > count => Err(Error::file(path, format!("has {found} tensors, but needs {count}"))),
        _ => Ok(()),
    }
}

fn tensor<'a>(
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
                "`{name}` is {:?} of shape {:?}, but should be {dtype:?} of shape {shape:?} ({MANIFEST})",
                view.dtype(),
                view.shape()
            ),
        ));
    }
    Ok(view.data())
}
