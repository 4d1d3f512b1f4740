// include: plan random net
// The hidden layer of each projected row: the sum of its features' rows, each times the feature's value, and of b1; then
// ReLU; then dropout, whose words depend on (seed, step, projected row, hidden unit) only. What is kept is scaled up, so that
// a hidden number above 0 is one that passes gradients. Of a linear network the sum is f. One workgroup for a projected row.
@group(0) @binding(1) var<storage, read> input_points: array<vec4<f32>>;        // (G, H/4 + 1)
@group(0) @binding(2) var<storage, read_write> hidden: array<vec4<f32>>;        // (P, H/4)

override lane_count: u32 = 32u;

fn input_chunk(slot: u32, chunk: u32) -> vec4<f32> { return input_points[slot * (hidden_chunks + 1u) + chunk]; }

// 0 for what dropout leaves out, else keep_scale.
fn kept(projected: u32, chunk: u32) -> vec4<f32> {
    let words = pcg4d(vec4<u32>(plan.draw_key_0, plan.draw_key_1, projected, chunk));
    return select(vec4<f32>(0.0), vec4<f32>(keep_scale), words >= vec4<u32>(drop_below));
}

@compute @workgroup_size(lane_count)
fn feature_hidden(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group.x + group.y * group_count.x;
    if own >= plan.projected_count { return; }
    let begin = plan.words[plan.entries_at + own];
    let end = plan.words[plan.entries_at + own + 1u];
    for (var chunk = lane; chunk < hidden_chunks; chunk += lane_count) {
        var sum = input_chunk(plan.bias_slot, chunk);
        for (var at = begin; at < end; at += 2u) {
            sum += bitcast<f32>(plan.words[at + 1u]) * input_chunk(plan.words[at], chunk);
        }
        if is_linear == 0u { sum = max(sum, vec4<f32>(0.0)) * kept(own, chunk); }
        hidden[own * hidden_chunks + chunk] = sum;
    }
}
