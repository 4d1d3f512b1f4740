//! Draws a map: points as translucent discs, a legend, and names beside points that have one.

use super::chart::{Chart, Colours};
use super::colour::Rgb;
use super::groups::{self, group_colours};
use super::legend;
use super::names::{Crowd, Placement};
use super::sheet::{Align, Font, Look, MARGIN, Sheet, TOP};
use super::text::Weight;
use super::view::{View, is_finite};
use crate::Result;
use crate::random::{Purpose, Stream};
use image::RgbImage;

/// The least and the greatest height of a map, as a share of its width.
const ASPECT: [f32; 2] = [0.55, 1.0];

/// Draws a map.
///
/// # Errors
/// [`crate::Error::Setting`] if the machine lacks the memory for a picture of this size; [`crate::Error::Data`] if the
/// built-in font cannot be read.
pub fn scatter(chart: &Chart, look: &Look) -> Result<RgbImage> {
    let legend = legend::Legend::of(chart, look.theme);
    // The size of the map depends on the width of the legend, so measure that on an empty sheet first.
    let measuring = Sheet::new(look, 1.0, "", "")?;
    let side = legend.width(&measuring);
    let right = measuring.width - MARGIN - if side > 0.0 { side + 20.0 } else { 0.0 };
    let all = || chart.points.iter().chain(chart.backdrop.1).copied();
    let width = right - MARGIN;
    let height = width * View::aspect(all()).clamp(ASPECT[0], ASPECT[1]);
    let panel = [MARGIN, TOP, right, TOP + height];
    let mut sheet = Sheet::new(look, TOP + height + MARGIN, chart.title, chart.subtitle)?;
    let panel_colour = sheet.shades.panel;
    sheet.rectangle(panel, 8.0, panel_colour, 1.0);
    let view = View::fitting(all(), panel, 22.0);
    draw_points(&mut sheet, chart, &view, panel);
    draw_names(&mut sheet, chart, &view, panel);
    legend.draw(&mut sheet, [right + 20.0, TOP + 4.0], side);
    Ok(sheet.into_image())
}

/// The radius, in points, of a disc of `weight` among `count` discs on a map that is `width` points wide.
fn radius(width: f32, count: usize, weight: f32) -> f32 {
    let mean = (0.22 * width / (count.max(1) as f32).sqrt()).clamp(1.3, 4.2);
    mean * (0.7 + 0.8 * weight.clamp(0.0, 1.0))
}

fn draw_points(sheet: &mut Sheet, chart: &Chart, view: &View, panel: [f32; 4]) {
    let width = panel[2] - panel[0];
    let grey = sheet.shades.grey;
    for point in chart.backdrop.1.iter().filter(|point| is_finite(point)) {
        sheet.disc(view.place(*point), 1.1, grey, 0.55);
    }
    let finite: Vec<usize> = (0..chart.points.len()).filter(|&at| is_finite(&chart.points[at])).collect();
    let places: Vec<[f32; 2]> = finite.iter().map(|&at| view.place(chart.points[at])).collect();
    let alphas = crowd_alphas(&places, radius(width, finite.len(), 0.35), panel);
    let colours = colours_of(chart, sheet);
    for at in drawing_order(&finite, chart) {
        let point = finite[at];
        let radius = radius(width, finite.len(), weight(chart, point));
        sheet.disc(places[at], radius, colours[point], alphas[at]);
    }
}

fn weight(chart: &Chart, point: usize) -> f32 {
    chart.weights.get(point).copied().filter(|weight| weight.is_finite()).unwrap_or(0.35)
}

fn colours_of(chart: &Chart, sheet: &Sheet) -> Vec<Rgb> {
    let (theme, grey) = (sheet.theme, sheet.shades.grey);
    let count = chart.points.len();
    match chart.colours {
        Colours::Plain => vec![theme.palette(1); count],
        Colours::Values { values, .. } => {
            let range = legend::range(values);
            let colour = |at: usize| values.get(at).and_then(|&value| range.share(value));
            (0..count).map(|at| colour(at).map_or(grey, |share| theme.sequential(share))).collect()
        }
        Colours::Groups { groups, .. } => {
            let of_group = group_colours(chart);
            let colour = |at: usize| *of_group.get((*groups.get(at)?)? as usize)?;
            (0..count).map(|at| colour(at).map_or(grey, |colour| theme.palette(colour))).collect()
        }
    }
}

/// The opacity of each disc. It falls with the number of other discs nearby, so that crowds show their
/// density instead of one flat colour.
fn crowd_alphas(places: &[[f32; 2]], radius: f32, panel: [f32; 4]) -> Vec<f32> {
    let cell = 6.0 * radius;
    let (columns, rows) =
        (((panel[2] - panel[0]) / cell) as usize + 3, ((panel[3] - panel[1]) / cell) as usize + 3);
    // The four cells nearest a place, each with its weight.
    let corners = |place: &[f32; 2]| {
        let x = ((place[0] - panel[0]) / cell).clamp(0.0, (columns - 2) as f32);
        let y = ((place[1] - panel[1]) / cell).clamp(0.0, (rows - 2) as f32);
        let (column, row) = (x as usize, y as usize);
        let (right, down) = (x - column as f32, y - row as f32);
        [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(dx, dy)| {
            let across = if dx == 1 { right } else { 1.0 - right };
            let weight = across * if dy == 1 { down } else { 1.0 - down };
            ((row + dy) * columns + column + dx, weight)
        })
    };
    let mut counts = vec![0.0f32; columns * rows];
    for place in places {
        corners(place).iter().for_each(|&(at, weight)| counts[at] += weight);
    }
    // The number of discs over each other, if the discs of a cell were spread evenly.
    let disc_share = std::f32::consts::PI * radius * radius / (cell * cell);
    let layers =
        |place| corners(place).iter().map(|&(at, weight)| counts[at] * weight).sum::<f32>() * disc_share;
    places.iter().map(|place| (0.9 / (1.0 + 0.3 * layers(place))).max(0.25)).collect()
}

