//! The stored rows of items and users on the device and the optimizer's moments, in row shards
//! that each fit one storage binding. A dispatch covers several shards, no more than the adapter
//! binds at once.

use super::device::{Gpu, MOST_SHARDS, SHARD_BINDINGS};
use super::kernel::Named;
use crate::step::layout::{RowState, Shards};
use crate::step::{Moment, Of, StepShape};
use crate::{Error, Result};
use bytemuck::Pod;
use std::ops::Range;

/// Words of a row's state.
const STATE_WORDS: usize = size_of::<RowState>() / 4;

/// What the kernels call the buffers of each shard of a dispatch.
pub(crate) const SHARD_NAMES: [[&str; SHARD_BINDINGS]; MOST_SHARDS] = [
    ["rows_0", "drift_0", "variance_0", "row_states_0"],
    ["rows_1", "drift_1", "variance_1", "row_states_1"],
    ["rows_2", "drift_2", "variance_2", "row_states_2"],
    ["rows_3", "drift_3", "variance_3", "row_states_3"],
];

/// A part of the tables, as checkpoints hold it: for every row some words of 32 bits, exactly as on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TablePart {
    /// The stored rows, (R, D).
    Rows,
    /// Adam's drift (see `shaders/include/catch_up.wgsl`), (R, D). For a trainer on the CPU its first moment.
    Drift,
    /// Adam's second moment, or AdaGrad's sum of squares, (R, D).
    Variance,
    /// What is kept of each row beside its numbers, (R, 8).
    States,
}

/// A part of one of the tables of a training.
pub type TableKey = (Of, TablePart);

impl TablePart {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            TablePart::Rows => "rows",
            TablePart::Drift => "drift",
            TablePart::Variance => "variance",
            TablePart::States => "row_states",
        }
    }
}

/// Rows (and moments): items first, then users.
#[derive(Debug)]
pub struct Tables {
    shards: Vec<TableShard>,
    dispatches: Vec<TableDispatch>,
    shards_per_dispatch: usize,
    row_count: usize,
    rows_per_shard: usize,
    dim: usize,
    parts: Vec<TablePart>,
}

/// The shards that one dispatch covers, and the uniform that says so.
#[derive(Debug)]
pub(crate) struct TableDispatch {
    pub(crate) shards: Shards,
    pub(crate) uniform: wgpu::Buffer,
}

/// One shard's buffers.
#[derive(Debug)]
struct TableShard {
    first_row: usize,
    row_count: usize,
    rows: wgpu::Buffer,
    drift: wgpu::Buffer,
    variance: wgpu::Buffer,
    row_states: wgpu::Buffer,
}

impl Tables {
    /// Rows that a shard may have on this adapter at dimension `dim`; at most `most`, for tests.
    pub fn rows_per_shard(gpu: &Gpu, row_count: usize, dim: usize, most: Option<usize>) -> usize {
        let row_bytes = dim.next_multiple_of(4) * 4;
        let fitting = (gpu.max_binding_bytes() as usize / row_bytes).max(1);
        fitting.min(row_count.max(1)).min(most.unwrap_or(usize::MAX))
    }

    /// Row shards that a dispatch covers on this adapter, if there are `shard_count`: all dispatches as many.
    pub fn shards_per_dispatch(gpu: &Gpu, shard_count: usize) -> usize {
        let shard_count = shard_count.max(1);
        shard_count.div_ceil(shard_count.div_ceil(gpu.most_shards_per_dispatch()))
    }

