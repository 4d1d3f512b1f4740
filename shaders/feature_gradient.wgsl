// include: plan net
// dL/dW1 of each feature of the step, and dL/db1: the sum over the rows that have it of its value times the gradient of their
// hidden layer, in a fixed order. One workgroup for a feature slot.
@group(0) @binding(1) var<storage, read> hidden_gradients: array<vec4<f32>>;    // (P, H/4)
@group(0) @binding(2) var<storage, read_write> input_gradients: array<vec4<f32>>;   // (G, H/4 + 1)

override lane_count: u32 = 32u;

@compute @workgroup_size(lane_count)
fn feature_gradient(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let slot = group.x + group.y * group_count.x;
    if slot >= plan.row_count { return; }
    let begin = plan.words[plan.uses_at + slot];
    let end = plan.words[plan.uses_at + slot + 1u];
    let at = slot * (hidden_chunks + 1u);
    for (var chunk = lane; chunk < hidden_chunks; chunk += lane_count) {
        var sum = vec4<f32>(0.0);
        for (var use_at = begin; use_at < end; use_at += 2u) {
            sum += bitcast<f32>(plan.words[use_at + 1u]) * hidden_gradients[plan.words[use_at] * hidden_chunks + chunk];
        }
        input_gradients[at + chunk] = sum;
    }
    // A hole has no uses.
    if lane == 0u { input_gradients[at + hidden_chunks] = vec4<f32>(f32(begin != end), 0.0, 0.0, 0.0); }
}
