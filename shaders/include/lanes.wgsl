// A workgroup owns a quad of rows (or a pair); its lanes share their D / 4 = chunk_count vec4 in turn.
override lane_count: u32 = 32u;
override chunk_count: u32 = 32u;

var<workgroup> lane_values: array<vec4<f32>, lane_count>;

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
