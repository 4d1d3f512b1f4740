// As lanes.wgsl, if the workgroup is one subgroup. Lines with {i} stand for one copy for each lane.
override lane_count: u32 = 8u;
override chunk_count: u32 = 32u;

// The sum over all lanes, in lane order, known to every lane. Call in uniform control flow.
fn lane_sum(lane: u32, value: vec4<f32>) -> vec4<f32> {
    var total = vec4<f32>(0.0);
    total += subgroupBroadcast(value, {i}u);
    return total;
}

// The largest over all lanes, known to every lane. Call in uniform control flow.
fn lane_max(lane: u32, value: f32) -> f32 {
    var largest = value;
    largest = max(largest, subgroupBroadcast(value, {i}u));
    return largest;
}

// The bits that any lane has. Call in uniform control flow.
fn lane_or(lane: u32, bits: u32) -> u32 {
    var all = 0u;
    all |= subgroupBroadcast(bits, {i}u);
    return all;
}
