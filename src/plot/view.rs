//! Maps points to places on a sheet.

/// A scale and a shift.
pub(super) struct View {
    centre: [f64; 2],
    scale: f64,
    middle: [f64; 2],
}

impl View {
    /// The smallest and the largest of each coordinate of the finite points; `None` if there are none.
    fn bounds(points: impl Iterator<Item = [f32; 2]>) -> Option<[[f64; 2]; 2]> {
        let mut bounds: Option<[[f64; 2]; 2]> = None;
        for point in points.filter(is_finite) {
            let point = point.map(f64::from);
            let [low, high] = bounds.unwrap_or([point; 2]);
            bounds = Some([
                [low[0].min(point[0]), low[1].min(point[1])],
                [high[0].max(point[0]), high[1].max(point[1])],
            ]);
        }
        bounds
    }

    /// The height of the points divided by their width; 1 if that is undefined.
    pub(super) fn aspect(points: impl Iterator<Item = [f32; 2]>) -> f32 {
        let aspect = View::bounds(points).map_or(1.0, |[low, high]| (high[1] - low[1]) / (high[0] - low[0]));
        if aspect.is_finite() { aspect as f32 } else { 1.0 }
    }

    /// The view that puts all finite points in the middle of `area` (left, top, right, bottom), at least
    /// `padding` from its edges.
    pub(super) fn fitting(points: impl Iterator<Item = [f32; 2]>, area: [f32; 4], padding: f32) -> View {
        let [low, high] = View::bounds(points).unwrap_or_default();
        let room = |from: f32, to: f32| f64::from((to - from - 2.0 * padding).max(1.0));
        let scale_of = |room: f64, span: f64| if span > 0.0 { room / span } else { f64::INFINITY };
        let scale = scale_of(room(area[0], area[2]), high[0] - low[0])
            .min(scale_of(room(area[1], area[3]), high[1] - low[1]));
        View {
            centre: [0, 1].map(|axis| 0.5 * (low[axis] + high[axis])),
            scale: if scale.is_finite() { scale } else { 1.0 },
            middle: [0.5 * f64::from(area[0] + area[2]), 0.5 * f64::from(area[1] + area[3])],
        }
    }

    /// The place of `point` on the sheet.
    pub(super) fn place(&self, point: [f32; 2]) -> [f32; 2] {
        let offset = [0, 1].map(|axis| (f64::from(point[axis]) - self.centre[axis]) * self.scale);
        [(self.middle[0] + offset[0]) as f32, (self.middle[1] - offset[1]) as f32]
    }
}

/// Whether both coordinates are finite.
pub(super) fn is_finite(point: &[f32; 2]) -> bool {
    point.iter().all(|x| x.is_finite())
}
