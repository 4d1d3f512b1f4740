//! Draws a trade: two measures of the same models against each other, along a dial.

use super::curves::{Axes, Unit, bounds, colour, draw_legend, is_drawn, ticks, widened, written};
use super::sheet::{Align, Font, Look, MARGIN, Sheet, TOP};
use super::text::Weight;
use crate::Result;
use image::RgbImage;

/// What a model comes to at one place of the dial.
#[derive(Debug, Clone, PartialEq)]
pub struct TradePoint {
    /// The measure to the right.
    pub x: f64,
    /// The measure upwards. A point with a number that is not finite, or beyond 1e300, is left out.
    pub y: f64,
    /// What is written beside the point: the place of the dial.
    pub label: String,
}

/// A chart of one or more models.
#[derive(Debug, Clone, Copy)]
pub struct Trade<'a> {
    /// The line above the chart.
    pub title: &'a str,
    /// The smaller line below it.
    pub subtitle: &'a str,
    /// The names of the models.
    pub models: &'a [String],
    /// The points of each model, in the order of the dial: a line joins them.
    pub lines: &'a [Vec<TradePoint>],
    /// The name of the measure to the right, and how its values are written.
    pub x: (&'a str, Unit),
    /// The same for the measure upwards.
    pub y: (&'a str, Unit),
}

const LEGEND: f32 = 30.0;
const HEAD: f32 = 30.0;
const FOOT: f32 = 44.0;

/// Draws the chart.
///
/// # Errors
/// [`crate::Error::Setting`] if the machine lacks the memory for a picture of this size; [`crate::Error::Data`] if the
/// built-in font cannot be read.
pub fn draw_trade(trade: &Trade, look: &Look) -> Result<RgbImage> {
    let width = look.points_wide();
    let plot_height = (0.55 * width).clamp(160.0, 900.0);
    let mut sheet = Sheet::new(look, TOP + LEGEND + plot_height + MARGIN, trade.title, trade.subtitle)?;
    draw_legend(&mut sheet, trade.models);
    let [left, top] = [MARGIN, TOP + LEGEND];
    let [right, bottom] = [width - MARGIN, top + plot_height];
    let ground = sheet.shades.panel;
    sheet.rectangle([left, top, right, bottom], 6.0, ground, 1.0);
    let points: Vec<Vec<(f64, f64)>> =
        trade.lines.iter().map(|line| line.iter().map(|point| (point.x, point.y)).collect()).collect();
    let range = |of: fn(&(f64, f64)) -> f64| bounds(points.iter().flatten(), of);
    let [x, y] = [range(|point| point.0), range(|point| point.1)];
    if x[0] > x[1] {
        let faint = Font { size: 12.0, weight: Weight::Regular, colour: sheet.shades.faint_text };
        sheet.text("no values", [0.5 * (left + right), 0.5 * (top + bottom)], faint, Align::Middle);
        return Ok(sheet.into_image());
    }
    let axes = draw_axes(&mut sheet, trade, [x, y], [left, top, right, bottom]);
    // No line runs over the label of another model.
    for (model, line) in points.iter().enumerate() {
        let colour = colour(&sheet, model);
        let finite = line.iter().filter(|point| is_drawn(point));
        let places: Vec<[f32; 2]> = finite.map(|&point| axes.place(point)).collect();
        sheet.polyline(&places, 1.8, colour, 0.9);
        places.iter().for_each(|&place| sheet.disc(place, 4.0, colour, 1.0));
    }
    let font = Font { size: 11.0, weight: Weight::Regular, colour: sheet.shades.text };
    for point in trade.lines.iter().flatten().filter(|point| is_drawn(&(point.x, point.y))) {
        let [x, y] = axes.place((point.x, point.y));
        let label = sheet.fit(&point.label, font, 120.0);
        sheet.text_with_halo(&label, [x + 7.0, y + 3.0], font, Align::Left, Some((ground, 2.5)));
    }
    Ok(sheet.into_image())
}

/// The lines, ticks and names of both axes.
fn draw_axes(
    sheet: &mut Sheet,
    trade: &Trade,
    [x, y]: [[f64; 2]; 2],
    [left, top, right, bottom]: [f32; 4],
) -> Axes {
    let bold = Font { size: 12.5, weight: Weight::Bold, colour: sheet.shades.text };
    let small = Font { size: 11.0, weight: Weight::Regular, colour: sheet.shades.faint_text };
    let line = sheet.shades.line;
    let [x_ticks, y_ticks] = [ticks(widened(x, trade.x.1), 6), ticks(widened(y, trade.y.1), 5)];
    let texts = |ticks: &[f64], unit| -> Vec<String> {
        ticks.iter().map(|&tick| written(tick, ticks[1] - ticks[0], unit)).collect()
    };
    let (x_texts, y_texts) = (texts(&x_ticks, trade.x.1), texts(&y_ticks, trade.y.1));
    let axis_width = y_texts.iter().map(|text| sheet.measure(text, small)[0]).fold(0.0, f32::max);
    let ends = |ticks: &[f64]| [ticks[0], ticks[ticks.len() - 1]];
    let axes = Axes {
        plot: [left + 18.0 + axis_width, top + HEAD + 8.0, right - 34.0, bottom - FOOT],
        x: ends(&x_ticks),
        y: ends(&y_ticks),
    };
    for (&tick, text) in y_ticks.iter().zip(&y_texts) {
        let [_, y] = axes.place((axes.x[0], tick));
        sheet.polyline(&[[axes.plot[0], y], [axes.plot[2], y]], 0.8, line, 1.0);
        sheet.text(text, [axes.plot[0] - 6.0, y - 7.0], small, Align::Right);
    }
    for (&tick, text) in x_ticks.iter().zip(&x_texts) {
        let [x, _] = axes.place((tick, axes.y[0]));
        sheet.polyline(&[[x, axes.plot[1]], [x, axes.plot[3]]], 0.8, line, 1.0);
        sheet.text(text, [x, axes.plot[3] + 6.0], small, Align::Middle);
    }
    sheet.text(trade.y.0, [left + 10.0, top + 8.0], bold, Align::Left);
    sheet.text(trade.x.0, [axes.plot[2], axes.plot[3] + 22.0], bold, Align::Right);
    axes
}
