//! Draws small line charts side by side, each with several runs.

use super::colour::Rgb;
use super::sheet::{Align, Font, Look, MARGIN, Sheet, TOP};
use super::text::Weight;
use crate::Result;
use image::RgbImage;

/// How the numbers of a panel are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// As they are.
    Plain,
    /// A share, as a percentage.
    Percent,
}

/// One chart: a value by epoch, for each run.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// What is measured.
    pub title: String,
    /// How the values are written.
    pub unit: Unit,
    /// The (epoch, value) points of each run, in the order of the runs' names, by rising epoch. Empty if a
    /// run has none. Values that are not finite, or beyond 1e300, are left out.
    pub lines: Vec<Vec<(f64, f64)>>,
}

/// Charts of several runs.
#[derive(Debug, Clone, Copy)]
pub struct Curves<'a> {
    /// The line above the charts.
    pub title: &'a str,
    /// The smaller line below it.
    pub subtitle: &'a str,
    /// The names of the runs.
    pub runs: &'a [String],
    /// The charts.
    pub panels: &'a [Panel],
}

const COLUMN_COUNT: usize = 4;
const GAP: f32 = 22.0;
const HEAD: f32 = 26.0;
const FOOT: f32 = 24.0;

/// Draws the charts, four in a row.
///
/// # Errors
/// [`crate::Error::Setting`] if the machine lacks the memory for a picture of this size; [`crate::Error::Data`] if the
/// built-in font cannot be read.
pub fn draw_curves(curves: &Curves, look: &Look) -> Result<RgbImage> {
    let columns = COLUMN_COUNT.min(curves.panels.len()).max(1);
    let rows = curves.panels.len().div_ceil(columns);
    let panel_width = (look.points_wide() - 2.0 * MARGIN - GAP * (columns - 1) as f32) / columns as f32;
    let panel_height = (0.82 * panel_width).clamp(120.0, 320.0);
    let legend_height = 30.0;
    let height = TOP + legend_height + rows as f32 * (panel_height + GAP) - GAP + MARGIN;
    let mut sheet = Sheet::new(look, height, curves.title, curves.subtitle)?;
    draw_legend(&mut sheet, curves.runs);
    let epochs = bounds(curves.panels.iter().flat_map(|panel| &panel.lines).flatten(), |point| point.0);
    for (at, panel) in curves.panels.iter().enumerate() {
        let left = MARGIN + (at % columns) as f32 * (panel_width + GAP);
        let top = TOP + legend_height + (at / columns) as f32 * (panel_height + GAP);
        draw_panel(&mut sheet, panel, epochs, [left, top, left + panel_width, top + panel_height]);
    }
    Ok(sheet.into_image())
}

pub(super) fn colour(sheet: &Sheet, run: usize) -> Rgb {
    // The first three colours of the palette are close in lightness. This order makes the first runs easy to
    // tell apart.
    const ORDER: [usize; 9] = [1, 0, 3, 5, 6, 8, 4, 7, 2];
    sheet.theme.palette(ORDER[run % ORDER.len()])
}

pub(super) fn draw_legend(sheet: &mut Sheet, runs: &[String]) {
    let font = Font { size: 12.0, weight: Weight::Regular, colour: sheet.shades.text };
    let mut x = MARGIN;
    for (run, name) in runs.iter().enumerate() {
        let name = sheet.fit(name, font, 220.0);
        let width = sheet.measure(&name, font)[0];
        if x + 26.0 + width > sheet.width - MARGIN {
            return;
        }
        let colour = colour(sheet, run);
        sheet.polyline(&[[x, TOP + 7.0], [x + 18.0, TOP + 7.0]], 2.6, colour, 1.0);
        sheet.text(&name, [x + 25.0, TOP - 1.0], font, Align::Left);
        x += 25.0 + width + 24.0;
    }
}

/// Maps numbers to places in a chart.
pub(super) struct Axes {
    pub(super) plot: [f32; 4],
    pub(super) x: [f64; 2],
    pub(super) y: [f64; 2],
}

impl Axes {
    pub(super) fn place(&self, (x, y): (f64, f64)) -> [f32; 2] {
        let [left, top, right, bottom] = self.plot;
        let share = |value: f64, [low, high]: [f64; 2]| ((value - low) / (high - low)) as f32;
        [left + (right - left) * share(x, self.x), bottom - (bottom - top) * share(y, self.y)]
    }
}

/// Whether a point is drawn: its numbers are finite, and so are their differences and sums with others.
pub(super) fn is_drawn(point: &(f64, f64)) -> bool {
    [point.0, point.1].iter().all(|x| x.abs() <= LARGEST)
}

const LARGEST: f64 = 1e300;

/// The least and the greatest value of one coordinate. If there is no point to draw, the least is above the
/// greatest.
pub(super) fn bounds<'a>(
    points: impl Iterator<Item = &'a (f64, f64)>,
    of: fn(&(f64, f64)) -> f64,
) -> [f64; 2] {
    let drawn = points.filter(|point| is_drawn(point)).map(of);
    drawn.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(x), high.max(x)])
}

