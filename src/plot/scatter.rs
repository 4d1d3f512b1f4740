//! The picture: points as translucent discs in a frame.

use super::canvas::Canvas;
use super::colour::{Colours, Rgb};
use crate::export::NewFiles;
use crate::random::{Purpose, Stream};
use crate::{Error, Result};
use image::{ImageFormat, RgbImage};
use std::io::Cursor;
use std::path::Path;

/// The size and the marks of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Width and height in pixels, brought between 64 and 8,192.
    pub size: u32,
    /// The radius of a disc in pixels; by default such that the points fill a part of the frame.
    pub radius: Option<f32>,
    /// The opacity of a disc, 0 to 1; by default less where points crowd.
    pub alpha: Option<f32>,
}

impl Default for Options {
    fn default() -> Options {
        Options { size: 1600, radius: None, alpha: None }
    }
}

const WHITE: Rgb = [1.0; 3];
const FRAME: Rgb = [0.45; 3];
const GRID: Rgb = [0.9; 3];

/// A square picture of `points` (x to the right, y upwards, one scale for both), in the middle of a
/// white frame. Points that are not finite are skipped.
pub fn scatter(points: &[[f32; 2]], colours: Colours, options: &Options) -> RgbImage {
    let size = options.size.clamp(64, 8_192);
    let mut canvas = Canvas::new(size, WHITE);
    let unit = size as f32 / 1600.0;
    let margin = 60.0 * unit;
    let finite: Vec<usize> =
        (0..points.len()).filter(|&at| points[at].iter().all(|x| x.is_finite())).collect();
    let view =
        View::around(finite.iter().map(|&at| points[at]), f64::from(size), f64::from(margin + 30.0 * unit));
    let inner = size as f32 - 2.0 * margin;
    let radius = match options.radius {
        Some(radius) if radius.is_finite() => radius.max(0.1),
        _ => (0.3 * inner / (finite.len().max(1) as f32).sqrt()).clamp(2.6 * unit, 9.0 * unit),
    };
    let places: Vec<[f32; 2]> = finite.iter().map(|&at| view.place(points[at])).collect();
    let alphas = match options.alpha {
        Some(alpha) if alpha.is_finite() => vec![alpha.clamp(0.0, 1.0); places.len()],
        _ => crowd_alphas(&places, radius, size),
    };
    let (colour_of, size_of) = (colours.of_points(points.len()), colours.sizes(points.len()));
    let (edges, width) = ([margin, size as f32 - margin], (2.0 * unit).max(1.0));
    draw_axes(&mut canvas, &view, edges, width);
    for at in drawing_order(&finite, colours) {
        let point = finite[at];
        canvas.disc(places[at], radius * size_of[point], colour_of[point], alphas[at]);
    }
    draw_frame(&mut canvas, edges, width);
    canvas.into_image()
}

/// Writes the picture as a PNG file, beside its place and then renamed.
///
/// # Errors
/// [`Error::File`] where `path` exists and `force` is not given; [`Error::Io`] from the disk.
pub fn write_png(picture: &RgbImage, path: &Path, force: bool) -> Result<()> {
    let mut file = NewFiles::new(force);
    file.check(path)?;
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|error| Error::file(path, format!("cannot be written as PNG: {error}")))?;
    file.write(path, |out| out.write_all(bytes.get_ref()))?;
    file.finish().map(|_| ())
}

/// How points become pixels.
struct View {
    centre: [f64; 2],
    scale: f64,
    middle: f64,
}

impl View {
    fn around(points: impl Iterator<Item = [f32; 2]>, size: f64, margin: f64) -> View {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for point in points {
            for axis in 0..2 {
                low[axis] = low[axis].min(f64::from(point[axis]));
                high[axis] = high[axis].max(f64::from(point[axis]));
            }
        }
        let span = (high[0] - low[0]).max(high[1] - low[1]);
        let centre = if span >= 0.0 { [0, 1].map(|axis| 0.5 * (low[axis] + high[axis])) } else { [0.0; 2] };
        let span = if span > 0.0 { span } else { 1.0 };
        View { centre, scale: (size - 2.0 * margin) / span, middle: 0.5 * size }
    }

    fn place(&self, point: [f32; 2]) -> [f32; 2] {
        let offset = [0, 1].map(|axis| (f64::from(point[axis]) - self.centre[axis]) * self.scale);
        [(self.middle + offset[0]) as f32, (self.middle - offset[1]) as f32]
    }
}

/// The opacity of each disc: high where it lies alone, and falling with the number of others near
/// it, so that crowds show their density instead of one flat colour.
fn crowd_alphas(places: &[[f32; 2]], radius: f32, size: u32) -> Vec<f32> {
    let cell = (6.0 * radius).max(4.0);
    let width = (size as f32 / cell) as usize + 2;
    // The four cells around a place, and how near it is to the middle of each.
    let corners = |place: &[f32; 2]| {
        let [x, y] = place.map(|x| (x / cell).clamp(0.0, (width - 2) as f32));
        let (column, row) = (x as usize, y as usize);
        let (right, down) = (x - column as f32, y - row as f32);
        [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(dx, dy)| {
            let across = if dx == 1 { right } else { 1.0 - right };
            let weight = across * if dy == 1 { down } else { 1.0 - down };
            ((row + dy) * width + column + dx, weight)
        })
    };
    let mut counts = vec![0.0f32; width * width];
    for place in places {
        corners(place).iter().for_each(|&(at, weight)| counts[at] += weight);
    }
    // How many discs lie on one spot, were those of a cell spread evenly.
    let disc_share = std::f32::consts::PI * radius * radius / (cell * cell);
    let layers =
        |place| corners(place).iter().map(|&(at, weight)| counts[at] * weight).sum::<f32>() * disc_share;
    places.iter().map(|place| (0.85 / (1.0 + 0.35 * layers(place))).max(0.2)).collect()
}

/// Positions in `finite` in the order of drawing: by value where there are values, else shuffled
/// (the same way each time), so that no group always covers the others.
fn drawing_order(finite: &[usize], colours: Colours) -> Vec<usize> {
    let mut order: Vec<usize> = (0..finite.len()).collect();
    let mut stream = Stream::new(0, Purpose::Display, 0);
    for last in (1..order.len()).rev() {
        order.swap(last, stream.below(last as u32 + 1) as usize);
    }
    if let Colours::Values(values) = colours {
        let value = |at: &usize| {
            values.get(finite[*at]).copied().filter(|value| value.is_finite()).unwrap_or(f32::NEG_INFINITY)
        };
        order.sort_by(|left, right| value(left).total_cmp(&value(right)));
    }
    order
}

/// The faint axes x = 0 and y = 0, where they cross the frame from `low` to `high`.
fn draw_axes(canvas: &mut Canvas, view: &View, [low, high]: [f32; 2], width: f32) {
    let [x, y] = view.place([0.0; 2]);
    if x > low && x < high {
        canvas.rectangle([x - 0.5 * width, low, x + 0.5 * width, high], GRID);
    }
    if y > low && y < high {
        canvas.rectangle([low, y - 0.5 * width, high, y + 0.5 * width], GRID);
    }
}

fn draw_frame(canvas: &mut Canvas, [low, high]: [f32; 2], width: f32) {
    canvas.rectangle([low, low, high, low + width], FRAME);
    canvas.rectangle([low, high - width, high, high], FRAME);
    canvas.rectangle([low, low, low + width, high], FRAME);
    canvas.rectangle([high - width, low, high, high], FRAME);
}
