//! Segments of people as files, and back.

use super::csv_safe;
use super::files::{NewFiles, check_free};
use crate::files;
use crate::model::Model;
use crate::recommend::{Neighbour, Popular};
use crate::segments::Segments;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Everything about the segments, as JSON.
const ALL: &str = "segments.json";
/// The items of the segments.
const ITEMS: &str = "segments.csv";
/// Who is in which.
const USERS: &str = "users.csv";

/// No file of segments is this large.
const MOST_BYTES: u64 = 1 << 30;

/// Segments, and the items of each.
#[derive(Debug)]
pub struct SegmentLists<'a> {
    /// The segments.
    pub segments: &'a Segments,
    /// For each segment the items nearest to its centre.
    pub nearest: &'a [Vec<Neighbour>],
    /// For each segment the items that most of its people have.
    pub popular: &'a [Vec<Popular>],
}

#[derive(Serialize, Deserialize)]
struct AllRecord {
    spherec_version: String,
    /// The SHA-256 of the model's tables.
    model: String,
    dim: usize,
    segments: Vec<SegmentRecord>,
}

#[derive(Serialize, Deserialize)]
struct SegmentRecord {
    segment: usize,
    size: usize,
    nearest: Vec<NearRecord>,
    popular: Vec<PopularRecord>,
    centre: Vec<f32>,
}

#[derive(Serialize, Deserialize)]
struct NearRecord {
    item: String,
    score: f32,
}

#[derive(Serialize, Deserialize)]
struct PopularRecord {
    item: String,
    count: u32,
}

/// The files that [`write_segments`] writes into `folder`.
pub fn segment_paths(folder: &Path) -> Vec<PathBuf> {
    [ALL, ITEMS, USERS].map(|name| folder.join(name)).to_vec()
}

/// Writes the segments of `model`, whose tables have the checksum `sum` ([`crate::model::table_sum`]), into `folder`, which
/// is created if it is missing: `segments.json` with everything; `segments.csv`, a row for each segment, list (nearest or
/// popular) and item, with the score or the number of people; `users.csv`, a row for each user in a segment. With `is_safe`
/// ids in CSV are as by [`csv_safe`].
///
/// # Errors
/// [`Error::File`] if a file exists and `force` is not given, or if `folder` is not a folder; [`Error::Io`] from the disk.
/// After an error no file is left half written.
pub fn write_segments(
    model: &Model,
    sum: &str,
    lists: &SegmentLists<'_>,
    folder: &Path,
    is_safe: bool,
    force: bool,
) -> Result<Vec<PathBuf>> {
    let mut files = NewFiles::new(force);
    files.create_folder(folder)?;
    let paths = segment_paths(folder);
    paths.iter().try_for_each(|path| check_free(path, force))?;
    let SegmentLists { segments, nearest, popular } = lists;
    let item = |row: u32| model.items.text(row);
    let sizes = segments.sizes();
    let of_segment = |(segment, centre): (usize, &[f32])| SegmentRecord {
        segment,
        size: sizes[segment],
        nearest: (nearest[segment].iter())
            .map(|near| NearRecord { item: item(near.row), score: near.score })
            .collect(),
        popular: (popular[segment].iter())
            .map(|popular| PopularRecord { item: item(popular.item), count: popular.count })
            .collect(),
        centre: centre.to_vec(),
    };
    let all = AllRecord {
        spherec_version: env!("CARGO_PKG_VERSION").to_owned(),
        model: sum.to_owned(),
        dim: segments.dim,
        segments: segments.centres.chunks(segments.dim.max(1)).enumerate().map(of_segment).collect(),
    };
    let cell = |id: &str| if is_safe { csv_safe(id).into_owned() } else { id.to_owned() };
    files.write(&paths[0], |out| {
        serde_json::to_writer(&mut *out, &all)?;
        out.write_all(b"\n")
    })?;
    files.write(&paths[1], |out| {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(["segment", "list", "rank", "item", "value"])?;
        for SegmentRecord { segment, nearest, popular, .. } in &all.segments {
            let nearest = nearest.iter().map(|it| ("nearest", &it.item, it.score.to_string()));
            let popular = popular.iter().map(|it| ("popular", &it.item, it.count.to_string()));
            for list in [nearest.collect::<Vec<_>>(), popular.collect()] {
                for (rank, (name, item, value)) in (1..).zip(list) {
                    let (segment, rank): (String, i32) = (segment.to_string(), rank);
                    writer.write_record([&segment, name, &rank.to_string(), &cell(item), &value])?;
                }
            }
        }
        writer.flush()
    })?;
    files.write(&paths[2], |out| {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(["user", "segment"])?;
        for (user, segment) in (0u32..).zip(&segments.of_user) {
            if let Some(segment) = segment {
                writer.write_record([cell(&model.users.text(user)), segment.to_string()])?;
            }
        }
        writer.flush()
    })?;
    files.finish()
}

/// Reads the segments that [`write_segments`] wrote into `folder` for `model`, whose tables have the checksum `sum`.
///
/// # Errors
/// [`Error::File`] or [`Error::Io`] if the file is missing, damaged, or of another model.
pub fn read_segments(folder: &Path, model: &Model, sum: &str) -> Result<Segments> {
    let path = folder.join(ALL);
    let damaged = |reason: String| Error::file(&path, format!("is not a file of segments: {reason}"));
    let all: AllRecord = serde_json::from_slice(&files::read(&path, MOST_BYTES)?)
        .map_err(|error| damaged(error.to_string()))?;
    if all.model != sum {
        let message = "has the segments of another model, or of this one before it was trained anew or people were folded in: make them anew";
        return Err(Error::file(&path, message));
    }
    if all.segments.iter().any(|segment| segment.centre.len() != model.embeddings.dim) {
        return Err(damaged(format!("its centres are not of dimension {}", model.embeddings.dim)));
    }
    let centres = all.segments.into_iter().flat_map(|segment| segment.centre).collect();
    Segments::around(model, centres).map_err(|error| damaged(error.to_string()))
}
