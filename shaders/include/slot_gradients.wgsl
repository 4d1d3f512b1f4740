// What the kernels share that give each row slot its dL/de: a workgroup has slots_per_group slots, spread over all of
// them, since most candidates may not be drawn and all users are in use.
// A gradient row is D/4 vec4 and one more that holds (1 if the step uses the slot, dL/do of its item bias, 0, 0).
override slots_per_group: u32 = 1u;     // 32 at most

// The sum of the gradients of a slot: of its point, and of its item bias.
struct SlotGradient {
    point: Part,
    bias: f32,
}

fn no_gradient() -> SlotGradient { return SlotGradient(no_part(), 0.0); }

// The sum with `slope` times the point in another slot.
fn plus_point(sum: Part, slope: f32, slot: u32, lane: u32) -> Part {
    if slope == 0.0 { return sum; }
    return part_plus(sum, slope, row_part(slot, lane));
}

fn write_gradient(slot: u32, lane: u32, it: SlotGradient) {
    let at = slot * (chunk_count + 1u) + lane * chunks_per_lane;
    if has_chunk(lane, 0u) { gradients[at] = it.point.a; }
    if has_chunk(lane, 1u) { gradients[at + 1u] = it.point.b; }
    if has_chunk(lane, 2u) { gradients[at + 2u] = it.point.c; }
    if has_chunk(lane, 3u) { gradients[at + 3u] = it.point.d; }
    if lane == 0u { gradients[slot * (chunk_count + 1u) + chunk_count] = vec4<f32>(1.0, it.bias, 0.0, 0.0); }
}

fn write_unused(slot: u32) { gradients[slot * (chunk_count + 1u) + chunk_count] = vec4<f32>(0.0); }