fn draw_panel(
    sheet: &mut Sheet,
    panel: &Panel,
    [x_low, x_high]: [f64; 2],
    [left, top, right, bottom]: [f32; 4],
) {
    let bold = Font { size: 12.5, weight: Weight::Bold, colour: sheet.shades.text };
    let small = Font { size: 10.5, weight: Weight::Regular, colour: sheet.shades.faint_text };
    let (line, ground) = (sheet.shades.line, sheet.shades.panel);
    sheet.rectangle([left, top, right, bottom], 6.0, ground, 1.0);
    let title = sheet.fit(&panel.title, bold, right - left - 20.0);
    sheet.text(&title, [left + 10.0, top + 7.0], bold, Align::Left);
    let values = bounds(panel.lines.iter().flatten(), |point| point.1);
    if values[0] > values[1] {
        let place = [0.5 * (left + right), 0.5 * (top + bottom)];
        sheet.text("no values", place, small, Align::Middle);
        return;
    }
    let ticks = ticks(widened(values, panel.unit), 4);
    let (y_low, y_high) = (ticks[0], ticks[ticks.len() - 1]);
    let texts: Vec<String> =
        ticks.iter().map(|&tick| written(tick, ticks[1] - ticks[0], panel.unit)).collect();
    let axis_width = texts.iter().map(|text| sheet.measure(text, small)[0]).fold(0.0, f32::max);
    let axes = Axes {
        plot: [left + 16.0 + axis_width, top + HEAD + 8.0, right - 14.0, bottom - FOOT],
        x: if x_high > x_low { [x_low, x_high] } else { [x_low - 0.5, x_high + 0.5] },
        y: [y_low, y_high],
    };
    for (&tick, text) in ticks.iter().zip(&texts) {
        let [_, y] = axes.place((axes.x[0], tick));
        sheet.polyline(&[[axes.plot[0], y], [axes.plot[2], y]], 0.8, line, 1.0);
        sheet.text(text, [axes.plot[0] - 6.0, y - 6.5], small, Align::Right);
    }
    // Only the first and the last epoch are written; the others are easy to guess.
    for (x, align) in
        [(x_low, Align::Left), (x_high, Align::Right)].into_iter().take(1 + usize::from(x_high > x_low))
    {
        let [place, _] = axes.place((x, y_low));
        sheet.text(&format!("{x}"), [place, axes.plot[3] + 5.0], small, align);
    }
    let middle = 0.5 * (axes.plot[0] + axes.plot[2]);
    sheet.text("epoch", [middle, axes.plot[3] + 5.0], small, Align::Middle);
    for (run, values) in panel.lines.iter().enumerate() {
        let colour = colour(sheet, run);
        let points: Vec<[f32; 2]> =
            values.iter().filter(|point| is_drawn(point)).map(|&point| axes.place(point)).collect();
        sheet.polyline(&points, 1.8, colour, 0.95);
        if let Some(&last) = points.last() {
            sheet.disc(last, 2.8, colour, 1.0);
        }
    }
}

/// Widens the range to at least a fiftieth of the numbers, so that small differences do not look large.
pub(super) fn widened([low, high]: [f64; 2], unit: Unit) -> [f64; 2] {
    let missing = (0.02 * high.abs().max(low.abs()) - (high - low)).max(0.0);
    let above = match unit {
        Unit::Percent if high <= 1.0 => (0.5 * missing).min(1.0 - high),
        _ => 0.5 * missing,
    };
    [low - (missing - above), high + above]
}

/// Round numbers for an axis, from `count - 1` to `count + 3` of them, a fixed step apart. The first is at or
/// below `low`, the last at or above `high`.
pub(super) fn ticks([low, high]: [f64; 2], count: usize) -> Vec<f64> {
    let (low, high) = if high > low { (low, high) } else { (low - 0.05 * low.abs(), low + 0.05 * low.abs()) };
    // A smaller span has no step: it would round to nothing.
    let span = if high - low > 1e-300 { high - low } else { 1.0 };
    let rough = span / count as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|digit| digit * power).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * power);
    let first = (low / step + 1e-9).floor() as i64;
    let last = ((high / step - 1e-9).ceil() as i64).max(first + 1);
    (first..=last).map(|at| at as f64 * step).collect()
}

/// The text of a tick, with as many decimals as the step needs.
pub(super) fn written(value: f64, step: f64, unit: Unit) -> String {
    let (value, step) = if unit == Unit::Percent { (100.0 * value, 100.0 * step) } else { (value, step) };
    let percent = if unit == Unit::Percent { " %" } else { "" };
    // Never "-0".
    let value = if value == 0.0 { 0.0 } else { value };
    if (step < 1e-6 && value != 0.0) || value.abs() >= 1e15 {
        return format!("{value:.2e}{percent}");
    }
    let mut decimals = 0;
    while decimals < 6
        && (step * 10f64.powi(decimals)).fract().min(1.0 - (step * 10f64.powi(decimals)).fract()) > 1e-6
    {
        decimals += 1;
    }
    format!("{value:.*}{percent}", decimals as usize)
}
