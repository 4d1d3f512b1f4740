//! Draws shapes with smooth edges. Coordinates are in pixels from the upper left corner.

use super::colour::Rgb;
use image::RgbImage;
use std::ops::Range;

/// A picture while it is drawn: the shapes on it, which become pixels band by band, since a large picture takes four
/// times the memory in floats.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    background: Rgb,
    /// The rows that a shape may touch, and what paints it.
    shapes: Vec<(Range<usize>, Paint)>,
}

type Paint = Box<dyn Fn(&mut Band)>;

/// Some rows of the picture. The pixels are floats, so that many faint layers do not round to nothing.
pub(super) struct Band {
    width: usize,
    rows: Range<usize>,
    pixels: Vec<Rgb>,
}

/// The number of rows of a band.
const BAND: usize = 256;

impl Band {
    fn blend(&mut self, x: usize, y: usize, colour: Rgb, alpha: f32) {
        if x < self.width
            && let Some(row) = y.checked_sub(self.rows.start)
            && let Some(pixel) = self.pixels.get_mut(row * self.width + x)
        {
            for (part, to) in pixel.iter_mut().zip(colour) {
                *part += (to - *part) * alpha;
            }
        }
    }

    /// Those of `rows` that are in the band.
    fn within(&self, rows: &Range<usize>) -> Range<usize> {
        let start = rows.start.max(self.rows.start);
        start..rows.end.min(self.rows.end).max(start)
    }
}

impl Canvas {
    /// A picture of `width` x `height` pixels in one colour.
    pub(super) fn new(width: usize, height: usize, background: Rgb) -> Canvas {
        Canvas { width, height, background, shapes: Vec::new() }
    }

    /// Paints a shape. `distance` gives the signed distance of a place from the shape's edge, in pixels,
    /// below 0 inside. Pixels on the edge are painted in proportion to their part inside.
    fn shape(
        &mut self,
        [left, top, right, bottom]: [f32; 4],
        colour: Rgb,
        alpha: f32,
        distance: impl Fn(f32, f32) -> f32 + 'static,
    ) {
        let rows = pixels(top - 1.0, bottom + 1.0, self.height);
        let columns = pixels(left - 1.0, right + 1.0, self.width);
        let paint = move |band: &mut Band, rows: &Range<usize>| {
            for row in band.within(rows) {
                for column in columns.clone() {
                    let coverage = (0.5 - distance(column as f32 + 0.5, row as f32 + 0.5)).clamp(0.0, 1.0);
                    if coverage > 0.0 {
                        band.blend(column, row, colour, alpha * coverage);
                    }
                }
            }
        };
        self.add(rows, paint);
    }

    /// Adds a shape that touches `rows`.
    fn add(&mut self, rows: Range<usize>, paint: impl Fn(&mut Band, &Range<usize>) + 'static) {
        let touched = rows.clone();
        self.shapes.push((rows, Box::new(move |band| paint(band, &touched))));
    }

    pub(super) fn disc(&mut self, [x, y]: [f32; 2], radius: f32, colour: Rgb, alpha: f32) {
        let bounds = [x - radius, y - radius, x + radius, y + radius];
        self.shape(bounds, colour, alpha, move |px, py| (px - x).hypot(py - y) - radius);
    }

    /// A circle drawn as a line of `width` pixels.
    pub(super) fn ring(&mut self, [x, y]: [f32; 2], radius: f32, width: f32, colour: Rgb, alpha: f32) {
        let reach = radius + width;
        let bounds = [x - reach, y - reach, x + reach, y + reach];
        self.shape(bounds, colour, alpha, move |px, py| {
            ((px - x).hypot(py - y) - radius).abs() - 0.5 * width
        });
    }

    /// A filled rectangle with rounded corners.
    pub(super) fn rectangle(&mut self, bounds: [f32; 4], radius: f32, colour: Rgb, alpha: f32) {
        let [left, top, right, bottom] = bounds;
        let (x, y) = (0.5 * (left + right), 0.5 * (top + bottom));
        let (half_width, half_height) = (0.5 * (right - left) - radius, 0.5 * (bottom - top) - radius);
        self.shape(bounds, colour, alpha, move |px, py| {
            let (dx, dy) = ((px - x).abs() - half_width, (py - y).abs() - half_height);
            dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - radius
        });
    }

