//! Maps whose answer is known, and pictures looked at pixel by pixel.

use image::RgbImage;
use proptest::prelude::*;
use rand::RngExt;
use spherec::plot::{Colours, Map, Options, log_popularity, pca, scatter, write_png};
use spherec::random::{Purpose, Stream};
use tempfile::TempDir;

const ODD: [f32; 7] = [0.0, 1.0, f32::NAN, f32::MAX, f32::MIN, f32::INFINITY, 1e-45];

fn assert_near(found: f64, expected: f64, tolerance: f64, what: &str) {
    let difference = (found - expected).abs();
    // Not `>`: a NaN must fail.
    assert!(difference <= tolerance, "{what}: {found} is not {expected} within {tolerance}");
}

/// Uniform numbers from -1 to 1.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
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
        // Nothing is left that is larger: power iteration on what remains finds no more variance.
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

    #[test]
    fn any_points_make_a_picture(
        points in prop::collection::vec(
            (prop::num::f32::ANY, prop::sample::select(ODD.to_vec())).prop_map(|(x, y)| [x, y]),
            0..40,
        ),
        values in prop::collection::vec(prop::num::f32::ANY, 0..40),
        groups in prop::collection::vec(any::<u32>(), 0..40),
        size in 0u32..200,
        radius in prop::option::of(prop::sample::select(vec![f32::NAN, -1.0, 0.0, 3.0, f32::INFINITY, 1e9])),
        alpha in prop::option::of(any::<f32>()),
    ) {
        let options = Options { size, radius, alpha };
        for colours in [Colours::Plain, Colours::Values(&values), Colours::Groups(&groups)] {
            let picture = scatter(&points, colours, &options);
            prop_assert_eq!(picture.dimensions(), (size.max(64), size.max(64)));
        }
        let rows: Vec<f32> = points.iter().flatten().copied().collect();
        for dim in [0, 1, 2, 3] {
            let _ = pca(&rows, dim);
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
            let picture = scatter(&points, Colours::Plain, &Options { size: 300, ..Options::default() });
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

/// Three clusters of 100 points in a triangle, and the cluster of each.
fn clusters() -> (Vec<[f32; 2]>, Vec<u32>) {
    let noise = numbers(600, 5);
    let centres = [[-10.0, -10.0], [10.0, -10.0], [0.0, 10.0]];
    let point = |at: usize| [0, 1].map(|axis| centres[at % 3][axis] + 0.3 * noise[2 * at + axis]);
    ((0..300).map(point).collect(), (0..300).map(|at| at as u32 % 3).collect())
}

/// The share of pixels in the square of half-width 12 around (x, y) that `accept` accepts.
fn share(picture: &RgbImage, [x, y]: [u32; 2], accept: impl Fn([u8; 3]) -> bool) -> f64 {
    let pixels = (x - 12..x + 12).flat_map(|x| (y - 12..y + 12).map(move |y| (x, y)));
    pixels.filter(|&(x, y)| accept(picture.get_pixel(x, y).0)).count() as f64 / 576.0
}

#[test]
fn clusters_lie_where_they_must_in_their_colours() {
    let (points, groups) = clusters();
    let picture = scatter(&points, Colours::Groups(&groups), &Options::default());
    assert_eq!(picture.dimensions(), (1600, 1600));
    // The 20.6 units of the wider side fill what the margins of 90 pixels leave; y points upwards.
    let spots = [[110u32, 1490u32], [1490, 1490], [800, 110]];
    let nearest = |[r, g, b]: [u8; 3]| {
        let palette = [[0x00, 0x72, 0xB2], [0xE6, 0x9F, 0x00], [0x00, 0x9E, 0x73], [0xFF; 3]];
        let distance = |colour: &[i32; 3]| -> i32 {
            [r, g, b].iter().zip(colour).map(|(&a, &b)| (i32::from(a) - b).pow(2)).sum()
        };
        (0..4).min_by_key(|&at| distance(&palette[at])).unwrap()
    };
    for (cluster, spot) in spots.into_iter().enumerate() {
        let found = share(&picture, spot, |pixel| nearest(pixel) == cluster);
        assert!(found > 0.4, "cluster {cluster}: {found}");
        let others = share(&picture, spot, |pixel| ![cluster, 3].contains(&nearest(pixel)));
        assert!(others < 0.02, "cluster {cluster}: {others}");
    }
    assert_eq!(share(&picture, [400, 400], |pixel| pixel == [255; 3]), 1.0, "white between clusters");
    assert_eq!(share(&picture, [20, 20], |pixel| pixel == [255; 3]), 1.0, "white margin");
    assert_ne!(picture.get_pixel(60, 400).0, [255; 3], "the frame");
    let again = scatter(&points, Colours::Groups(&groups), &Options::default());
    assert!(picture == again);
}

#[test]
fn higher_values_are_darker_and_drawn_over_lower_ones() {
    let points = [[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]];
    let values = log_popularity(&[1000, 1, 1, 30, 1000]);
    let options = Options { alpha: Some(1.0), radius: Some(8.0), ..Options::default() };
    let picture = scatter(&points, Colours::Values(&values), &options);
    let pixel = |x: u32| picture.get_pixel(x, 800).0;
    let dark = |pixel: [u8; 3]| 765 - pixel.iter().map(|&part| u32::from(part)).sum::<u32>();
    let step = 1420.0 / 3.0;
    let at = |place: f32| pixel((90.0 + place * step) as u32);
    assert!(dark(at(1.0)) < dark(at(2.0)) && dark(at(2.0)) < dark(at(3.0)));
    assert_eq!(at(0.0), at(3.0), "the popular one of two on a spot is on top");
    assert!(log_popularity(&[0])[0] == 0.0);
}

#[test]
fn points_that_are_no_numbers_are_skipped() {
    let (mut points, _) = clusters();
    let plain = scatter(&points, Colours::Plain, &Options::default());
    points.insert(0, [f32::NAN, 1.0]);
    points.push([f32::INFINITY, 0.0]);
    let values = vec![f32::NAN; points.len()];
    let with_nan = scatter(&points, Colours::Plain, &Options::default());
    assert!(plain == with_nan);
    let grey = scatter(&points, Colours::Values(&values), &Options::default());
    assert!(grey.pixels().all(|pixel| pixel.0[0] == pixel.0[1] && pixel.0[1] == pixel.0[2]));
}

#[test]
fn a_png_reads_back_and_is_not_overwritten_unless_forced() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("map.png");
    let (points, groups) = clusters();
    let picture = scatter(&points, Colours::Groups(&groups), &Options { size: 200, ..Options::default() });
    write_png(&picture, &path, false).unwrap();
    assert!(image::open(&path).unwrap().to_rgb8() == picture);
    let error = write_png(&picture, &path, false).unwrap_err().to_string();
    assert!(error.contains("map.png: exists already"), "{error}");
    write_png(&picture, &path, true).unwrap();
    let missing = place.path().join("no/folder/map.png");
    assert!(write_png(&picture, &missing, false).is_err());
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
}
