//! Half a sweep: every row of one side is solved for a table of the other side that stands still.
//!
//! With V the rows of a row's n pairs (D, n) and G the Gramian of the whole other table, the row u solves
//! (a G + r 1 + V V^T) u = V 1 (Hu et al. 2008, eq. 4). In the basis in which G is diagonal, so is all but V V^T:
//! then u also is d^-1 V (1 + V^T d^-1 V)^-1 1, with d = a G + r. So a row with fewer pairs than dimensions takes a system
//! of n equations in place of D. Both are solved by Cholesky's decomposition.
//!
//! A row that is drawn to a prior p in place of 0 has r p more on the right side: then u = q + d^-1 V (1 + V^T d^-1 V)^-1
//! (1 - V^T q), with q = d^-1 r p.
//!
//! All is in f64, in matrices of faer: their memory is aligned, so that every sum has the same order in every run. Blocks
//! of rows do not depend on the threads.

use super::config::WrmfConfig;
use crate::Error;
use crate::data::Interactions;
use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::{matmul, triangular};
use faer::{Accum, Col, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows that a thread solves at once.
const BLOCK: usize = 64;
/// Rows that a thread turns into f64 at once.
const PART: usize = 256;
/// Sums that a Gramian is made of.
const SUMS: usize = 32;

/// Why half a sweep ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    Interrupted,
    /// A number left the range of f32, or a system could not be solved.
    NotFinite,
}

/// The sum of the outer products of the rows of `table`, (D, D).
pub(super) fn gramian(table: &[f32], dim: usize) -> Mat<f64> {
    let rows = table.len() / dim;
    let sums: Vec<Mat<f64>> = table
        .par_chunks(rows.div_ceil(SUMS).max(PART) * dim)
        .map(|rows| {
            let mut sum = Mat::zeros(dim, dim);
            let mut part = Mat::zeros(dim, PART);
            for rows in rows.chunks(PART * dim) {
                widen(rows, dim, &mut part);
                matmul(&mut sum, Accum::Add, &part, part.transpose(), 1.0, Par::Seq);
            }
            sum
        })
        .collect();
    sums.iter().fold(Mat::zeros(dim, dim), |all, sum| all + sum)
}

/// The rows of a table as the columns of `part`; zeros after them.
pub(super) fn widen(rows: &[f32], dim: usize, part: &mut Mat<f64>) {
    part.as_mut().fill(0.0);
    for (at, row) in rows.chunks(dim).enumerate() {
        part.col_as_slice_mut(at).iter_mut().zip(row).for_each(|(wide, &x)| *wide = f64::from(x));
    }
}

/// A table in the basis in which its Gramian is diagonal.
struct Turned {
    dim: usize,
    /// The basis: a vector is this times what it is in the basis, (D, D).
    basis: Mat<f64>,
    /// The diagonal, (D).
    gramian: Vec<f64>,
    /// The table, (rows, D).
    rows: Vec<f64>,
}

impl Turned {
    /// Of `table`, which has the Gramian `gramian`. `None` if that has no such basis, being not of finite numbers.
    fn new(table: &[f32], gramian: &Mat<f64>) -> Option<Turned> {
        let dim = gramian.nrows();
        let mut basis = Mat::zeros(dim, dim);
        let mut values = Col::zeros(dim);
        let scratch =
            self_adjoint_evd_scratch::<f64>(dim, ComputeEigenvectors::Yes, Par::Seq, Default::default());
        let mut memory = MemBuffer::new(scratch);
        let diagonal: DiagMut<'_, f64> = values.as_diagonal_mut();
        let stack = MemStack::new(&mut memory);
        self_adjoint_evd(
            gramian.as_ref(),
            diagonal,
            Some(basis.as_mut()),
            Par::Seq,
            stack,
            Default::default(),
        )
        .ok()?;
        let mut rows = vec![0.0; table.len()];
        rows.par_chunks_mut(PART * dim).zip(table.par_chunks(PART * dim)).for_each_init(
            || (Mat::zeros(dim, PART), Mat::zeros(dim, PART)),
            |(part, turned), (rows, given)| {
                widen(given, dim, part);
                matmul(&mut *turned, Accum::Replace, basis.transpose(), &*part, 1.0, Par::Seq);
                for (at, row) in rows.chunks_mut(dim).enumerate() {
                    row.copy_from_slice(turned.col_as_slice(at));
                }
            },
        );
        // A value of zero may come out a little below.
        let gramian = values.iter().map(|value| value.max(0.0)).collect();
        Some(Turned { dim, basis, gramian, rows })
    }

