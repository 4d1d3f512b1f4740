// A workgroup owns rows (or pairs), one after another. Its lanes share the D / 4 = chunk_count vec4 of each.
// If the workgroup is one subgroup, lanes_subgroup.wgsl takes the place of this file.
override lane_count: u32 = 32u;
override chunk_count: u32 = 32u;

var<workgroup> lane_values: array<vec4<f32>, lane_count>;
var<workgroup> lane_bits: array<u32, lane_count>;
var<workgroup> all_bits: u32;

// The sum over all lanes, in lane order, known to every lane. Call in uniform control flow.
fn lane_sum(lane: u32, value: vec4<f32>) -> vec4<f32> {
    workgroupBarrier();
    lane_values[lane] = value;
    workgroupBarrier();
    var total = vec4<f32>(0.0);
    for (var other = 0u; other < lane_count; other += 1u) {
        total += lane_values[other];
    }
    return total;
}

// The largest over all lanes, known to every lane. Call in uniform control flow.
fn lane_max(lane: u32, value: f32) -> f32 {
    workgroupBarrier();
    lane_values[lane].x = value;
    workgroupBarrier();
    var largest = lane_values[0].x;
    for (var other = 1u; other < lane_count; other += 1u) {
        largest = max(largest, lane_values[other].x);
    }
    return largest;
}

// The bits that any lane has. Call in uniform control flow.
fn lane_or(lane: u32, bits: u32) -> u32 {
    workgroupBarrier();
    lane_bits[lane] = bits;
    workgroupBarrier();
    if lane == 0u {
        all_bits = 0u;
        for (var other = 0u; other < lane_count; other += 1u) { all_bits |= lane_bits[other]; }
    }
    return workgroupUniformLoad(&all_bits);
}
