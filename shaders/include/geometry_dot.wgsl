// Geometry `dot`: a row is its own point, and scores are inner products. Not a metric.
const is_curved: bool = false;

// What x is multiplied by to give its point, from |x|^2.
fn point_scale(squares: f32) -> f32 { return 1.0; }

// dL/dx from g = dL/de.
fn row_gradient(g: vec4<f32>, e: vec4<f32>, along: f32, scale: f32) -> vec4<f32> { return g; }
