//! t-SNE (van der Maaten and Hinton, JMLR 2008) with the Barnes-Hut approximation. It starts at the principal
//! components and gives the same bits on every run.

use super::map::Map;
use crate::evaluate::Search;
use crate::{Error, Result};
use bhtsne::{Neighbor, tSNE};

/// How points are laid out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TsneOptions {
    /// The number of neighbours that a point tries to stay close to. With few points it is lowered.
    pub perplexity: f32,
    /// The number of gradient descent steps.
    pub step_count: usize,
    /// How coarsely distant points are grouped; smaller is more exact and slower.
    pub theta: f32,
}

impl Default for TsneOptions {
    /// Perplexity 30 as in scikit-learn; 1,000 steps and theta 0.5 as in van der Maaten (JMLR 2014).
    fn default() -> TsneOptions {
        TsneOptions { perplexity: 30.0, step_count: 1000, theta: 0.5 }
    }
}

impl TsneOptions {
    /// The perplexity used for `count` points: at most a third of the number of other points.
    ///
    /// ```
    /// let options = spherec::plot::TsneOptions::default();
    /// assert_eq!((options.perplexity_of(25_000), options.perplexity_of(31)), (30.0, 10.0));
    /// ```
    pub fn perplexity_of(&self, count: usize) -> f32 {
        self.perplexity.min(count.saturating_sub(1) as f32 / 3.0).max(1.0)
    }
}

/// With fewer rows, t-SNE shows nothing that the principal components do not show.
const FEWEST: usize = 8;

/// Lays out `rows`, (rows, D) with D = `dim`, on a map that keeps neighbours together. `progress` gets the number of steps done, from 0 (neighbours found) to
/// [`TsneOptions::step_count`]. Fewer than 8 rows are placed by their principal components.
///
/// The neighbours are exact and are found on all threads. The descent runs on a single thread: in the
/// library, some sums depend on how threads share the work, and the descent would amplify the differences.
///
/// # Errors
/// [`Error::Data`] if a number in `rows` or in the result is not finite, or if theta is not above 0, and as
/// [`Map::check_dim`];
/// [`Error::Setting`] if the perplexity is not above 0.
pub fn tsne(
    rows: &[f32],
    dim: usize,
    options: &TsneOptions,
    mut progress: impl FnMut(usize) + Send,
) -> Result<Vec<[f32; 2]>> {
    if !(options.perplexity > 0.0 && options.perplexity.is_finite()) {
        return Err(Error::setting(
            "--perplexity",
            format!("must be above 0, but is {}", options.perplexity),
        ));
    }
    if !(options.theta > 0.0 && options.theta.is_finite()) {
        return Err(Error::Data(format!("theta must be above 0, but is {}", options.theta)));
    }
    if rows.iter().any(|value| !value.is_finite()) {
        return Err(Error::Data("t-SNE needs finite numbers".to_owned()));
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    Map::check_dim(dim)?;
    let start = Map::fit(rows, dim).project(rows);
    let count = start.len();
    if count < FEWEST {
        return Ok(start);
    }
    let perplexity = options.perplexity_of(count);
    let neighbours = nearest(rows, dim, count, (3.0 * perplexity) as usize);
    progress(0);
    let descend = || {
        let samples: Vec<u32> = (0..count as u32).collect();
        let mut descent: tSNE<f32, u32> = tSNE::new(&samples);
        descent
            .perplexity(perplexity)
            .epochs(options.step_count)
            .initial_embedding(scaled(&start))
            .epoch_callback(|step, _| progress(step + 1));
        descent.barnes_hut_with_neighbors(options.theta, &neighbours);
        descent.embedding()
    };
    let points = one_thread(descend)?;
    if points.iter().any(|value| !value.is_finite()) {
        return Err(Error::Data("t-SNE did not converge on these rows; use --method pca".to_owned()));
    }
    Ok(points.chunks_exact(2).map(|point| [point[0], point[1]]).collect())
}

/// Runs `work` on a pool of one thread.
fn one_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .map_err(|error| Error::Data(format!("cannot start a thread for t-SNE: {error}")))?;
    Ok(pool.install(work))
}

/// The `k` nearest other rows of each row, with Euclidean distances.
fn nearest(rows: &[f32], dim: usize, count: usize, k: usize) -> Vec<Vec<Neighbor<f32>>> {
    let queries: Vec<u32> = (0..count as u32).collect();
    let search = Search { query_table: rows, queries: &queries, items: rows, dim, k };
    let row = |index: usize| &rows[index * dim..][..dim];
    let squares = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>();
    // Less half the square of its length, a product ranks as the distance does.
    let heights = rows.chunks(dim).map(|row| -0.5 * squares(row)).collect();
    search.run_each(
        &[heights],
        |position, row| position as u32 == row,
        |position, _, best| {
            let distance = |other: usize| {
                let differences = row(position).iter().zip(row(other)).map(|(a, b)| (a - b) * (a - b));
                differences.sum::<f32>().sqrt()
            };
            let neighbour = |index: usize| Neighbor { index, distance: distance(index) };
            best.iter().map(|scored| neighbour(scored.row as usize)).collect()
        },
    )
}

/// Scales the start to the size that t-SNE needs: a standard deviation of 1e-4 along the first axis (Kobak
/// and Berens, Nature Communications 2019). Points in the same place would stay together, so each is moved a
/// little.
fn scaled(points: &[[f32; 2]]) -> Vec<f32> {
    let square: f64 = points.iter().map(|point| f64::from(point[0]).powi(2)).sum();
    let deviation = (square / points.len().max(1) as f64).sqrt();
    let scale = if deviation > 0.0 { 1e-4 / deviation } else { 0.0 };
    let place = |at: usize, axis: usize| {
        // Multiples of the golden angle are distinct directions without randomness.
        let angle = at as f64 * 2.399_963_229_728_653;
        let nudge = 1e-6 * if axis == 0 { angle.cos() } else { angle.sin() };
        (f64::from(points[at][axis]) * scale + nudge) as f32
    };
    (0..points.len()).flat_map(|at| [place(at, 0), place(at, 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_length_have_their_nearest_by_distance() {
        // On a line: by inner product, the last would be the nearest of all.
        let rows = [0.1f32, 0.2, 0.35, 1.0];
        let found = nearest(&rows, 1, 4, 2);
        let indices: Vec<Vec<usize>> =
            found.iter().map(|list| list.iter().map(|neighbour| neighbour.index).collect()).collect();
        assert_eq!(indices, [[1, 2], [0, 2], [1, 0], [2, 1]]);
        assert!((found[3][0].distance - 0.65).abs() < 1e-6, "{}", found[3][0].distance);
    }
}
