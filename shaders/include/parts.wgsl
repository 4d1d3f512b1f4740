// A lane's part of a row of D numbers: up to four neighbouring vec4, so that D / 4 = chunk_count is at most
// four times lane_count. What lies beyond the row is zero.
override chunks_per_lane: u32 = 1u;     // 1 to 4

struct Part {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

fn no_part() -> Part { return Part(vec4<f32>(0.0), vec4<f32>(0.0), vec4<f32>(0.0), vec4<f32>(0.0)); }

fn part_dot(p: Part, q: Part) -> f32 { return dot(p.a, q.a) + dot(p.b, q.b) + dot(p.c, q.c) + dot(p.d, q.d); }

// p + factor q
fn part_plus(p: Part, factor: f32, q: Part) -> Part {
    return Part(p.a + factor * q.a, p.b + factor * q.b, p.c + factor * q.c, p.d + factor * q.d);
}

// Whether the lane's part has a vec4 at `index` (0 to 3).
fn has_chunk(lane: u32, index: u32) -> bool {
    return index < chunks_per_lane && lane * chunks_per_lane + index < chunk_count;
}
