//! Layouts of points on a map: principal components, t-SNE, and clusters with a known answer.

use crate::pictures::{SMALL, chart};
use proptest::prelude::*;
use rand::RngExt;
use spherec::clusters::clusters;
use spherec::plot::{Colours, Map, TsneOptions, pca, scatter, tsne};
use spherec::random::{Purpose, Stream};

fn assert_near(found: f64, expected: f64, tolerance: f64, what: &str) {
    let difference = (found - expected).abs();
    // Not `>`: a NaN must fail.
    assert!(difference <= tolerance, "{what}: {found} is not {expected} within {tolerance}");
}

/// Uniform numbers from -1 to 1.
pub(crate) fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut stream = Stream::new(seed, Purpose::Generate, 0);
    (0..count).map(|_| stream.random::<f32>() * 2.0 - 1.0).collect()
}

#[test]
fn points_on_a_line_lie_on_the_first_axis() {
    let direction = [2.0, -6.0, 3.0].map(|x: f32| x / 7.0);
    let places = numbers(501, 1);
    let rows: Vec<f32> = places.iter().flat_map(|t| direction.map(|d| 5.0 + 3.0 * t * d)).collect();
    let map = Map::fit(&rows, 3);
    // The largest component is made positive, so the axis is the direction turned around.
    for (found, expected) in map.axes[0].iter().zip(direction) {
        assert_near(*found, -f64::from(expected), 1e-6, "axis");
    }
    let mean = places.iter().map(|&t| f64::from(t)).sum::<f64>() / places.len() as f64;
    let points = pca(&rows, 3);
    assert_eq!(points.len(), places.len());
    for (point, &place) in points.iter().zip(&places) {
        assert_near(f64::from(point[0]), -3.0 * (f64::from(place) - mean), 1e-5, "x");
        assert_near(f64::from(point[1]), 0.0, 1e-5, "y");
    }
    assert_near(map.variances[0], map.total_variance, 1e-6, "variance");
}

#[test]
fn a_plane_is_found_with_its_wider_side_first() {
    // Two orthogonal directions of R^8, and a little noise in all.
    let wide = [0.5, 0.5, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0];
    let narrow = [0.1, -0.1, 0.1, -0.1, 0.0, 0.99, -0.1, 0.0].map(|x: f64| x / 1.0201f64.sqrt());
    let (along, noise) = (numbers(8000, 2), numbers(4000 * 8, 3));
    let rows: Vec<f32> = (0..4000)
        .flat_map(|row| {
            let (a, b) = (f64::from(along[2 * row]) * 2.0, f64::from(along[2 * row + 1]));
            let noise = &noise[row * 8..][..8];
            [0, 1, 2, 3, 4, 5, 6, 7].map(|d| (a * wide[d] + b * narrow[d]) as f32 + 0.01 * noise[d])
        })
        .collect();
    let map = Map::fit(&rows, 8);
    for (axis, expected) in map.axes.iter().zip([wide, narrow]) {
        for (found, expected) in axis.iter().zip(expected) {
            assert_near(*found, expected, 0.02, "axis");
        }
    }
    assert_near(map.variances[0], 4.0 / 3.0, 0.06, "first variance"); // (2a)^2 / 3, a in -1..1
    assert_near(map.variances[1], 1.0 / 3.0, 0.02, "second variance");
    let rest = map.total_variance - map.variances[0] - map.variances[1];
    assert_near(rest, 6.0 * 1e-4 / 3.0, 1e-5, "the rest is noise");
}

