//! Colours that people with any colour vision can tell apart, on a light or a dark ground.

use std::collections::BTreeMap;

/// sRGB, each from 0 to 1.
pub(super) type Rgb = [f32; 3];

/// Whether a picture is dark on light or light on dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark on light.
    #[default]
    Light,
    /// Light on dark.
    Dark,
}

/// The colours of a picture's parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shades {
    pub(super) page: Rgb,
    pub(super) panel: Rgb,
    pub(super) line: Rgb,
    pub(super) text: Rgb,
    pub(super) faint_text: Rgb,
    /// For points without a group or a value.
    pub(super) grey: Rgb,
}

/// Paul Tol, "Colour Schemes" (SRON/EPS/TN/09-002, issue 3.2, 2021), scheme "muted", in his order.
const MUTED: [u32; PALETTE_SIZE] =
    [0xCC6677, 0x332288, 0xDDCC77, 0x117733, 0x88CCEE, 0x882255, 0x44AA99, 0x999933, 0xAA4499];

/// The same for a dark ground: scheme "light". The last colour is his pale grey.
const LIGHT: [u32; PALETTE_SIZE] =
    [0xEE8866, 0x77AADD, 0xEEDD88, 0x44BB99, 0xFFAABB, 0x99DDFF, 0xAAAA00, 0xBBCC33, 0xDDDDDD];

/// How many groups have a colour of their own.
pub const PALETTE_SIZE: usize = 9;

/// Viridis (Smith and van der Walt, matplotlib 1.5), without its ends, which are hard to see on a light or
/// dark ground.
const VIRIDIS: [u32; 9] =
    [0x482475, 0x414487, 0x355F8D, 0x2A788E, 0x21918C, 0x22A884, 0x44BF70, 0x7AD151, 0xBDDF26];

impl Theme {
    pub(super) fn shades(self) -> Shades {
        let [page, panel, line, text, faint_text, grey] = match self {
            Theme::Light => [0xFFFFFF, 0xF6F7F9, 0xD3D7DE, 0x1B1F27, 0x5F6672, 0xB4BAC4],
            Theme::Dark => [0x12151A, 0x1A1E25, 0x39404B, 0xECEFF4, 0x9AA3B0, 0x5A626E],
        };
        let [page, panel, line] = [page, panel, line].map(rgb);
        Shades { page, panel, line, text: rgb(text), faint_text: rgb(faint_text), grey: rgb(grey) }
    }

    /// Colour number `index` of the palette, which repeats after its end.
    pub(super) fn palette(self, index: usize) -> Rgb {
        let palette = match self {
            Theme::Light => &MUTED,
            Theme::Dark => &LIGHT,
        };
        rgb(palette[index % PALETTE_SIZE])
    }

    /// The colour of `share`, from 0 (lowest) to 1 (highest). The highest stands out most.
    pub(super) fn sequential(self, share: f32) -> Rgb {
        let share = if self == Theme::Light { 1.0 - share } else { share };
        let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f32;
        let below = (place as usize).min(VIRIDIS.len() - 2);
        let (from, to, weight) = (rgb(VIRIDIS[below]), rgb(VIRIDIS[below + 1]), place - below as f32);
        [0, 1, 2].map(|part| from[part] + (to[part] - from[part]) * weight)
    }
}

/// Chooses a colour number for each group, given the groups' `centres`, so that groups of the same colour lie
/// far apart. The first [`PALETTE_SIZE`] groups with a centre get different colours.
pub(super) fn spread_colours(centres: &[Option<[f32; 2]>]) -> Vec<usize> {
    let mut taken: BTreeMap<usize, Vec<[f32; 2]>> = BTreeMap::new();
    let mut colours = Vec::with_capacity(centres.len());
    for (group, centre) in centres.iter().enumerate() {
        let Some(centre) = *centre else {
            colours.push(group % PALETTE_SIZE);
            continue;
        };
        let room = |colour: usize| {
            let others = taken.get(&colour).map_or(&[][..], Vec::as_slice);
            let distance = |other: &[f32; 2]| (other[0] - centre[0]).hypot(other[1] - centre[1]);
            others.iter().map(distance).fold(f32::INFINITY, f32::min)
        };
        let best =
            (0..PALETTE_SIZE).fold(0, |best, colour| if room(colour) > room(best) { colour } else { best });
        taken.entry(best).or_default().push(centre);
        colours.push(best);
    }
    colours
}

pub(super) fn rgb(hex: u32) -> Rgb {
    [16, 8, 0].map(|shift| ((hex >> shift) & 0xFF) as f32 / 255.0)
}
