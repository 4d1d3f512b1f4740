//! The legend beside the map, which explains the colours.

use super::chart::{Chart, Colours};
use super::colour::{PALETTE_SIZE, Rgb, Theme};
use super::groups::group_colours;
use super::sheet::{Align, Font, Sheet};
use super::text::Weight;

/// The range of some numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    low: f64,
    span: f64,
}

/// The range of the finite `values`.
pub(super) fn range(values: &[f32]) -> Range {
    let finite = || values.iter().copied().filter(|value| value.is_finite()).map(f64::from);
    let low = finite().fold(f64::INFINITY, f64::min);
    Range { low, span: finite().fold(f64::NEG_INFINITY, f64::max) - low }
}

impl Range {
    /// Where `value` lies between the lowest (0) and the highest (1); `None` if it is not finite.
    pub(super) fn share(&self, value: f32) -> Option<f32> {
        match value.is_finite() {
            true if self.span > 0.0 => Some(((f64::from(value) - self.low) / self.span) as f32),
            true => Some(0.5),
            false => None,
        }
    }
}

/// The content of a legend.
pub(super) struct Legend<'a> {
    entries: Vec<(Option<Rgb>, String)>,
    scale: Option<(&'a str, Vec<(f32, &'a str)>)>,
}

const MOST_WIDTH: f32 = 190.0;
const LINE_HEIGHT: f32 = 20.0;
const BAR: [f32; 2] = [12.0, 170.0];

impl<'a> Legend<'a> {
    pub(super) fn of(chart: &Chart<'a>, theme: Theme) -> Legend<'a> {
        let mut legend = Legend { entries: Vec::new(), scale: None };
        let grey = theme.shades().grey;
        match chart.colours {
            Colours::Plain => {}
            Colours::Values { values, caption, ticks } => {
                let range = range(values);
                let within = |value: f32| range.share(value).filter(|share| (-0.001..=1.001).contains(share));
                let ticks = ticks.iter().filter_map(|(value, text)| Some((within(*value)?, text.as_str())));
                legend.scale = Some((caption, ticks.collect()));
            }
            Colours::Groups { groups, names, none } => {
                if !chart.colours.name_groups_on_map() {
                    let colours = group_colours(chart);
                    let named =
                        names.iter().zip(&colours).filter_map(|(name, colour)| Some((name, (*colour)?)));
                    legend
                        .entries
                        .extend(named.map(|(name, colour)| (Some(theme.palette(colour)), name.clone())));
                    if names.len() > legend.entries.len() {
                        let count = names.len() - PALETTE_SIZE;
                        legend.entries.push((Some(grey), format!("{count} other labels")));
                    }
                }
                let is_missing = |at: usize| groups.get(at).copied().flatten().is_none();
                if names.len() <= PALETTE_SIZE && (0..chart.points.len()).any(is_missing) {
                    legend.entries.push((Some(grey), none.to_owned()));
                }
            }
        }
        let (name, backdrop) = chart.backdrop;
        if !backdrop.is_empty() {
            legend.entries.push((None, name.to_owned()));
        }
        legend
    }

    fn font(sheet: &Sheet) -> Font {
        Font { size: 12.0, weight: Weight::Regular, colour: sheet.shades.text }
    }

    /// The width that the legend needs, in points; 0 if it is empty.
    pub(super) fn width(&self, sheet: &Sheet) -> f32 {
        let most = MOST_WIDTH.min(0.3 * sheet.width);
        let font = Legend::font(sheet);
        let entries = self
            .entries
            .iter()
            .map(|(_, name)| 20.0 + sheet.measure(&sheet.fit(name, font, most - 20.0), font)[0]);
        let scale = self.scale.iter().flat_map(|(caption, ticks)| {
            let ticks = ticks.iter().map(|(_, text)| BAR[0] + 10.0 + sheet.measure(text, font)[0]);
            ticks.chain([sheet.measure(&sheet.fit(caption, font, most), font)[0]])
        });
        entries.chain(scale).fold(0.0, f32::max).min(most)
    }

    /// Draws the legend with its upper left corner at (x, y).
    pub(super) fn draw(&self, sheet: &mut Sheet, [x, mut y]: [f32; 2], width: f32) {
        let font = Legend::font(sheet);
        let grey = sheet.shades.grey;
        if let Some((caption, ticks)) = &self.scale {
            let caption = sheet.fit(caption, font, width);
            sheet.text(&caption, [x, y], Font { colour: sheet.shades.faint_text, ..font }, Align::Left);
            y += 26.0;
            let step_count = (BAR[1] * sheet.scale) as usize;
            for step in 0..step_count {
                let top = y + BAR[1] * step as f32 / step_count as f32;
                let colour = sheet.theme.sequential(1.0 - step as f32 / (step_count - 1).max(1) as f32);
                sheet.rectangle([x, top, x + BAR[0], top + BAR[1] / step_count as f32], 0.0, colour, 1.0);
            }
            for (share, text) in ticks {
                let at = y + BAR[1] * (1.0 - share);
                let line = sheet.shades.faint_text;
                sheet.polyline(&[[x + BAR[0] + 1.0, at], [x + BAR[0] + 5.0, at]], 1.0, line, 1.0);
                sheet.text(text, [x + BAR[0] + 10.0, at - 7.5], font, Align::Left);
            }
            y += BAR[1] + 24.0;
        }
        for (colour, name) in &self.entries {
            match colour {
                Some(colour) => sheet.disc([x + 6.0, y + 8.0], 5.0, *colour, 1.0),
                None => sheet.disc([x + 6.0, y + 8.0], 1.6, grey, 1.0),
            }
            let name = sheet.fit(name, font, width - 20.0);
            sheet.text(&name, [x + 20.0, y], font, Align::Left);
            y += LINE_HEIGHT;
        }
    }
}
