//! Gathers single features of ids, in any order, into rows.

use super::report::SHOWN_IDS;
use super::{FeatureOptions, FeatureReport, FeatureValues, Features, FeaturesBy};
use crate::data::collect::{check_id, parse_value};
use crate::data::text::{Text, counted, shown};
use crate::data::{BadRows, IdTable, OnBadRow, Separator, id_text};
use crate::files::InputLimit;
use crate::{Error, Result};
use bstr::ByteSlice;

/// One feature of one row.
struct Entry {
    row: u32,
    feature: u32,
    value: f32,
    /// Where it stands in the file: a byte or, in a Parquet file, a row. Only for messages.
    place: u64,
}

/// The ids and features of a file, numbered as they come.
pub(super) struct Gatherer<'a> {
    options: &'a FeatureOptions,
    known: &'a IdTable,
    new_ids: IdTable,
    names: IdTable,
    entries: Vec<Entry>,
    /// Whether a place is a row of the file, not a byte.
    pub(super) by_row: bool,
    /// Whether each line of the file is meant to be about something else.
    pub(super) is_list: bool,
    limit: &'a InputLimit,
    pub(super) report: FeatureReport,
}

impl<'a> Gatherer<'a> {
    pub(super) fn new(
        known: &'a IdTable,
        options: &'a FeatureOptions,
        limit: &'a InputLimit,
    ) -> Gatherer<'a> {
        Gatherer {
            options,
            known,
            new_ids: IdTable::default(),
            names: IdTable::default(),
            entries: Vec::new(),
            by_row: false,
            is_list: false,
            limit,
            report: FeatureReport::default(),
        }
    }

    pub(super) fn options(&self) -> &'a FeatureOptions {
        self.options
    }

    /// Keeps a feature of an id, or those that `--feature-separator` divides. `place` is where it stands in the file. What
    /// is empty is no feature.
    pub(super) fn add(
        &mut self,
        id: &[u8],
        feature: &[u8],
        value: f32,
        place: u64,
    ) -> std::result::Result<(), String> {
        let word = self.options.kind.word();
        check_id(word, id)?;
        let mut parts: Box<dyn Iterator<Item = &[u8]>> = match self.options.separator {
            None => Box::new(std::iter::once(feature)),
            Some(Separator::Byte(byte)) => Box::new(feature.split(move |&other| other == byte)),
            Some(Separator::DoubleColon) => Box::new(feature.split_str("::")),
        };
        parts
            .by_ref()
            .filter(|part| !part.is_empty())
            .try_for_each(|part| self.add_one(id, part, value, place))
    }

    fn add_one(
        &mut self,
        id: &[u8],
        feature: &[u8],
        value: f32,
        place: u64,
    ) -> std::result::Result<(), String> {
        check_id("feature", feature)?;
        self.report.entry_count += 1;
        let row = find_row(self.known, id).or_else(|| {
            let new = self.new_ids.try_intern(id)? as usize + self.known.len();
            u32::try_from(new).ok().filter(|&row| (row as usize) < IdTable::MAX_COUNT)
        });
        let full = || format!("more than {} {} ids", IdTable::MAX_COUNT, self.options.kind.word());
        let row = row.ok_or_else(full)?;
        let feature =
            self.names.try_intern(feature).filter(|&feature| (feature as usize) < Features::MAX_COUNT);
        let feature = feature.ok_or_else(|| format!("more than {} features", Features::MAX_COUNT))?;
        self.entries.push(Entry { row, feature, value, place });
        Ok(())
    }

    /// Counts an unusable row that starts at byte `offset`, or is the row of that number.
    pub(super) fn add_bad(&mut self, text: &Text, place: u64, message: String) {
        add_bad(&mut self.report.bad_rows, text, self.by_row, place, message);
    }

    /// Fails if the rows kept so far take more memory than they may. Looks only now and then.
    pub(super) fn check_room(&self, text: &Text) -> Result<()> {
        const OFTEN: usize = 1 << 12;
        if !self.entries.len().is_multiple_of(OFTEN) {
            return Ok(());
        }
        // Sorting takes half as much again, and a kept entry 8 bytes.
        let entries = self.entries.len() * (size_of::<Entry>() * 3 / 2 + 8);
        let bytes = self.new_ids.memory() + 2 * self.names.memory() + entries;
        self.limit.check_memory(&text.path, bytes as u64, || {
            format!("its first {}", counted(self.entries.len(), "feature"))
        })
    }

    /// The rows, without rare features and without new ids that have no feature.
    pub(super) fn finish(mut self, text: &Text) -> Result<(Features, FeatureReport)> {
        let mut report = std::mem::take(&mut self.report);
        if self.is_list {
            report.joined_count = self.joined_count();
        }
        // Stable: the first of equal entries stays the first.
        self.entries.sort_by_key(|entry| (entry.row, entry.feature));
        let bad_rows = &mut report.bad_rows;
        let (by_row, names) = (self.by_row, &self.names);
        let mut repeated_count = 0;
        self.entries.dedup_by(|later, first| {
            let is_same = (later.row, later.feature) == (first.row, first.feature);
            if is_same && later.value != first.value {
                let name = shown(names.bytes(first.feature));
                let (value, other) = (later.value, first.value);
                let message = format!("feature {name} of the same id is {value} here, but {other} before");
                add_bad(bad_rows, text, by_row, later.place, message);
            } else if is_same {
                repeated_count += 1;
            }
            is_same
        });
        report.repeated_count = repeated_count;
        refuse_bad(&mut report, self.options.on_bad_row, text)?;
        if self.entries.is_empty() {
            return Err(text.error("has no features"));
        }
        let kept = self.drop_rare(&mut report);
        let Gatherer { known, options, names, new_ids, entries, .. } = self;
        if entries.is_empty() {
            let (count, word) = (options.min_count, options.kind.word());
            let most = format!("has no feature that {} or more have", counted(count, word));
            return Err(text.error(format!("{most} (--min-feature-count)")));
        }
        let mut kept_names = IdTable::default();
        for &feature in &kept {
            kept_names.intern(names.bytes(feature));
        }
        let mut rows = Rows { known, new_ids: &new_ids, kept: IdTable::default(), starts: vec![0] };
        let (mut features, mut values) =
            (Vec::with_capacity(entries.len()), Vec::with_capacity(entries.len()));
        for row in entries.chunk_by(|left, right| left.row == right.row) {
            rows.skip_to(row[0].row, features.len());
            for entry in row {
                features.push(entry.feature);
                values.push(entry.value);
            }
            rows.starts.push(features.len());
        }
        let Rows { kept: new_ids, mut starts, .. } = rows;
        // Known rows after the last one with features.
        starts.resize(known.len() + new_ids.len() + 1, features.len());
        let values = FeatureValues::Sparse { starts, features, values };
        let features = Features::new(known.len(), new_ids, kept_names, values);
        fill_counts(&features, &mut report);
        check_known(&features, options, text)?;
        Ok((features, report))
    }

    /// How many of what stands first on a line do so on several lines.
    fn joined_count(&self) -> usize {
        let by = self.options.by;
        let count = match by {
            FeaturesBy::Id => self.known.len() + self.new_ids.len(),
            FeaturesBy::Feature => self.names.len(),
        };
        let (mut first, mut is_joined) = (vec![u64::MAX; count], vec![false; count]);
        for entry in &self.entries {
            let at = if by == FeaturesBy::Id { entry.row } else { entry.feature } as usize;
            match first[at] {
                u64::MAX => first[at] = entry.place,
                place => is_joined[at] |= place != entry.place,
            }
        }
        is_joined.into_iter().filter(|&joined| joined).count()
    }

    /// Drops the entries of features that too few rows have. Returns the others, and renumbers them by their place there:
    /// in the order in which they first occur in the file.
    fn drop_rare(&mut self, report: &mut FeatureReport) -> Vec<u32> {
        let mut counts = vec![0usize; self.names.len()];
        self.entries.iter().for_each(|entry| counts[entry.feature as usize] += 1);
        // What has no entry was only in bad rows.
        let least = self.options.min_count.max(1);
        let kept: Vec<u32> =
            (0..counts.len() as u32).filter(|&feature| counts[feature as usize] >= least).collect();
        let mut numbers = vec![u32::MAX; counts.len()];
        kept.iter().zip(0..).for_each(|(&feature, number)| numbers[feature as usize] = number);
        let entry_count = self.entries.len();
        self.entries.retain_mut(|entry| {
            entry.feature = numbers[entry.feature as usize];
            entry.feature != u32::MAX
        });
        report.rare_count = counts.iter().filter(|&&count| (1..least).contains(&count)).count();
        report.rare_entry_count = entry_count - self.entries.len();
        kept
    }
}