/// Positions in `finite` in the order of drawing: grey points first, then by weight. Points of the same
/// weight are shuffled (in the same way each time), so that no group always covers the others.
fn drawing_order(finite: &[usize], chart: &Chart) -> Vec<usize> {
    let mut order: Vec<usize> = (0..finite.len()).collect();
    Stream::new(0, Purpose::Display, 0).shuffle(&mut order);
    let of_group = group_colours(chart);
    let is_coloured = |point: usize| match chart.colours {
        Colours::Groups { groups, .. } => groups
            .get(point)
            .copied()
            .flatten()
            .is_some_and(|group| of_group.get(group as usize).copied().flatten().is_some()),
        _ => true,
    };
    // Weights in coarse steps, so that groups stay mixed.
    let step = |point: usize| match chart.colours {
        Colours::Values { .. } => weight(chart, point),
        _ => (4.0 * weight(chart, point)).floor(),
    };
    order.sort_by(|&left, &right| {
        let (left, right) = (finite[left], finite[right]);
        is_coloured(left).cmp(&is_coloured(right)).then(step(left).total_cmp(&step(right)))
    });
    order
}

fn draw_names(sheet: &mut Sheet, chart: &Chart, view: &View, panel: [f32; 4]) {
    let places: Vec<[f32; 2]> =
        chart.points.iter().filter(|point| is_finite(point)).map(|point| view.place(*point)).collect();
    let crowd = Crowd::new(&places, panel[2], panel[3], 3.0);
    let bounds = [panel[0] + 4.0, panel[1] + 4.0, panel[2] - 4.0, panel[3] - 4.0];
    let mut placement = Placement { bounds, crowd: &crowd, taken: Vec::new() };
    if let Colours::Groups { groups, names, .. } = chart.colours
        && chart.colours.name_groups_on_map()
    {
        let centres = groups::centres(chart.points, groups, names.len());
        let reaches = groups::reaches(chart.points, groups, &centres, view);
        draw_group_names(sheet, names, &centres, &reaches, view, &mut placement);
    }
    draw_point_names(sheet, chart, view, &mut placement);
}

/// Names the groups: beside a group that is small on the sheet, over the centre of a large one.
fn draw_group_names(
    sheet: &mut Sheet,
    names: &[String],
    centres: &[Option<[f32; 2]>],
    reaches: &[f32],
    view: &View,
    placement: &mut Placement,
) {
    const SMALL: f32 = 42.0;
    let font = Font { size: 12.0, weight: Weight::Bold, colour: sheet.shades.text };
    let halo = Some((sheet.shades.panel, 2.2));
    for ((name, centre), &reach) in names.iter().zip(centres).zip(reaches) {
        let Some(at) = centre.map(|centre| view.place(centre)) else { continue };
        let name = sheet.fit(name, font, 150.0);
        let [width, height] = sheet.measure(&name, font);
        let size = [width + 4.0, height];
        let beside = if reach < SMALL { placement.beside(at, 0.6 * reach, size, 30.0) } else { None };
        if let Some(area) = beside.or_else(|| placement.over(at, size)) {
            sheet.text_with_halo(&name, [area[0] + 2.0, area[1]], font, Align::Left, halo);
        }
    }
}

fn draw_point_names(sheet: &mut Sheet, chart: &Chart, view: &View, placement: &mut Placement) {
    let font = Font { size: 11.0, weight: Weight::Regular, colour: sheet.shades.text };
    let (text, halo) = (sheet.shades.text, (sheet.shades.panel, 1.8));
    let width = placement.bounds[2] - placement.bounds[0];
    let count = chart.points.len();
    let named: Vec<_> = chart
        .names
        .iter()
        .filter_map(|(point, name)| Some((*point, *chart.points.get(*point).filter(|p| is_finite(p))?, name)))
        .collect();
    let disc = |point: usize| radius(width, count, weight(chart, point)) + 1.2;
    // No name may lie on a named point.
    placement.taken.extend(named.iter().map(|&(point, at, _)| {
        let ([x, y], radius) = (view.place(at), disc(point));
        [x - radius, y - radius, x + radius, y + radius]
    }));
    // Draw all lines first, so that none crosses a name.
    let mut texts = Vec::new();
    for (point, at, name) in named {
        let (at, radius) = (view.place(at), disc(point));
        let name = sheet.fit(name, font, 170.0);
        let [width, height] = sheet.measure(&name, font);
        let Some(area) = placement.beside(at, radius, [width + 4.0, height], 46.0) else { continue };
        sheet.ring(at, radius, 1.1, text, 0.9);
        let near = [at[0].clamp(area[0], area[2]), at[1].clamp(area[1] + 2.0, area[3] - 2.0)];
        let (dx, dy) = (near[0] - at[0], near[1] - at[1]);
        let distance = dx.hypot(dy);
        if distance > radius + 4.0 {
            let edge = [at[0] + dx / distance * radius, at[1] + dy / distance * radius];
            sheet.polyline(&[edge, near], 2.6, halo.0, 0.7);
            sheet.polyline(&[edge, near], 0.8, text, 0.7);
        }
        texts.push((name, [area[0] + 2.0, area[1]]));
    }
    for (name, place) in texts {
        sheet.text_with_halo(&name, place, font, Align::Left, Some(halo));
    }
}
