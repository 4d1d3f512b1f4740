//! Draws shapes with smooth edges. Coordinates are in pixels from the upper left corner.

use super::colour::Rgb;
use image::{Rgb as Pixel, RgbImage};
use std::ops::Range;

/// A picture while it is drawn. Its pixels are floats, so that many faint layers do not round to nothing.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Rgb>,
}

impl Canvas {
    /// A picture of `width` x `height` pixels in one colour.
    pub(super) fn new(width: usize, height: usize, background: Rgb) -> Canvas {
        Canvas { width, height, pixels: vec![background; width * height] }
    }

    pub(super) fn blend(&mut self, x: usize, y: usize, colour: Rgb, alpha: f32) {
        if x < self.width
            && let Some(pixel) = self.pixels.get_mut(y * self.width + x)
        {
            for (part, to) in pixel.iter_mut().zip(colour) {
                *part += (to - *part) * alpha;
            }
        }
    }

    /// Paints a shape. `distance` gives the signed distance of a place from the shape's edge, in pixels,
    /// below 0 inside. Pixels on the edge are painted in proportion to their part inside.
    fn shape(
        &mut self,
        [left, top, right, bottom]: [f32; 4],
        colour: Rgb,
        alpha: f32,
        distance: impl Fn(f32, f32) -> f32,
    ) {
        for row in pixels(top - 1.0, bottom + 1.0, self.height) {
            for column in pixels(left - 1.0, right + 1.0, self.width) {
                let coverage = (0.5 - distance(column as f32 + 0.5, row as f32 + 0.5)).clamp(0.0, 1.0);
                if coverage > 0.0 {
                    self.blend(column, row, colour, alpha * coverage);
                }
            }
        }
    }

    pub(super) fn disc(&mut self, [x, y]: [f32; 2], radius: f32, colour: Rgb, alpha: f32) {
        let bounds = [x - radius, y - radius, x + radius, y + radius];
        self.shape(bounds, colour, alpha, |px, py| (px - x).hypot(py - y) - radius);
    }

    /// A circle drawn as a line of `width` pixels.
    pub(super) fn ring(&mut self, [x, y]: [f32; 2], radius: f32, width: f32, colour: Rgb, alpha: f32) {
        let reach = radius + width;
        let bounds = [x - reach, y - reach, x + reach, y + reach];
        self.shape(bounds, colour, alpha, |px, py| ((px - x).hypot(py - y) - radius).abs() - 0.5 * width);
    }

    /// A filled rectangle with rounded corners.
    pub(super) fn rectangle(&mut self, bounds: [f32; 4], radius: f32, colour: Rgb, alpha: f32) {
        let [left, top, right, bottom] = bounds;
        let (x, y) = (0.5 * (left + right), 0.5 * (top + bottom));
        let (half_width, half_height) = (0.5 * (right - left) - radius, 0.5 * (bottom - top) - radius);
        self.shape(bounds, colour, alpha, |px, py| {
            let (dx, dy) = ((px - x).abs() - half_width, (py - y).abs() - half_height);
            dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - radius
        });
    }

    /// Straight lines from point to point, with round corners. Overlaps are not painted twice.
    pub(super) fn polyline(&mut self, points: &[[f32; 2]], width: f32, colour: Rgb, alpha: f32) {
        let mut coverage: Vec<f32> = Vec::new();
        let (half, bounds) = (0.5 * width, bounds_of(points, width));
        let columns = pixels(bounds[0], bounds[2], self.width);
        let rows = pixels(bounds[1], bounds[3], self.height);
        coverage.resize(columns.len() * rows.len(), 0.0);
        for pair in points.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let part = bounds_of(pair, width);
            for row in pixels(part[1], part[3], self.height) {
                for column in pixels(part[0], part[2], self.width) {
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
            self.blend(column, row, colour, alpha * covered);
        }
    }

    pub(super) fn into_image(self) -> RgbImage {
        RgbImage::from_fn(self.width as u32, self.height as u32, |x, y| {
            let pixel = self.pixels[y as usize * self.width + x as usize];
            Pixel(pixel.map(|part| (part.clamp(0.0, 1.0) * 255.0).round() as u8))
        })
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
