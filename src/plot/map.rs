//! Principal component analysis to two dimensions, exact and with the same bits on every machine.

use crate::{Error, Result};
use rayon::prelude::*;

/// The number of parts into which the rows are cut for sums. It is fixed, and the parts are added in a fixed
/// order, so that the sums do not depend on the number of threads.
const PART_COUNT: usize = 16;

/// The two directions in which points vary most.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// The mean point, (D).
    pub mean: Vec<f64>,
    /// Two orthogonal unit vectors, (2, D), by falling variance. An axis is zero if the points do not vary in
    /// a further direction. The largest component of each (the first of several) is positive.
    pub axes: [Vec<f64>; 2],
    /// The variance of the points along each axis.
    pub variances: [f64; 2],
    /// The variance of the points in all directions.
    pub total_variance: f64,
}

impl Map {
    /// Checks that rows of `dim` numbers can be fitted: the time is cubic in their number.
    ///
    /// # Errors
    /// [`Error::Data`] above 4,096.
    pub fn check_dim(dim: usize) -> Result<()> {
        const MOST: usize = 4096;
        if dim > MOST {
            return Err(Error::Data(format!(
                "a map needs rows of at most {MOST} numbers, but they have {dim}"
            )));
        }
        Ok(())
    }

    /// Fits the map to `rows`, (rows, D) with D = `dim`. Rows with a value that is not finite are left out.
    /// Without rows, or with `dim` 0, the map sends everything to the origin.
    pub fn fit(rows: &[f32], dim: usize) -> Map {
        let rows = &rows[..rows.len() - rows.len().checked_rem(dim).unwrap_or(rows.len())];
        let count = rows.par_chunks(dim.max(1)).filter(|row| is_finite(row)).count();
        let scale = 1.0 / (count.max(1) as f64);
        let mean = add_parts(rows, dim, dim, |row, sum| {
            for (sum, &value) in sum.iter_mut().zip(row) {
                *sum += f64::from(value) * scale;
            }
        });
        let covariance = add_parts(rows, dim, dim * dim, |row, sum| {
            let centred: Vec<f64> = row.iter().zip(&mean).map(|(&x, mean)| f64::from(x) - mean).collect();
            for (i, x) in centred.iter().enumerate() {
                let x = x * scale;
                for (sum, y) in sum[i * dim..].iter_mut().zip(&centred[..=i]) {
                    *sum += x * y;
                }
            }
        });
        Map::of_covariance(mean, covariance)
    }

    /// Builds the map from the mean and the lower triangle of the covariance, (D, D).
    fn of_covariance(mean: Vec<f64>, lower: Vec<f64>) -> Map {
        let dim = mean.len();
        let mut matrix: Vec<Vec<f64>> =
            (0..dim).map(|i| (0..dim).map(|j| lower[i.max(j) * dim + i.min(j)]).collect()).collect();
        let total_variance = (0..dim).map(|i| matrix[i][i]).sum();
        orthogonalise(&mut matrix);
        let mut found: Vec<(f64, Vec<f64>)> =
            matrix.into_iter().map(|row| (dot(&row, &row).sqrt(), row)).collect();
        found.sort_by(|left, right| right.0.total_cmp(&left.0)); // stable: ties keep their order
        let largest = found.first().map_or(0.0, |(variance, _)| *variance);
        let mut found = found.into_iter();
        let mut variances = [0.0; 2];
        let axes = [0, 1].map(|place| match found.next() {
            // A smaller variance is only rounding noise, which a picture would magnify.
            Some((variance, row)) if variance > largest * 1e-13 && variance > 0.0 => {
                variances[place] = variance;
                with_sign(&row, 1.0 / variance)
            }
            _ => vec![0.0; dim],
        });
        Map { mean, axes, variances, total_variance }
    }