/// The covariance of finite `rows`, plainly.
fn covariance(rows: &[f32], dim: usize) -> Vec<Vec<f64>> {
    let count = (rows.len() / dim) as f64;
    let mean: Vec<f64> =
        (0..dim).map(|d| rows.chunks(dim).map(|row| f64::from(row[d])).sum::<f64>() / count).collect();
    let entry = |i: usize, j: usize| {
        rows.chunks(dim).map(|row| (f64::from(row[i]) - mean[i]) * (f64::from(row[j]) - mean[j])).sum::<f64>()
            / count
    };
    (0..dim).map(|i| (0..dim).map(|j| entry(i, j)).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_axes_are_the_leading_eigenvectors(seed in any::<u64>(), dim in 2usize..20, count in 1usize..60) {
        let rows = numbers(count * dim, seed);
        let map = Map::fit(&rows, dim);
        let matrix = covariance(&rows, dim);
        let trace: f64 = (0..dim).map(|d| matrix[d][d]).sum();
        assert_near(map.total_variance, trace, 1e-12, "trace");
        for (axis, variance) in map.axes.iter().zip(map.variances) {
            let size: f64 = axis.iter().map(|x| x * x).sum();
            if variance == 0.0 {
                prop_assert!(axis.iter().all(|x| *x == 0.0));
                continue;
            }
            assert_near(size, 1.0, 1e-12, "length");
            for (row, a) in matrix.iter().zip(axis) {
                let product: f64 = row.iter().zip(axis).map(|(c, x)| c * x).sum();
                assert_near(product, variance * a, 1e-12, "C a = variance a");
            }
        }
        let [first, second] = map.variances;
        prop_assert!(first >= second);
        // No other direction varies more: power iteration on the rest finds no larger variance.
        let mut vector = vec![1.0; dim];
        for _ in 0..300 {
            for axis in &map.axes {
                let along: f64 = axis.iter().zip(&vector).map(|(a, x)| a * x).sum();
                vector.iter_mut().zip(axis).for_each(|(x, a)| *x -= along * a);
            }
            let before = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
            if before < 1e-9 {
                break; // all directions are in the axes; the rest is rounding
            }
            let next: Vec<f64> =
                matrix.iter().map(|row| row.iter().zip(&vector).map(|(c, x)| c * x).sum()).collect();
            let size = next.iter().map(|x| x * x).sum::<f64>().sqrt();
            prop_assert!(size <= (second + 1e-9) * before);
            if size < 1e-12 {
                break;
            }
            vector = next.iter().map(|x| x / size).collect();
        }
    }

}

#[test]
fn maps_of_little_are_small_and_finite() {
    assert!(pca(&[], 4).is_empty());
    assert!(pca(&[], 0).is_empty());
    assert_eq!(pca(&[3.0, 4.0], 2), [[0.0; 2]]);
    assert_eq!(pca(&[3.0; 40], 4), [[0.0; 2]; 10]);
    let rows = [1.0, 1.0, f32::NAN, 0.0, 3.0, 3.0];
    let points = pca(&rows, 2);
    assert!(points[1].iter().all(|x| x.is_nan()));
    let half = 2.0f64.sqrt();
    for (point, expected) in [(points[0], -half), (points[2], half)] {
        assert_near(f64::from(point[0]), expected, 1e-6, "x");
        assert_near(f64::from(point[1]), 0.0, 1e-6, "y");
    }
}

#[test]
fn the_same_rows_make_the_same_bits_on_any_number_of_threads() {
    let rows = numbers(5000 * 16, 4);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let points = pca(&rows, 16);
            let picture = scatter(&chart(&points, Colours::Plain), &SMALL).unwrap();
            (points, picture)
        })
    };
    let (points, picture) = run(1);
    for threads in [1, 3, 8] {
        let (again, same) = run(threads);
        assert_eq!(points.len(), again.len());
        assert!(points.iter().zip(&again).all(|(a, b)| a.map(f32::to_bits) == b.map(f32::to_bits)));
        assert!(picture == same);
    }
}

#[test]
fn t_sne_keeps_neighbours_together_and_gives_the_same_bits_on_any_number_of_threads() {
    // Ten clusters on the sphere of R^12.
    let (centres, noise) = (numbers(120, 6), numbers(12 * 300, 7));
    let rows: Vec<f32> = (0..300)
        .flat_map(|row| {
            let at = |d: usize| centres[row % 10 * 12 + d] + 0.15 * noise[row * 12 + d];
            let size = (0..12).map(|d| at(d).powi(2)).sum::<f32>().sqrt();
            (0..12).map(move |d| at(d) / size).collect::<Vec<f32>>()
        })
        .collect();
    let options = TsneOptions { perplexity: 10.0, step_count: 300, ..TsneOptions::default() };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut steps = Vec::new();
        let points = pool.install(|| tsne(&rows, 12, &options, |step| steps.push(step)).unwrap());
        assert_eq!(steps, (0..=300).collect::<Vec<_>>());
        points
    };
    let points = run(1);
    for threads in [2, 5] {
        assert!(points.iter().zip(run(threads)).all(|(a, b)| a.map(f32::to_bits) == b.map(f32::to_bits)));
    }
    let same = (0..300).filter(|&at| {
        let distance =
            |other: usize| (points[other][0] - points[at][0]).hypot(points[other][1] - points[at][1]);
        let others = (0..300).filter(|&other| other != at);
        others.min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap() % 10 == at % 10
    });
    assert!(same.count() > 290, "neighbours on the map share a cluster");
    // The planted clusters are found in the rows, too.
    let found = clusters(&rows, 12, 10, 0).of_row;
    let together = (0..290).filter(|&at| found[at] == found[at + 10]).count();
    assert!(together > 270, "{together} of 290 pairs of a cluster are found together");
}

#[test]
fn t_sne_of_little_or_of_equal_rows_is_finite_and_bad_requests_are_told() {
    let options = TsneOptions { step_count: 60, ..TsneOptions::default() };
    let unit = |count: usize| [1.0, 0.0, 0.0].repeat(count);
    for count in [0, 1, 2, 7, 8, 9, 50] {
        let points = tsne(&unit(count), 3, &options, |_| ()).unwrap();
        assert_eq!(points.len(), count);
        assert!(points.iter().flatten().all(|x| x.is_finite()), "{count} equal rows");
    }
    let error = tsne(&[f32::NAN; 3], 3, &options, |_| ()).unwrap_err().to_string();
    assert!(error.contains("finite"), "{error}");
    for perplexity in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let error =
            tsne(&unit(20), 3, &TsneOptions { perplexity, ..options }, |_| ()).unwrap_err().to_string();
        assert!(error.starts_with("--perplexity ") && error.contains(&perplexity.to_string()), "{error}");
    }
    assert!(clusters(&[], 3, 4, 0).of_row.is_empty());
    assert_eq!(clusters(&unit(5), 3, 4, 0).of_row, [0; 5]);
}
