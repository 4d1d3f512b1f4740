//! Drawing on a square of pixels, with smooth edges.

use super::colour::Rgb;
use image::{Rgb as Pixel, RgbImage};

/// The picture while it is drawn, in floats so that many faint layers do not round away.
pub(super) struct Canvas {
    size: usize,
    pixels: Vec<Rgb>,
}

impl Canvas {
    /// A square of `size` x `size` pixels in one colour.
    pub(super) fn new(size: u32, background: Rgb) -> Canvas {
        let size = size as usize;
        Canvas { size, pixels: vec![background; size * size] }
    }

    fn blend(&mut self, x: usize, y: usize, colour: Rgb, alpha: f32) {
        if let Some(pixel) = self.pixels.get_mut(y * self.size + x) {
            for (part, to) in pixel.iter_mut().zip(colour) {
                *part += (to - *part) * alpha;
            }
        }
    }

    /// A disc whose edge pixels are covered by as much as of them lies inside.
    pub(super) fn disc(&mut self, [x, y]: [f32; 2], radius: f32, colour: Rgb, alpha: f32) {
        let reach = radius + 1.0;
        let size = self.size;
        let range = |centre: f32| {
            let low = (centre - reach).floor().max(0.0) as usize;
            low..((centre + reach).ceil().max(0.0) as usize).min(size)
        };
        for row in range(y) {
            for column in range(x) {
                let (dx, dy) = (column as f32 + 0.5 - x, row as f32 + 0.5 - y);
                let coverage = (radius + 0.5 - (dx * dx + dy * dy).sqrt()).clamp(0.0, 1.0);
                if coverage > 0.0 {
                    self.blend(column, row, colour, alpha * coverage);
                }
            }
        }
    }

    /// A filled rectangle, brought to whole pixels.
    pub(super) fn rectangle(&mut self, [left, top, right, bottom]: [f32; 4], colour: Rgb) {
        let size = self.size;
        let range =
            |from: f32, to: f32| from.round().max(0.0) as usize..(to.round().max(0.0) as usize).min(size);
        for row in range(top, bottom) {
            for column in range(left, right) {
                self.blend(column, row, colour, 1.0);
            }
        }
    }

    pub(super) fn into_image(self) -> RgbImage {
        let size = self.size;
        RgbImage::from_fn(size as u32, size as u32, |x, y| {
            let pixel = self.pixels[y as usize * size + x as usize];
            Pixel(pixel.map(|part| (part.clamp(0.0, 1.0) * 255.0).round() as u8))
        })
    }
}
