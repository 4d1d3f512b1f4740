//! Places names beside their points, so that no names overlap and few points are hidden.

/// A rectangle: left, top, right, bottom.
pub(super) type Area = [f32; 4];

/// Counts points in small squares. The counts are summed from the upper left, so that four look-ups give the
/// count in any rectangle.
pub(super) struct Crowd {
    cell: f32,
    columns: usize,
    rows: usize,
    sums: Vec<f32>,
}

impl Crowd {
    /// Counts `places` in a picture of `width` x `height` pixels, in squares of `cell` pixels.
    pub(super) fn new(places: &[[f32; 2]], width: f32, height: f32, cell: f32) -> Crowd {
        let (columns, rows) = ((width / cell) as usize + 2, (height / cell) as usize + 2);
        let mut sums = vec![0.0; columns * rows];
        for [x, y] in places {
            let (column, row) = ((x.max(0.0) / cell) as usize + 1, (y.max(0.0) / cell) as usize + 1);
            if column < columns && row < rows {
                sums[row * columns + column] += 1.0;
            }
        }
        for row in 1..rows {
            for column in 1..columns {
                sums[row * columns + column] += sums[(row - 1) * columns + column]
                    + sums[row * columns + column - 1]
                    - sums[(row - 1) * columns + column - 1];
            }
        }
        Crowd { cell, columns, rows, sums }
    }

    /// The approximate number of points in `area`.
    fn count(&self, [left, top, right, bottom]: Area) -> f32 {
        let column = |x: f32| ((x.max(0.0) / self.cell).round() as usize).min(self.columns - 1);
        let row = |y: f32| ((y.max(0.0) / self.cell).round() as usize).min(self.rows - 1);
        let sum = |x: f32, y: f32| self.sums[row(y) * self.columns + column(x)];
        sum(right, bottom) - sum(left, bottom) - sum(right, top) + sum(left, top)
    }
}

/// Places names one after another.
pub(super) struct Placement<'a> {
    /// Where names may stand.
    pub(super) bounds: Area,
    pub(super) crowd: &'a Crowd,
    /// Areas where no name may stand.
    pub(super) taken: Vec<Area>,
}

impl Placement<'_> {
    fn is_free(&self, area: Area) -> bool {
        let inside = area[0] >= self.bounds[0]
            && area[1] >= self.bounds[1]
            && area[2] <= self.bounds[2]
            && area[3] <= self.bounds[3];
        inside && !self.taken.iter().any(|&other| overlaps(area, other))
    }

    /// Finds and takes a place for a name beside the point `at`, whose disc has `radius`. `None` if there is
    /// no room within `reach`.
    pub(super) fn beside(
        &mut self,
        at: [f32; 2],
        radius: f32,
        [width, height]: [f32; 2],
        reach: f32,
    ) -> Option<Area> {
        const ANGLES: usize = 16;
        let mut best: Option<(f32, Area)> = None;
        for (ring, distance) in [0.0, 0.2, 0.45, 0.7, 1.0].map(|part| part * reach).into_iter().enumerate() {
            for step in 0..ANGLES {
                let (sine, cosine) = (step as f32 * std::f32::consts::TAU / ANGLES as f32).sin_cos();
                // In this direction, the rectangle touches the circle from outside.
                let out = radius + distance + 1.0;
                let x = at[0] + cosine * out + 0.5 * width * (cosine * 1.6).clamp(-1.0, 1.0);
                let y = at[1] + sine * out + 0.5 * height * (sine * 1.6).clamp(-1.0, 1.0);
                let area = [x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height];
                if !self.is_free(area) {
                    continue;
                }
                // A nearer place may hide a few more points. A name to the right reads best.
                let cost = self.crowd.count(area) + 5.0 * ring as f32 + if step == 0 { 0.0 } else { 1.0 };
                if best.is_none_or(|(least, _)| cost < least) {
                    best = Some((cost, area));
                }
            }
        }
        let (_, area) = best?;
        self.taken.push(area);
        Some(area)
    }

    /// Finds and takes a place for a name centred on `at` or, if that is taken, a little above or below.
    pub(super) fn over(&mut self, at: [f32; 2], [width, height]: [f32; 2]) -> Option<Area> {
        let shifts =
            [[0.0, 0.0], [0.0, -0.7], [0.0, 0.7], [0.4, -1.1], [-0.4, -1.1], [0.4, 1.1], [-0.4, 1.1]];
        let area = shifts.into_iter().find_map(|[dx, dy]| {
            let (x, y) = (at[0] + dx * width, at[1] + dy * height);
            let area = [x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height];
            self.is_free(area).then_some(area)
        })?;
        self.taken.push(area);
        Some(area)
    }
}

fn overlaps(a: Area, b: Area) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}