    fn row(&self, row: u32) -> &[f64] {
        &self.rows[row as usize * self.dim..][..self.dim]
    }
}

/// Bytes that half a sweep takes beside the tables, if the other side has `others` rows.
pub(super) fn working_bytes(others: u64, dim: usize) -> u64 {
    let threads = rayon::current_num_threads() as u64;
    let square = (dim * dim) as u64;
    let of_thread = 2 * square + (dim * (PART.max(dim) + 3 * PART)) as u64;
    8 * (others * dim as u64 + (SUMS as u64 + 3) * square + threads * of_thread)
}

/// What the rows of one side are solved for, beside the other table.
pub(super) struct Wanted<'a> {
    /// The rows of the other side with which each row was observed.
    pub(super) pairs: &'a Interactions,
    /// r of each row.
    pub(super) ridges: &'a [f64],
    /// p of each row is `share` times this, (rows, D); empty if all are 0.
    pub(super) priors: &'a [f32],
    pub(super) share: f64,
    /// a.
    pub(super) unobserved_weight: f64,
}

/// Solves every row of `table` for the rows of the table `others`, which has the Gramian `gramian`. A row without pairs
/// gets zeros. Ends early, between rows, if `interrupt` is set: what is solved then does not matter, since a row depends on
/// `others` and its prior alone.
pub(super) fn solve(
    table: &mut [f32],
    others: &[f32],
    gramian: &Mat<f64>,
    wanted: &Wanted<'_>,
    interrupt: &AtomicBool,
) -> Result<(), Halt> {
    let dim = gramian.nrows();
    let turned = Turned::new(others, gramian).ok_or(Halt::NotFinite)?;
    table.par_chunks_mut(BLOCK * dim).enumerate().try_for_each_init(
        || Workspace::new(dim),
        |space, (block, rows)| {
            if interrupt.load(Ordering::Relaxed) {
                return Err(Halt::Interrupted);
            }
            let start = block * BLOCK;
            if !wanted.priors.is_empty() {
                widen(&wanted.priors[start * dim..][..rows.len()], dim, &mut space.back);
                let basis = turned.basis.transpose();
                matmul(&mut space.priors, Accum::Replace, basis, &space.back, wanted.share, Par::Seq);
            }
            for (at, &ridge) in wanted.ridges[start..][..rows.len() / dim].iter().enumerate() {
                let its = wanted.pairs.items_of((start + at) as u32);
                space.solve(at, its, &turned, ridge, wanted.unobserved_weight).ok_or(Halt::NotFinite)?;
            }
            let Workspace { solved, back, .. } = space;
            matmul(&mut *back, Accum::Replace, &turned.basis, &*solved, 1.0, Par::Seq);
            for (at, row) in rows.chunks_mut(dim).enumerate() {
                row.iter_mut().zip(back.col_as_slice(at)).for_each(|(x, &wide)| *x = wide as f32);
            }
            if rows.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(Halt::NotFinite) }
        },
    )
}