    /// Straight lines from point to point, with round corners. Overlaps are not painted twice.
    pub(super) fn polyline(&mut self, points: Vec<[f32; 2]>, width: f32, colour: Rgb, alpha: f32) {
        let (half, bounds) = (0.5 * width, bounds_of(&points, width));
        let columns = pixels(bounds[0], bounds[2], self.width);
        let (all_columns, all_rows) = (self.width, self.height);
        self.add(pixels(bounds[1], bounds[3], self.height), move |band, rows| {
            let rows = band.within(rows);
            let mut coverage = vec![0.0f32; columns.len() * rows.len()];
            for pair in points.windows(2) {
                let (a, b) = (pair[0], pair[1]);
                let part = bounds_of(pair, width);
                for row in band.within(&pixels(part[1], part[3], all_rows)) {
                    for column in pixels(part[0], part[2], all_columns) {
                        let distance = from_segment([column as f32 + 0.5, row as f32 + 0.5], a, b);
                        let at = (row - rows.start) * columns.len() + column - columns.start;
                        if let Some(covered) = coverage.get_mut(at) {
                            *covered = covered.max((half + 0.5 - distance).clamp(0.0, 1.0));
                        }
                    }
                }
            }
            for (at, &covered) in coverage.iter().enumerate().filter(|&(_, &covered)| covered > 0.0) {
                let (row, column) = (rows.start + at / columns.len(), columns.start + at % columns.len());
                band.blend(column, row, colour, alpha * covered);
            }
        });
    }

    /// A mask, rows of `columns`, whose upper left pixel is at (`left`, `top`).
    pub(super) fn mask(
        &mut self,
        mask: Vec<f32>,
        columns: usize,
        [left, top]: [f32; 2],
        colour: Rgb,
        alpha: f32,
    ) {
        let high = mask.len() / columns.max(1);
        self.add(pixels(top, top + high as f32, self.height), move |band, _| {
            for (at, &covered) in mask.iter().enumerate().filter(|&(_, &covered)| covered > 0.0) {
                let (x, y) = (left + (at % columns) as f32, top + (at / columns) as f32);
                if x >= 0.0 && y >= 0.0 {
                    band.blend(x as usize, y as usize, colour, alpha * covered);
                }
            }
        });
    }

    pub(super) fn into_image(self) -> RgbImage {
        let mut image = RgbImage::new(self.width as u32, self.height as u32);
        for start in (0..self.height).step_by(BAND) {
            let rows = start..(start + BAND).min(self.height);
            let mut band =
                Band { width: self.width, pixels: vec![self.background; self.width * rows.len()], rows };
            for (rows, paint) in &self.shapes {
                if !band.within(rows).is_empty() {
                    paint(&mut band);
                }
            }
            let parts = band.pixels.iter().flatten();
            let bytes = image.iter_mut().skip(3 * start * self.width);
            bytes.zip(parts).for_each(|(byte, part)| *byte = (part.clamp(0.0, 1.0) * 255.0).round() as u8);
        }
        image
    }
}

/// The pixels from `low` to `high`, limited to 0..count.
fn pixels(low: f32, high: f32, count: usize) -> Range<usize> {
    let low = (low.floor().max(0.0) as usize).min(count);
    low..(high.ceil().max(0.0) as usize).clamp(low, count)
}

fn bounds_of(points: &[[f32; 2]], width: f32) -> [f32; 4] {
    let reach = 0.5 * width + 1.0;
    points.iter().fold([f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY], |bounds, p| {
        let [left, top, right, bottom] = bounds;
        [left.min(p[0] - reach), top.min(p[1] - reach), right.max(p[0] + reach), bottom.max(p[1] + reach)]
    })
}

fn from_segment([x, y]: [f32; 2], a: [f32; 2], b: [f32; 2]) -> f32 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length = dx * dx + dy * dy;
    let along =
        if length > 0.0 { (((x - a[0]) * dx + (y - a[1]) * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (x - a[0] - along * dx).hypot(y - a[1] - along * dy)
}