/// The rows of a table being filled, in order.
struct Rows<'a> {
    known: &'a IdTable,
    new_ids: &'a IdTable,
    /// The new ids that have a feature.
    kept: IdTable,
    starts: Vec<usize>,
}

impl Rows<'_> {
    /// Begins the row of `row`, a known one or the number of a new id, at `start`: known rows before it have no
    /// features, and new ones before it are left out.
    fn skip_to(&mut self, row: u32, start: usize) {
        let known_count = self.known.len();
        let before = (row as usize).min(known_count) + self.kept.len();
        self.starts.resize(before + 1, start);
        if let Some(new) = (row as usize).checked_sub(known_count) {
            self.kept.intern(self.new_ids.bytes(new as u32));
        }
    }
}

/// The known row of an id, given as it is or in text form.
pub(super) fn find_row(known: &IdTable, id: &[u8]) -> Option<u32> {
    known.find(id).or_else(|| known.find_text(std::str::from_utf8(id).ok()?))
}

fn add_bad(bad_rows: &mut BadRows, text: &Text, by_row: bool, place: u64, message: String) {
    if by_row { bad_rows.add_line(place, message) } else { bad_rows.add(text, place as usize, message) }
}

/// Fails if there are bad rows and they are not to be skipped.
pub(super) fn refuse_bad(report: &mut FeatureReport, on_bad_row: OnBadRow, text: &Text) -> Result<()> {
    let is_refused = on_bad_row == OnBadRow::Error || report.entry_count == 0;
    if report.bad_rows.count > 0 && is_refused {
        return std::mem::take(&mut report.bad_rows).refuse(text, report.entry_count);
    }
    Ok(())
}

/// Counts what `features` has.
pub(super) fn fill_counts(features: &Features, report: &mut FeatureReport) {
    report.feature_count = features.feature_count();
    report.with_count = (0..features.known_count() as u32).filter(|&row| features.has(row)).count();
    report.without_count = features.known_count() - report.with_count;
    report.new_count = features.new_ids().len();
    report.first_new = features.new_ids().iter().take(SHOWN_IDS).map(id_text).collect();
}

/// Fails if no known row has features.
pub(super) fn check_known(features: &Features, options: &FeatureOptions, text: &Text) -> Result<()> {
    if (0..features.known_count() as u32).any(|row| features.has(row)) {
        return Ok(());
    }
    let word = options.kind.word();
    let first = features.new_ids().iter().next().map(shown).unwrap_or_default();
    let message = format!("has no features for any {word} of the data; the first id in it is {first}");
    Err(Error::file(&text.path, message))
}

/// The value of a feature as a finite `f32`.
pub(super) fn value_of(field: &[u8]) -> std::result::Result<f32, String> {
    let value = parse_value("value", field)? as f32;
    if value.is_finite() { Ok(value) } else { Err(format!("value is too large: {}", shown(field))) }
}