    /// The tables of `shape`. `fill` writes the starting row and returns its item bias; columns that pad D to a multiple of 4 are zero and
    /// stay zero.
    ///
    /// # Errors
    /// [`Error::Gpu`] if memory is short.
    pub fn new(
        gpu: &Gpu,
        shape: &StepShape,
        mut fill: impl FnMut(usize, &mut [f32]) -> f32,
    ) -> Result<Tables> {
        let (row_count, dim, rows_per_shard) = (shape.table_rows(), shape.dim, shape.plan.rows_per_shard);
        let (padded, shards_per_dispatch) = (shape.padded_dim(), shape.shards_per_dispatch);
        let dispatches = shape
            .table_shards()
            .into_iter()
            .map(|shards| Ok(TableDispatch { shards, uniform: gpu.upload("shards", &[shards])? }))
            .collect::<Result<Vec<_>>>()?;
        // All dispatches cover as many shards: empty ones fill the last.
        let mut shards = Vec::new();
        for index in 0..dispatches.len() * shards_per_dispatch {
            let first_row = (index * rows_per_shard).min(row_count);
            let shard_rows = rows_per_shard.min(row_count - first_row);
            let bytes = (shard_rows * padded * 4) as u64;
            let moments = shape.optimizer.moments();
            let moment_bytes = |moment| if moments.contains(&moment) { bytes } else { 0 };
            let none = wgpu::BufferUsages::empty();
            shards.push(TableShard {
                first_row,
                row_count: shard_rows,
                rows: gpu.buffer("rows", bytes, none)?,
                drift: gpu.buffer("drift", moment_bytes(Moment::Drift), none)?,
                variance: gpu.buffer("variance", moment_bytes(Moment::Variance), none)?,
                row_states: gpu.buffer("row_states", (shard_rows * size_of::<RowState>()) as u64, none)?,
            });
        }
        // Filled only now: tables that are too large fail before they fill the machine.
        for shard in &shards {
            write_rows(gpu, shard, dim, &mut fill)?;
        }
        let moments = shape.optimizer.moments().iter().map(|moment| match moment {
            Moment::Drift => TablePart::Drift,
            Moment::Variance => TablePart::Variance,
        });
        let parts = std::iter::once(TablePart::Rows).chain(moments).chain([TablePart::States]).collect();
        Ok(Tables { shards, dispatches, shards_per_dispatch, row_count, rows_per_shard, dim, parts })
    }

    /// The dispatches that cover all rows.
    pub(crate) fn dispatches(&self) -> &[TableDispatch] {
        &self.dispatches
    }

    /// The buffers of dispatch `index`, by the names that the kernels use.
    pub(crate) fn bindings(&self, index: usize) -> Vec<Named<'_>> {
        let count = self.shards_per_dispatch;
        let mut list: Vec<Named<'_>> = Vec::new();
        for (shard, names) in self.shards[index * count..][..count].iter().zip(SHARD_NAMES) {
            let buffers = [&shard.rows, &shard.drift, &shard.variance, &shard.row_states];
            list.extend(names.into_iter().zip(buffers.map(|buffer| buffer.as_entire_buffer_binding())));
        }
        list.push(("shards", self.dispatches[index].uniform.as_entire_buffer_binding()));
        list
    }

    /// All rows.
    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// Rows of every shard but the last, which may have fewer.
    pub fn shard_rows(&self) -> usize {
        self.rows_per_shard
    }

    /// D.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Some stored rows, (rows, D), without padding.
    ///
    /// # Errors
    /// [`Error::Gpu`] if reading back fails.
    pub fn rows(&self, gpu: &Gpu, rows: Range<usize>) -> Result<Vec<f32>> {
        self.read(gpu, rows, self.widths(TablePart::Rows), |shard| &shard.rows)
    }

    /// A table that the optimizer keeps, (rows, D).
    ///
    /// # Errors
    /// [`Error::Gpu`] if reading back fails.
    pub fn moment(&self, gpu: &Gpu, moment: Moment) -> Result<Vec<f32>> {
        self.read(gpu, 0..self.row_count, self.widths(TablePart::Rows), |shard| match moment {
            Moment::Drift => &shard.drift,
            Moment::Variance => &shard.variance,
        })
    }

    /// Gives the memory of the moments back. No step may follow.
    pub(crate) fn free_moments(&self) {
        for shard in &self.shards {
            shard.drift.destroy();
            shard.variance.destroy();
        }
    }

    /// What is kept of each row beside its numbers, (rows).
    ///
    /// # Errors
    /// [`Error::Gpu`] if reading back fails.
    pub fn row_states(&self, gpu: &Gpu) -> Result<Vec<RowState>> {
        let mut all = Vec::with_capacity(self.row_count);
        for shard in &self.shards {
            all.extend(gpu.read::<RowState>(&shard.row_states, shard.row_count)?);
        }
        Ok(all)
    }

    /// The parts that these tables have.
    pub fn parts(&self) -> &[TablePart] {
        &self.parts
    }

    /// Words of a row in `part`, without padding and with it.
    fn widths(&self, part: TablePart) -> (usize, usize) {
        match part {
            TablePart::States => (STATE_WORDS, STATE_WORDS),
            _ => (self.dim, self.dim.next_multiple_of(4)),
        }
    }

    /// A whole part as it lies in the device, (R, width), not caught up.
    ///
    /// # Errors
    /// [`Error::Gpu`] if reading back fails.
    pub fn part(&self, gpu: &Gpu, part: TablePart) -> Result<Vec<u32>> {
        self.read(gpu, 0..self.row_count, self.widths(part), |shard| shard.buffer(part))
    }

    /// Puts back what [`Tables::part`] gave.
    ///
    /// # Errors
    /// [`Error::Data`] if `words` are not as many; [`Error::Gpu`] if the device fails.
    pub fn restore(&self, gpu: &Gpu, part: TablePart, words: &[u32]) -> Result<()> {
        let (width, padded) = self.widths(part);
        if words.len() != self.row_count * width {
            let (name, found, rows) = (part.name(), words.len(), self.row_count);
            return Err(Error::Data(format!("{name}: {found} numbers are not {rows} rows of {width}")));
        }
        let mut piece = Vec::new();
        for shard in &self.shards {
            let first = shard.first_row * width;
            let rows = &words[first..first + shard.row_count * width];
            for (index, rows) in rows.chunks(piece_rows(padded) * width).enumerate() {
                piece.clear();
                for row in rows.chunks(width) {
                    piece.extend_from_slice(row);
                    piece.resize(piece.len() + padded - width, 0u32);
                }
                let at = (index * piece_rows(padded) * padded * 4) as u64;
                gpu.write(shard.buffer(part), at, bytemuck::cast_slice(&piece));
                // The staging memory of one piece is free before the next.
                gpu.wait(gpu.queue.submit([]))?;
            }
        }
        Ok(())
    }

    /// The item biases of the first `item_count` rows, (I).
    ///
    /// # Errors
    /// [`Error::Gpu`] if reading back fails.
    pub fn item_biases(&self, gpu: &Gpu, item_count: usize) -> Result<Vec<f32>> {
        Ok(self.row_states(gpu)?.iter().take(item_count).map(|state| state.bias).collect())
    }

    /// Some rows of a buffer, of `width` numbers each, which take `padded` in the buffer.
    fn read<'a, T: Pod>(
        &'a self,
        gpu: &Gpu,
        rows: Range<usize>,
        (width, padded): (usize, usize),
        buffer: impl Fn(&'a TableShard) -> &'a wgpu::Buffer,
    ) -> Result<Vec<T>> {
        let mut all = Vec::new();
        all.try_reserve_exact(rows.len() * width)
            .map_err(|_| Error::Gpu(format!("no memory to read {} rows back", rows.len())))?;
        // In pieces: beside a large table there is no room for two copies.
        let mut piece = Vec::new();
        for shard in &self.shards {
            let end = shard.first_row + shard.row_count;
            let (first, end) = (rows.start.max(shard.first_row), rows.end.min(end));
            for row in (first..end).step_by(piece_rows(padded)) {
                let count = piece_rows(padded).min(end - row);
                piece.resize(count * padded, T::zeroed());
                gpu.read_into(buffer(shard), ((row - shard.first_row) * padded * 4) as u64, &mut piece)?;
                piece.chunks(padded).for_each(|row| all.extend_from_slice(&row[..width]));
            }
        }
        Ok(all)
    }
}

