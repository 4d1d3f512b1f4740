//! Which point of space a row of the tables stands for.

use serde::{Deserialize, Serialize};

/// Which point a row stands for, and so how near two points are. Each geometry is a file,
/// `shaders/include/geometry_<name>.wgsl`, and its twin here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Geometry {
    /// x / |x|: scores are cosines (Tran et al. 2019, 2.2).
    Sphere,
    /// x itself: scores are inner products. Not a metric.
    Dot,
}

impl Geometry {
    /// Every geometry. The self-test and the tests run all of these.
    pub const ALL: [Geometry; 2] = [Geometry::Sphere, Geometry::Dot];

    /// The include that holds its WGSL.
    pub fn include(self) -> &'static str {
        match self {
            Geometry::Sphere => "geometry_sphere",
            Geometry::Dot => "geometry_dot",
        }
    }

    /// What a row x is multiplied by to give its point, from |x|^2.
    pub fn point_scale(self, squares: f32) -> f32 {
        match self {
            Geometry::Sphere => 1.0 / squares.max(1e-24).sqrt(),
            Geometry::Dot => 1.0,
        }
    }

    /// dL/dx of one number, from dL/de = `g`, its point `e`, along = g . e over the row, and the row's scale.
    pub fn row_gradient(self, g: f32, e: f32, along: f32, scale: f32) -> f32 {
        match self {
            Geometry::Sphere => (g - along * e) * scale,
            Geometry::Dot => g,
        }
    }

    /// Turns a stored row into its point, in f64: what is saved and ranked.
    pub fn to_point(self, row: &mut [f32]) {
        if self == Geometry::Sphere {
            let norm = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
            row.iter_mut().for_each(|x| *x = (f64::from(*x) / norm.max(1e-12)) as f32);
        }
    }
}
