//! Draws text in the font Inter (SIL Open Font License, see `assets/font/OFL.txt`). It has Latin, Greek and
//! Cyrillic letters; any other character is drawn as a box.

use super::canvas::Canvas;
use super::colour::Rgb;
use crate::{Error, Result};
use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// What a text looks like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) weight: Weight,
    /// The size of the font in pixels; a line is [`LINE`] times as high.
    pub(super) size: f32,
    pub(super) colour: Rgb,
    /// A rim of this colour and width in pixels, so that letters stand out from the background.
    pub(super) halo: Option<(Rgb, f32)>,
}

/// The two fonts.
pub(super) struct Typeface {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

/// The height of a line, and of its part above the base line, as a multiple of the font size.
pub(super) const LINE: f32 = 1.25;
const BASE: f32 = 0.96;
/// How many pixels wider than its space a text may be. Spaces computed from text widths have rounding errors.
const ROUNDING: f32 = 0.1;

impl Typeface {
    pub(super) fn new() -> Result<Typeface> {
        let read = |bytes| {
            FontRef::try_from_slice(bytes)
                .map_err(|error| Error::Data(format!("the font is damaged: {error}")))
        };
        Ok(Typeface {
            regular: read(include_bytes!("../../assets/font/Inter-Regular.otf"))?,
            bold: read(include_bytes!("../../assets/font/Inter-SemiBold.otf"))?,
        })
    }

    fn font(&self, weight: Weight) -> &FontRef<'static> {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// The glyphs of `text` in a row from x = 0, and the place of a next one.
    fn set(&self, text: &str, style: &Style) -> (Vec<Glyph>, f32) {
        let font = self.font(style.weight);
        // ab_glyph's scale is the height from descender to ascender.
        let units = font.units_per_em().unwrap_or(1000.0);
        let scale = PxScale::from(style.size * font.height_unscaled() / units);
        let scaled = font.as_scaled(scale);
        let mut x = 0.0;
        let mut glyphs = Vec::new();
        for character in text.chars() {
            let glyph = font.glyph_id(character);
            glyphs.push(glyph.with_scale_and_position(scale, point(x, BASE * style.size)));
            x += scaled.h_advance(glyph);
        }
        (glyphs, x)
    }

    /// The width of `text` in pixels.
    pub(super) fn width(&self, text: &str, style: &Style) -> f32 {
        self.set(text, style).1
    }

    /// `text`; if it is wider than `most` pixels, it is cut and gets an ellipsis.
    pub(super) fn fit(&self, text: &str, style: &Style, most: f32) -> String {
        // More characters than this never fit. The limit keeps very long ids fast.
        let mut characters: Vec<char> = text.chars().take(400).collect();
        let is_cut = |characters: &[char]| characters.len() < text.chars().take(401).count();
        loop {
            let mut shown: String = characters.iter().collect();
            if is_cut(&characters) {
                shown = format!("{}\u{2026}", shown.trim_end());
            }
            if characters.is_empty() || self.width(&shown, style) <= most + ROUNDING {
                return shown;
            }
            characters.pop();
        }
    }

    /// Draws `text` with the upper left corner of its line at (`left`, `top`).
    pub(super) fn draw(&self, canvas: &mut Canvas, text: &str, [left, top]: [f32; 2], style: &Style) {
        let (glyphs, width) = self.set(text, style);
        let rim = style.halo.map_or(0.0, |(_, rim)| rim).ceil() as usize + 1;
        let (columns, rows) =
            (width.ceil() as usize + 2 * rim + 2, (LINE * style.size).ceil() as usize + 2 * rim + 2);
        let mut mask = vec![0.0f32; columns * rows];
        let (whole_left, whole_top) = (left.floor(), top.floor());
        let font = self.font(style.weight);
        for mut glyph in glyphs {
            glyph.position.x += left - whole_left + rim as f32;
            glyph.position.y += top - whole_top + rim as f32;
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let start = outline.px_bounds().min;
            outline.draw(|x, y, covered| {
                let (x, y) = (start.x + x as f32, start.y + y as f32);
                if x >= 0.0
                    && (x as usize) < columns
                    && y >= 0.0
                    && let Some(pixel) = mask.get_mut(y as usize * columns + x as usize)
                {
                    *pixel = (*pixel + covered).min(1.0);
                }
            });
        }
        let (x, y) = (whole_left - rim as f32, whole_top - rim as f32);
        if let Some((colour, radius)) = style.halo {
            canvas.mask(widened(&mask, columns, radius), columns, [x, y], colour, 0.85);
        }
        canvas.mask(mask, columns, [x, y], style.colour, 1.0);
    }
}

/// The mask grown by `radius` pixels in all directions.
fn widened(mask: &[f32], columns: usize, radius: f32) -> Vec<f32> {
    let reach = radius.ceil() as isize;
    let mut steps = Vec::new();
    for dy in -reach..=reach {
        for dx in -reach..=reach {
            let weight = (radius + 0.5 - (dx as f32).hypot(dy as f32)).clamp(0.0, 1.0);
            if weight > 0.0 {
                steps.push((dx, dy, weight));
            }
        }
    }
    let rows = mask.len() / columns.max(1);
    let mut grown = vec![0.0f32; mask.len()];
    for (at, &covered) in mask.iter().enumerate().filter(|&(_, &covered)| covered > 0.0) {
        let (x, y) = ((at % columns) as isize, (at / columns) as isize);
        for &(dx, dy, weight) in &steps {
            let (x, y) = (x + dx, y + dy);
            if x >= 0 && y >= 0 && (x as usize) < columns && (y as usize) < rows {
                let pixel = &mut grown[y as usize * columns + x as usize];
                *pixel = pixel.max(covered * weight);
            }
        }
    }
    grown
}
