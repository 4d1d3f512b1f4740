//! The sheet that a picture is drawn on: its size, theme and title. Lengths are in points; a point is one or
//! more pixels.

use super::canvas::Canvas;
use super::colour::{Rgb, Shades, Theme};
use super::text::{LINE, Style, Typeface, Weight};
use crate::export::check_free;
use crate::export::files::NewFiles;
use crate::{Result, memory};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use std::path::Path;

/// The size and the theme of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Width in points, limited to 240 to 4,096. The height depends on what is drawn.
    pub width: u32,
    /// Pixels per point, limited to 0.5 to 4. Today's screens need 2.
    pub scale: f32,
    /// Dark on light, or light on dark.
    pub theme: Theme,
}

impl Default for Look {
    fn default() -> Look {
        Look { width: 1000, scale: 2.0, theme: Theme::Light }
    }
}

/// The side or middle of a text that is at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

/// A text's size in points, weight and colour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Font {
    pub(super) size: f32,
    pub(super) weight: Weight,
    pub(super) colour: Rgb,
}

/// The space left and right of the picture, in points.
pub(super) const MARGIN: f32 = 24.0;
/// The distance from the upper edge to the part below the title, in points.
pub(super) const TOP: f32 = 74.0;

/// A canvas measured in points.
pub(super) struct Sheet {
    pub(super) canvas: Canvas,
    pub(super) shades: Shades,
    pub(super) theme: Theme,
    pub(super) width: f32,
    pub(super) scale: f32,
    typeface: Typeface,
}

impl Look {
    pub(super) fn points_wide(&self) -> f32 {
        self.width.clamp(240, 4096) as f32
    }

    fn pixels_per_point(&self) -> f32 {
        if self.scale.is_finite() { self.scale.clamp(0.5, 4.0) } else { Look::default().scale }
    }

    /// Columns and rows of a picture `height` points high.
    fn pixels(&self, height: f32) -> [usize; 2] {
        [self.points_wide(), height]
            .map(|length| (length * self.pixels_per_point()).round().max(1.0) as usize)
    }

    /// Checks that the machine has the memory for any map of this size. To be called before the work starts.
    ///
    /// # Errors
    /// [`crate::Error::Setting`] that names the flags.
    pub fn check_map(&self) -> Result<()> {
        self.check_memory(TOP + self.points_wide() + MARGIN)
    }

    fn check_memory(&self, height: f32) -> Result<()> {
        let [columns, rows] = self.pixels(height);
        let value = format!("{} at --scale {}", self.points_wide(), self.pixels_per_point());
        // The picture, and what is compressed of it.
        memory::check("--size", &value, 4 * (columns * rows) as u64)
    }
}

impl Sheet {
    /// A sheet `height` points high, with its title.
    pub(super) fn new(look: &Look, height: f32, title: &str, subtitle: &str) -> Result<Sheet> {
        look.check_memory(height)?;
        let (scale, width) = (look.pixels_per_point(), look.points_wide());
        let shades = look.theme.shades();
        let [columns, rows] = look.pixels(height);
        let canvas = Canvas::new(columns, rows, shades.page);
        let mut sheet = Sheet { canvas, shades, theme: look.theme, width, scale, typeface: Typeface::new()? };
        let title_font = Font { size: 19.0, weight: Weight::Bold, colour: shades.text };
        let subtitle_font = Font { size: 12.5, weight: Weight::Regular, colour: shades.faint_text };
        for (text, top, font) in [(title, 18.0, title_font), (subtitle, 44.0, subtitle_font)] {
            let text = sheet.fit(text, font, width - 2.0 * MARGIN);
            sheet.text(&text, [MARGIN, top], font, Align::Left);
        }
        Ok(sheet)
    }

    fn style(&self, font: Font, halo: Option<(Rgb, f32)>) -> Style {
        let Font { size, weight, colour } = font;
        Style {
            weight,
            size: size * self.scale,
            colour,
            halo: halo.map(|(colour, width)| (colour, width * self.scale)),
        }
    }

    /// The width and the height of a line of text.
    pub(super) fn measure(&self, text: &str, font: Font) -> [f32; 2] {
        [self.typeface.width(text, &self.style(font, None)) / self.scale, LINE * font.size]
    }

    /// `text`, cut to a width of `most` points.
    pub(super) fn fit(&self, text: &str, font: Font, most: f32) -> String {
        self.typeface.fit(text, &self.style(font, None), most * self.scale)
    }

    /// A line of text whose upper edge is at `place`.
    pub(super) fn text(&mut self, text: &str, place: [f32; 2], font: Font, align: Align) {
        self.text_with_halo(text, place, font, align, None);
    }

    /// Like [`Sheet::text`], with a rim of the given colour and width.
    pub(super) fn text_with_halo(
        &mut self,
        text: &str,
        [x, top]: [f32; 2],
        font: Font,
        align: Align,
        halo: Option<(Rgb, f32)>,
    ) {
        let share = match align {
            Align::Left => 0.0,
            Align::Middle => 0.5,
            Align::Right => 1.0,
        };
        let left = x - share * self.measure(text, font)[0];
        let style = self.style(font, halo);
        self.typeface.draw(&mut self.canvas, text, [left * self.scale, top * self.scale], &style);
    }

    pub(super) fn disc(&mut self, at: [f32; 2], radius: f32, colour: Rgb, alpha: f32) {
        self.canvas.disc(at.map(|x| x * self.scale), radius * self.scale, colour, alpha);
    }

    pub(super) fn ring(&mut self, at: [f32; 2], radius: f32, width: f32, colour: Rgb, alpha: f32) {
        let scale = self.scale;
        self.canvas.ring(at.map(|x| x * scale), radius * scale, width * scale, colour, alpha);
    }

    pub(super) fn rectangle(&mut self, bounds: [f32; 4], radius: f32, colour: Rgb, alpha: f32) {
        self.canvas.rectangle(bounds.map(|x| x * self.scale), radius * self.scale, colour, alpha);
    }

    pub(super) fn polyline(&mut self, points: &[[f32; 2]], width: f32, colour: Rgb, alpha: f32) {
        let points = points.iter().map(|point| point.map(|x| x * self.scale)).collect();
        self.canvas.polyline(points, width * self.scale, colour, alpha);
    }

    pub(super) fn into_image(self) -> RgbImage {
        self.canvas.into_image()
    }
}

/// Writes the picture as a PNG file. The file appears under its name only when it is complete.
///
/// # Errors
/// [`Error::File`] if `path` exists and `force` is not given; [`Error::Io`] from the disk.
pub fn write_png(picture: &RgbImage, path: &Path, force: bool) -> Result<()> {
    check_free(path, force)?;
    let (width, height) = picture.dimensions();
    let mut files = NewFiles::new(force);
    files.write(path, |out| {
        let encoder = PngEncoder::new(out);
        let written = encoder.write_image(picture, width, height, ExtendedColorType::Rgb8);
        written.map_err(std::io::Error::other)
    })?;
    files.finish().map(drop)
}
