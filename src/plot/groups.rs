//! Groups of points: the colour of each, its centre, and how far it extends.

use super::chart::{Chart, Colours, MOST_GROUPS};
use super::colour::{PALETTE_SIZE, spread_colours};
use super::view::{View, is_finite};

/// Points are counted in a grid of this many cells per side.
const CELLS: usize = 32;

/// The colour of each group: see [`MOST_GROUPS`]. `None` means grey.
pub(super) fn group_colours(chart: &Chart) -> Vec<Option<usize>> {
    let Colours::Groups { groups, names, .. } = chart.colours else { return Vec::new() };
    match names.len() {
        count if count <= PALETTE_SIZE => (0..count).map(Some).collect(),
        count if count <= MOST_GROUPS => {
            spread_colours(&centres(chart.points, groups, count)).into_iter().map(Some).collect()
        }
        count => (0..count).map(|group| (group < PALETTE_SIZE).then_some(group)).collect(),
    }
}

/// The centre of each group: the mean of its points around the cell where the group is densest and least
/// mixed with others, which is where its count times its share of all points is largest. A median would not
/// do: for a scattered group, or one of several parts, it lies in the middle of the map.
pub(super) fn centres(
    points: &[[f32; 2]],
    groups: &[Option<u32>],
    group_count: usize,
) -> Vec<Option<[f32; 2]>> {
    let grid = View::fitting(points.iter().copied(), [0.0, 0.0, CELLS as f32, CELLS as f32], 0.0);
    let cell = |point: [f32; 2]| {
        let [x, y] = grid.place(point).map(|x| (x.max(0.0) as usize).min(CELLS - 1));
        y * CELLS + x
    };
    let mut all = vec![0.0f32; CELLS * CELLS];
    points.iter().filter(|point| is_finite(point)).for_each(|&point| all[cell(point)] += 1.0);
    let all = blurred(&all);
    // Added to each count, so that a lone point does not win.
    let mean = all.iter().sum::<f32>() / all.len() as f32;
    let mut members: Vec<Vec<[f32; 2]>> = vec![Vec::new(); group_count];
    for (point, group) in points.iter().zip(groups).filter(|(point, _)| is_finite(point)) {
        if let Some(members) = group.and_then(|group| members.get_mut(group as usize)) {
            members.push(*point);
        }
    }
    let centre = |members: &Vec<[f32; 2]>| {
        let mut own = vec![0.0f32; CELLS * CELLS];
        members.iter().for_each(|&point| own[cell(point)] += 1.0);
        let own = blurred(&own);
        let worth = |at: usize| own[at] * own[at] / (all[at] + mean).max(f32::MIN_POSITIVE);
        let best = (0..own.len()).fold(0, |best, at| if worth(at) > worth(best) { at } else { best });
        let is_near = |point: &&[f32; 2]| {
            let at = cell(**point);
            (at % CELLS).abs_diff(best % CELLS) <= 1 && (at / CELLS).abs_diff(best / CELLS) <= 1
        };
        let near: Vec<&[f32; 2]> = members.iter().filter(is_near).collect();
        let mean = |axis: usize| near.iter().map(|point| point[axis]).sum::<f32>() / near.len() as f32;
        (!near.is_empty()).then(|| [mean(0), mean(1)])
    };
    members.iter().map(centre).collect()
}

/// The weighted sum of each cell and its eight neighbours; the corners count least.
fn blurred(counts: &[f32]) -> Vec<f32> {
    let at = |x: isize, y: isize| match (usize::try_from(x), usize::try_from(y)) {
        (Ok(x), Ok(y)) if x < CELLS && y < CELLS => counts[y * CELLS + x],
        _ => 0.0,
    };
    let cell = |index: usize| {
        let (x, y) = ((index % CELLS) as isize, (index / CELLS) as isize);
        let sides = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
        let corners = at(x - 1, y - 1) + at(x + 1, y - 1) + at(x - 1, y + 1) + at(x + 1, y + 1);
        at(x, y) + 0.5 * sides + 0.25 * corners
    };
    (0..counts.len()).map(cell).collect()
}

/// For each group, the distance on the sheet from its centre within which four fifths of its points lie.
pub(super) fn reaches(
    points: &[[f32; 2]],
    groups: &[Option<u32>],
    centres: &[Option<[f32; 2]>],
    view: &View,
) -> Vec<f32> {
    let mut distances: Vec<Vec<f32>> = vec![Vec::new(); centres.len()];
    for (point, group) in points.iter().zip(groups).filter(|(point, _)| is_finite(point)) {
        if let Some(group) = group.map(|group| group as usize)
            && let Some(Some(centre)) = centres.get(group)
        {
            let ([x, y], [cx, cy]) = (view.place(*point), view.place(*centre));
            distances[group].push((x - cx).hypot(y - cy));
        }
    }
    let far = |distances: &mut Vec<f32>| {
        distances.sort_by(f32::total_cmp);
        distances.get(distances.len() * 4 / 5).copied().unwrap_or(0.0)
    };
    distances.iter_mut().map(far).collect()
}
