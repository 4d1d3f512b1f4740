// Geometry `ball` (Hsieh et al. 2017, 3.1): a row x with |x| <= 1 is its own point, and scores are
//     -D^2/2 = u . v - |u|^2/2 - |v|^2/2
// so that each point has a height that is added to its scores.
const is_curved: bool = false;

// What x is multiplied by to give its point, from |x|^2.
fn point_scale(squares: f32) -> f32 { return 1.0; }

// What is added to all scores of a point, from its row's |x|^2.
fn point_height(squares: f32) -> f32 { return -0.5 * squares; }

// dL/dx from g, the sum of slope x other point, and the sum of these slopes: sum of slope x (other point - e).
fn row_gradient(g: vec4<f32>, e: vec4<f32>, along: f32, scale: f32, slopes: f32) -> vec4<f32> { return g - slopes * e; }

// What a row is multiplied by after its step, from its |x|^2: y / max(|y|, 1).
fn settled_scale(squares: f32) -> f32 { return 1.0 / max(sqrt(squares), 1.0); }

// What a sum of points is multiplied by to be a point, from its |x|^2.
fn sum_scale(squares: f32) -> f32 { return settled_scale(squares); }

// dL/dh of a sum of points h from g, e and scale, as row_gradient has them.
fn sum_gradient(g: vec4<f32>, e: vec4<f32>, along: f32, scale: f32, slopes: f32) -> vec4<f32> {
    let inner = row_gradient(g, e, along, scale, slopes);
    // On the surface |e| = 1, and what lies along e is lost.
    if scale < 1.0 { return (inner - (along - slopes) * e) * scale; }
    return inner;
}
