// As lanes.wgsl, where the workgroup is one subgroup. Lines with {i} stand for one copy for each lane.
override lane_count: u32 = 8u;
override chunk_count: u32 = 32u;

// The sum over all lanes, in lane order, known to every lane. Call in uniform control flow.
fn lane_sum(lane: u32, value: vec4<f32>) -> vec4<f32> {
    var total = vec4<f32>(0.0);
    total += subgroupBroadcast(value, {i}u);
    return total;
}

// The bits that any lane has. Call in uniform control flow.
fn lane_or(lane: u32, bits: u32) -> u32 {
    var all = 0u;
    all |= subgroupBroadcast(bits, {i}u);
    return all;
}

// Whether the lane is to find what every lane needs to know, and what was found: here the first tells the others,
// since reading one number for all lanes costs a CPU as much as reading one for each. Call found in uniform control flow.
fn finds(lane: u32) -> bool { return lane == 0u; }
fn found(lane: u32, value: u32) -> u32 { return subgroupBroadcast(value, 0u); }

// What the first lane has. Call in uniform control flow.
fn of_first_lane(lane: u32, value: u32) -> u32 { return subgroupBroadcast(value, 0u); }
