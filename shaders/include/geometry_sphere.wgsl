// Geometry `sphere` (Tran et al. 2019, 2.2): a row x stands for the point e = x / |x|.
const is_curved: bool = true;

// What x is multiplied by to give its point, from |x|^2.
fn point_scale(squares: f32) -> f32 { return 1.0 / sqrt(max(squares, 1e-24)); }

// What is added to all scores of a point, from its row's |x|^2.
fn point_height(squares: f32) -> f32 { return 0.0; }

// dL/dx from g = dL/de and along = g . e: what lies along e changes only the length.
fn row_gradient(g: vec4<f32>, e: vec4<f32>, along: f32, scale: f32, slopes: f32) -> vec4<f32> {
    return (g - along * e) * scale;
}

// What a row is multiplied by after its step, from its |x|^2: it may have any length.
fn settled_scale(squares: f32) -> f32 { return 1.0; }

// What a sum of points is multiplied by to be a point, from its |x|^2; a sum of zero stays zero.
fn sum_scale(squares: f32) -> f32 { return select(1.0 / sqrt(max(squares, 1e-20)), 0.0, squares < 1e-20); }

// dL/dh of a sum of points h from g, e and scale, as row_gradient has them.
fn sum_gradient(g: vec4<f32>, e: vec4<f32>, along: f32, scale: f32, slopes: f32) -> vec4<f32> {
    return row_gradient(g, e, along, scale, slopes);
}
