//! t-SNE (van der Maaten and Hinton, JMLR 2008) by Barnes and Hut's approximation, from a start at the principal
//! components, with the same bits on every run.

use super::map::Map;
use crate::evaluate::Search;
use crate::{Error, Result};
use bhtsne::{Neighbor, tSNE};

/// How points are laid out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TsneOptions {
    /// How many neighbours a point tries to stay with; brought to what the number of points allows.
    pub perplexity: f32,
    /// Steps of the descent.
    pub step_count: usize,
    /// How coarsely far points are taken together; smaller is exacter and slower.
    pub theta: f32,
}

impl Default for TsneOptions {
    /// Perplexity 30 as in scikit-learn; 1,000 steps and theta 0.5 as in van der Maaten (JMLR 2014).
    fn default() -> TsneOptions {
        TsneOptions { perplexity: 30.0, step_count: 1000, theta: 0.5 }
    }
}

impl TsneOptions {
    /// The perplexity with which `count` points are laid out: a third of the others at most.
    ///
    /// ```
    /// let options = spherec::plot::TsneOptions::default();
    /// assert_eq!((options.perplexity_of(25_000), options.perplexity_of(31)), (30.0, 10.0));
    /// ```
    pub fn perplexity_of(&self, count: usize) -> f32 {
        self.perplexity.min(count.saturating_sub(1) as f32 / 3.0).max(1.0)
    }
}

/// Below this number of rows there is nothing that t-SNE could show beyond the principal components.
const FEWEST: usize = 8;

/// Where `rows`, (rows, D) with D = `dim`, unit vectors, lie on a map that keeps neighbours together.
/// `progress` is told the steps done, from 0 (neighbours found) to [`TsneOptions::step_count`]. Fewer than 8
/// rows are placed by their principal components.
///
/// The neighbours are exact and found on all threads. The descent runs on one: the sums of the library's
/// recentring depend on how its threads share the work, and the descent makes such differences large.
///
/// # Errors
/// [`Error::Data`] where the descent ends in numbers that are not finite, or a number in `rows` is not;
/// [`Error::Setting`] for a perplexity or theta that is not above 0.
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
        return Err(Error::Data("t-SNE did not converge on these rows; --method pca draws them".to_owned()));
    }
    Ok(points.chunks_exact(2).map(|point| [point[0], point[1]]).collect())
}

/// Runs `work` on a pool of one thread.
fn one_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .map_err(|error| Error::Data(format!("no thread for t-SNE: {error}")))?;
    Ok(pool.install(work))
}

/// The `k` rows nearest each row, itself left out, with Euclidean distances.
fn nearest(rows: &[f32], dim: usize, count: usize, k: usize) -> Vec<Vec<Neighbor<f32>>> {
    let queries: Vec<u32> = (0..count as u32).collect();
    let search = Search { query_table: rows, queries: &queries, items: rows, dim, k };
    search.run(
        |position, row| position as u32 == row,
        |_, best| {
            let distance = |score: f32| (2.0 - 2.0 * score).max(0.0).sqrt();
            best.iter()
                .map(|scored| Neighbor { index: scored.row as usize, distance: distance(scored.score) })
                .collect()
        },
    )
}

/// The start in the size that t-SNE wants: a standard deviation of 1e-4 along the first axis (Kobak and
/// Berens, Nature Communications 2019). Points on one spot would stay there: each is moved a little.
fn scaled(points: &[[f32; 2]]) -> Vec<f32> {
    let square: f64 = points.iter().map(|point| f64::from(point[0]).powi(2)).sum();
    let deviation = (square / points.len().max(1) as f64).sqrt();
    let scale = if deviation > 0.0 { 1e-4 / deviation } else { 0.0 };
    let place = |at: usize, axis: usize| {
        // The golden angle: distinct directions without randomness.
        let angle = at as f64 * 2.399_963_229_728_653;
        let nudge = 1e-6 * if axis == 0 { angle.cos() } else { angle.sin() };
        (f64::from(points[at][axis]) * scale + nudge) as f32
    };
    (0..points.len()).flat_map(|at| [place(at, 0), place(at, 1)]).collect()
}
