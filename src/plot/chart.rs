//! What a map shows: its points, what their colours mean, and its texts.

use super::colour::PALETTE_SIZE;

/// What the colour of a point means.
#[derive(Debug, Clone, Copy)]
pub enum Colours<'a> {
    /// Nothing: all points have one colour.
    Plain,
    /// A number for each point: the higher, the more its colour stands out. Grey if it is not finite.
    Values {
        /// (points).
        values: &'a [f32],
        /// What the numbers are.
        caption: &'a str,
        /// Numbers to show beside the scale, with their texts.
        ticks: &'a [(f32, String)],
    },
    /// A group for each point, such as its label; grey if it has none.
    Groups {
        /// (points), each below the number of names.
        groups: &'a [Option<u32>],
        /// The names of the groups, the most important first.
        names: &'a [String],
        /// What points without a group are called in the legend.
        none: &'a str,
    },
}

/// Up to this many groups, all are coloured. If there are more groups than colours, groups that lie far apart
/// share a colour, and the names stand on the map. With more groups than this, only the first ones are
/// coloured.
pub(super) const MOST_GROUPS: usize = 48;

impl Colours<'_> {
    /// Whether the names of the groups stand on the map because there are more groups than colours.
    pub fn name_groups_on_map(&self) -> bool {
        matches!(self, Colours::Groups { names, .. } if (PALETTE_SIZE + 1..=MOST_GROUPS).contains(&names.len()))
    }
}

/// A map to draw.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// The line above the map.
    pub title: &'a str,
    /// The smaller line below it.
    pub subtitle: &'a str,
    /// The places of the points: x to the right, y upwards, one scale for both. Points that are not finite
    /// are left out.
    pub points: &'a [[f32; 2]],
    /// What their colours mean.
    pub colours: Colours<'a>,
    /// The size of each disc, 0 to 1; empty if all are the same.
    pub weights: &'a [f32],
    /// The names of some points, the most important first. Names without room are left out.
    pub names: &'a [(usize, String)],
    /// The name and the places of further points, drawn small and grey behind the others; may be empty.
    pub backdrop: (&'a str, &'a [[f32; 2]]),
}