    /// The place of each of `rows`, (rows, D), on the map; NaN for a row that is not finite.
    pub fn project(&self, rows: &[f32]) -> Vec<[f32; 2]> {
        let dim = self.mean.len();
        let place = |row: &[f32]| {
            if !is_finite(row) {
                return [f32::NAN; 2];
            }
            let along = |axis: &[f64]| -> f64 {
                axis.iter().zip(row).zip(&self.mean).map(|((a, &x), mean)| a * (f64::from(x) - mean)).sum()
            };
            self.axes.each_ref().map(|axis| along(axis) as f32)
        };
        if dim == 0 { Vec::new() } else { rows.par_chunks_exact(dim).map(place).collect() }
    }
}

/// Projects `rows`, (rows, D) with D = `dim`, onto the plane in which they vary most: [`Map::fit`], then
/// [`Map::project`].
pub fn pca(rows: &[f32], dim: usize) -> Vec<[f32; 2]> {
    Map::fit(rows, dim).project(rows)
}

/// Sums over the finite rows with `add`, part by part.
fn add_parts(rows: &[f32], dim: usize, size: usize, add: impl Fn(&[f32], &mut [f64]) + Sync) -> Vec<f64> {
    let part_len = rows.len().checked_div(dim).unwrap_or(0).div_ceil(PART_COUNT).max(1) * dim.max(1);
    let parts: Vec<Vec<f64>> = rows
        .par_chunks(part_len)
        .map(|part| {
            let mut sum = vec![0.0; size];
            part.chunks(dim.max(1)).filter(|row| is_finite(row)).for_each(|row| add(row, &mut sum));
            sum
        })
        .collect();
    let mut total = vec![0.0; size];
    for part in parts {
        total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
    }
    total
}

/// One-sided Jacobi (Hestenes 1958): rotates pairs of rows until all are orthogonal. The rows of a symmetric
/// positive semidefinite matrix become its eigenvectors, each as long as its eigenvalue. These thirty lines
/// need no library, converge for every input and are accurate even for close eigenvalues. The time is cubic
/// in D with a large factor, but only a fraction of a second at D = 128.
fn orthogonalise(rows: &mut [Vec<f64>]) {
    const SWEEP_COUNT: usize = 40; // 6 to 12 are usual
    const TOLERANCE: f64 = 1e-15;
    let noise = rows.iter().map(|row| dot(row, row)).fold(0.0, f64::max) * 1e-32;
    for _ in 0..SWEEP_COUNT {
        let mut rotated = false;
        for q in 1..rows.len() {
            let (before, from_q) = rows.split_at_mut(q);
            let row_q = &mut from_q[0];
            for row_p in before {
                let (pp, qq, pq) = (dot(row_p, row_p), dot(row_q, row_q), dot(row_p, row_q));
                if pp <= noise || qq <= noise || pq.abs() <= TOLERANCE * pp.sqrt() * qq.sqrt() {
                    continue;
                }
                rotated = true;
                let zeta = (qq - pp) / (2.0 * pq);
                let tangent = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
                let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
                let sine = cosine * tangent;
                for (p, q) in row_p.iter_mut().zip(row_q.iter_mut()) {
                    (*p, *q) = (cosine * *p - sine * *q, sine * *p + cosine * *q);
                }
            }
        }
        if !rotated {
            return;
        }
    }
}

/// The dot product in eight partial sums, so that the compiler can use vector instructions.
fn dot(left: &[f64], right: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (left_rest, right_rest) = (left.chunks_exact(8).remainder(), right.chunks_exact(8).remainder());
    for (left, right) in left.chunks_exact(8).zip(right.chunks_exact(8)) {
        for (sum, (x, y)) in sums.iter_mut().zip(left.iter().zip(right)) {
            *sum += x * y;
        }
    }
    let rest: f64 = left_rest.iter().zip(right_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}

/// `row` times `scale`, with the sign that makes the largest component positive.
fn with_sign(row: &[f64], scale: f64) -> Vec<f64> {
    let size = row.iter().fold(0.0, |size: f64, x| size.max(x.abs()));
    // Components that differ only by rounding count as equal, and the first of them decides.
    let leading = row.iter().find(|x| x.abs() >= size * (1.0 - 1e-9)).copied().unwrap_or(1.0);
    row.iter().map(|x| x * scale * leading.signum()).collect()
}

fn is_finite(row: &[f32]) -> bool {
    row.iter().all(|value| value.is_finite())
}