impl TableShard {
    fn buffer(&self, part: TablePart) -> &wgpu::Buffer {
        match part {
            TablePart::Rows => &self.rows,
            TablePart::Drift => &self.drift,
            TablePart::Variance => &self.variance,
            TablePart::States => &self.row_states,
        }
    }
}

/// Rows of `padded` numbers that pass at a time.
fn piece_rows(padded: usize) -> usize {
    ((8 << 20) / (padded * 4)).max(1)
}

/// Writes the starting rows of a shard in pieces, so that those of a large table never stand in memory twice.
fn write_rows(
    gpu: &Gpu,
    shard: &TableShard,
    dim: usize,
    fill: &mut impl FnMut(usize, &mut [f32]) -> f32,
) -> Result<()> {
    let padded = dim.next_multiple_of(4);
    let piece_rows = piece_rows(padded);
    let mut piece = Vec::new();
    let mut states = Vec::new();
    for first in (0..shard.row_count).step_by(piece_rows) {
        let count = piece_rows.min(shard.row_count - first);
        piece.clear();
        piece.resize(count * padded, 0.0f32);
        states.clear();
        for (index, row) in piece.chunks_mut(padded).enumerate() {
            let bias = fill(shard.first_row + first + index, &mut row[..dim]);
            states.push(RowState::at_rest(row, bias));
        }
        gpu.write(&shard.rows, (first * padded * 4) as u64, bytemuck::cast_slice(&piece));
        let states_at = (first * size_of::<RowState>()) as u64;
        gpu.write(&shard.row_states, states_at, bytemuck::cast_slice(&states));
        if shard.row_count > piece_rows {
            let submission = gpu.submit([]);
            gpu.wait(submission)?;
        }
    }
    Ok(())
}
