// A lane's part of a row of D numbers: at most four vec4, lane_count apart, so that D/4 = chunk_count is at
// most four times lane_count. What a lane does not have is zero.
struct Part {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

fn no_part() -> Part { return Part(vec4<f32>(0.0), vec4<f32>(0.0), vec4<f32>(0.0), vec4<f32>(0.0)); }

fn part_dot(p: Part, q: Part) -> f32 { return dot(p.a, q.a) + dot(p.b, q.b) + dot(p.c, q.c) + dot(p.d, q.d); }

fn part_difference(p: Part, q: Part) -> Part { return Part(p.a - q.a, p.b - q.b, p.c - q.c, p.d - q.d); }

fn part_scaled(p: Part, factor: f32) -> Part { return Part(p.a * factor, p.b * factor, p.c * factor, p.d * factor); }

// p + factor q
fn part_plus(p: Part, factor: f32, q: Part) -> Part {
    return Part(p.a + factor * q.a, p.b + factor * q.b, p.c + factor * q.c, p.d + factor * q.d);
}
