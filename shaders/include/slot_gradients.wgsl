// What the kernels share that give each row slot its dL/de: a workgroup has slots_per_group slots, spread over all of
// them, since most candidates may not be drawn and all users are in use.
// A gradient row is D/4 vec4 and one more that holds (how often the batch has the slot's point, dL/do of its item bias,
// the sum of the slopes of its scores, how many histories have it).
override slots_per_group: u32 = 1u;     // 32 at most

// The sums over the uses of a slot.
struct SlotGradient {
    point: Part,        // slope x other point
    slopes: f32,        // slopes of scores
    count: f32,         // uses
}

fn no_gradient() -> SlotGradient { return SlotGradient(no_part(), 0.0, 0.0); }

// The sum with `slope` times the point in another slot.
fn plus_point(sum: Part, slope: f32, slot: u32, lane: u32) -> Part {
    if slope == 0.0 { return sum; }
    return part_plus(sum, slope, row_part(slot, lane));
}

fn write_gradient(slot: u32, lane: u32, it: SlotGradient) {
    write_gradient_part(slot, lane, it.point);
    // A user has no item bias.
    let of_bias = select(it.slopes, 0.0, slot >= plan.item_slot_count);
    if lane == 0u { gradients[slot * (chunk_count + 1u) + chunk_count] = vec4<f32>(it.count, of_bias, it.slopes, 0.0); }
}

fn write_unused(slot: u32) { gradients[slot * (chunk_count + 1u) + chunk_count] = vec4<f32>(0.0); }
