//! Pictures of maps and curves, checked pixel by pixel.

use crate::layouts::numbers;
use image::RgbImage;
use proptest::prelude::*;
use spherec::plot::{
    Chart, Colours, Curves, Look, Panel, Theme, Trade, TradePoint, Unit, draw_curves, draw_trade, pca,
    scatter, write_png,
};
use tempfile::TempDir;

const ODD: [f32; 7] = [0.0, 1.0, f32::NAN, f32::MAX, f32::MIN, f32::INFINITY, 1e-45];

pub(crate) const SMALL: Look = Look { width: 300, scale: 1.0, theme: Theme::Light };

/// A chart of points and their colours, without names.
pub(crate) fn chart<'a>(points: &'a [[f32; 2]], colours: Colours<'a>) -> Chart<'a> {
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

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
                let pixels = if scale.is_finite() { scale.clamp(0.5, 4.0) } else { Look::default().scale };
                let wide = width.clamp(240, 4096) as f32 * pixels;
                prop_assert_eq!(picture.width(), wide.round() as u32);
                // A title and margins, and a map that is never higher than wide.
                let high = picture.height() as f32;
                prop_assert!(high >= 98.0 * pixels && high <= 98.0 * pixels + wide, "{wide} x {high}");
            }
        }
        let rows: Vec<f32> = points.iter().flatten().copied().collect();
        for dim in [0, 1, 2, 3] {
            let _ = pca(&rows, dim);
        }
    }
}

/// Three clusters of 100 points in a triangle, and the cluster of each.
fn clusters() -> (Vec<[f32; 2]>, Vec<u32>) {
    let noise = numbers(600, 5);
    let centres = [[-10.0, -10.0], [10.0, -10.0], [0.0, 10.0]];
    let point = |at: usize| [0, 1].map(|axis| centres[at % 3][axis] + 0.3 * noise[2 * at + axis]);
    ((0..300).map(point).collect(), (0..300).map(|at| at as u32 % 3).collect())
}

/// Finds the pixels of `picture` in the rectangle (left, top, right, bottom) that are close to the colour
/// `hex`: their number and their mean place.
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
    let map = [48, 148, 1830, picture.height() - 48];
    let (dark, [x, y]) = find(&picture, map, 0x482475);
    assert!(dark > 60, "{dark} pixels in the colour of the highest value");
    assert!(x < 200.0 && y > 1000.0, "at {x}, {y}");
    let (light, [x, _]) = find(&picture, map, 0x5AC664);
    assert!(light > 20 && x > 1000.0, "{light} pixels of a low value at {x}");
}

/// The line of a curve crosses all bands of rows that a picture is drawn in: none is missing or shifted.
#[test]
fn a_steep_line_is_drawn_without_a_gap() {
    let panels =
        [Panel { title: "loss".to_owned(), unit: Unit::Plain, lines: vec![vec![(1.0, 0.0), (2.0, 1.0)]] }];
    let runs = ["one".to_owned()];
    let curves = Curves { title: "", subtitle: "", runs: &runs, panels: &panels };
    let picture = draw_curves(&curves, &Look { scale: 3.0, ..Look::default() }).unwrap();
    let high = picture.height();
    assert!(high > 3 * 256, "{high}");
    let columns: Vec<u32> = (450..high - 250)
        .map(|row| {
            let (count, [x, _]) = find(&picture, [0, row, 3000, row + 1], INDIGO);
            assert!(count > 3, "row {row}: {count} pixels");
            x as u32
        })
        .collect();
    assert!(
        columns.is_sorted_by(|below, above| below >= above) && columns[0] > columns[columns.len() - 1] + 500
    );
}

#[test]
fn curves_of_any_numbers_make_a_picture() {
    let panel = |values: &[f64]| Panel {
        title: "loss".to_owned(),
        unit: Unit::Percent,
        lines: vec![(1..).map(f64::from).zip(values.iter().copied()).collect(), Vec::new()],
    };
    let runs = ["one", "two"].map(str::to_owned);
    let all: [&[f64]; 11] = [
        &[],
        &[0.5],
        &[0.1, 0.9, f64::NAN],
        &[0.0, 0.0],
        &[1e-300, 1e300],
        &[-5.0, f64::INFINITY],
        // Below the smallest number with all its digits, where steps and powers round to nothing.
        &[5e-324],
        &[5e-324, 1e-323],
        &[1e-310, 2e-310],
        // Beyond the greatest difference.
        &[f64::MIN, f64::MAX],
        &[1e-9, 2e-9],
    ];
    for values in all {
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

/// A trade of one line through these points.
fn trade(points: &[(f64, f64)]) -> RgbImage {
    let point = |&(x, y): &(f64, f64)| TradePoint { x, y, label: "0.5".to_owned() };
    let lines = [points.iter().map(point).collect(), Vec::new()];
    let models = ["one", "two"].map(str::to_owned);
    let trade = Trade {
        title: "trade",
        subtitle: "",
        models: &models,
        lines: &lines,
        x: ("popularity", Unit::Plain),
        y: ("accuracy", Unit::Percent),
    };
    draw_trade(&trade, &Look::default()).unwrap()
}

#[test]
fn a_trade_has_its_points_where_they_must_be() {
    let rising = trade(&[(2.0, 0.1), (12.0, 0.2)]);
    let (width, height) = rising.dimensions();
    assert_eq!(width, 2000);
    // The first model's colour below the legend: in the left half low, in the right half high.
    let half = |left, right| find(&rising, [left, 220, right, height - 40], INDIGO);
    let ((few, [_, low]), (more, [_, high])) = (half(40, 700), half(1300, 1960));
    assert!(few > 100 && more > 100, "{few} and {more} pixels");
    assert!(low > high + 300.0, "{low} is not below {high}");
    // The same line the other way round.
    let falling = trade(&[(2.0, 0.2), (12.0, 0.1)]);
    let (_, [_, high]) = find(&falling, [40, 220, 700, height - 40], INDIGO);
    assert!(high < low - 300.0, "{high}");
    // A single point, equal ones, numbers that are none, and the smallest.
    let small = [(5e-324, 1e-323), (1e-323, 5e-324)];
    for points in [&[(5.0, 0.3)][..], &[(0.0, 0.0), (0.0, 0.0)], &[(f64::NAN, 1.0), (1.0, 0.5)], &small] {
        let (count, _) = find(&trade(points), [40, 220, 1960, height - 40], INDIGO);
        assert!(count > 50, "{points:?}: {count} pixels");
    }
    for points in [&[][..], &[(f64::INFINITY, 0.0), (0.0, f64::NAN)]] {
        assert_eq!(find(&trade(points), [40, 220, 1960, height - 40], INDIGO).0, 0, "{points:?}");
    }
}

#[test]
fn pictures_are_png_files_that_replace_nothing_unless_forced() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("map.png");
    let picture = RgbImage::from_fn(30, 20, |x, y| image::Rgb([x as u8, y as u8, 7]));
    write_png(&picture, &path, false).unwrap();
    assert_eq!(image::open(&path).unwrap().into_rgb8(), picture);
    let error = write_png(&picture, &path, false).unwrap_err().to_string();
    assert!(error.contains("map.png: ") && error.contains("--force"), "{error}");
    write_png(&picture, &path, true).unwrap();
    assert_eq!(image::open(&path).unwrap().into_rgb8(), picture);
    let missing = place.path().join("no/folder/map.png");
    assert!(write_png(&picture, &missing, false).is_err());
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
}