/// The rows of people, (P, D), who have some rows of `items`, which stand still: what a sweep gives a user of these items.
/// Items that a sweep does not solve (`is_solved`, (I)) are zeros there, wherever their features put them later.
pub(crate) fn place(
    items: &[f32],
    is_solved: &[bool],
    people: &Interactions,
    config: &WrmfConfig,
) -> crate::Result<Vec<f32>> {
    config.check()?;
    let dim = config.dim;
    if items.len() != people.item_count() * dim {
        let message =
            format!("the items are not {} rows of the dimension {dim} of the settings", people.item_count());
        return Err(Error::Data(message));
    }
    let mut solved = items.to_vec();
    solved
        .chunks_mut(dim)
        .zip(is_solved)
        .filter(|(_, is_solved)| !**is_solved)
        .for_each(|(row, _)| row.fill(0.0));
    let gramian = gramian(&solved, dim);
    // Only what somebody has is turned: one person has few of many items.
    let mut had = people.items().to_vec();
    had.sort_unstable();
    had.dedup();
    let rows: Vec<f32> = had.iter().flat_map(|&item| &items[item as usize * dim..][..dim]).copied().collect();
    let pairs =
        people.pairs().filter_map(|(person, item)| Some((person, had.binary_search(&item).ok()? as u32)));
    let pairs: Vec<(u32, u32)> = pairs.collect();
    let pairs = Interactions::from_pairs(people.user_count(), people.item_count(), &pairs);
    let mut table = vec![0.0; people.user_count() * dim];
    let ridge = |person: usize| config.row_weight(pairs.items_of(person as u32).len(), pairs.item_count());
    let wanted = Wanted {
        pairs: &pairs,
        ridges: &(0..pairs.user_count()).map(ridge).collect::<Vec<f64>>(),
        priors: &[],
        share: 0.0,
        unobserved_weight: config.unobserved_weight,
    };
    solve(&mut table, &rows, &gramian, &wanted, &AtomicBool::new(false)).map_err(|_| {
        Error::Data("the least squares of the model's items have no finite solution".to_owned())
    })?;
    Ok(table)
}

/// Adds the product of `left` and `right`, which is symmetric, to the lower half of `system`: all that Cholesky reads.
fn add_lower(system: MatMut<'_, f64>, left: MatRef<'_, f64>, right: MatRef<'_, f64>) {
    use triangular::BlockStructure::{Rectangular, TriangularLower};
    triangular::matmul(
        system,
        TriangularLower,
        Accum::Add,
        left,
        Rectangular,
        right,
        Rectangular,
        1.0,
        Par::Seq,
    );
}

/// The matrices of one thread.
struct Workspace {
    dim: usize,
    /// d, then d^-1/2, (D).
    diagonal: Vec<f64>,
    /// Rows of pairs as columns, (D, at least D).
    columns: Mat<f64>,
    /// A system, (D, D), and its right side, (D).
    system: Mat<f64>,
    right: Mat<f64>,
    memory: MemBuffer,
    /// Priors as columns, in the basis, (D, BLOCK).
    priors: Mat<f64>,
    /// Solved rows as columns, in the basis and out of it, (D, BLOCK).
    solved: Mat<f64>,
    back: Mat<f64>,
}

impl Workspace {
    fn new(dim: usize) -> Workspace {
        let scratch = llt::factor::cholesky_in_place_scratch::<f64>(dim, Par::Seq, Default::default())
            .or(llt::solve::solve_in_place_scratch::<f64>(dim, 1, Par::Seq));
        Workspace {
            dim,
            diagonal: vec![0.0; dim],
            columns: Mat::zeros(dim, dim.max(PART)),
            system: Mat::zeros(dim, dim),
            right: Mat::zeros(dim, 1),
            memory: MemBuffer::new(scratch),
            priors: Mat::zeros(dim, BLOCK),
            solved: Mat::zeros(dim, BLOCK),
            back: Mat::zeros(dim, BLOCK),
        }
    }

