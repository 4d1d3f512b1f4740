//! Groups rows that point in similar directions: for colours without labels, and for segments of people.

use crate::evaluate::Search;
use crate::random::{Purpose, Stream};
use rayon::prelude::*;

const ROUND_COUNT: usize = 50;

/// Rows in groups, numbered from the largest to the smallest.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// The group of each row: the one whose centre is nearest.
    pub of_row: Vec<u32>,
    /// The direction of the sum of a group's rows: unit rows, (groups, D).
    pub centres: Vec<f32>,
}

/// Groups `rows`, unit rows (rows, D) with D = `dim`, by spherical k-means (Dhillon and Modha, Machine Learning 2001),
/// starting from rows far apart. There are at most `count` groups, and fewer if rows that far apart are too few. The same
/// rows and `seed` always give the same groups.
pub fn clusters(rows: &[f32], dim: usize, count: usize, seed: u64) -> Clusters {
    if dim == 0 || rows.len() < dim {
        return Clusters { of_row: Vec::new(), centres: Vec::new() };
    }
    let mut centres = starts(rows, dim, count.max(1), seed);
    let mut of_row = nearest(rows, &centres, dim);
    for _ in 0..ROUND_COUNT {
        move_centres(&mut centres, rows, dim, &of_row);
        let next = nearest(rows, &centres, dim);
        if next == of_row {
            break;
        }
        of_row = next;
    }
    by_size(&of_row, &centres, dim)
}

/// Chooses the first centres. The first is a row; each further one is the row farthest from all centres so
/// far, among some picked at random. The random choice makes it unlikely that a single odd row becomes a
/// centre.
fn starts(rows: &[f32], dim: usize, count: usize, seed: u64) -> Vec<f32> {
    const PICK_COUNT: u32 = 64;
    let row_count = rows.len() / dim;
    let mut stream = Stream::new(seed, Purpose::Display, 1);
    let mut centres: Vec<f32> = rows[..dim].to_vec();
    let mut nearest: Vec<f32> = vec![f32::NEG_INFINITY; row_count];
    while centres.len() < count.min(row_count) * dim {
        let last = &centres[centres.len() - dim..];
        nearest
            .par_iter_mut()
            .zip(rows.par_chunks_exact(dim))
            .for_each(|(nearest, row)| *nearest = nearest.max(dot(row, last)));
        let picks = (0..PICK_COUNT).map(|_| stream.below(row_count as u32) as usize);
        let farthest = picks.min_by(|&a, &b| nearest[a].total_cmp(&nearest[b]).then(a.cmp(&b)));
        let Some(row) = farthest.filter(|&row| nearest[row] < 0.999) else { break };
        centres.extend_from_slice(&rows[row * dim..][..dim]);
    }
    centres
}

/// The centre of the highest inner product with each of `rows`; of equal ones the first.
pub(crate) fn nearest(rows: &[f32], centres: &[f32], dim: usize) -> Vec<u32> {
    let queries: Vec<u32> = (0..(rows.len() / dim) as u32).collect();
    let search = Search { query_table: rows, queries: &queries, items: centres, dim, k: 1 };
    search.run(|_, _| false, |_, best| best.first().map_or(0, |best| best.row))
}

/// Moves each centre to the direction of the sum of its rows. A centre without rows stays.
fn move_centres(centres: &mut [f32], rows: &[f32], dim: usize, of_row: &[u32]) {
    let mut sums = vec![0.0f64; centres.len()];
    for (row, &cluster) in rows.chunks_exact(dim).zip(of_row) {
        let sum = &mut sums[cluster as usize * dim..][..dim];
        sum.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    for (centre, sum) in centres.chunks_exact_mut(dim).zip(sums.chunks_exact(dim)) {
        let size = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
        if size > 0.0 {
            centre.iter_mut().zip(sum).for_each(|(centre, sum)| *centre = (sum / size) as f32);
        }
    }
}

/// Renumbers the groups from the largest to the smallest.
fn by_size(of_row: &[u32], centres: &[f32], dim: usize) -> Clusters {
    let count = centres.len() / dim;
    let mut sizes = vec![0usize; count];
    of_row.iter().for_each(|&cluster| sizes[cluster as usize] += 1);
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|&cluster| std::cmp::Reverse(sizes[cluster]));
    let mut numbers = vec![0u32; count];
    order.iter().zip(0..).for_each(|(&cluster, number)| numbers[cluster] = number);
    Clusters {
        of_row: of_row.iter().map(|&cluster| numbers[cluster as usize]).collect(),
        centres: order.iter().flat_map(|&cluster| &centres[cluster * dim..][..dim]).copied().collect(),
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
