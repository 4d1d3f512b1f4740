//! Colours that people with any colour vision can tell apart.

/// What the colour of a point says.
#[derive(Debug, Clone, Copy)]
pub enum Colours<'a> {
    /// Nothing: all points have one colour.
    Plain,
    /// A number for each point, from light (lowest) to dark (highest) on a sequential map. Points
    /// with higher numbers are drawn larger, and over others. A point without a finite number is grey.
    Values(&'a [f32]),
    /// A group for each point, such as its label. Eight groups have the colours of Okabe and Ito
    /// (2008); further ones repeat them lighter and darker. A point without a group is grey.
    Groups(&'a [u32]),
}

/// ln(1 + f) of training counts f: popularity as [`Colours::Values`].
pub fn log_popularity(frequencies: &[u32]) -> Vec<f32> {
    frequencies.iter().map(|&count| (f64::from(count)).ln_1p() as f32).collect()
}

/// sRGB, each from 0 to 1.
pub(super) type Rgb = [f32; 3];

pub(super) const GREY: Rgb = [0.6, 0.6, 0.6];

/// Okabe and Ito, "Color Universal Design" (2008): those that show best on white first.
const OKABE_ITO: [u32; 8] = [0x0072B2, 0xE69F00, 0x009E73, 0xCC79A7, 0x56B4E9, 0xD55E00, 0x000000, 0xF0E442];

/// Viridis (Smith and van der Walt, matplotlib 1.5) from its yellow-green, which shows on white, to
/// its darkest.
const VIRIDIS: [u32; 10] =
    [0xBDDF26, 0x7AD151, 0x44BF70, 0x22A884, 0x21918C, 0x2A788E, 0x355F8D, 0x414487, 0x482475, 0x440154];

impl Colours<'_> {
    /// The colours of `count` points.
    pub(super) fn of_points(&self, count: usize) -> Vec<Rgb> {
        match self {
            Colours::Plain => vec![rgb(OKABE_ITO[0]); count],
            Colours::Groups(groups) => {
                (0..count).map(|at| groups.get(at).map_or(GREY, |&group| group_colour(group))).collect()
            }
            Colours::Values(values) => {
                let colours = shares(values).map(|share| share.map_or(GREY, sequential));
                colours.chain(std::iter::repeat(GREY)).take(count).collect()
            }
        }
    }

    /// The radii of `count` points, as parts of the picture's: higher values have larger discs.
    pub(super) fn sizes(&self, count: usize) -> Vec<f32> {
        match self {
            Colours::Values(values) => {
                let sizes = shares(values).map(|share| share.map_or(1.0, |share| 0.9 + 0.9 * share));
                sizes.chain(std::iter::repeat(1.0)).take(count).collect()
            }
            _ => vec![1.0; count],
        }
    }
}

/// Where each value lies between the lowest (0) and the highest (1); none where it is not finite.
fn shares(values: &[f32]) -> impl Iterator<Item = Option<f32>> + '_ {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let low = f64::from(finite().fold(f32::INFINITY, f32::min));
    let span = f64::from(finite().fold(f32::NEG_INFINITY, f32::max)) - low;
    values.iter().map(move |&value| match value.is_finite() {
        true if span > 0.0 => Some(((f64::from(value) - low) / span) as f32),
        true => Some(0.5),
        false => None,
    })
}

/// The colour of group number `group`.
pub(super) fn group_colour(group: u32) -> Rgb {
    let base = rgb(OKABE_ITO[group as usize % OKABE_ITO.len()]);
    match (group as usize / OKABE_ITO.len()) % 3 {
        0 => base,
        1 => base.map(|part| 0.5 * part + 0.5 * 0.85),
        _ => base.map(|part| 0.6 * part),
    }
}

/// The colour of `share` (0 lowest, 1 highest).
fn sequential(share: f32) -> Rgb {
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f32;
    let below = (place as usize).min(VIRIDIS.len() - 2);
    let (from, to, weight) = (rgb(VIRIDIS[below]), rgb(VIRIDIS[below + 1]), place - below as f32);
    [0, 1, 2].map(|part| from[part] + (to[part] - from[part]) * weight)
}

fn rgb(hex: u32) -> Rgb {
    [16, 8, 0].map(|shift| ((hex >> shift) & 0xFF) as f32 / 255.0)
}
