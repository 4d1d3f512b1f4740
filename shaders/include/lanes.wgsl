// A workgroup owns rows (or pairs), one after another; its lanes share the D / 4 = chunk_count vec4 of each in
// turn. Where the workgroup is one subgroup, lanes_subgroup.wgsl takes the place of this file.
override lane_count: u32 = 32u;
override chunk_count: u32 = 32u;

var<workgroup> lane_values: array<vec4<f32>, lane_count>;
var<workgroup> lane_bits: array<u32, lane_count>;
var<workgroup> one_word: u32;

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

// The bits that any lane has. Call in uniform control flow.
fn lane_or(lane: u32, bits: u32) -> u32 {
    workgroupBarrier();
    lane_bits[lane] = bits;
    workgroupBarrier();
    if lane == 0u {
        one_word = 0u;
        for (var other = 0u; other < lane_count; other += 1u) { one_word |= lane_bits[other]; }
    }
    return workgroupUniformLoad(&one_word);
}

// Whether the lane is to find what every lane needs to know, and what was found (call that in uniform control
// flow): here each lane finds it itself.
fn finds(lane: u32) -> bool { return true; }
fn found(lane: u32, value: u32) -> u32 { return value; }

// What the first lane has. Call in uniform control flow.
fn of_first_lane(lane: u32, value: u32) -> u32 {
    workgroupBarrier();
    if lane == 0u { one_word = value; }
    return workgroupUniformLoad(&one_word);
}
