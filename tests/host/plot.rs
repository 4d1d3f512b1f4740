//! Maps whose answer is known, and pictures looked at pixel by pixel.

use image::RgbImage;
use proptest::prelude::*;
use rand::RngExt;
use spherec::plot::clusters as clusters_of;
use spherec::plot::{
    Chart, Colours, Curves, Look, Map, Panel, Theme, TsneOptions, Unit, draw_curves, pca, scatter, tsne,
    write_png,
};
use spherec::random::{Purpose, Stream};
use tempfile::TempDir;

const ODD: [f32; 7] = [0.0, 1.0, f32::NAN, f32::MAX, f32::MIN, f32::INFINITY, 1e-45];

fn assert_near(found: f64, expected: f64, tolerance: f64, what: &str) {
    let difference = (found - expected).abs();
    // Not `>`: a NaN must fail.
    assert!(difference <= tolerance, "{what}: {found} is not {expected} within {tolerance}");
}

const SMALL: Look = Look { width: 300, scale: 1.0, theme: Theme::Light };

/// A chart of points and their colours, without names.
fn chart<'a>(points: &'a [[f32; 2]], colours: Colours<'a>) -> Chart<'a> {
    Chart {
        title: "A title",
        subtitle: "and more",
        points,
        colours,
        weights: &[],
        names: &[],
        backdrop: ("", &[]),
    }
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
        groups in prop::collection::vec(prop::option::of(0u32..60), 0..40),
        group_count in 0usize..60,
        width in 0u32..400,
        scale in prop::sample::select(vec![f32::NAN, -1.0, 0.7, 1.0, f32::INFINITY]),
        named in prop::collection::vec((0usize..50, "[ -~\u{0}\u{4e00}\u{202e}]{0,40}"), 0..8),
    ) {
        let names: Vec<String> = (0..group_count).map(|group| format!("group {group}")).collect();
        let ticks = [(0.0, "one".to_owned()), (f32::NAN, "none".to_owned())];
        let all = [
            Colours::Plain,
            Colours::Values { values: &values, caption: "values", ticks: &ticks },
            Colours::Groups { groups: &groups, names: &names, none: "without" },
        ];
        for colours in all {
            for theme in [Theme::Light, Theme::Dark] {
                let chart = Chart { names: &named, weights: &values, backdrop: ("users", &points), ..chart(&points, colours) };
                let picture = scatter(&chart, &Look { width, scale, theme }).unwrap();
                prop_assert!(picture.width() >= 120 && picture.height() >= 100);
            }
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

/// Three clusters of 100 points in a triangle, and the cluster of each.
fn clusters() -> (Vec<[f32; 2]>, Vec<u32>) {
    let noise = numbers(600, 5);
    let centres = [[-10.0, -10.0], [10.0, -10.0], [0.0, 10.0]];
    let point = |at: usize| [0, 1].map(|axis| centres[at % 3][axis] + 0.3 * noise[2 * at + axis]);
    ((0..300).map(point).collect(), (0..300).map(|at| at as u32 % 3).collect())
}

/// How many pixels of `picture` in the rectangle (left, top, right, bottom) have about the colour `hex`, and their
/// mean place.
fn find(picture: &RgbImage, [left, top, right, bottom]: [u32; 4], hex: u32) -> (usize, [f64; 2]) {
    let wanted = [16, 8, 0].map(|shift| ((hex >> shift) & 0xFF) as i32);
    let is_near = |pixel: [u8; 3]| pixel.iter().zip(wanted).all(|(&a, b)| (i32::from(a) - b).abs() < 26);
    let places: Vec<(u32, u32)> = (left..right)
        .flat_map(|x| (top..bottom).map(move |y| (x, y)))
        .filter(|&(x, y)| is_near(picture.get_pixel(x, y).0))
        .collect();
    let mean = |of: fn(&(u32, u32)) -> u32| {
        places.iter().map(|place| f64::from(of(place))).sum::<f64>() / places.len().max(1) as f64
    };
    (places.len(), [mean(|place| place.0), mean(|place| place.1)])
}

const ROSE: u32 = 0xCC6677;
const INDIGO: u32 = 0x332288;
const SAND: u32 = 0xDDCC77;
const PANEL: u32 = 0xF6F7F9;

#[test]
fn clusters_lie_where_they_must_in_their_colours_and_a_legend_names_them() {
    let (points, groups) = clusters();
    let groups: Vec<Option<u32>> = groups.into_iter().map(Some).collect();
    let names = ["one", "two", "three"].map(str::to_owned);
    let colours = Colours::Groups { groups: &groups, names: &names, none: "none" };
    let picture = scatter(&chart(&points, colours), &Look::default()).unwrap();
    let (width, height) = picture.dimensions();
    assert_eq!(width, 2000);
    // The map begins below the title and ends before the legend; y points upwards.
    let map = [48, 148, 1790, height - 48];
    let low = f64::from(height / 2);
    for (colour, columns, is_low) in
        [(ROSE, 48.0..300.0, true), (INDIGO, 1450.0..1800.0, true), (SAND, 800.0..1050.0, false)]
    {
        let (count, [x, y]) = find(&picture, map, colour);
        assert!(count > 300, "{colour:06X}: {count} pixels");
        assert!(columns.contains(&x) && (y > low) == is_low, "{colour:06X} at {x}, {y}");
        let (count, _) = find(&picture, [1800, 148, 2000, 400], colour);
        assert!(count > 100, "{colour:06X} is not in the legend: {count} pixels");
    }
    assert!(find(&picture, map, PANEL).0 > 1_000_000, "the ground of the map");
    assert!(find(&picture, [0, 0, 40, height], 0xFFFFFF).0 == 40 * height as usize, "the margin");
    let again = scatter(&chart(&points, colours), &Look::default()).unwrap();
    assert!(picture == again);
}

#[test]
fn themes_sizes_titles_and_names_change_the_picture() {
    let (points, _) = clusters();
    let plain = chart(&points, Colours::Plain);
    let light = scatter(&plain, &SMALL).unwrap();
    assert_eq!(light.width(), 300);
    assert_eq!(light.get_pixel(0, 0).0, [255; 3]);
    let dark = scatter(&plain, &Look { theme: Theme::Dark, ..SMALL }).unwrap();
    assert_eq!(dark.get_pixel(0, 0).0, [0x12, 0x15, 0x1A]);
    let double = scatter(&plain, &Look { scale: 2.0, ..SMALL }).unwrap();
    assert_eq!(double.width(), 600);
    assert!(double.height().abs_diff(2 * light.height()) <= 1);
    let titled = scatter(&Chart { title: "other", ..plain }, &SMALL).unwrap();
    assert_eq!(titled.dimensions(), light.dimensions());
    assert!(titled != light);
    let named = scatter(&Chart { names: &[(0, "zero".to_owned())], ..plain }, &SMALL).unwrap();
    assert!(named != light);
    let long = "very ".repeat(1000);
    let cut = scatter(&Chart { title: &long, names: &[(1, long.clone())], ..plain }, &SMALL).unwrap();
    assert_eq!(cut.dimensions(), light.dimensions());
}

#[test]
fn the_highest_value_is_drawn_over_lower_ones_in_the_colour_that_stands_out() {
    let points = [[0.0, 0.0], [0.0, 0.0], [4.0, 0.0], [4.0, 4.0]];
    let values = [5.0, 0.0, 1.0, f32::NAN];
    let colours = Colours::Values { values: &values, caption: "value", ticks: &[] };
    let weights = [1.0, 0.0, 0.2, 0.5];
    let picture = scatter(&Chart { weights: &weights, ..chart(&points, colours) }, &Look::default()).unwrap();
    let map = [48, 148, 1700, picture.height() - 48];
    let (dark, [x, y]) = find(&picture, map, 0x482475);
    assert!(dark > 60, "{dark} pixels in the colour of the highest value");
    assert!(x < 200.0 && y > 1000.0, "at {x}, {y}");
    let (light, [x, _]) = find(&picture, map, 0x5AC664);
    assert!(light > 20 && x > 1000.0, "{light} pixels of a low value at {x}");
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
    let found = clusters_of(&rows, 12, 10);
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
        assert!(error.contains("--perplexity must be above 0"), "{error}");
    }
    assert!(clusters_of(&[], 3, 4).is_empty());
    assert_eq!(clusters_of(&unit(5), 3, 4), [0; 5]);
}

#[test]
fn curves_of_any_numbers_make_a_picture() {
    let panel = |values: &[f64]| Panel {
        title: "loss".to_owned(),
        unit: Unit::Percent,
        lines: vec![(1..).map(f64::from).zip(values.iter().copied()).collect(), Vec::new()],
    };
    let runs = ["one", "two"].map(str::to_owned);
    for values in
        [&[][..], &[0.5], &[0.1, 0.9, f64::NAN], &[0.0, 0.0], &[1e-300, 1e300], &[-5.0, f64::INFINITY]]
    {
        let panels = [panel(values), panel(&[1.0, 0.2])];
        let curves = Curves { title: "curves", subtitle: "", runs: &runs, panels: &panels };
        let picture = draw_curves(&curves, &Look::default()).unwrap();
        assert_eq!(picture.width(), 2000);
        // The first run's colour, in the legend and in the second chart.
        assert!(find(&picture, [0, 130, 2000, 180], INDIGO).0 > 50);
        assert!(find(&picture, [1000, 200, 2000, picture.height()], INDIGO).0 > 300, "{values:?}");
    }
    let none = Curves { title: "", subtitle: "", runs: &[], panels: &[] };
    assert!(draw_curves(&none, &SMALL).is_ok());
}

#[test]
fn pictures_are_png_files_that_replace_nothing_unless_forced() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("map.png");
    let picture = RgbImage::from_fn(30, 20, |x, y| image::Rgb([x as u8, y as u8, 7]));
    write_png(&picture, &path, false).unwrap();
    assert_eq!(image::open(&path).unwrap().into_rgb8(), picture);
    let error = write_png(&picture, &path, false).unwrap_err().to_string();
    assert!(error.contains("map.png: exists already"), "{error}");
    write_png(&picture, &path, true).unwrap();
    let missing = place.path().join("no/folder/map.png");
    assert!(write_png(&picture, &missing, false).is_err());
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
}
