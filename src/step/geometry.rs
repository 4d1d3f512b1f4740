//! Which point of space a row of the tables stands for.

use serde::{Deserialize, Serialize};

/// Which point a row stands for, and so how near two points are. Each geometry is a file,
/// `shaders/include/geometry_<name>.wgsl`, and its twin here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Geometry {
    /// x / |x|: scores are cosines (Tran et al. 2019, 2.2).
    Sphere,
    /// x itself, kept within length 1: scores are -D^2/2 (Hsieh et al. 2017, 3.1).
    Ball,
    /// x itself: scores are inner products. Not a metric.
    Dot,
}

impl Geometry {
    /// Every geometry. The self-test and the tests run all of these.
    pub const ALL: [Geometry; 3] = [Geometry::Sphere, Geometry::Ball, Geometry::Dot];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Geometry::Sphere => "sphere",
            Geometry::Ball => "ball",
            Geometry::Dot => "dot",
        }
    }

    /// The include that holds its WGSL.
    pub fn include(self) -> &'static str {
        match self {
            Geometry::Sphere => "geometry_sphere",
            Geometry::Ball => "geometry_ball",
            Geometry::Dot => "geometry_dot",
        }
    }

    /// What a row x is multiplied by to give its point, from |x|^2.
    pub fn point_scale(self, squares: f32) -> f32 {
        match self {
            Geometry::Sphere => 1.0 / squares.max(1e-24).sqrt(),
            Geometry::Ball | Geometry::Dot => 1.0,
        }
    }

    /// Whether points have a height ([`Geometry::point_height`]) that is not 0.
    pub fn has_heights(self) -> bool {
        self == Geometry::Ball
    }

    /// What is added to all scores of a point, from its row's |x|^2: in the ball -|x|^2/2, so that scores are -D^2/2.
    pub fn point_height(self, squares: f32) -> f32 {
        match self {
            Geometry::Ball => -0.5 * squares,
            Geometry::Sphere | Geometry::Dot => 0.0,
        }
    }

    /// dL/dx of one number, from `g`, the sum of slope x other point; its point `e`; along = g . e over the row; the row's
    /// scale; and the sum of these `slopes`.
    pub fn row_gradient(self, g: f32, e: f32, along: f32, scale: f32, slopes: f32) -> f32 {
        match self {
            Geometry::Sphere => (g - along * e) * scale,
            Geometry::Ball => g - slopes * e,
            Geometry::Dot => g,
        }
    }

    /// What a row is multiplied by after its step, from its |x|^2: in the ball 1 / max(|x|, 1).
    pub fn settled_scale(self, squares: f32) -> f32 {
        match self {
            Geometry::Ball => 1.0 / squares.sqrt().max(1.0),
            Geometry::Sphere | Geometry::Dot => 1.0,
        }
    }

    /// What a sum of points is multiplied by to be a point, from its |x|^2: `sum_scale` in the kernels.
    pub fn sum_scale(self, squares: f32) -> f32 {
        match self {
            Geometry::Sphere if squares < 1e-20 => 0.0,
            Geometry::Sphere => 1.0 / squares.sqrt(),
            Geometry::Ball => self.settled_scale(squares),
            Geometry::Dot => 1.0,
        }
    }

    /// dL/dh of one number of a sum of points h, as [`Geometry::row_gradient`] has it of a row: `sum_gradient` in the
    /// kernels.
    pub fn sum_gradient(self, g: f32, e: f32, along: f32, scale: f32, slopes: f32) -> f32 {
        match self {
            Geometry::Sphere => (g - along * e) * scale,
            // On the surface |e| = 1, and what lies along e is lost.
            Geometry::Ball if scale < 1.0 => (g - slopes * e - (along - slopes) * e) * scale,
            Geometry::Ball => g - slopes * e,
            Geometry::Dot => g,
        }
    }

    /// Puts a row where the geometry wants it: in the ball within length 1.
    pub fn settle(self, row: &mut [f32]) {
        let scale = self.settled_scale(row.iter().map(|x| x * x).sum());
        row.iter_mut().for_each(|x| *x *= scale);
    }

    /// Turns a stored row into its point, in f64: what is saved and ranked.
    pub fn to_point(self, row: &mut [f32]) {
        let norm = || row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
        let length = match self {
            Geometry::Sphere => norm().max(1e-12),
            Geometry::Ball => norm().max(1.0),
            Geometry::Dot => return,
        };
        row.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
    }
}