    /// Solves a row with the pairs `its` into column `at` of `solved`. `None` if that cannot be done.
    fn solve(
        &mut self,
        at: usize,
        its: &[u32],
        turned: &Turned,
        ridge: f64,
        unobserved_weight: f64,
    ) -> Option<()> {
        let solved = self.solved.col_as_slice_mut(at);
        if its.is_empty() {
            solved.fill(0.0);
            return Some(());
        }
        for (d, value) in self.diagonal.iter_mut().zip(&turned.gramian) {
            *d = unobserved_weight * value + ridge;
        }
        // r p, for a start.
        solved.iter_mut().zip(self.priors.col_as_slice(at)).for_each(|(x, p)| *x = ridge * p);
        if its.len() < self.dim { self.solve_few(at, its, turned) } else { self.solve_many(at, its, turned) }
    }

    /// By a system with an equation for each of n pairs: with W = d^-1/2 V and s = d^-1/2 r p,
    /// u = d^-1/2 (s + W (1 + W^T W)^-1 (1 - W^T s)).
    fn solve_few(&mut self, at: usize, its: &[u32], turned: &Turned) -> Option<()> {
        let (dim, count) = (self.dim, its.len());
        let solved = self.solved.col_as_slice_mut(at);
        self.diagonal.iter_mut().for_each(|d| *d = 1.0 / d.sqrt());
        solved.iter_mut().zip(&self.diagonal).for_each(|(x, d)| *x *= d);
        let right = self.right.col_as_slice_mut(0);
        for (pair, &other) in its.iter().enumerate() {
            let column = self.columns.col_as_slice_mut(pair);
            let scaled = turned.row(other).iter().zip(&self.diagonal).map(|(x, d)| x * d);
            column.iter_mut().zip(scaled).for_each(|(to, x)| *to = x);
            right[pair] = 1.0 - column.iter().zip(&*solved).map(|(x, y)| x * y).sum::<f64>();
        }
        let columns = self.columns.submatrix(0, 0, dim, count);
        let mut system = self.system.submatrix_mut(0, 0, count, count);
        system.fill(0.0);
        (0..count).for_each(|at| system[(at, at)] = 1.0);
        add_lower(system, columns.transpose(), columns);
        self.cholesky(count)?;
        let weights = self.right.col_as_slice(0);
        let solved = self.solved.col_as_slice_mut(at);
        for (column, weight) in weights[..count].iter().enumerate() {
            let column = self.columns.col_as_slice(column);
            solved.iter_mut().zip(column).for_each(|(sum, x)| *sum += x * weight);
        }
        solved.iter_mut().zip(&self.diagonal).for_each(|(x, d)| *x *= d);
        Some(())
    }

    /// By the system of D equations: (d + V V^T) u = V 1 + r p.
    fn solve_many(&mut self, at: usize, its: &[u32], turned: &Turned) -> Option<()> {
        let dim = self.dim;
        self.system.as_mut().fill(0.0);
        (0..dim).for_each(|at| self.system[(at, at)] = self.diagonal[at]);
        self.right.col_as_slice_mut(0).copy_from_slice(self.solved.col_as_slice(at));
        let most = self.columns.ncols();
        for its in its.chunks(most) {
            for (column, &other) in its.iter().enumerate() {
                let row = turned.row(other);
                self.columns.col_as_slice_mut(column).copy_from_slice(row);
                self.right.col_as_slice_mut(0).iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            }
            let columns = self.columns.submatrix(0, 0, dim, its.len());
            add_lower(self.system.as_mut(), columns, columns.transpose());
        }
        self.cholesky(dim)?;
        self.solved.col_as_slice_mut(at).copy_from_slice(self.right.col_as_slice(0));
        Some(())
    }

    /// Solves the first `size` equations of the system: the solution takes the place of the right side.
    fn cholesky(&mut self, size: usize) -> Option<()> {
        let stack = MemStack::new(&mut self.memory);
        let mut system = self.system.submatrix_mut(0, 0, size, size);
        let factored = llt::factor::cholesky_in_place(
            system.as_mut(),
            Default::default(),
            Par::Seq,
            stack,
            Default::default(),
        );
        factored.ok()?;
        let right = self.right.submatrix_mut(0, 0, size, 1);
        llt::solve::solve_in_place(system.as_ref(), right, Par::Seq, stack);
        Some(())
    }
}
